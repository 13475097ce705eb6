import type { Word } from "../commands/call.js";
import type { Core } from "./core.js";
import { outboxAt, stagingBytes } from "./abi.js";
import { described } from "../commands/problem.js";

// Writes words to the core's memory: a table of their sizes, then the bytes of all.

const encoder = new TextEncoder();

// Up to this length, a loop over the letters is faster than a call of an encoder.
const loopLettersMax = 40;

// The most bytes of UTF-8 for one UTF-16 unit of a JavaScript string.
const bytesPerLetterMax = 3;

/** Where to write at most `most` bytes. Throws a LimitError if there is no memory. */
const roomFor = (core: Core, most: number): number => {
  if (most <= stagingBytes) return core.outbox + outboxAt.staging;
  const at = core.calls.plimsoll_stage(most);
  if (at === 0) throw core.refusal();
  return at;
};

const bytesMaxOf = (word: Word): number => {
  if (typeof word === "string") return bytesPerLetterMax * word.length;
  if (ArrayBuffer.isView(word)) return word.length;
  throw new TypeError(`${described(word)} cannot be a word; give strings, or Uint8Array`);
};

const bytesMaxOfAll = (words: readonly Word[]): number => {
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
  const size = buffer !== undefined
    ? buffer.utf8Write(text, at, bytesPerLetterMax * length)
    : encoder.encodeInto(text, bytes.subarray(at, at + bytesPerLetterMax * length)).written;
  if (size !== length && !isWellFormed(text)) {
    throw new TypeError(
      "a string with half of a surrogate pair cannot be sent as text: give its bytes as a Uint8Array",
    );
  }
  return size;
};

const isWellFormed = (text: string): boolean => {
  const given = text as string & { isWellFormed?: () => boolean };
  return given.isWellFormed !== undefined
    ? given.isWellFormed()
    : !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
};

/** Stages words for the next call that takes them. Throws a LimitError (no memory) or a TypeError (no valid
    word), and stages nothing then. */
export const stage = (core: Core, words: readonly Word[]): void => {
  const at = roomFor(core, bytesMaxOfAll(words));
  try {
    writeWords(core, words, at);
  } catch (error) {
    core.calls.plimsoll_stage(0);  // or the next call would take what was staged
    throw error;
  }
};

/** Writes one word. Returns its size in bytes. */
const writeWord = (core: Core, word: Word, at: number): number => {
  if (typeof word === "string") return writeText(core, word, at);
  core.bytes.set(word, at);
  return word.length;
};

const writeWords = (core: Core, words: readonly Word[], table: number): void => {
  let at = table + 4 * words.length;
  for (let i = 0; i < words.length; ++i) {
    const size = writeWord(core, words[i]!, at);
    const sizeAt = table + 4 * i;
    if ((sizeAt & 3) === 0) {
      core.words[sizeAt >> 2] = size;
    } else {
      new DataView(core.bytes.buffer).setInt32(sizeAt, size, true);
    }
    at += size;
  }
};

/** Stages one word without a table. Returns its size in bytes. Throws as stage() does. */
export const stageWord = (core: Core, word: Word): number => {
  const at = roomFor(core, bytesMaxOf(word));
  try {
    return writeWord(core, word, at);
  } catch (error) {
    core.calls.plimsoll_stage(0);
    throw error;
  }
};

/** Stages the words of several commands, with the number of words of each in front. Returns the number of all
    words. Throws as stage() does. */
export const stageCommands = (core: Core, commands: readonly (readonly Word[])[]): number => {
  const words = commands.flat();
  const sizes = new Uint8Array(new Int32Array(commands.map((each) => each.length)).buffer);
  const at = core.calls.plimsoll_stage(sizes.length + bytesMaxOfAll(words));
  if (at === 0) throw core.refusal();
  core.bytes.set(sizes, at);
  writeWords(core, words, at + sizes.length);
  return words.length;
};
