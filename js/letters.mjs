// Writes bytes as text for src/core/letters.ts, which says why.

// No letter is escaped in a script, and none can end one in a page.
const alphabet = " !#%&'()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~";
const single = alphabet.length - 2;

/** The text of some bytes, with what fromLetters() needs besides. */
export const toLetters = (bytes) => {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) ++counts[byte];
  const order = [...counts.keys()].sort((one, other) => counts[other] - counts[one]);
  const words = [];
  order.forEach((byte, place) => {
    const behind = place - single;
    words[byte] = behind < 0 ? alphabet[place]
      : alphabet[single + Math.floor(behind / alphabet.length)] + alphabet[behind % alphabet.length];
  });
  return { text: Array.from(bytes, (byte) => words[byte]).join(""), alphabet, order };
};
