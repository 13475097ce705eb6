import { refusedArguments } from "../caller-stack.js";

// The types that all calls have in common: words in, a reply out.

/** A word of a command, as it is sent. A string is sent as UTF-8. */
export type Word = string | Uint8Array;

/** The name of a key, or of anything else on the server. */
export type Key = string | Uint8Array;

/** A value to store. Numbers are sent as text. */
export type Value = string | Uint8Array | number | bigint;

/** A decoded reply before it gets its shape: maps are flat arrays of keys and values, sets are arrays. */
export type Raw = null | boolean | number | bigint | string | Uint8Array | Error | Raw[];

/** Makes a value of the bytes that are stored. What it throws rejects the call. */
export type Decoder<T = unknown> = (bytes: Uint8Array) => T;

/** How strings of a reply are returned: "text" as strings, which is the default, "bytes" as Uint8Array. "json"
    parses values, and a Decoder makes something else of them; names (of keys, fields, channels, consumers)
    beside them are text then. */
export type As = "text" | "bytes" | "json" | Decoder;

/** In what form a shape has the strings of a reply. "values": as bytes, but names as text. */
export type StringForm = "text" | "bytes" | "values";

/** A function that turns a reply into its type; undefined returns it as it is. */
export type Shape = ((reply: Raw, form: StringForm) => unknown) | undefined;

/** Any reply. A 64-bit integer beyond the safe integers is a bigint; an error within a reply is a
    ServerError. */
export type AnyReply =
  | null | boolean | number | bigint | string | Uint8Array | Error
  | AnyReply[] | Map<AnyReply, AnyReply> | Set<AnyReply>;

/** @internal The shape of replies without a type: with it, maps and sets stay Map and Set. */
export const anyReply = (reply: Raw): unknown => reply;

/** The part of an AbortSignal that is used, so that no DOM types are needed. */
export interface AbortSignalLike {
  /** Whether the signal has been aborted. */
  readonly aborted: boolean;
  /** Why: the `cause` of the error. */
  readonly reason?: unknown;
  /** Has `listener` called when the signal is aborted. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Removes such a listener. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Options of any call. */
export interface CallOptions {
  /** "bytes" returns strings of the reply as Uint8Array, whatever bytes they contain. With "text", a string
      that is not UTF-8 rejects with a DecodeError, and so does with "json" a value that is no JSON. A
      function is a Decoder. Default: "text". */
  readonly as?: As | undefined;
  /** Cancels the request when it is aborted: the call rejects with a CancelledError. */
  readonly signal?: AbortSignalLike | undefined;
  /** The timeout in milliseconds, instead of the client's requestTimeout; 0: no timeout. */
  readonly timeout?: number | undefined;
  /** For reads of a client with a cache, in milliseconds: a cached reply is returned only if it is known to
      have been true within this time. 0: only what is true now. Default: as docs/caching.md says. */
  readonly maxStaleness?: number | undefined;
}

/** @internal The names of CallOptions; the compiler sees that none is missing. */
export const namesOfCallOptions: Readonly<Record<keyof CallOptions, true>> = {
  as: true, signal: true, timeout: true, maxStaleness: true,
};

/** Anything that commands can be called on: a client or a transaction. */
export abstract class Sender {
  /** @internal Sends a command; the promise settles with its shaped reply. */
  abstract sendWords(
    words: Word[],
    shape: Shape,
    options: CallOptions | undefined,
  ): Promise<unknown>;

  /** @internal The result of a call with an invalid argument. */
  refuseWords(error: unknown): Promise<never> {
    return refusedArguments(error);
  }
}
