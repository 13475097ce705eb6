import type { As, CallOptions, Value } from "./call.js";

// What methods of commands are given.

/** A 64-bit integer: a safe one, or a bigint. */
export type Int = number | bigint;

/** One alone, or several. */
export type OneOrMore<T> = T | readonly T[] | ReadonlySet<T>;

/** Names with what belongs to them: an object, a Map, or pairs. */
export type Pairs =
  | { readonly [name: string]: Value }
  | ReadonlyMap<Value, Value>
  | readonly (readonly [Value, Value])[];

/** A moment: a Date, or Unix time in the unit that the command has. */
export type Instant = Date | Int;

/** An end of a range: a rank, a score (Infinity too), or as the server spells it: "[name". */
export type Bound = Value | { readonly exclusive: number };

/** A call's options that decide what type strings of the reply are. */
export interface ReplyOptions<A extends As = As> extends CallOptions {
  readonly as?: A | undefined;
}
