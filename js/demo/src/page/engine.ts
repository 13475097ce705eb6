import { type Connection, connectTo } from "../engine/remote.js";
import type { AllNews, Services } from "../engine/worker.js";

export type Engine = Connection<Services, AllNews>;

export const startEngine = (): Engine =>
  connectTo(new Worker(new URL("../engine/worker.ts", import.meta.url), { type: "module" }));
