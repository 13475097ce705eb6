import type { Word } from "../commands/call.js";
import { deferredRequestBytesMin, deferredWord, outboxAt } from "./abi.js";
import type { Core } from "./core.js";
import { discardStaged, roomFor, writeTable, writeWords } from "./encode.js";
import { bytesOfWord, plainView } from "./sizes.js";

// Long words of large requests. Such a word is not staged as others are: the core makes room for it in the
// request itself, in segments, and it is written there. So a large request takes its bytes once, and no
// block of memory as large as itself, which the module's memory would keep for ever.
//
//   stageLarge()                        stages the other words, and the sizes of all
//   plimsoll_submit() and the like      the core encodes the request
//   writeDeferred()                     writes the long words into it

// Shorter words are staged.
const deferredBytesMin = 4 * 1024;

/** A word to be written into the request, and its place there. */
interface Deferred {
  readonly word: Word;
  readonly size: number;
  readonly offset: number;
}

/** The long words of a request. */
export type DeferredWords = readonly Deferred[];

const digitsOf = (number: number): number => String(number).length;

// Follows the encoding of the core (core/resp/encoder.h).
class Places {
  readonly found: Deferred[] = [];
  #at: number;

  constructor(begin: number) { this.#at = begin; }

  /** A command of so many words begins: "*3\r\n". */
  command(words: number): void { this.#at += 1 + digitsOf(words) + 2; }

  /** A word follows: "$5\r\nhello\r\n". */
  word(word: Word, size: number, isDeferred: boolean): void {
    this.#at += 1 + digitsOf(size) + 2;
    if (isDeferred) this.found.push({ word, size, offset: this.#at });
    this.#at += size + 2;
  }
}

const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);

/** Stages a request of one command or of several, each a list of words; `begin` is the number of bytes that
    the core encodes in front of them, and `counts` are numbers that stand before the table. Returns the long
    words, which are still to be written: none if the request is not large. Throws as stage() does. */
export const stageLarge = (
  core: Core, commands: readonly (readonly Word[])[], begin: number, counts: readonly number[],
): DeferredWords => {
  const sizes = commands.map((words) => words.map(bytesOfWord));
  const bytes = sum(sizes.map(sum));
  // A size has 31 bits, since the highest one marks a deferred word. No memory line is that long, so roomFor() throws.
  if (bytes >= deferredWord) roomFor(core, bytes);
  const isLarge = bytes > deferredRequestBytesMin;
  const places = new Places(begin);
  const staged: Word[] = [];
  const table: number[] = [...counts];
  let stagedBytes = 0;
  commands.forEach((words, index) => {
    places.command(words.length);
    words.forEach((word, place) => {
      const size = sizes[index]![place]!;
      // The core looks a command up by its first words.
      const isDeferred = isLarge && place >= 2 && size >= deferredBytesMin;
      places.word(word, size, isDeferred);
      table.push(isDeferred ? size + deferredWord : size);
      if (isDeferred) return;
      staged.push(word);
      stagedBytes += size;
    });
  });
  const at = roomFor(core, 4 * table.length + stagedBytes);
  writeTable(core, table, at);
  try {
    writeWords(core, staged, at + 4 * table.length);
  } catch (error) {
    discardStaged(core);  // a Uint8Array may have been detached
    throw error;
  }
  return places.found;
};

/** Writes the long words of the request that was staged last. */
export const writeDeferred = (core: Core, client: number, deferred: DeferredWords): void => {
  for (const { word, size, offset } of deferred) {
    const writer = typeof word === "string" ? new TextWriter(word) : new BytesWriter(word);
    for (let done = 0; done < size;) {
      const count =
        core.check(core.calls.plimsoll_staged_places(client, offset + done, size - done));
      done += writeSpans(core, writer, count);
    }
  }
};

const writeSpans = (core: Core, writer: TextWriter | BytesWriter, count: number): number => {
  let written = 0;
  for (let i = 0; i < count; ++i) {
    const span = core.outboxWord + (outboxAt.spans >> 2) + 2 * i;
    const at = core.words[span]! >>> 0;
    const bytes = core.words[span + 1]!;
    writer.fill(core.bytes.subarray(at, at + bytes));
    written += bytes;
  }
  return written;
};

class BytesWriter {
  #left: Uint8Array;

  constructor(bytes: Uint8Array) { this.#left = plainView(bytes); }

  fill(place: Uint8Array): void {
    place.set(this.#left.subarray(0, place.length));
    this.#left = this.#left.subarray(place.length);
  }
}

const encoder = new TextEncoder();

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;

// Writes a text in pieces. The end of a place may cut a letter's bytes: then #cut has the rest of them.
class TextWriter {
  readonly #text: string;
  #at = 0;
  #cut: Uint8Array = new Uint8Array(0);

  constructor(text: string) { this.#text = text; }

  fill(place: Uint8Array): void {
    let filled = this.#writeCut(place);
    while (filled < place.length) {
      const rest = place.subarray(filled);
      const { read, written } = encoder.encodeInto(this.#next(rest.length), rest);
      this.#at += read;
      filled += written;
      if (read > 0) continue;
      const letter = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
      this.#at += letter.length;
      this.#cut = encoder.encode(letter);
      filled += this.#writeCut(place.subarray(filled));
    }
  }

  // The next letters, as many as could fit into so many bytes, and no half of a surrogate pair.
  #next(bytes: number): string {
    const end = Math.min(this.#at + bytes, this.#text.length);
    return this.#text.slice(this.#at,
      isHighSurrogate(this.#text.charCodeAt(end - 1)) ? end + 1 : end);
  }

  #writeCut(place: Uint8Array): number {
    const part = this.#cut.subarray(0, place.length);
    place.set(part);
    this.#cut = this.#cut.subarray(part.length);
    return part.length;
  }
}
