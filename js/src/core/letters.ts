// Bytes as text that a compressor takes for what it is: with base64 three bytes are four letters, whose bounds are
// elsewhere each time, and text of compressed bytes is not compressed again. Here the most frequent bytes are one
// letter each, all others two, the first of which is one of the last two of the alphabet. Under gzip that is as small
// as base64 of gzip, and under brotli an eighth smaller (build.mjs writes it).

/** What a text consists of: nothing that is escaped in a script, or ends one in HTML. */
export const alphabet: string = " !#%&'()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";

const single = alphabet.length - 2;

/** Returns the bytes of a text. `order` has all bytes, the most frequent first. */
export const fromLetters = (text: string, order: readonly number[]): Uint8Array => {
  const places = new Uint8Array(128);
  for (let i = 0; i < alphabet.length; ++i) places[alphabet.charCodeAt(i)] = i;
  const bytes = new Uint8Array(text.length);
  let size = 0;
  for (let at = 0; at < text.length; ++at) {
    let place = places[text.charCodeAt(at)]!;
    if (place >= single) place += (place - single) * (alphabet.length - 1) + places[text.charCodeAt(++at)]!;
    bytes[size++] = order[place]!;
  }
  return bytes.subarray(0, size);
};
