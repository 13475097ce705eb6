import "uplot/dist/uPlot.min.css";

import uPlot from "uplot";

import type { LoadName } from "../engine/loads/loads.js";
import type { Point } from "../engine/replay.js";
import type { ReplayNews } from "../engine/replays.js";
import { element } from "./element.js";
import type { Engine } from "./engine.js";
import { asBytes, asCount, asPercent } from "./format.js";
import { write } from "./figures.js";
import { loadNames, policyTitle, titles } from "./loads.js";
import { makeTable } from "./table.js";

// The hit rate over the reads of a load: the last run under each policy, over each other.

interface Run { news: ReplayNews; readonly points: Point[] }

const height = 260;
const dashes: readonly number[][] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const inks = ["--deep", "--brass", "--ink", "--mark"];

const inkOf = (where: Element, name: string): string => {
  const probe = element("span");
  probe.style.color = `var(${name})`;
  where.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

// The runs of a load have their points at the same reads.
const align = (runs: readonly Run[]): uPlot.AlignedData => {
  const longest = runs.reduce<readonly Point[]>((all, { points }) => (points.length > all.length ? points : all), []);
  return [
    longest.map(({ reads }) => reads),
    ...runs.map(({ points }) => longest.map((_, index) => points[index]?.hitRate ?? null)),
  ];
};

export const mountCurves = (parent: HTMLElement, engine: Engine): void => {
  const runs = new Map<LoadName, Map<string, Run>>(loadNames.map((load) => [load, new Map()]));
  const order: string[] = [];  // policies, as they came: each keeps its ink
  let shown: LoadName = "walk";
  let plot: uPlot | undefined;
  let drawn = "";

  const canvas = element("div", { class: "curves", "aria-hidden": "true" });
  const legend = element("ul", { class: "legend" });
  const caption = element("figcaption", {}, "Nothing was replayed yet.");
  const { parts, body } = makeTable("Replays", "The last replay of each load under each policy",
    ["load", "policy", "hit rate", "reads", "a second", "line"], 2);
  parent.append(
    element("figure", { class: "chart" }, canvas, legend, caption),
    element("div", { class: "replays" }, ...parts));

  const runsShown = (): Run[] => [...runs.get(shown)!.values()];

  const makePlot = (): void => {
    plot?.destroy();
    const ink = inkOf(canvas, "--ink");
    const axis = { stroke: ink, font: "12px system-ui", grid: { stroke: inkOf(canvas, "--rule"), width: 1 },
      ticks: { stroke: inkOf(canvas, "--rule") } };
    plot = new uPlot({
      width: canvas.clientWidth,
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: (_, __, last) => [0, last] }, y: { range: [0, 1] } },
      axes: [
        { ...axis, size: 34, space: 70, values: (_, reads) => reads.map(asCount) },
        { ...axis, size: 52, values: (_, rates) => rates.map((rate) => `${Math.round(100 * rate)} %`) },
      ],
      series: [{}, ...runsShown().map(({ news }) => {
        const index = order.indexOf(news.policy);
        return { stroke: inkOf(canvas, inks[index % inks.length]!), width: 2.25,
          dash: dashes[index % dashes.length]!, points: { show: false } };
      })],
    }, align(runsShown()), canvas);
  };

  const drawLegend = (): void => {
    legend.replaceChildren(...runsShown().map(({ news }) => {
      const index = order.indexOf(news.policy);
      return element("li", { "data-ink": String(index % inks.length) },
        `${policyTitle(news.policy)}, line at ${asBytes(news.line)}`);
    }));
  };

  const draw = (): void => {
    const what = [shown, ...runsShown().map(({ news }) => `${news.policy} ${news.line}`)].join(" ");
    if (what !== drawn) {
      drawn = what;
      makePlot();
      drawLegend();
    } else {
      plot?.setData(align(runsShown()));
    }
    const each = runsShown()[0]?.points[0]?.reads;
    write(caption, `${titles[shown]}: the share of hits, over the reads so far` +
      (each === undefined ? "." : `; a point for every ${asCount(each)} reads.`));
  };

  const fillTable = (): void => {
    body.replaceChildren(...loadNames.flatMap((load) => [...runs.get(load)!.values()].map(({ news }) =>
      element("tr", {},
        element("th", { scope: "row" }, showButton(load)),
        element("td", {}, policyTitle(news.policy)),
        ...[news.reads === 0 ? "–" : asPercent(news.hits / news.reads), asCount(news.reads),
          asCount(news.perSecond), asBytes(news.line)].map((text) => element("td", { class: "number" }, text))))));
  };

  const showButton = (load: LoadName): HTMLElement => {
    const button = element("button", { class: "link", type: "button", title: "Show its curves" }, titles[load]);
    button.addEventListener("click", () => {
      shown = load;
      draw();
    });
    return button;
  };

  engine.on("replay", (news) => {
    if (!order.includes(news.policy)) order.push(news.policy);
    const ofLoad = runs.get(news.load)!;
    if (news.stage === "preparing") {
      ofLoad.set(news.policy, { news, points: [] });
      shown = news.load;
      drawn = "";
    }
    const run = ofLoad.get(news.policy)!;
    run.news = news;
    run.points.push(...news.points);
    draw();
    if (news.stage !== "running") fillTable();
  });

  makePlot();
  new ResizeObserver(() => plot?.setSize({ width: canvas.clientWidth, height })).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", makePlot);
};
