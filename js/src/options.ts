import type { ClientSideCache } from "./cache.js";
import { ConfigurationError } from "./errors.js";
import type { Address, Connect, TransportOptions } from "./transport/transport.js";

// The options of a client. Invalid ones are refused by name, before any I/O.

/** What happens to messages for which a subscription has no room: the oldest that waits is dropped, the one
    that has come is dropped, or the connection is not read until there is room. */
export type SubscriptionOverflow = "drop-oldest" | "drop-newest" | "pause-reading";

/** Options of Client.connect(). Times are in milliseconds. */
export interface ClientOptions extends TransportOptions {
  /** The user, the password and the database; each overrides what the address says. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: number | undefined;
  /** The name of the connections in the server's CLIENT LIST. */
  readonly clientName?: string | undefined;
  /** The timeout of requests that have none of their own. Default: 250; 0: no timeout. */
  readonly requestTimeout?: number | undefined;
  /** How long to try to make the first connection. Default: 2000. */
  readonly connectTimeout?: number | undefined;
  /** How long close() waits for replies. Default: 1000. */
  readonly closeTimeout?: number | undefined;
  /** The wait between attempts to connect is drawn at random from this range. Default: 10 to 5000. */
  readonly reconnectWaitMin?: number | undefined;
  readonly reconnectWaitMax?: number | undefined;
  /** How many attempts to connect may fail in a row before a client that has lost its connection ends.
      0: the loss ends it. Default: no limit. */
  readonly reconnectAttemptsMax?: number | undefined;
  /** How long the server may be silent before the client sends a PING. Default: 5000; 0: for ever. */
  readonly healthCheckInterval?: number | undefined;
  /** The most requests in flight. Default: 1000. */
  readonly inflightRequestsLimit?: number | undefined;
  /** What happens to requests beyond that: they fail with a LimitError, or wait for room. Default:
      "reject". */
  readonly inflightOverflow?: "reject" | "wait" | undefined;
  /** The most requests that may wait for room; further ones fail with a LimitError. Default: 1000. */
  readonly waitersMax?: number | undefined;
  /** The most bytes of a reply. A larger one is skipped, and its request fails with a
      ReplyTooLargeError. Default: 512 MiB, so that the memory limit counts. */
  readonly replyBytesMax?: number | undefined;
  /** How often a read is sent again when its connection was lost. Default: 0. */
  readonly readResendsMax?: number | undefined;
  /** The RESP version. Default: 3. Use 2 for servers that do not know HELLO. */
  readonly protocol?: 2 | 3 | undefined;
  /** Asks the server not to close these connections when it runs out of memory (CLIENT NO-EVICT). */
  readonly noEvict?: boolean | undefined;
  /** Asks the server not to count this client's reads as accesses for its eviction (CLIENT NO-TOUCH). */
  readonly noTouch?: boolean | undefined;
  /**
   * The most connections for commands that block, and for exclusive use. Further commands that block fail
   * or wait for one, as inflightOverflow says. Default: 8.
   */
  readonly blockingConnectionsMax?: number | undefined;
  /** The most subscriptions at a time; each has a connection of its own. Default: 16. */
  readonly subscriptionsMax?: number | undefined;
  /** The most messages that wait to be taken from one subscription. Default: 10000. */
  readonly subscriptionMessagesMax?: number | undefined;
  /** What happens to messages beyond that. Default: "drop-oldest". */
  readonly subscriptionOverflow?: SubscriptionOverflow | undefined;
  /** The cache for this client's reads. Any number of clients may share one. */
  readonly clientSideCache?: ClientSideCache | undefined;
  /** Sets the memory limit of this process or isolate, unless it is set: see configure(). */
  readonly memoryLimit?: number | string | undefined;
  /** A transport of your own, to be used whatever protocol the address has. */
  readonly transport?: Connect | undefined;
  /** Names the server that `transport` leads to. Clients of one cache share what the same user has read if
      they give the same name and the same address. Without a name they share nothing. */
  readonly transportName?: string | undefined;
  /** Ends the attempt to connect: connect() then rejects with a CancelledError. */
  readonly signal?: import("./commands/call.js").AbortSignalLike | undefined;
}

type Kind = "text" | "count" | "time" | "boolean";

