import { type Connection, connectTo } from "../engine/remote.js";
import type { SideResult, Task } from "../engine/beside/task.js";
import type { BesideServices } from "../engine/beside/naive-worker.js";
import { startEngine } from "./engine.js";

// The two sides, each in a worker of its own that lives until the browser has measured it.

export interface Side {
  readonly pace: SideResult;
  /** Which worker it was, as the browser's measurement names it. */
  readonly script: string;
  end(): void;
}

const run = async ({ terminate }: Connection<{}, {}>, script: string, pace: Promise<SideResult>):
  Promise<Side> => {
  try {
    return { pace: await pace, script, end: terminate };
  } catch (error) {
    terminate();
    throw error;
  }
};

export const runPlimsoll = (task: Task): Promise<Side> => {
  const engine = startEngine("beside");
  return run(engine, "#beside", engine.services.runPlimsoll(task));
};

export const runNaive = (task: Task): Promise<Side> => {
  const naive = connectTo<BesideServices, {}>(
    new Worker(new URL("../engine/beside/naive-worker.ts", import.meta.url), { type: "module" }));
  return run(naive, "naive-worker", naive.services.run(task));
};
