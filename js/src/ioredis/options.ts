import type { ConnectionOptions } from "node:tls";
import { type ClientOptions, ConfigurationError, type TlsOptions } from "../index.js";

// The arguments of ioredis's constructor, as an address and options of a Client.

/** Options of ioredis that have no effect here: what they are about is done anyway, or there is no need for it. */
export interface OptionsWithoutEffect {
  readonly family?: number | undefined;
  readonly keepAlive?: number | undefined;
  readonly noDelay?: boolean | undefined;
  readonly enableReadyCheck?: boolean | undefined;
  readonly maxLoadingRetryTime?: number | undefined;
  readonly enableAutoPipelining?: boolean | undefined;
  readonly autoPipeliningIgnoredCommands?: readonly string[] | undefined;
  readonly autoResendUnfulfilledCommands?: boolean | undefined;
  readonly showFriendlyErrorStack?: boolean | undefined;
  readonly offlineQueue?: boolean | undefined;
  readonly commandQueue?: boolean | undefined;
  readonly blockingTimeout?: number | undefined;
  readonly blockingTimeoutGrace?: number | undefined;
  readonly socketTimeout?: number | undefined;
  readonly disconnectTimeout?: number | undefined;
  readonly disableClientInfo?: boolean | undefined;
  readonly clientInfoTag?: string | undefined;
  /** `retryStrategy` says what is done here. */
  readonly sentinelRetryStrategy?: ((times: number) => number | null | void) | null | undefined;
  /** The same. */
  readonly sentinelReconnectStrategy?: ((times: number) => number | null | void) | null | undefined;
  readonly sentinelCommandTimeout?: number | undefined;
  readonly sentinelMaxConnections?: number | undefined;
  readonly updateSentinels?: boolean | undefined;
  readonly failoverDetector?: boolean | undefined;
}

/** The options of ioredis that are known here. Those that ask for what is not here are refused by name. */
export interface RedisOptions extends OptionsWithoutEffect {
  readonly host?: string | undefined;
  readonly port?: number | string | undefined;
  /** The path of a unix socket. */
  readonly path?: string | undefined;
  readonly username?: string | null | undefined;
  readonly password?: string | null | undefined;
  readonly db?: number | string | undefined;
  readonly connectionName?: string | null | undefined;
  readonly keyPrefix?: string | null | undefined;
  readonly tls?: TlsOptionsOfNode | false | null | undefined;
  /** The sentinels that tell where the primary is, which they watch under `name`. `tls` is then for the servers, and only
      with enableTLSForSentinelMode; the sentinels have `sentinelTLS`. */
  readonly sentinels?: readonly SentinelAddress[] | null | undefined;
  readonly name?: string | null | undefined;
  /** "slave" is refused: requests go to the primary. `plimsoll: { readFrom: "preferReplica" }` reads from its replicas. */
  readonly role?: "master" | undefined;
  readonly sentinelUsername?: string | null | undefined;
  readonly sentinelPassword?: string | null | undefined;
  readonly sentinelTLS?: TlsOptionsOfNode | false | null | undefined;
  readonly enableTLSForSentinelMode?: boolean | undefined;
  readonly lazyConnect?: boolean | undefined;
  /** Milliseconds. Default: 10000. */
  readonly connectTimeout?: number | undefined;
  /** Milliseconds. Default: no timeout. */
  readonly commandTimeout?: number | undefined;
  /** How often a read is sent again after its connection was lost, up to 31 times, which is also what null and
      larger numbers mean. Default: 20. Writes are never sent again: they reject, and the error's `executed` says
      whether they may have run. */
  readonly maxRetriesPerRequest?: number | null | undefined;
  /** The wait before attempt `times` to connect, in milliseconds; anything else ends the client. Called with
      1 to 10 at the beginning, to learn the range of waits. */
  readonly retryStrategy?: ((times: number) => number | null | void) | null | undefined;
  /** False: calls reject while there is no connection. Default: true. */
  readonly enableOfflineQueue?: boolean | undefined;
  /** False: channels and patterns are forgotten when the client ends and another takes its place. Default: true. */
  readonly autoResubscribe?: boolean | undefined;
  /** Numbers in replies are strings. */
  readonly stringNumbers?: boolean | undefined;
  /** Scripts to define at once: see Redis.defineCommand(). */
  readonly scripts?: Readonly<Record<string, CommandDefinition>> | undefined;
  // These are not here. What asks for nothing is taken.
  readonly reconnectOnError?: null | false | undefined;
  readonly natMap?: null | false | undefined;
  readonly preferredSlaves?: null | false | undefined;
  readonly Connector?: null | false | undefined;
  readonly monitor?: false | null | undefined;
  readonly readOnly?: false | null | undefined;
  /** Options of plimsoll's own Client, which override the others. */
  readonly plimsoll?: ClientOptions | undefined;
}

