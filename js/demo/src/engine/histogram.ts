// Durations, counted in classes that are each half as wide again as the one before.

const classesPerDecade = 5;
const lowest = 1e-4;  // milliseconds: 0.1 µs
export const classesCount = 7 * classesPerDecade;

/** From where a class goes, in milliseconds. */
export const classStart = (index: number): number => lowest * 10 ** (index / classesPerDecade);

const classOf = (milliseconds: number): number => {
  const index = Math.floor(Math.log10(milliseconds / lowest) * classesPerDecade);
  return Math.min(Math.max(index, 0), classesCount - 1);
};

export class Histogram {
  readonly counts: number[] = Array<number>(classesCount).fill(0);

  add(milliseconds: number, count = 1): void {
    this.counts[classOf(milliseconds)]! += count;
  }
}

/** The class in which this share of all lies below or in, or undefined of none. */
export const quantile = (counts: readonly number[], share: number): number | undefined => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  return counts.findIndex((count) => (below += count) >= share * total);
};
