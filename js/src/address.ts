import { ConfigurationError } from "./errors.js";
import type { Address } from "./transport/transport.js";

// Reads addresses as users write them, such as valkey://user:password@host:port/database.

const protocols: Record<string, Address["protocol"]> = {
  "valkey:": "valkey", "redis:": "valkey", "tcp:": "valkey",
  "valkeys:": "valkeys", "rediss:": "valkeys", "tls:": "valkeys",
  "ws:": "ws", "wss:": "wss",
};

const defaultPort: Record<Address["protocol"], number> = {
  valkey: 6379, valkeys: 6379, ws: 80, wss: 443,
};

/** What an address says: where to connect, as whom, and to which database. */
export interface Target {
  readonly address: Address;
  readonly username: string;
  readonly password: string;
  readonly database: number;
}

const refuse = (why: string, expected: string): never => {
  // The error does not show the address, which may contain a password.
  throw new ConfigurationError("invalid_option", `the address ${why}; expected ${expected}`);
};

const parse = (text: string): URL => {
  try {
    return new URL(text);
  } catch {
    return refuse("cannot be read", "valkey://host:port or wss://host/path");
  }
};

const databaseOf = (url: URL, isWebSocket: boolean): number => {
  if (isWebSocket || url.pathname === "" || url.pathname === "/") return 0;
  const digits = /^\/(\d{1,9})$/.exec(url.pathname);
  if (digits === null) return refuse("has a path that is no database", "/0, /1...");
  return Number(digits[1]);
};

/**
 * Reads an address. Without credentials or a database in it, these are "" and 0.
 * @throws ConfigurationError if the address is invalid.
 */
export const readAddress = (text: string): Target => {
  if (typeof text !== "string") return refuse("is not a string", "valkey://host:port");
  const url = parse(text);
  const protocol = protocols[url.protocol] ?? refuse(`has the protocol "${url.protocol}"`,
    "valkey, valkeys, redis, rediss, ws or wss");
  const isWebSocket = protocol === "ws" || protocol === "wss";
  if (!isWebSocket && url.search !== "") refuse("has a query", "options as the second argument");
  if (url.hash !== "") refuse("has a fragment", "no # in it");
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") refuse("has no host", "valkey://host:port");
  const bare = new URL(url.href);
  bare.username = "";
  bare.password = "";
  return {
    address: {
      protocol,
      host: decodeURIComponent(host),
      port: url.port === "" ? defaultPort[protocol] : Number(url.port),
      href: bare.href,
    },
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: databaseOf(url, isWebSocket),
  };
};