/** Options of TLS as Node has them. The constructor refuses those that a Client does not have, by their names. */
export type TlsOptionsOfNode = ConnectionOptions | (TlsOptions & { readonly servername?: string });

/** Where a sentinel is. Default: localhost, port 26379. */
export interface SentinelAddress {
  readonly host?: string | undefined;
  readonly port?: number | string | undefined;
}

/** What Redis.defineCommand() takes. */
export interface CommandDefinition {
  readonly lua: string;
  /** How many of the arguments are keys. Default: the first argument says it. */
  readonly numberOfKeys?: number | undefined;
  readonly readOnly?: boolean | undefined;
}

/** Options of scanStream() and the like. */
export interface ScanStreamOptions {
  readonly match?: string | undefined;
  readonly type?: string | undefined;
  readonly count?: number | string | undefined;
  readonly noValues?: boolean | undefined;
}

/** What is left of the constructor's arguments. */
export interface Settings {
  readonly address: string;
  readonly client: ClientOptions;
  readonly options: RedisOptions;
  readonly retryStrategy: (times: number) => unknown;
}

// A connectTimeout of 0 is no limit in ioredis. A Client must have one.
const noLimit = 24 * 60 * 60 * 1000;

// Options that the query of a URL may have.
const queryNames = new Set(["family", "db", "username", "password", "connectionName", "keyPrefix", "lazyConnect",
  "connectTimeout", "commandTimeout", "maxRetriesPerRequest", "enableOfflineQueue", "autoResubscribe",
  "stringNumbers"]);

// The most resends that a Client takes.
const resendsMax = 31;

// What ioredis does with these options is not here, unless their value asks for nothing.
const refused = new Set(["preferredSlaves", "Connector", "natMap", "monitor", "readOnly", "reconnectOnError"]);

// What to give in place of those that are about replicas.
const byReadFrom = 'plimsoll: { readFrom: "preferReplica" } reads from replicas';
const ofReplicas: ReadonlySet<string> = new Set(["preferredSlaves", "readOnly"]);

// A program's options may have names that only the program knows, as for ioredis.
const checkNames = (options: object): void => {
  for (const [name, value] of Object.entries(options)) {
    if (!refused.has(name) || value === undefined || value === null || value === false) continue;
    throw new ConfigurationError("invalid_option",
      `plimsoll/ioredis has no option ${name}${ofReplicas.has(name) ? `; ${byReadFrom}` : ""}`);
  }
};

// As ioredis shows them in Redis.options.
const defaults: RedisOptions = {
  host: "localhost", port: 6379, family: 4, db: 0, username: null, password: null, keyPrefix: "",
  connectTimeout: 10_000, maxRetriesPerRequest: 20, enableOfflineQueue: true, autoResubscribe: true,
  lazyConnect: false, stringNumbers: false,
};

const isAddress = (text: string): boolean => /^[a-z]+:\/\//i.test(text);

const optionsOfQuery = (query: URLSearchParams): RedisOptions => {
  const texts = new Set(["username", "password", "connectionName", "keyPrefix"]);
  const valueOf = (name: string, text: string): unknown => texts.has(name) ? text
    : text === "true" || text === "false" ? text === "true" : Number(text);
  return Object.fromEntries([...query].filter(([name]) => queryNames.has(name))
    .map(([name, text]) => [name, valueOf(name, text)]));
};

// What "rediss:" says of `tls`. Another argument may say more.
const tlsOfUrl: TlsOptionsOfNode = {};

