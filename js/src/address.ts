import { ConfigurationError } from "./errors.js";
import type { Address } from "./transport/transport.js";

// Reads addresses as users write them, such as valkey://user:password@host:port/database.

const protocols: Record<string, Address["protocol"]> = {
  "valkey:": "valkey", "redis:": "valkey", "tcp:": "valkey",
  "valkeys:": "valkeys", "rediss:": "valkeys", "tls:": "valkeys",
  "valkey+sentinel:": "valkey", "redis+sentinel:": "valkey",
  "valkeys+sentinel:": "valkeys", "rediss+sentinel:": "valkeys",
  "valkey+cluster:": "valkey", "redis+cluster:": "valkey",
  "valkeys+cluster:": "valkeys", "rediss+cluster:": "valkeys",
  "ws:": "ws", "wss:": "wss",
};

const defaultPort: Record<Address["protocol"], number> = {
  valkey: 6379, valkeys: 6379, ws: 80, wss: 443, unix: 0,
};

const sentinelPort = 26379;

/** The most addresses that a client can be given. */
export const seedsMax = 64;

/** The most sentinels that a client can be given. */
export const sentinelsMax = 16;

/** What an address says: where to connect, as whom, and to which database. */
export interface Target {
  readonly address: Address;
  /** All addresses, of which that is the first. They differ in host and port alone. With `primaryName` these are the
      sentinels' addresses, and `address` stands for that of the primary until they have told it: its host is the
      name, its port 0. */
  readonly addresses: readonly Address[];
  /** The name under which the sentinels watch the primary; undefined if the addresses are those of servers. */
  readonly primaryName?: string | undefined;
  /** Whether the addresses are those of servers of a cluster, which know all others: the address or the option `topology`
      says so. */
  readonly isCluster?: boolean | undefined;
  readonly username: string;
  readonly password: string;
  readonly database: number;
}

const refuse = (why: string, expected: string): never => {
  // The error does not show the address, which may contain a password.
  throw new ConfigurationError("invalid_option", `the address ${why}; expected ${expected}`);
};

