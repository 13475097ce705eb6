import type { Word } from "../commands/call.js";
import { described } from "../commands/problem.js";

// How long words are as UTF-8.

// A subclass may say what it pleases of its length and its buffer. These say what is copied.
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getterOf = (name: string) => Object.getOwnPropertyDescriptor(typedArray, name)!.get!;
const lengthOf = getterOf("length");
const bufferOf = getterOf("buffer");
const offsetOf = getterOf("byteOffset");

/** The number of bytes, of an array that isBytes(). */
export const sizeOfBytes = (bytes: Uint8Array): number => lengthOf.call(bytes) as number;

/** The same bytes as a plain Uint8Array. */
export const plainView = (bytes: Uint8Array): Uint8Array => new Uint8Array(
  bufferOf.call(bytes) as ArrayBuffer, offsetOf.call(bytes) as number, sizeOfBytes(bytes));

/** Whether this is an array of bytes, of any class and realm. */
export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && (value as Uint8Array).BYTES_PER_ELEMENT === 1 && !(value instanceof DataView);

/** The most bytes of UTF-8 for one UTF-16 unit of a JavaScript string. */
export const bytesPerLetterMax = 3;

const isWellFormed = (text: string): boolean => {
  const given = text as string & { isWellFormed?: () => boolean };
  return given.isWellFormed !== undefined
    ? given.isWellFormed()
    : !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
};

/** Throws a TypeError for a lone surrogate, which has no UTF-8. */
export const checkWellFormed = (text: string): void => {
  if (isWellFormed(text)) return;
  throw new TypeError(
    "a string with half of a surrogate pair cannot be sent as text: give its bytes as a Uint8Array",
  );
};

// Another thread may make such a buffer larger, and with it an array, between the look at its length and the copy.
const checkNotGrowing = (bytes: Uint8Array): void => {
  if ((bufferOf.call(bytes) as { growable?: boolean }).growable !== true) return;
  throw new TypeError("a Uint8Array of a growable SharedArrayBuffer cannot be a word: give a copy, new Uint8Array(array)");
};

/** An upper bound that takes no look at the letters. Throws a TypeError for what is no word. */
export const bytesMaxOf = (word: Word): number => {
  if (typeof word === "string") return bytesPerLetterMax * word.length;
  if (isBytes(word)) {
    checkNotGrowing(word);
    return sizeOfBytes(word);
  }
  throw new TypeError(`${described(word)} cannot be a word; give strings, or Uint8Array`);
};

const countedBytesOf = (text: string): number => {
  let bytes = text.length;
  for (let i = 0; i < text.length; ++i) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Two units of a pair are four bytes.
    bytes += unit < 0x800 || unit >= 0xd800 && unit < 0xe000 ? 1 : 2;
  }
  return bytes;
};

/** The exact number of bytes. Throws a TypeError for a string with a lone surrogate. */
export const bytesOfWord = (word: Word): number => {
  if (typeof word !== "string") return sizeOfBytes(word);
  checkWellFormed(word);
  return typeof Buffer === "function" ? Buffer.byteLength(word) : countedBytesOf(word);
};