// What a URL says. An error must not show it, since it may have a password.
const optionsOfUrl = (text: string): RedisOptions => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ConfigurationError("invalid_option", "Redis: the URL cannot be read; give redis://host:port/0");
  }
  const { protocol, hostname, port, username, password, pathname, searchParams } = url;
  if (!/^(redis|valkey)s?:$/.test(protocol)) {
    throw new ConfigurationError("invalid_option", `Redis: the URL begins with ${protocol}; give redis: or rediss:`);
  }
  return {
    ...optionsOfQuery(searchParams),
    ...hostname === "" ? {} : { host: hostname.replace(/^\[(.*)\]$/, "$1") },
    ...port === "" ? {} : { port: Number(port) },
    ...username === "" ? {} : { username: decodeURIComponent(username) },
    ...password === "" ? {} : { password: decodeURIComponent(password) },
    ...pathname.length < 2 ? {} : { db: pathname.slice(1) },
    ...protocol === "rediss:" || protocol === "valkeys:" ? { tls: tlsOfUrl } : {},
  };
};

// What an argument of the constructor says.
const optionsOfArgument = (given: unknown, place: number): object => {
  if (typeof given === "object" && given !== null) return given;
  if (typeof given === "number") return { port: given };
  if (typeof given !== "string") {
    throw new ConfigurationError("invalid_option", `Redis: got a ${typeof given}; give a port, host, path or URL`);
  }
  if (/^\d+$/.test(given)) return { port: Number(given) };
  if (given.startsWith("//")) return optionsOfUrl(`redis:${given}`);
  if (isAddress(given)) return optionsOfUrl(given);
  if (place > 0) return { host: given };
  return given.startsWith("/") ? { path: given } : optionsOfUrl(`redis://${given}`);
};

// new Redis(), (port), (port, host), (path), (url), each with options behind, or (options). The first that says
// something counts.
const optionsOf = (args: readonly unknown[]): RedisOptions => {
  const options: Record<string, unknown> = {};
  for (const [place, each] of args.entries()) {
    if (each === undefined || each === null) continue;
    for (const [name, value] of Object.entries(optionsOfArgument(each, place))) {
      const isOpen = options[name] === undefined || options[name] === tlsOfUrl && !isNone(value);
      if (isOpen) options[name] = value;
    }
  }
  return options;
};

const hostOf = (host: string): string => host.includes(":") ? `[${host}]` : host;

const addressOf = (options: RedisOptions): string => {
  const { port, path, tls, sentinels, name } = options;
  const host = options.host || "localhost";
  if (!isNone(sentinels)) {
    const hosts = sentinels.map((each) => `${hostOf(each.host ?? "localhost")}:${each.port ?? 26379}`);
    return `${isNone(serversTls(options)) ? "valkey" : "valkeys"}+sentinel://${hosts.join(",")}/` +
      encodeURIComponent(name ?? "");
  }
  if (path !== undefined && path !== null) return `unix://${encodeURI(path)}`;
  return `${isNone(tls) ? "valkey" : "valkeys"}://${hostOf(host)}:${port}`;
};

// With sentinels, ioredis uses `tls` for the servers only if it is told to.
const serversTls = ({ tls, sentinels, enableTLSForSentinelMode }: RedisOptions): RedisOptions["tls"] =>
  isNone(sentinels) || enableTLSForSentinelMode === true ? tls : undefined;

const sentinelOf = (options: RedisOptions): ClientOptions => isNone(options.sentinels) ? {} : {
  sentinel: {
    username: options.sentinelUsername ?? undefined,
    password: options.sentinelPassword ?? undefined,
    tls: tlsOf(options.sentinelTLS) ?? false,
  },
};

