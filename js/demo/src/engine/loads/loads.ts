import { drift } from "./drift.js";
import type { Load } from "./load.js";
import { scan } from "./scan.js";
import { walk } from "./walk.js";

export const loads = { walk, scan, drift } as const satisfies Record<string, Load>;

export type LoadName = keyof typeof loads;
