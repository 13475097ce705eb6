import type { Raw, StringForm } from "../commands/call.js";
import { DecodeError, serverError } from "../errors.js";
import type { Core } from "./core.js";
import { errorNames, executedNames, nodeWords, outboxAt, types } from "./abi.js";

// Decodes values out of the core's memory: nodes in the order of the wire (PlimsollNode in
// wasm/abi_types.h).

// Bytes that are not UTF-8 are treated in one of two ways. In data that is wanted as text they are a
// DecodeError of that call or message. In the text of an error they become U+FFFD: servers repeat what they
// were sent, cut in the middle of a character, and the rest of the text still helps.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

// Up to this length, a loop over the letters is faster than a decoder.
const shortTextMax = 12;

/** How a value is decoded: the form of its strings, and whether maps and sets come as Map and Set. */
export interface Decoding {
  readonly form: StringForm;
  readonly asMaps: boolean;
}

/** Reads the nodes of one value, and asks the core for more if the area was too small for all of them. */
export class NodeReader {
  /** The place of the next node in Core.words. */
  at = 0;
  // Whether this is the reply to EXEC: an error in it may be a command that has not run, and a string that
  // cannot be decoded is the error of its command alone.
  #ofExec = false;
  #problem: unknown;
  #left = 0;
  readonly #core: Core;
  readonly #client: number;

  constructor(core: Core, client: number) {
    this.#core = core;
    this.#client = client;
  }

  /** Begins with `count` nodes at `at`. */
  begin(at: number, count: number): void {
    this.at = at;
    this.#left = count;
  }

