import { type Client, LimitError } from "plimsoll";

import type { Outcomes } from "./outcomes.js";
import { sleep } from "./sleep.js";

// Very many requests at once, as when very many visitors come at once: nobody awaits before the next
// one asks. Few keys, so that it is the client that is put to the test.

const valueBytes = 1024;
const keyPrefix = "demo:flood:";
const keysCount = 16;

const value = "x".repeat(valueBytes);
export const keyOf = (index: number): string => `${keyPrefix}${index % keysCount}`;
export const allKeys = Array.from({ length: keysCount }, (_, index) => keyOf(index));
export const wordsOf = (index: number): [string, string, string] => ["SET", keyOf(index), value];

/** Before who was refused another time asks again, in milliseconds. */
const backoff = 20;

/** Long enough that nothing but the limits ends a request. */
export const patience = 60_000;

export interface Flood {
  readonly client: Client;
  readonly count: number;
  readonly outcomes: Outcomes;
  /** Whether those who were refused for want of room ask again, in turn. */
  readonly again: boolean;
  /** Called now and then while all are asking. */
  readonly look: () => void;
}

export const flood = async ({ client, count, outcomes, again, look }: Flood): Promise<void> => {
  const refused: number[] = [];
  const ask = async (index: number): Promise<{ wasRefused: boolean }> => {
    const error = await outcomes.of(client.set(keyOf(index), value, { timeout: patience }));
    const wasRefused = error instanceof LimitError;
    if (again && wasRefused) refused.push(index);
    return { wasRefused };
  };
  const asked: Promise<unknown>[] = [];
  for (let index = 0; index < count; ++index) {
    asked.push(ask(index));
    if (index % 32 === 0) look();
  }
  await Promise.all(asked);
  // Half as many at a time as had room when all asked: those that are under way need some, too.
  const lanesCount = Math.ceil((count - refused.length) / 2);
  const lane = async (): Promise<void> => {
    for (let next = refused.pop(); next !== undefined; next = refused.pop()) {
      // To ask at once would be refused at once: replies come in another turn.
      if ((await ask(next)).wasRefused) await sleep(backoff);
    }
  };
  await Promise.all(Array.from({ length: lanesCount }, lane));
};
