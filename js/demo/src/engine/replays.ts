import { embark, lineDrawn, type Policy, reader, writer } from "./fleet.js";
import { type LoadName, loads } from "./loads/loads.js";
import { Pace } from "./pace.js";
import { type Point, Replay } from "./replay.js";
import { tell } from "./serve.js";

// One replay at a time, told to the page ten times a second while it goes on.

export interface ReplayNews {
  readonly load: LoadName;
  readonly policy: Policy;
  readonly stage: "preparing" | "running" | "done" | "stopped";
  /** The memory line when it began, in bytes, and the bound of its cache, in KiB. */
  readonly line: number;
  readonly cacheKb: number;
  readonly reads: number;
  readonly hits: number;
  readonly failed: number;
  readonly lastFailure: string;
  /** How much is done: 0 to 1, and reads per second since it began. */
  readonly part: number;
  readonly perSecond: number;
  /** Those that are new. */
  readonly points: readonly Point[];
  /** Of Histogram. */
  readonly hitTimes: readonly number[];
  readonly missTimes: readonly number[];
  /** What the load has found, at its end. */
  readonly found: string;
}

const tellInterval = 100;

const pace = new Pace();
let current: Replay | undefined;
let ended = Promise.resolve();

/** Reads per second; undefined: as fast as it goes. */
export const setPace = (perSecond: number | undefined): void => {
  pace.perSecond = perSecond ?? Infinity;
};

export const stopReplay = (): void => current?.stop();

/** From a cold cache with this policy to the load's end, or until stopReplay() or the next replay(). */
export const replay = (load: LoadName, policy: Policy): Promise<void> => {
  stopReplay();
  const mine = current = new Replay(loads[load], reader, pace);
  const outcome = ended.then(() => perform(mine, load, policy));
  ended = outcome.catch(() => undefined);
  return outcome;
};

const perform = async (mine: Replay, load: LoadName, policy: Policy): Promise<void> => {
  const line = lineDrawn();
  const cacheKb = loads[load].cacheKb(line);
  let began = performance.now();
  let toldPoints = 0;
  const tellNews = (stage: ReplayNews["stage"], found = ""): void => {
    const { reads, hits, failed, lastFailure, part, points, stopwatch } = mine;
    tell("replay", {
      load, policy, stage, line, cacheKb, reads, hits, failed, lastFailure, part, found,
      perSecond: (1000 * reads) / (performance.now() - began),
      points: points.slice(toldPoints),
      hitTimes: stopwatch.hits.counts,
      missTimes: stopwatch.misses.counts,
    } satisfies ReplayNews);
    toldPoints = points.length;
  };
  tellNews("preparing");
  await embark(policy, cacheKb);
  await loads[load].prepare(writer());
  began = performance.now();
  const timer = setInterval(() => tellNews("running"), tellInterval);
  try {
    const found = await mine.run();
    tellNews(found === undefined ? "stopped" : "done", found);
  } finally {
    clearInterval(timer);
  }
};
