import type { Word } from "../commands/call.js";
import type { Core } from "./core.js";
import { outboxAt, stagingBytes } from "./abi.js";
import { described } from "../commands/problem.js";

// Words into the core's memory: a table of sizes, then the bytes of all.

const encoder = new TextEncoder();

// Up to here a loop over the letters is faster than a call.
const loopLettersMax = 40;

// Of UTF-8, for a letter of a JavaScript string.
const bytesPerLetterMax = 3;

/** Where what takes at most so many bytes goes. */
const roomFor = (core: Core, most: number): number => {
  if (most <= stagingBytes) return core.outbox + outboxAt.staging;
  const at = core.calls.plimsoll_stage(most);
  if (at === 0) throw core.refusal();
  return at;
};

const bytesMaxOf = (word: Word): number => {
  if (typeof word === "string") return bytesPerLetterMax * word.length;
  if (ArrayBuffer.isView(word)) return word.length;
  throw new TypeError(`${described(word)} is no word; give strings, or Uint8Array`);
};

const bytesMaxOfAll = (words: readonly Word[]): number => {
  let most = 4 * words.length;
  for (const word of words) most += bytesMaxOf(word);
  return most;
};

/** Writes one string, and returns its size in bytes. Lone surrogates have none: a TypeError. */
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
      "a string with half of a surrogate pair is no text that can be sent: give its bytes as a " +
        "Uint8Array",
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

/** Stages words for the next call that takes them. LimitError, TypeError: nothing is staged. */
export const stage = (core: Core, words: readonly Word[]): void => {
  const at = roomFor(core, bytesMaxOfAll(words));
  try {
    writeWords(core, words, at);
  } catch (error) {
    core.calls.plimsoll_stage(0);  // or what was staged would be taken by the next call
    throw error;
  }
};

/** Writes one word, and returns its size in bytes. */
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

/** Stages one word without its size, which is returned. LimitError, TypeError, as above. */
export const stageWord = (core: Core, word: Word): number => {
  const at = roomFor(core, bytesMaxOf(word));
  try {
    return writeWord(core, word, at);
  } catch (error) {
    core.calls.plimsoll_stage(0);
    throw error;
  }
};

/** Stages the words of several commands, whose numbers of words go first; returns how many words
    that are. */
export const stageCommands = (core: Core, commands: readonly (readonly Word[])[]): number => {
  const words = commands.flat();
  const sizes = new Uint8Array(new Int32Array(commands.map((each) => each.length)).buffer);
  const at = core.calls.plimsoll_stage(sizes.length + bytesMaxOfAll(words));
  if (at === 0) throw core.refusal();
  core.bytes.set(sizes, at);
  writeWords(core, words, at + sizes.length);
  return words.length;
};
