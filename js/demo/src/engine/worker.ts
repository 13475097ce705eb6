import { getMemoryStatistics } from "plimsoll";

import { runPlimsoll } from "./beside/plimsoll-run.js";
import { ask } from "./commands/ask.js";
import { commandDocs } from "./commands/docs.js";
import { drawLine, moor, policies, reader } from "./fleet.js";
import { writeElsewhere } from "./invalidation.js";
import { replay, type ReplayNews, setPace, stopReplay } from "./replays.js";
import { serve, tell } from "./serve.js";
import { troubleServices } from "./troubles/run.js";

// The worker that the page's clients live in: its own thread has nothing to do but to draw. Side by side
// starts another one.

/** What there is to be seen, ten times a second. */
export interface Snapshot {
  /** performance.now() of the worker. */
  readonly at: number;
  readonly memory: ReturnType<typeof getMemoryStatistics>;
  readonly client: ReturnType<ReturnType<typeof reader>["getStatistics"]>;
  readonly cache: ReturnType<ReturnType<typeof reader>["getCacheStatistics"]>;
}

export interface AllNews {
  snapshot: Snapshot;
  replay: ReplayNews;
}

const snapshotInterval = 100;

const look = (): void => {
  const client = reader();
  tell("snapshot", {
    at: performance.now(),
    memory: getMemoryStatistics(),
    client: client.getStatistics(),
    cache: client.getCacheStatistics(),
  } satisfies Snapshot);
};

const services = {
  moor: async (at: Parameters<typeof moor>[0]) => {
    await moor(at);
    setInterval(look, snapshotInterval);
  },
  drawLine,
  ask,
  commandDocs,
  ...troubleServices(look),
  policies: () => policies,
  replay,
  setPace,
  stopReplay,
  writeElsewhere,
  runPlimsoll,
};

export type Services = typeof services;

serve(services);
