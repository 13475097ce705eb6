// What methods of commands are made of: words in, a reply out.

/** A word of a command, as it is sent. */
export type Word = string | Uint8Array;

/** The name of a key, or of anything else on the server. */
export type Key = string | Uint8Array;

/** What is stored. Numbers are sent as text. */
export type Value = string | Uint8Array | number | bigint;

/** A reply as it came: maps as flat arrays of keys and values, sets as arrays. */
export type Raw = null | boolean | number | bigint | string | Uint8Array | Error | Raw[];

/** Strings as text, which is the default, or as the bytes that they are. */
export type As = "text" | "bytes";

/** What a reply is turned into; undefined: it is as it came. */
export type Shape = ((reply: Raw, as: As) => unknown) | undefined;

/** Any reply at all. */
export type AnyReply =
  | null | boolean | number | bigint | string | Uint8Array | Error
  | AnyReply[] | Map<AnyReply, AnyReply> | Set<AnyReply>;

/** @internal The shape of replies that have no type: who reads them may keep maps and sets. */
export const anyReply = (reply: Raw): unknown => reply;

/** The part of an AbortSignal that is used, so that no DOM types are needed. */
export interface AbortSignalLike {
  /** Whether it was, already. */
  readonly aborted: boolean;
  /** Calls `listener` when it is. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Undoes that. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** What can be said of any one call. */
export interface CallOptions {
  /** "bytes": strings of the reply come as Uint8Array, whatever is in them. Default: "text". */
  readonly as?: As | undefined;
  /** Ends the request early. */
  readonly signal?: AbortSignalLike | undefined;
  /** Milliseconds, in place of the client's requestTimeout; 0: none. */
  readonly timeout?: number | undefined;
  /** Of a read, in milliseconds: what is cached is served only if it is known to have been true
      within this time. 0: what is true now. */
  readonly maxStaleness?: number | undefined;
}

/** @internal The names of what can be said of any call; the compiler misses none. */
export const namesOfCallOptions: Readonly<Record<keyof CallOptions, true>> = {
  as: true, signal: true, timeout: true, maxStaleness: true,
};

/** Whatever commands can be said to. */
export abstract class Sender {
  /** @internal */
  abstract sendWords(
    words: Word[],
    shape: Shape,
    options: CallOptions | undefined,
  ): Promise<unknown>;

  /** @internal What a call becomes whose arguments are not allowed. */
  refuseWords(error: unknown): Promise<never> {
    return Promise.reject(error);
  }
}
