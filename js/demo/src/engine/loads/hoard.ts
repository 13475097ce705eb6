import type { Client } from "plimsoll";

// Keys that a load reads: written once, and found again by a marker written last.

export interface Hoard {
  readonly prefix: string;
  readonly count: number;
  readonly bytesEach: number;
}

export const keyOf = (hoard: Hoard, index: number): string => `${hoard.prefix}:${index}`;

// Few enough to fit the requests of the lowest line.
const writesAtATime = 500;
const patience = { timeout: 10_000 };

/** The server pads each value itself, so that tens of MiB need not travel there to be read back. */
export const writeHoard = async (hoard: Hoard, writer: Client): Promise<void> => {
  const marker = `${hoard.prefix}:written`;
  const written = `${hoard.count} of ${hoard.bytesEach}`;
  if (await writer.get(marker, patience) === written) return;
  for (let index = 0; index < hoard.count; index += writesAtATime) {
    const writes: Promise<unknown>[] = [];
    for (let next = index; next < Math.min(index + writesAtATime, hoard.count); ++next) {
      const end = String(next);
      writes.push(writer.setrange(keyOf(hoard, next), hoard.bytesEach - end.length, end, patience));
    }
    await Promise.all(writes);
  }
  await writer.set(marker, written, patience);
};