  #next(): number {
    if (this.#left === 0) {
      const { outboxWord, calls } = this.#core;
      this.#left = this.#core.ask(() => calls.plimsoll_poll_nodes(this.#client));
      this.at = outboxWord + (outboxAt.area >> 2);
    }
    --this.#left;
    const node = this.at;
    this.at += nodeWords;
    return node;
  }

  /** Decodes the next value. `asMaps` returns maps and sets as Map and Set. A status such as "OK" is no value that
      anybody has stored: only the form "bytes" has it as bytes. Throws a DecodeError for a string that is wanted
      as text and is not UTF-8. */
  value(form: StringForm, asMaps: boolean): Raw {
    const node = this.#next();
    const { words } = this.#core;
    const type = words[node]! & 255;
    switch (type) {
      case types.bulkString: return form === "text" ? this.#text(node) : this.#bytes(node);
      case types.simpleString: return form === "bytes" ? this.#bytes(node) : this.#text(node);
      case types.null: return null;
      case types.boolean: return words[node + 1] === 1;
      case types.integer: return integer(words[node + 1]!, words[node + 2]!);
      case types.real: return real(this.#text(node));
      case types.bigNumber: return BigInt(this.#text(node));
      case types.verbatim:
        return form === "text" ? this.#verbatimText(node) : this.#bytes(node).subarray(4);
      case types.simpleError:
      case types.bulkError: return this.#error(node, words[node]!);
      case types.map: return asMaps ? this.#map(words[node + 1]!, form)
                                    : this.#row(2 * words[node + 1]!, form, asMaps);
      case types.set:
        if (asMaps) return new Set(this.#row(words[node + 1]!, form, true)) as unknown as Raw;
        return this.#row(words[node + 1]!, form, asMaps);
      default: return this.#row(words[node + 1]!, form, asMaps);
    }
  }

  /** Decodes the reply to EXEC, each command's as it is wanted. An element that cannot be decoded is an Error
      in its place. */
  replies(each: readonly Decoding[]): Raw {
    this.#ofExec = true;
    try {
      const node = this.#next();
      const type = this.#core.words[node]! & 255;
      if (type === types.null) return null;
      if (type !== types.array) return this.#error(node, this.#core.words[node]!);
      return each.map(({ form, asMaps }) => this.#reply(form, asMaps));
    } finally {
      this.#ofExec = false;
    }
  }

  // All nodes of the reply are read in any case: the next reply begins behind them.
  #reply(form: StringForm, asMaps: boolean): Raw {
    this.#problem = undefined;
    const value = this.value(form, asMaps);
    return this.#problem === undefined ? value : this.#problem as Error;
  }

  #decoded(bytes: Uint8Array, size?: number): string {
    try {
      return decodeText(bytes, size);
    } catch (error) {
      if (!this.#ofExec) throw error;
      this.#problem = error;
      return "";
    }
  }

  #error(node: number, type: number): Raw {
    const executed = this.#ofExec ? executedNames[type >>> types.executedShift]! : "yes";
    const name = errorNames[type >>> types.errorShift & 255]!;
    return serverError(this.#textOfError(node), executed, name);
  }

  #row(count: number, form: StringForm, asMaps: boolean): Raw[] {
    const row: Raw[] = [];
    for (let i = 0; i < count; ++i) row.push(this.value(form, asMaps));
    return row;
  }

  #map(count: number, form: StringForm): Raw {
    const map = new Map<Raw, Raw>();
    for (let i = 0; i < count; ++i) {
      const key = this.value(form, true);
      map.set(key, this.value(form, true));
    }
    return map as unknown as Raw;
  }

  #bytes(node: number): Uint8Array {
    const { words, bytes } = this.#core;
    const size = words[node + 1]!;
    const at = words[node + 2]! >>> 0;
    return at !== 0 || size === 0 ? bytes.slice(at, at + size) : this.#pieces(size);
  }

  #pieces(size: number): Uint8Array {
    const whole = new Uint8Array(size);
    this.#fill(whole, 0);
    return whole;
  }

  // Copies the next pieces into `whole`, from `filled` on.
  #fill(whole: Uint8Array, filled: number): void {
    while (filled < whole.length) {
      const piece = this.#next();
      const { words, bytes } = this.#core;
      const at = words[piece + 2]! >>> 0;
      whole.set(bytes.subarray(at, at + words[piece + 1]!), filled);
      filled += words[piece + 1]!;
    }
  }

  #textOfError(node: number): string {
    const isAscii = (this.#core.words[node]! & types.ascii) !== 0;
    return isAscii ? this.#text(node) : lenient.decode(this.#bytes(node));
  }

  // Cuts off the format, three bytes of any kind and a colon.
  #verbatimText(node: number): string {
    const isAscii = (this.#core.words[node]! & types.ascii) !== 0;
    return isAscii ? this.#text(node).slice(4) : this.#decoded(this.#bytes(node).subarray(4));
  }

  #text(node: number): string {
    const { words, bytes, buffer } = this.#core;
    const size = words[node + 1]!;
    const at = words[node + 2]! >>> 0;
    if ((words[node]! & types.ascii) !== 0) {
      if (size <= shortTextMax) return shortText(bytes, at, at + size);
      if (buffer !== undefined) return buffer.latin1Slice(at, at + size);
    }
    if (at === 0 && size > 0) return this.#textOfPieces(size);
    return this.#decoded(bytes.subarray(at, at + size));
  }

  // Concatenates pieces as text, which saves a copy, up to the first piece that is not ASCII: a character may
  // be cut between two pieces.
  #textOfPieces(size: number): string {
    let text = "";
    while (text.length < size) {
      const piece = this.#next();
      const { words, bytes, buffer } = this.#core;
      const at = words[piece + 2]! >>> 0;
      const end = at + words[piece + 1]!;
      if (buffer === undefined || (words[piece]! & types.ascii) === 0) {
        const rest = new Uint8Array(size - text.length);
        rest.set(bytes.subarray(at, end));
        this.#fill(rest, end - at);
        return text + this.#decoded(rest, size);
      }
      text += buffer.latin1Slice(at, end);
    }
    return text;
  }
}

const shortText = (bytes: Uint8Array, at: number, end: number): string => {
  let text = "";
  for (let i = at; i < end; ++i) text += String.fromCharCode(bytes[i]!);
  return text;
};

/** Bytes as text. Throws a DecodeError if they are not UTF-8. `size` is that of the whole string. */
export const decodeText = (bytes: Uint8Array, size: number = bytes.length): string => {
  try {
    return strict.decode(bytes);
  } catch (error) {
    throw new DecodeError("not_text",
      `the reply has ${size} bytes that are not UTF-8: ask for them by { as: "bytes" }`,
      "yes", { cause: error });
  }
};

const integer = (low: number, high: number): number | bigint => {
  // A number is exact up to 2^53.
  if (high >= -0x200000 && high < 0x200000) return high * 0x100000000 + (low >>> 0);
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
};

const real = (text: string): number => {
  if (text === "inf") return Infinity;
  if (text === "-inf") return -Infinity;
  return Number(text);
};
