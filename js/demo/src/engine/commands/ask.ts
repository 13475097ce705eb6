import { type AnyReply, type Client, PlimsollError } from "plimsoll";

import { reader } from "../fleet.js";
import { type Tree, treeOf } from "./tree.js";

// One command of a visitor's, through the client that reads through the cache.

export interface Answer {
  /** Undefined where it is an error. */
  readonly reply: Tree | undefined;
  readonly error: { readonly name: string; readonly message: string; readonly executed?: string } | undefined;
  readonly isHit: boolean;
  /** Milliseconds; of a hit, the mean of `times`. */
  readonly took: number;
  readonly times: number;
}

const patience = 10_000;
const hitTimes = 100;

const lookupsOf = (client: Client): { hits: number; lookups: number } => client.getCacheStatistics();

/** A call, and whether the cache served it: known as soon as the call returns. */
const call = (client: Client, words: readonly string[]): { coming: Promise<AnyReply>; isHit: boolean } => {
  const before = lookupsOf(client);
  const coming = client.command(words, { as: "bytes", timeout: patience });
  const after = lookupsOf(client);
  const hits = after.hits - before.hits;
  return { coming, isHit: hits > 0 && hits === after.lookups - before.lookups };
};

// Clocks in browsers are too coarse for one. Undefined: not all of them were hits.
const timeHits = async (client: Client, words: readonly string[]): Promise<number | undefined> => {
  const before = lookupsOf(client).hits;
  const start = performance.now();
  for (let i = 0; i < hitTimes; ++i) await client.command(words, { as: "bytes", timeout: patience });
  const took = performance.now() - start;
  return lookupsOf(client).hits - before < hitTimes ? undefined : took / hitTimes;
};

export const ask = async (words: readonly string[]): Promise<Answer> => {
  const client = reader();
  const start = performance.now();
  const { coming, isHit } = call(client, words);
  try {
    const reply = await coming;
    const took = performance.now() - start;
    const answer = { reply: treeOf(reply), error: undefined, isHit };
    const hitTook = isHit ? await timeHits(client, words) : undefined;
    return hitTook === undefined ? { ...answer, took, times: 1 }
      : { ...answer, took: hitTook, times: hitTimes };
  } catch (error) {
    const took = performance.now() - start;
    const { name, message } = error as Error;
    const executed = error instanceof PlimsollError ? { executed: error.executed } : {};
    return { reply: undefined, error: { name, message, ...executed }, isHit, took, times: 1 };
  }
};
