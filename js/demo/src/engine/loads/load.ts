import type { Client } from "plimsoll";

// A load: reads in an order that is the same each time. It does no I/O of its own: it says what it
// wants to read and is given the replies, so that whoever replays it paces and measures.

export interface Read {
  readonly command: "GET" | "HGETALL" | "SMEMBERS";
  readonly key: string;
}

/** What a read was answered; undefined where it failed. */
export type Reply = string | null | Record<string, string> | ReadonlySet<string> | undefined;

/** The members of a set, sorted. */
export const membersOf = (reply: Reply): readonly string[] =>
  reply instanceof Set ? [...reply].sort() : [];

/** Reads that need not wait for each other, and how much of the load is done: 0 to 1. */
export interface Leg {
  readonly reads: readonly Read[];
  readonly part: number;
}

/** Yields legs, is given the replies of each, and returns what it has found, in a sentence. */
export type Course = Generator<Leg, string, readonly Reply[]>;

export interface Load {
  /** What the cache may take, in KiB, of a memory line in bytes. */
  cacheKb(line: number): number;
  /** Reads that make one point of the curve of hit rates. */
  readonly readsPerPoint: number;
  /** Sees to its keys on the server. */
  prepare(writer: Client): Promise<void>;
  /** Begins anew. */
  course(): Course;
}

/** For loads that are to feel where the line is. */
export const halfOfTheLine = (line: number): number => Math.floor(line / 2 / 1024);