const checkSentinels = ({ sentinels, name, role }: RedisOptions): void => {
  const refuse = (why: string): never => {
    throw new ConfigurationError("invalid_option", `plimsoll/ioredis: ${why}`);
  };
  if (isNone(sentinels)) return;
  // A host becomes a part of an address.
  const isHost = (host: unknown): boolean =>
    host === undefined || host === null || (typeof host === "string" && !/[@/?#,]/.test(host));
  const isAddressed = (each: unknown): boolean =>
    typeof each === "object" && each !== null && isHost((each as SentinelAddress).host);
  if (!Array.isArray(sentinels) || sentinels.length === 0 || !sentinels.every(isAddressed)) {
    refuse("sentinels: give a list of { host, port }");
  }
  if (typeof name !== "string" || name === "") refuse("sentinels: give the name of the primary as the option name");
  if (role !== undefined && role !== "master") {
    refuse(`role: ${JSON.stringify(role)} is not "master": requests go to the primary; ${byReadFrom}`);
  }
};

const isNone = (value: unknown): value is undefined | null | false =>
  value === undefined || value === null || value === false;

const tlsOf = (tls: RedisOptions["tls"]): TlsOptions | undefined => {
  if (isNone(tls)) return undefined;
  const { servername, ...rest } = tls as TlsOptions & { readonly servername?: string };
  return { ...rest, ...servername === undefined ? {} : { serverName: servername } };
};

// A function that throws is asked again when the client has ended, and then the program hears of it.
const waitOf = (strategy: (times: number) => unknown, times: number): unknown => {
  try {
    return strategy(times);
  } catch {
    return undefined;
  }
};

// A Client waits for times between two bounds, and does not ask a function each time.
const waitsOf = (strategy: (times: number) => unknown): ClientOptions => {
  const waits = Array.from({ length: 10 }, (_, i) => waitOf(strategy, i + 1));
  const numbers = waits.filter((wait): wait is number => typeof wait === "number" && wait >= 0);
  const attempts = waits.findIndex((wait) => typeof wait !== "number");
  const [min, max] = numbers.length === 0 ? [1, 1]
    : [Math.max(1, Math.min(...numbers)), Math.max(1, ...numbers)];
  return { reconnectWaitMin: min, reconnectWaitMax: max,
    ...attempts < 0 ? {} : { reconnectAttemptsMax: attempts } };
};

// The server takes no other names. ioredis goes on without one that is refused.
const clientNameOf = (name: unknown): string | undefined =>
  typeof name === "string" && /^[!-~]+$/.test(name) ? name : undefined;

// ioredis logs in with an empty password if there is only a username. The user "default" who needs none is logged in.
const checkUsername = ({ username, password, plimsoll }: RedisOptions): void => {
  if (isNone(username) || username === "" || username === "default") return;
  if (!isNone(password) || plimsoll?.password !== undefined || plimsoll?.credentials !== undefined) return;
  throw new ConfigurationError("invalid_option", "plimsoll/ioredis: username is given without a password");
};

const usualStrategy = (times: number): number => Math.min(times * 50, 2000);

/** Reads the arguments of `new Redis(...)`. Throws a ConfigurationError for an option that is not known here. */
export const settingsOf = (args: readonly unknown[]): Settings => {
  const given = Object.fromEntries(Object.entries(optionsOf(args)).filter(([, value]) => value !== undefined));
  checkNames(given);
  const options: RedisOptions = { ...defaults, ...given };
  checkSentinels(options);
  checkUsername(options);
  const { username, password, db, retryStrategy, maxRetriesPerRequest = 20 } = options;
  const strategy = retryStrategy === null ? () => null : retryStrategy ?? usualStrategy;
  const client: ClientOptions = {
    username: isNone(password) ? undefined : username ?? undefined,
    password: password ?? undefined,
    database: db === undefined ? undefined : Number(db) || 0,
    clientName: clientNameOf(options.connectionName),
    keyPrefix: options.keyPrefix ?? undefined,
    tls: tlsOf(serversTls(options)),
    ...sentinelOf(options),
    requestTimeout: options.commandTimeout ?? 0,
    connectTimeout: options.connectTimeout === 0 ? noLimit : options.connectTimeout ?? 10_000,
    readResendsMax: Math.min(maxRetriesPerRequest ?? resendsMax, resendsMax),
    protocol: 2,  // whose replies are those of ioredis
    topology: "standalone",  // as for ioredis, whose Cluster is another class
    ...waitsOf(strategy),
    subscriptionOverflow: "pause-reading",  // messages wait in the server, as for ioredis, which reads no faster
    ...options.plimsoll,
  };
  const address = addressOf(options);
  return { address, client, options: { ...options, db: client.database ?? 0, retryStrategy: strategy as
    RedisOptions["retryStrategy"] }, retryStrategy: strategy };
};
