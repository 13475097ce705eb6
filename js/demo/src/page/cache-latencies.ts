import { classesCount, classStart, quantile } from "../engine/histogram.js";
import { drawing, element } from "./element.js";
import type { Engine } from "./engine.js";
import { asCount, asTime } from "./format.js";
import { write } from "./figures.js";
import { makeTable } from "./table.js";

// Times of the last replay's reads, hits beside misses, on one scale of decades.

const decades = ["0.1 µs", "1 µs", "10 µs", "0.1 ms", "1 ms", "10 ms", "0.1 s", "1 s"];
const kinds = ["hits", "misses"] as const;
const step = 10;
const height = 100;

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

const endOf = (index: number | undefined): string =>
  index === undefined ? "–" : asTime(classStart(index + 1));

const makeBars = (kind: (typeof kinds)[number]) => {
  const bars = Array.from({ length: classesCount }, (_, index) =>
    drawing("rect", { x: index * step + (kind === "hits" ? 0.5 : 5), width: 4.5, y: height, height: 0 }));
  const show = (counts: readonly number[]): void => {
    const total = Math.max(sumOf(counts), 1);
    bars.forEach((bar, index) => {
      const tall = height * (counts[index]! / total);
      // What was measured at all is to be seen.
      const drawn = counts[index] === 0 ? 0 : Math.max(tall, 1);
      bar.setAttribute("y", (height - drawn).toFixed(2));
      bar.setAttribute("height", drawn.toFixed(2));
    });
  };
  return { group: drawing("g", { class: `bars-${kind}` }, ...bars), show };
};

const makeRow = (name: string) => {
  const cells = Array.from({ length: 4 }, () => element("td", { class: "number" }, "–"));
  const show = (counts: readonly number[]): void => {
    write(cells[0]!, asCount(sumOf(counts)));
    [0.5, 0.9, 0.99].forEach((share, index) => write(cells[index + 1]!, endOf(quantile(counts, share))));
  };
  return { row: element("tr", {}, element("th", { scope: "row" }, name), ...cells), show };
};

export const mountLatencies = (parent: HTMLElement, engine: Engine): void => {
  const bars = { hits: makeBars("hits"), misses: makeBars("misses") };
  const rows = { hits: makeRow("hits"), misses: makeRow("misses") };
  const picture = drawing("svg", {
    class: "histogram", viewBox: `0 0 ${classesCount * step} ${height}`, preserveAspectRatio: "none",
    "aria-hidden": "true",
  }, drawing("path", { class: "histogram-rules",
    d: decades.map((_, index) => `M${index * 5 * step} 0 V${height}`).join(" ") }),
    bars.hits.group, bars.misses.group);
  const scale = element("div", { class: "decades", "aria-hidden": "true" },
    ...decades.map((decade) => element("span", {}, decade)));
  parent.append(
    element("figure", { class: "chart" }, picture, scale,
      element("figcaption", {}, "Each bar is a share of its kind: blue on the left of its place for hits, " +
        "brass on the right for misses. A decade is five bars.")),
    ...makeTable("Times of reads", "Times of the last replay's reads",
      ["kind", "reads", "half below", "90 % below", "99 % below"], 1,
      [rows.hits.row, rows.misses.row]).parts,
    element("p", { class: "note" },
      crossOriginIsolated
        ? "Hits are faster than the browser's clock, which steps by 5 µs: they are timed by runs of calls, in " +
          "groups of 64 or more, and each is counted with its group's mean. "
        : "This page is not isolated, so the browser's clock steps by 100 µs or more: hits are timed by runs of " +
          "calls, in groups of 4,096 or more, and each is counted with its group's mean. ",
      "A hit is the call with its answer decoded; a miss is from the call to its reply, with up to 64 reads " +
      "asked at a time. Both are taken in the worker, where the client is."));
  engine.on("replay", ({ hitTimes, missTimes }) => {
    for (const { show } of [bars.hits, rows.hits]) show(hitTimes);
    for (const { show } of [bars.misses, rows.misses]) show(missTimes);
  });
};
