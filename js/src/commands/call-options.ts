import { type AbortSignalLike, type CallOptions, namesOfCallOptions } from "./call.js";
import { described } from "./problem.js";

// Checks of the options of calls, before anything of the call has reached the core.

/** Whether all of these options are options of any call. */
export const areCallOptions = (options: object): boolean => {
  for (const name in options) if (!(name in namesOfCallOptions)) return false;
  return true;
};

/** Throws a TypeError for options that are none, or that have a name besides those of any call and `more`. */
export const checkNames = (options: unknown, more: Iterable<string> = []): void => {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options: got ${described(options)}; give an object, or nothing`);
  }
  if (areCallOptions(options)) return;
  const own = [...more];
  for (const name in options) {
    if (name in namesOfCallOptions || own.includes(name)) continue;
    const known = [...own, ...Object.keys(namesOfCallOptions)];
    throw new TypeError(`options: got ${name}; give ${known.join(", ")}`);
  }
};

const checkTime = (name: string, value: unknown, zero: string): void => {
  if (value === undefined || value === null) return;
  if (typeof value === "number" && value >= 0 && value <= 4.5e12) return;
  throw new TypeError(`${name}: got ${described(value)}; give milliseconds, ${zero}`);
};

/** Whether this has what is used of an AbortSignal. */
export const isSignal = (signal: unknown): boolean => {
  if (typeof signal !== "object" || signal === null) return false;
  const { aborted, addEventListener, removeEventListener } = signal as Partial<AbortSignalLike>;
  return typeof aborted === "boolean" && typeof addEventListener === "function"
    && typeof removeEventListener === "function";
};

const checkSignal = (signal: unknown): void => {
  if (signal === undefined || signal === null || isSignal(signal)) return;
  const isController = typeof signal === "object" && "signal" in signal;
  throw new TypeError(`signal: got ${described(signal)}; give an AbortSignal` +
    (isController ? ": the signal of that AbortController" : ""));
};

/** The options of any call among these, as they are now: the object is the caller's, who may change it, and it may have
    accessors. Throws a TypeError for a value that makes no sense. */
export const ownCallOptions = (options: CallOptions): CallOptions => {
  const { as, signal, timeout, maxStaleness } = options;
  if (as !== undefined && as !== "text" && as !== "bytes" && as !== "json" && typeof as !== "function") {
    throw new TypeError(`as: got ${described(as)}; give "text", "bytes", "json" or a function of the bytes`);
  }
  checkSignal(signal);
  checkTime("timeout", timeout, "0 for no timeout");
  checkTime("maxStaleness", maxStaleness, "0 for what is true now");
  return { as, signal, timeout, maxStaleness };
};
