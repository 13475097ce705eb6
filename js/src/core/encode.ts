import type { Word } from "../commands/call.js";
import type { Core } from "./core.js";
import { outboxAt, stagingBytes } from "./abi.js";
import { bytesMaxOf, bytesOfWord, bytesPerLetterMax, checkWellFormed, sizeOfBytes } from "./sizes.js";

// Writes words to the core's memory: a table of their sizes, then the bytes of all.

const encoder = new TextEncoder();

// Up to this length, a loop over the letters is faster than a call of an encoder.
const loopLettersMax = 40;

// More than the core ever has. It counts in 32 bits, and would take a larger number for a small one.
const refusedBytes = 2 ** 31;

/** Where to write at most `most` bytes. Throws a LimitError if there is no memory. */
export const roomFor = (core: Core, most: number): number => {
  if (most <= stagingBytes) return core.outbox + outboxAt.staging;
  const at = core.calls.plimsoll_stage(Math.min(most, refusedBytes));
  if (at === 0) throw core.refusal();
  return at;
};

/** Discards what was staged, or the next call would take it: words of another request. */
export const discardStaged = (core: Core): void => { core.calls.plimsoll_stage(0); };

/** An upper bound of what writeTable() and writeWords() write for these words. */
export const bytesMaxOfAll = (words: readonly Word[]): number => {
  let most = 4 * words.length;
  for (const word of words) most += bytesMaxOf(word);
  return most;
};

/** Writes one string. Returns its size in bytes. Throws a TypeError for a lone surrogate, which has no UTF-8. */
const writeText = (core: Core, text: string, at: number): number => {
  const { length } = text;
  const { bytes } = core;
  if (length <= loopLettersMax) {
    let i = 0;
    for (; i < length; ++i) {
      const letter = text.charCodeAt(i);
      if (letter > 127) break;
      bytes[at + i] = letter;
    }
    if (i === length) return length;
  }
  const { buffer } = core;
  // Deno and Bun throw where the end is beyond that of the memory; Node takes it for the memory's end.
  const most = Math.min(bytesPerLetterMax * length, bytes.length - at);
  const size = buffer !== undefined
    ? buffer.utf8Write(text, at, most)
    : encoder.encodeInto(text, bytes.subarray(at, at + most)).written;
  if (size !== length) checkWellFormed(text);
  return size;
};

/** Stages words for the next call that takes them. Throws a LimitError (no memory) or a TypeError (no valid
    word), and stages nothing then. */
export const stage = (core: Core, words: readonly Word[]): void => {
  const at = roomFor(core, bytesMaxOfAll(words));
  try {
    writeTableAndWords(core, words, at);
  } catch (error) {
    discardStaged(core);
    throw error;
  }
};

/** Writes one word. Returns its size in bytes. */
const writeWord = (core: Core, word: Word, at: number): number => {
  if (typeof word === "string") return writeText(core, word, at);
  core.bytes.set(word, at);
  return sizeOfBytes(word);
};

/** Writes words one behind the other. Returns the end. */
export const writeWords = (core: Core, words: readonly Word[], begin: number): number => {
  let at = begin;
  for (const word of words) at += writeWord(core, word, at);
  return at;
};

const writeSize = (core: Core, size: number, at: number): void => {
  if ((at & 3) === 0) core.words[at >> 2] = size;
  else new DataView(core.bytes.buffer).setInt32(at, size, true);
};

/** Writes a table of sizes. */
export const writeTable = (core: Core, sizes: readonly number[], at: number): void => {
  sizes.forEach((size, index) => writeSize(core, size, at + 4 * index));
};

const writeTableAndWords = (core: Core, words: readonly Word[], table: number): void => {
  let at = table + 4 * words.length;
  for (let i = 0; i < words.length; ++i) {
    const size = writeWord(core, words[i]!, at);
    writeSize(core, size, table + 4 * i);
    at += size;
  }
};

/** Stages one word without a table. Returns its size in bytes. Throws as stage() does. */
export const stageWord = (core: Core, word: Word): number => {
  const most = bytesMaxOf(word);
  const at = roomFor(core, most <= stagingBytes ? most : bytesOfWord(word));
  try {
    return writeWord(core, word, at);
  } catch (error) {
    discardStaged(core);
    throw error;
  }
};
