import type { ClientSideCache } from "./cache.js";
import { ConfigurationError } from "./errors.js";
import type { Address, Connect, TransportOptions } from "./transport/transport.js";

// What a user can say about a client. Whatever makes no sense is refused before any I/O, by name.

/** What becomes of messages for which a subscription has no room. */
export type SubscriptionOverflow = "drop-oldest" | "drop-newest" | "pause-reading";

/** Options of Client.connect(). Times are in milliseconds. */
export interface ClientOptions extends TransportOptions {
  /** Each in place of what the address says. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: number | undefined;
  /** What the server's CLIENT LIST calls the connections. */
  readonly clientName?: string | undefined;
  /** For requests that bring no timeout of their own. Default: 250; 0: none. */
  readonly requestTimeout?: number | undefined;
  /** How long to try for the first connection. Default: 2000. */
  readonly connectTimeout?: number | undefined;
  /** How long close() waits for replies. Default: 1000. */
  readonly closeTimeout?: number | undefined;
  /** Waits between attempts at a connection are drawn between these. Default: 10 and 5000. */
  readonly reconnectWaitMin?: number | undefined;
  readonly reconnectWaitMax?: number | undefined;
  /** Attempts that may fail one after the other. Default: without end. */
  readonly reconnectAttemptsMax?: number | undefined;
  /** An idle connection is asked for a sign of life so often. Default: 5000; 0: never. */
  readonly healthCheckInterval?: number | undefined;
  /** Requests at a time. Default: 1000. */
  readonly inflightRequestsLimit?: number | undefined;
  /** What becomes of more: they fail with a LimitError, or wait in line. Default: "reject". */
  readonly inflightOverflow?: "reject" | "wait" | undefined;
  /** How many may wait. Default: 1000. */
  readonly waitersMax?: number | undefined;
  /** Larger replies are skipped: their requests fail with a ReplyTooLargeError. In bytes. */
  readonly replyBytesMax?: number | undefined;
  /** How often a read whose connection was lost is sent again. Default: 0. */
  readonly readResendsMax?: number | undefined;
  /** The RESP version. Default: 3; 2 is for servers that do not know HELLO. */
  readonly protocol?: 2 | 3 | undefined;
  /** The server does not end these connections for want of memory (CLIENT NO-EVICT). */
  readonly noEvict?: boolean | undefined;
  /** Reads do not count as accesses, for the server's own eviction (CLIENT NO-TOUCH). */
  readonly noTouch?: boolean | undefined;
  /**
   * Connections for commands that block and for exclusive use. More commands that block fail, or wait in
   * line, as inflightOverflow says. Default: 8.
   */
  readonly blockingConnectionsMax?: number | undefined;
  /** Subscriptions at a time, each on a connection of its own. Default: 16. */
  readonly subscriptionsMax?: number | undefined;
  /** Messages that wait to be taken from one subscription. Default: 10000. */
  readonly subscriptionMessagesMax?: number | undefined;
  /** What becomes of more. Default: "drop-oldest". */
  readonly subscriptionOverflow?: SubscriptionOverflow | undefined;
  /** Reads go through this cache. Any number of clients may share it. */
  readonly clientSideCache?: ClientSideCache | undefined;
  /** The memory line of this process or isolate, if it is not drawn yet: see configure(). */
  readonly memoryLimit?: number | string | undefined;
  /** A transport of your own, whatever the address says. */
  readonly transport?: Connect | undefined;
  /** Names the server that `transport` leads to: clients of one cache that say the same, with the
      same address, share what the same user has read. Without a name they share nothing. */
  readonly transportName?: string | undefined;
  /** Ends the attempt to connect. */
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
  secrets.has(name) ? "what was given" : JSON.stringify(value) ?? String(value);

/** Throws a ConfigurationError that names the option, its value and what is allowed. */
export const refuseOption = (name: string, value: unknown, allowed: string): never => {
  throw new ConfigurationError("invalid_option",
    `${name}: ${shown(name, value)} is not ${allowed}`);
};

/** Checks options against such a table; those named in `known` are somebody else's. */
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
 * Throws a ConfigurationError where `tls` is said of an address that it cannot be kept for: what was
 * meant to be secret would go in plaintext. A transport of the user's own makes of both what it likes.
 */
export const checkTls = (options: ClientOptions, protocol: Address["protocol"]): void => {
  if (options.tls === undefined || options.transport !== undefined || protocol === "valkeys") return;
  const why: Record<typeof protocol, string> = {
    valkey: 'the address is one without TLS ("valkey://"); give "valkeys://", or no tls',
    ws: 'the address is one without TLS ("ws://"); give "wss://", or no tls',
    wss: 'the TLS of "wss://" is that of the WebSocket, which knows nothing of it; give a WebSocket ' +
      "that does, or no tls",
  };
  throw new ConfigurationError("invalid_option", `tls: ${why[protocol]}`);
};

const units: Record<string, number> = { "": 1, B: 1, KIB: 1024, MIB: 1024 ** 2, GIB: 1024 ** 3 };

/** "16 MiB", "512 KiB", or a number of bytes. */
export const bytesOf = (name: string, amount: number | string): number => {
  if (typeof amount === "number" && Number.isSafeInteger(amount) && amount >= 0) return amount;
  const [, digits, unit] = /^(\d+)\s*([a-z]*)$/i.exec(String(amount).trim()) ?? [];
  const bytes = Number(digits) * (units[(unit ?? "").toUpperCase()] ?? NaN);
  if (typeof amount !== "string" || !Number.isSafeInteger(bytes)) {
    refuseOption(name, amount, 'an amount such as "16 MiB", "512 KiB" or a number of bytes');
  }
  return bytes;
};
