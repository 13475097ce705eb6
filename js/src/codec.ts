import type { Word } from "./commands/call.js";
import type { Layout, Unpacking } from "./commands/decoders.js";
import { described } from "./commands/problem.js";
import { isWord } from "./commands/put.js";
import { inCapitals } from "./commands/words.js";
import { ConfigurationError } from "./errors.js";

// The option codec: values are changed before they are stored, and changed back when they are read.

/** Changes values before they are stored, and back when they are read. Both functions must be synchronous,
    so that calls keep their order; what they throw rejects the call. */
export interface Codec {
  /** What to store of a value. It must be the same for the same value, or comparisons (SET with IFEQ) fail. */
  encode(value: string | Uint8Array): string | Uint8Array;
  /** The value of what was stored. Is called with values as well that encode() has not made, such as those
      of other programs. */
  decode(stored: Uint8Array): Uint8Array;
}

/** @internal */
export const isCodec = (codec: unknown): codec is Codec => {
  if (typeof codec !== "object" || codec === null) return false;
  const { encode, decode } = codec as Partial<Codec>;
  return typeof encode === "function" && typeof decode === "function";
};

// The words of a command that are values: the first of them, and the distance to the next; 0: only one.
const values: Readonly<Record<string, readonly [first: number, step: number]>> = {
  SETNX: [2, 0], GETSET: [2, 0], SETEX: [3, 0], PSETEX: [3, 0],
  MSET: [2, 2], MSETNX: [2, 2], HSET: [3, 2], HMSET: [3, 2], HSETNX: [3, 0], DELIFEQ: [2, 0],
};

// Behind such a token is a value that is compared with the stored one.
const comparisons: ReadonlySet<string> = new Set(["IFEQ", "IFNE"]);

const reads: ReadonlySet<string> = new Set(["GET", "GETEX", "GETDEL", "GETSET", "MGET", "HGET", "HMGET",
  "HGETALL", "HVALS", "HGETEX", "HGETDEL", "HSCAN", "HRANDFIELD"]);

// Commands that read or change a part of a stored string, which is not a part of the value.
const refused: ReadonlySet<string> = new Set(["APPEND", "SETRANGE", "GETRANGE", "SUBSTR", "STRLEN", "HSTRLEN",
  "LCS", "SETBIT", "GETBIT", "BITCOUNT", "BITPOS", "BITOP", "BITFIELD", "BITFIELD_RO"]);

/** @internal Applies a codec to commands. */
export class CodecWords {
  readonly #codec: Codec;
  readonly #decode: (stored: Uint8Array) => Uint8Array;

  constructor(codec: Codec) {
    this.#codec = codec;
    this.#decode = (stored) => {
      const value: unknown = codec.decode(stored);
      if (value instanceof Uint8Array) return value;
      throw new TypeError(`codec: decode() returned ${described(value)}, not a Uint8Array`);
    };
  }

  /** The words of a command, with its values encoded. Throws a ConfigurationError for a command that has no
      meaning for encoded values. */
  words(words: readonly Word[]): readonly Word[] {
    const name = inCapitals(words[0] ?? "");
    if (refused.has(name)) {
      throw new ConfigurationError("refused_command",
        `codec: ${name} would see the encoded value; use a client without a codec`);
    }
    const all = [...words];
    for (const place of placesOfValues(name, words)) {
      if (place < all.length) all[place] = this.#encoded(words[place]!);
    }
    return all;
  }

  #encoded(value: Word): Word {
    const stored: unknown = this.#codec.encode(value);
    if (isWord(stored)) return stored;
    throw new TypeError(`codec: encode() returned ${described(stored)}, not a string or Uint8Array`);
  }

  /** What is decoded of the reply; undefined if it has no values. */
  unpacks(words: readonly Word[]): Unpacking | undefined {
    const name = inCapitals(words[0] ?? "");
    if (name === "HSCAN" && hasToken(words, 3, "NOVALUES")) return undefined;
    if (name === "HRANDFIELD" && !hasToken(words, 3, "WITHVALUES")) return undefined;
    if (!reads.has(name) && !(name === "SET" && hasToken(words, 3, "GET"))) return undefined;
    return { decode: this.#decode, layout: layouts[name] ?? "values" };
  }
}

const layouts: Readonly<Record<string, Layout>> = { HGETALL: "fields", HRANDFIELD: "fields", HSCAN: "page" };

// No token of these commands is longer; longer words, such as values, are not compared.
const tokenLettersMax = 10;

const tokenOf = (word: Word): string => word.length > tokenLettersMax ? "" : inCapitals(word);

// Tokens that have an argument behind them, which may be the same word as a token.
const withArgument: ReadonlySet<string> = new Set([...comparisons, "EX", "PX", "EXAT", "PXAT", "MATCH", "COUNT"]);

/** The place of the first of these tokens, from the word `from` on; -1 if there is none. */
const placeOf = (words: readonly Word[], from: number, tokens: ReadonlySet<string>): number => {
  for (let at = from; at < words.length; ++at) {
    const token = tokenOf(words[at]!);
    if (tokens.has(token)) return at;
    if (withArgument.has(token)) ++at;
  }
  return -1;
};

const hasToken = (words: readonly Word[], from: number, token: string): boolean =>
  placeOf(words, from, new Set([token])) >= 0;

// The server's documentation has had both names.
const beforeFields: ReadonlySet<string> = new Set(["FIELDS", "FVS"]);

const placesOfValues = (name: string, words: readonly Word[]): number[] => {
  const end = words.length;
  switch (name) {
    case "MSETEX": return every(3, 2, Math.min(end, 2 + 2 * Number(tokenOf(words[1] ?? ""))));
    case "HSETEX": {  // HSETEX key [options] FIELDS count field value...
      const fields = placeOf(words, 2, beforeFields);
      return fields < 0 ? [] : every(fields + 3, 2, end);
    }
    case "DELEX": return placesOfCompared(words, 2);
    case "SET": return [2, ...placesOfCompared(words, 3)];
  }
  const [first, step] = values[name] ?? [end, 1];
  return every(first, step === 0 ? end : step, end);
};

const placesOfCompared = (words: readonly Word[], from: number): number[] => {
  const token = placeOf(words, from, comparisons);
  return token < 0 ? [] : [token + 1];
};

const every = (first: number, step: number, end: number): number[] => {
  const places: number[] = [];
  for (let at = first; at < end; at += step) places.push(at);
  return places;
};
