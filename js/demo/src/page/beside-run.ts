import { connectTo } from "../engine/remote.js";
import type { Pace, Task } from "../engine/beside/task.js";
import type { BesideServices } from "../engine/beside/naive-worker.js";

// The two sides, each in a worker of its own that lives until the browser has measured it.

export interface Side {
  readonly pace: Pace;
  /** Which worker it was, as the browser's measurement names it. */
  readonly script: string;
  end(): void;
}

const start = async (worker: Worker, script: string, task: Task): Promise<Side> => {
  const { services, terminate } = connectTo<BesideServices, {}>(worker);
  try {
    return { pace: await services.run(task), script, end: terminate };
  } catch (error) {
    terminate();
    throw error;
  }
};

export const runPlimsoll = (task: Task): Promise<Side> =>
  start(new Worker(new URL("../engine/beside/plimsoll-worker.ts", import.meta.url), { type: "module" }),
    "plimsoll-worker", task);

export const runNaive = (task: Task): Promise<Side> =>
  start(new Worker(new URL("../engine/beside/naive-worker.ts", import.meta.url), { type: "module" }),
    "naive-worker", task);
