import { described } from "./commands/problem.js";
import { isBytes, plainView } from "./core/sizes.js";
import { ConfigurationError } from "./errors.js";

// Checks of options that come from users: an invalid one is refused by its name, with what is allowed.

/** What an option may be; else it is one of a list of values. */
export type Kind = "text" | "count" | "time" | "boolean";

const wanted: Record<Kind, string> = {
  text: "a string",
  count: "a whole number from 0 to 4294967295",
  time: "milliseconds, a finite number from 0",
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

// Secrets, and objects that JSON does not show.
const notShown = new Set(["password", "token", "username", "tls.key", "sentinel", "sentinel.tls", "sentinel.tls.key",
  "sentinel.username", "sentinel.password", "signal", "clientSideCache",
  "WebSocket", "transport"]);

// JSON shows neither NaN nor Infinity.
const shown = (name: string, value: unknown): string => notShown.has(name) ? "the given value"
  : (typeof value === "number" ? undefined : JSON.stringify(value)) ?? String(value);

/** Throws a ConfigurationError that names the option, its value and what is allowed. */
export const refuseOption = (name: string, value: unknown, allowed: string): never => {
  throw new ConfigurationError("invalid_option",
    `${name}: ${shown(name, value)} is not ${allowed}`);
};

// Options that are objects of the caller's with options in them, by their names. Others (a codec, a signal) are used as
// they are.
const groups: Readonly<Record<string, readonly string[]>> = {
  tls: ["ca", "cert", "key", "serverName", "rejectUnauthorized"],
  sentinel: ["username", "password", "tls"],
};

const ownOption = (name: string, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((each) => ownOption("", each));
  if (isBytes(value)) return plainView(value).slice();
  const known = groups[name];
  return known === undefined ? value : ownOptions(value, known);
};

// An accessor of a class, or what an object has from another one. What somebody has added to all objects is no option.
const inherits = (options: object, name: string): boolean => {
  for (let at: object | null = options; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, name)) return true;
  }
  return false;
};

/** The options as they are now: the object is the caller's, who may change it and use it again, and it may have
    accessors. `known` are the names of all that there may be. To be called before the options are checked. What is no
    object is returned as it is. */
export const ownOptions = <T>(options: T, known: readonly string[]): T => {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return options;
  const own = Object.create(null) as Record<string, unknown>;
  const names = [...Object.keys(options), ...known.filter((name) => inherits(options, name))];
  for (const name of new Set(names)) own[name] = ownOption(name, (options as Record<string, unknown>)[name]);
  return own as T;
};

/** Throws a ConfigurationError if the options as a whole are none. */
export const checkObject = (name: string, options: unknown, example: string): void => {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw new ConfigurationError("invalid_option",
    `${name}: ${described(options)} is not an object, such as ${example}`);
};

/** Checks options against a table of kinds or allowed values. Does not check the options in `known`.
    Throws a ConfigurationError for an unknown option, too; `prefix` stands before the names in it. */
export const checkOptions = (
  options: object,
  table: Record<string, Kind | readonly unknown[]>,
  known: readonly string[],
  prefix = "",
): void => {
  for (const [key, value] of Object.entries(options)) {
    const kind = Object.hasOwn(table, key) ? table[key] : undefined;
    const name = prefix + key;
    if (kind === undefined) {
      if (known.includes(key)) continue;
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
