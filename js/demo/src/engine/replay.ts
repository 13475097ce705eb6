import type { Client } from "plimsoll";

import type { Load, Read, Reply } from "./loads/load.js";
import type { Pace } from "./pace.js";
import { Stopwatch } from "./stopwatch.js";

// Replays a load against a client, and counts what becomes of its reads.

/** A point of the curve: after so many reads, the share of hits among those since the last point. */
export interface Point { readonly reads: number; readonly hitRate: number }

const readsAtATime = 64;

const send = (client: Client, { command, key }: Read): Promise<Reply> => {
  switch (command) {
    case "GET": return client.get(key);
    case "HGETALL": return client.hgetall(key);
    case "SMEMBERS": return client.smembers(key);
  }
};

export class Replay {
  readonly stopwatch = new Stopwatch();
  readonly points: Point[] = [];
  reads = 0;
  hits = 0;
  failed = 0;
  /** How much of it is done: 0 to 1. */
  part = 0;
  /** What the last read that failed, failed by. */
  lastFailure = "";
  readonly #load: Load;
  readonly #client: () => Client;
  readonly #pace: Pace;
  readonly #begun = new Float64Array(readsAtATime + 1);
  readonly #isHit = new Uint8Array(readsAtATime);
  #isStopped = false;
  #pointReads = 0;
  #pointHits = 0;

  constructor(load: Load, client: () => Client, pace: Pace) {
    this.#load = load;
    this.#client = client;
    this.#pace = pace;
  }

  stop(): void { this.#isStopped = true; }

  /** To its end, or until it is stopped; answers what the load has found, if it came that far. */
  async run(): Promise<string | undefined> {
    const course = this.#load.course();
    let replies: Reply[] = [];
    for (;;) {
      const leg = course.next(replies);
      if (leg.done) {
        this.part = 1;
        return leg.value;
      }
      this.part = leg.value.part;
      replies = await this.#readAll(leg.value.reads);
      if (this.#isStopped) return undefined;
    }
  }

  async #readAll(reads: readonly Read[]): Promise<Reply[]> {
    const replies: Reply[] = [];
    while (replies.length < reads.length && !this.#isStopped) {
      const due = await this.#pace.due(Math.min(readsAtATime, reads.length - replies.length));
      replies.push(...await this.#read(reads.slice(replies.length, replies.length + due)));
    }
    return replies;
  }

  // All reads of one turn of the event loop. A reply from the network comes in another turn: what is
  // answered before this one ends has not been asked of the server.
  async #read(reads: readonly Read[]): Promise<Reply[]> {
    const client = this.#client();
    const replies: Reply[] = reads.map(() => undefined);
    this.#isHit.fill(0);
    let isSameTurn = true;
    const outcomes = reads.map((read, index) => {
      this.#begun[index] = performance.now();
      return send(client, read).then((reply) => {
        replies[index] = reply;
        if (isSameTurn) this.#isHit[index] = 1;
        else this.stopwatch.countMiss(performance.now() - this.#begun[index]!);
      }, (error: Error) => {
        this.failed += 1;
        this.lastFailure = error.message;
      });
    });
    this.#begun[reads.length] = performance.now();
    await undefined;
    isSameTurn = false;
    this.stopwatch.countHits(this.#begun, this.#isHit, reads.length);
    this.#count(reads.length);
    await Promise.all(outcomes);
    return replies;
  }

  #count(reads: number): void {
    for (let index = 0; index < reads; ++index) {
      this.reads += 1;
      this.#pointReads += 1;
      this.hits += this.#isHit[index]!;
      this.#pointHits += this.#isHit[index]!;
      if (this.#pointReads === this.#load.readsPerPoint) this.#addPoint();
    }
  }

  #addPoint(): void {
    this.points.push({ reads: this.reads, hitRate: this.#pointHits / this.#pointReads });
    this.#pointReads = this.#pointHits = 0;
  }
}
