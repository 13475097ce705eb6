import type { Snapshot } from "../engine/worker.js";
import { element } from "./element.js";
import { asBytes, asCount } from "./format.js";
import { write } from "./figures.js";
import { makeTable } from "./table.js";

// A row for each pool of the line.

type Pools = Snapshot["memory"]["pools"];
type PoolName = keyof Pools;

const purposes: Record<PoolName, string> = {
  cache: "what was read",
  requests: "until they are sent",
  replies: "until they are read",
  pushes: "messages that wait",
  connections: "clients and connections",
  spare: "free pages, a reserve",
};

const makeRow = (name: PoolName) => {
  const number = (): HTMLElement => element("td", { class: "number" });
  const [used, peak, limit, refused] = [number(), number(), number(), number()];
  const fill = element("span", { class: "bar-fill" });
  const most = element("span", { class: "bar-mark" });
  const row = element("tr", {},
    element("th", { scope: "row" }, name,
      element("span", { class: "purpose" }, purposes[name]),
      element("span", { class: "bar", "aria-hidden": "true" }, fill, most)),
    used, peak, limit, refused);
  const show = (pool: Pools[PoolName]): void => {
    write(used, asBytes(pool.used));
    write(peak, asBytes(pool.peak));
    write(limit, asBytes(pool.limit));
    write(refused, asCount(pool.refused));
    const room = Math.max(pool.limit, 1);
    fill.style.width = `${Math.min(100, (100 * pool.used) / room).toFixed(1)}%`;
    most.style.left = `${Math.min(100, (100 * pool.peak) / room).toFixed(1)}%`;
  };
  return { row, show };
};

export const makePools = () => {
  const names = Object.keys(purposes) as PoolName[];
  const rows = names.map(makeRow);
  const { parts } = makeTable("Pools",
    "Each pool pays for one kind of thing and lends what it does not need: its limit moves. The tick on a bar is " +
      "its peak.",
    ["pool", "used", "peak", "limit", "refused"], 1, rows.map(({ row }) => row));
  const show = (pools: Pools): void => names.forEach((name, index) => rows[index]!.show(pools[name]));
  return { table: element("div", { class: "pools" }, ...parts), show };
};
