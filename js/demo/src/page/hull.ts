import { element } from "./element.js";
import type { Engine } from "./engine.js";
import { asBytes, asCount, asPercent } from "./format.js";
import { makeFigures, write } from "./figures.js";
import { mountLine } from "./hull-line.js";
import { makePools } from "./hull-pools.js";
import { drawShip } from "./hull-ship.js";
import { watchTabMemory } from "./hull-tab.js";

// The hull: what the client holds, below the line.

export const mountHull = (parent: HTMLElement, engine: Engine): void => {
  const ship = drawShip();
  const level = element("output", { class: "level", "aria-label": "bytes in use", "aria-live": "off" });
  const pools = makePools();
  const figures = makeFigures({
    peak: "most that was held",
    refused: "requests for memory that a pool refused",
    highWater: "WebAssembly's memory, which cannot shrink",
    tab: "this tab, by the browser's own measure",
  });
  const line = element("div", { class: "line-control" });
  parent.append(
    element("div", { class: "columns" },
      element("div", {}, element("p", { class: "level-line" }, level), ship.picture, line, figures.list),
      element("div", {}, element("h3", {}, "What the bytes are for"), pools.table)));
  mountLine(line, engine);
  let tab: readonly [string, string] = ["–", "being measured"];
  watchTabMemory((measured) => { tab = measured; });
  engine.on("snapshot", ({ memory }) => {
    ship.show(memory.live, memory.limit);
    write(level, `${asBytes(memory.live)} of ${asBytes(memory.limit)}, ${asPercent(memory.live / memory.limit)}`);
    pools.show(memory.pools);
    figures.show({
      peak: asBytes(memory.peak),
      refused: asCount(Object.values(memory.pools).reduce((sum, { refused }) => sum + refused, 0)),
      highWater: asBytes(memory.highWater),
      tab,
    });
  });
};
