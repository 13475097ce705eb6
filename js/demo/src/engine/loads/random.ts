// Random numbers that are the same each time (mulberry32), and what is drawn with them.

/** A source of numbers from 0 to 1, without 1. */
export type Random = () => number;

export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Ranks from 0 to count - 1 by Zipf's law: rank r comes up in proportion to (r + 1) ** -exponent. */
export const zipf = (count: number, exponent: number, random: Random): () => number => {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; ++rank) sums[rank] = sum += (rank + 1) ** -exponent;
  return () => {
    const drawn = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
};