// protocol://[user[:password]@], the hosts with their ports, and what comes behind them.
const partsPattern = /^([a-z+]+:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/i;

// A text that is no URL. Without the parts themselves: any of them may be a piece of a password.
const refuseUnreadable = (text: string): never => {
  const [, , host, tail] = partsPattern.exec(text) ?? refuse("has no protocol", "valkey://host:port or wss://host/path");
  if (tail!.includes("@")) {
    return refuse("has a /, ? or # in front of its @", "%2F, %3F or %23 for it, where it belongs to the password");
  }
  const [, name = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(host!) ?? [];
  if (port?.includes(":") === true) return refuse("has an IPv6 address without brackets", "valkey://[::1]:6379");
  const isPort = port === undefined || /^\d+$/.test(port) && Number(port) <= 65535;
  if (name !== "" && !isPort) return refuse("has a port that cannot be one", "a number from 1 to 65535");
  return refuse(host === "" ? "has no host" : "has a host that cannot be one", "valkey://host:port or wss://host/path");
};

const parse = (text: string): URL => {
  try {
    return new URL(text);
  } catch {
    return refuseUnreadable(text);
  }
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse("has a % that begins no escape", "%25 for it");
  }
};

const numberOf = (digits: string | undefined, where: string): number =>
  digits !== undefined && /^\d{1,9}$/.test(digits) ? Number(digits)
    : refuse(`has a ${where} that is no database`, where === "path" ? "/0, /1..." : "?database=1");

// unix://[user[:password]@]/path/to/socket[?database=N]. URL does not take a user without a host.
const socketPattern = /^unix:\/\/(?:([^:/?#@]*)(?::([^/?#@]*))?@)?(\/[^?#]+)(?:\?([^#]*))?$/i;

const readSocket = (text: string): Target => {
  const [, username = "", password = "", path, query] = socketPattern.exec(text)
    ?? refuse("cannot be read", "unix:///path/to/socket");
  const digits = query === undefined ? "0" : /^database=(.*)$/.exec(query)?.[1];
  const address: Address =
    { protocol: "unix", host: "", port: 0, href: `unix://${path}`, path: decoded(path!) };
  return {
    address,
    addresses: [address],
    username: decoded(username),
    password: decoded(password),
    database: numberOf(digits, "query"),
  };
};

/** Whether this is the address of a bridge. */
export const isWebSocket = ({ protocol }: Pick<Address, "protocol">): boolean => protocol.startsWith("ws");

const isOfSentinels = ({ protocol }: URL): boolean => protocol.endsWith("+sentinel:");

const isOfCluster = ({ protocol }: URL): boolean => protocol.endsWith("+cluster:");

// What the server takes in `sentinel monitor NAME`, as far as a client can send it.
const namePattern = /^[\x21-\x7e]{1,255}$/;

// The path of an address of sentinels: /NAME or /NAME/DATABASE.
const readPrimary = ({ pathname }: URL): { primaryName: string; database: number } => {
  const [, name = "", digits, ...more] = pathname.split("/");
  const primaryName = decoded(name);
  if (!namePattern.test(primaryName)) {
    refuse(name === "" ? "has no name of a primary" : "has a name that no primary can have",
      "valkey+sentinel://host:port/NAME, with the name behind `sentinel monitor` in the sentinels' configuration");
  }
  if (more.length > 0) refuse("has more than a name and a database in its path", "/NAME or /NAME/1");
  return { primaryName, database: digits === undefined || digits === "" ? 0 : numberOf(digits, "path") };
};

const databaseOf = (url: URL, isOfBridge: boolean): number => {
  if (isOfBridge || url.pathname === "" || url.pathname === "/") return 0;
  return numberOf(url.pathname.slice(1), "path");
};

/** The address as text, without credentials: the query of a bridge's address may be one. */
export const addressOf = ({ protocol, host, port, path, href }: Address): string => {
  if (path !== undefined) return `unix://${path}`;
  if (isWebSocket({ protocol })) return href.split("?")[0]!;
  if (port === 0) return `${protocol}://${host}`;
  return `${protocol}://${host.includes(":") ? `[${host}]` : host}:${port}`;
};

/** The address of a server, by TCP or TLS. */
export const addressAt = (protocol: "valkey" | "valkeys", host: string, port: number): Address => {
  const address = { protocol, host, port, href: "" };
  return { ...address, href: addressOf(address) };
};

/** The same without the protocol, as labels of metrics have it. */
export const serverOf = (address: Address): string => address.path !== undefined
  ? `unix:${address.path}` : addressOf(address).slice(`${address.protocol}://`.length);

/**
 * Reads an address, with further hosts after commas, and the option `seeds`. Without credentials or a database
 * in it, these are "" and 0.
 * @throws ConfigurationError if the address is invalid.
 */
export const readAddress = (text: string, seeds: readonly string[] = []): Target => {
  if (typeof text !== "string") return refuse("is not a string", "valkey://host:port");
  if (/^unix:/i.test(text)) {
    return seeds.length === 0 ? readSocket(text) : refuse("is the only one of a unix socket", "no seeds");
  }
  const [, head = "", hosts = "", tail = ""] = partsPattern.exec(text) ?? [];
  // Not shown: it may have a password.
  if (seeds.some((seed) => /[@/?#,]/.test(seed))) refuse("in seeds has more than host[:port]", "the rest in the address");
  const unlikely = seeds.find((seed) => !/^(\[[^\]]*\]|[^:]+)(:\d+)?$/.test(seed));
  if (unlikely !== undefined) refuse(`"${unlikely}" in seeds cannot be read`, "host[:port], with IPv6 in brackets");
  const all = [...hosts.split(","), ...seeds];
  const most = /^[a-z]+\+sentinel:/i.test(text) ? sentinelsMax : seedsMax;
  if (all.length > most) refuse(`and seeds are ${all.length}`, `${most} at most`);
  // URL would take the path for the host.
  if (all.length > 1 && all.includes("")) refuse("has no host beside a comma", "valkey://one:6379,two:6379");
  const [first, ...others] = all.map((host) => readOne(all.length === 1 ? text : `${head}${host}${tail}`));
  return { ...first!, addresses: [first!, ...others].map(({ addresses }) => addresses[0]!) };
};

const readOne = (text: string): Target => {
  const url = parse(text);
  const protocol = protocols[url.protocol] ?? refuse(`has the protocol "${url.protocol}"`,
    "valkey, valkeys, valkey+sentinel, valkeys+sentinel, valkey+cluster, valkeys+cluster, unix, ws or wss");
  const isOfBridge = isWebSocket({ protocol });
  if (!isOfBridge && url.search !== "") refuse("has a query", "options as the second argument");
  if (url.hash !== "") refuse("has a fragment", "no # in it");
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") refuse("has no host", `${url.protocol}//host:port${isOfSentinels(url) ? "/NAME" : ""}`);
  const credentials = { username: decoded(url.username), password: decoded(url.password) };
  if (isOfSentinels(url) && (protocol === "valkey" || protocol === "valkeys")) {
    const port = url.port === "" ? sentinelPort : Number(url.port);
    const primary = readPrimary(url);
    return { address: addressAt(protocol, primary.primaryName, 0),
      addresses: [addressAt(protocol, decoded(host), port)], ...credentials, ...primary };
  }
  if (isOfCluster(url) && (protocol === "valkey" || protocol === "valkeys")) {
    const database = databaseOf(url, false);
    if (database !== 0) refuse(`is that of a cluster and has the database ${database}`, "/0, the only one of a cluster, or none");
    const address = addressAt(protocol, decoded(host), url.port === "" ? defaultPort[protocol] : Number(url.port));
    return { address, addresses: [address], ...credentials, database, isCluster: true };
  }
  const bare = new URL(url.href);
  bare.username = "";
  bare.password = "";
  const address: Address = {
    protocol,
    host: decoded(host),
    port: url.port === "" ? defaultPort[protocol] : Number(url.port),
    href: bare.href,
  };
  return {
    address,
    addresses: [address],
    ...credentials,
    database: databaseOf(url, isOfBridge),
  };
};