const kinds: Record<string, Kind | readonly unknown[]> = {
  username: "text", password: "text", clientName: "text", transportName: "text",
  database: "count", inflightRequestsLimit: "count", waitersMax: "count", replyBytesMax: "count",
  reconnectAttemptsMax: "count", readResendsMax: "count", blockingConnectionsMax: "count",
  subscriptionsMax: "count", subscriptionMessagesMax: "count",
  requestTimeout: "time", connectTimeout: "time", closeTimeout: "time", reconnectWaitMin: "time",
  reconnectWaitMax: "time", healthCheckInterval: "time",
  noEvict: "boolean", noTouch: "boolean",
  inflightOverflow: ["reject", "wait"], protocol: [2, 3],
  subscriptionOverflow: ["drop-oldest", "drop-newest", "pause-reading"],
};

const others = ["tls", "token", "protocols", "WebSocket", "clientSideCache", "memoryLimit", "transport",
  "signal"];

const wanted: Record<Kind, string> = {
  text: "a string",
  count: "a whole number from 0 to 4294967295",
  time: "milliseconds, from 0",
  boolean: "true or false",
};

const fits = (kind: Kind, value: unknown): boolean => {
  switch (kind) {
    case "text": return typeof value === "string";
    case "count": return Number.isInteger(value) && (value as number) >= 0 &&
      (value as number) <= 0xffffffff;
    case "time": return typeof value === "number" && value >= 0 && value <= 4.5e12;
    case "boolean": return typeof value === "boolean";
  }
};

const secrets = new Set(["password", "token", "username"]);

const shown = (name: string, value: unknown): string =>
  secrets.has(name) ? "the given value" : JSON.stringify(value) ?? String(value);

/** Throws a ConfigurationError that names the option, its value and what is allowed. */
export const refuseOption = (name: string, value: unknown, allowed: string): never => {
  throw new ConfigurationError("invalid_option",
    `${name}: ${shown(name, value)} is not ${allowed}`);
};

/** Checks options against a table of kinds or allowed values. Does not check the options in `known`.
    Throws a ConfigurationError for an unknown option, too. */
export const checkOptions = (
  options: object,
  table: Record<string, Kind | readonly unknown[]>,
  known: readonly string[],
): void => {
  for (const [name, value] of Object.entries(options)) {
    const kind = table[name];
    if (kind === undefined) {
      if (known.includes(name)) continue;
      throw new ConfigurationError("invalid_option",
        `${name}: there is no such option; there is: ` +
          [...Object.keys(table), ...known].sort().join(", "));
    }
    if (value === undefined) continue;
    if (typeof kind === "string") {
      if (!fits(kind, value)) refuseOption(name, value, wanted[kind]);
    } else if (!kind.includes(value)) {
      refuseOption(name, value, `one of ${kind.map((each) => JSON.stringify(each)).join(", ")}`);
    }
  }
};

export const checkClientOptions = (options: ClientOptions): void => {
  checkOptions(options, kinds, others);
  const { token } = options;
  if (token !== undefined && typeof token !== "string" && typeof token !== "function") {
    refuseOption("token", token, "a string, or a function that returns one");
  }
};

/**
 * Throws a ConfigurationError if `tls` is given with an address for which it has no effect: otherwise data
 * that was meant to be secret would be sent in plaintext. A caller's own transport may use `tls` as it likes.
 */
export const checkTls = (options: ClientOptions, protocol: Address["protocol"]): void => {
  if (options.tls === undefined || options.transport !== undefined || protocol === "valkeys") return;
  const why: Record<typeof protocol, string> = {
    valkey: 'the address is one without TLS ("valkey://"); give "valkeys://", or no tls',
    ws: 'the address is one without TLS ("ws://"); give "wss://", or no tls',
    wss: 'with "wss://" the WebSocket does TLS, and does not use this option; configure the WebSocket, ' +
      "or give no tls",
  };
  throw new ConfigurationError("invalid_option", `tls: ${why[protocol]}`);
};

const units: Record<string, number> = { "": 1, B: 1, KIB: 1024, MIB: 1024 ** 2, GIB: 1024 ** 3 };

/** The number of bytes in "16 MiB", "512 KiB" or a number. Throws a ConfigurationError that calls the option
    `name`. */
export const bytesOf = (name: string, amount: number | string): number => {
  if (typeof amount === "number" && Number.isSafeInteger(amount) && amount >= 0) return amount;
  const [, digits, unit] = /^(\d+)\s*([a-z]*)$/i.exec(String(amount).trim()) ?? [];
  const bytes = Number(digits) * (units[(unit ?? "").toUpperCase()] ?? NaN);
  if (typeof amount !== "string" || !Number.isSafeInteger(bytes)) {
    refuseOption(name, amount, 'an amount such as "16 MiB", "512 KiB" or a number of bytes');
  }
  return bytes;
};
