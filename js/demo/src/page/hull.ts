import { element } from "./element.js";
import type { Engine } from "./engine.js";
import { asBytes } from "./format.js";

// The hull: what each pool has, below the line.

export const mountHull = (parent: HTMLElement, engine: Engine): void => {
  const level = element("output", { "aria-label": "bytes in use" });
  parent.append(level);
  engine.on("snapshot", ({ memory }) => {
    level.textContent = `${asBytes(memory.live)} of ${asBytes(memory.limit)}`;
  });
};
