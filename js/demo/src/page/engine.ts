import workerUrl from "../engine/worker.ts?worker&url";

import { type Connection, connectTo } from "../engine/remote.js";
import type { AllNews, Services } from "../engine/worker.js";

export type Engine = Connection<Services, AllNews>;

/**
 * One script for whoever needs Plimsoll, which a browser loads once. `name` is behind the # of the
 * worker's address: so the browser's measurement of memory tells one from the other.
 */
export const startEngine = (name = "page"): Engine =>
  connectTo(new Worker(`${workerUrl}#${name}`, { type: "module" }));
