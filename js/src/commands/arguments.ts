import type { As, CallOptions, Value } from "./call.js";

// The types of arguments of the methods for commands.

/** A 64-bit integer: a safe integer, or a bigint. */
export type Int = number | bigint;

/** One value, or several in an array or a Set. */
export type OneOrMore<T> = T | readonly T[] | ReadonlySet<T>;

/** Names with their values: an object, a Map, or an array of pairs. */
export type Pairs =
  | { readonly [name: string]: Value }
  | ReadonlyMap<Value, Value>
  | readonly (readonly [Value, Value])[];

/** A point in time: a Date, or Unix time in the command's unit (seconds or milliseconds). */
export type Instant = Date | Int;

/** One end of a range: a rank, a score (also Infinity), a score that the range does not include, or a string
    in the server's own spelling, such as "[name". */
export type Bound = Value | { readonly exclusive: number };

/** Options of a call that decide the type of strings in the reply. */
export interface ReplyOptions<A extends As = As> extends CallOptions {
  readonly as?: A | undefined;
}
