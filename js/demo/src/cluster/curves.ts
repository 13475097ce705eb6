import { drawing, element } from "../page/element.js";
import { asCount, asTime } from "../page/format.js";
import type { Point, State } from "./state.js";

// The last minute of the callers: how many replies they had, and how long one waited at most.

const width = 600;
const height = 120;
const pointsMax = 240;  // as the demo keeps them
const pointLength = 250;  // milliseconds

interface Curve {
  readonly figure: HTMLElement;
  show(state: State): void;
}

const xOf = (index: number, count: number): number => width - (count - 1 - index) * width / (pointsMax - 1);

const grid = (levels: readonly (readonly [y: number, words: string])[]): SVGElement[] => levels.flatMap(([y, words]) => [
  drawing("line", { class: "curve-grid", x1: 0, x2: width, y1: y, y2: y }),
  drawing("text", { class: "curve-level", x: 4, y: y - 4 }, words),
]);

const makeCurve = (title: string, draw: (points: readonly Point[]) => SVGElement[], say: (state: State) => string): Curve => {
  const body = drawing("g");
  const picture = drawing("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, body);
  const caption = element("figcaption", {});
  return {
    figure: element("figure", { class: "chart" }, element("h3", {}, title), picture, caption),
    show: (state) => {
      const marks = state.news.filter(({ label }) => label !== "").map(({ at }) => state.points.length - 1 - (state.at - at) / pointLength);
      body.replaceChildren(
        ...marks.filter((index) => index >= 0).map((index) => {
          const x = xOf(index, state.points.length);
          return drawing("line", { class: "curve-event", x1: x, x2: x, y1: 0, y2: height });
        }),
        ...draw(state.points));
      const words = say(state);
      if (caption.textContent !== words) caption.textContent = words;
    },
  };
};

// A scale that only a load of another size changes.
const roundUp = (value: number): number => {
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return Math.ceil(value / unit) * unit;
};

const drawRate = (points: readonly Point[]): SVGElement[] => {
  const most = roundUp(Math.max(1000, ...points.map(([rate]) => rate)));
  const yOf = (rate: number): number => height - rate / most * (height - 16);
  const line = points.map(([rate], index) => `${xOf(index, points.length).toFixed(1)},${yOf(rate).toFixed(1)}`);
  const first = xOf(0, points.length).toFixed(1);
  return [
    drawing("path", { class: "curve-area", d: `M${first},${height} L${line.join(" L")} L${width},${height} Z` }),
    drawing("path", { class: "curve-line", d: `M${line.join(" L")}` }),
    ...grid([[yOf(most), asCount(most)], [yOf(most / 2), asCount(most / 2)]]),
  ];
};

// From 0.1 ms to 10 s, by powers of ten.
const yOfTime = (microseconds: number): number =>
  height - Math.min(1, Math.max(0, (Math.log10(Math.max(1, microseconds)) - 2) / 5)) * (height - 4);

const drawWaits = (points: readonly Point[]): SVGElement[] => [
  ...points.map(([, median, longest], index) => drawing("line", {
    class: longest >= 1_000_000 ? "curve-wait long" : "curve-wait",
    x1: xOf(index, points.length), x2: xOf(index, points.length), y1: yOfTime(median), y2: yOfTime(longest) })),
  ...grid([1000, 100_000, 1_000_000].map((time) => [yOfTime(time), asTime(time / 1000)] as const)),
];

const last = ({ points }: State): Point => points.at(-1) ?? [0, 0, 0, 0];

export const makeCurves = (): { readonly figures: readonly HTMLElement[]; show(state: State): void } => {
  const curves = [
    makeCurve("Replies a second", drawRate, (state) => `${asCount(last(state)[0])} a second now; a line across is an event.`),
    makeCurve("From the median to the longest wait", drawWaits, (state) => {
      const longest = state.points.reduce((most, [, , wait]) => Math.max(most, wait), 0);
      const [, median, now] = last(state);
      return `Now ${asTime(median / 1000)} to ${asTime(now / 1000)}; at most ${asTime(longest / 1000)} in the last minute.`;
    }),
  ];
  return {
    figures: curves.map(({ figure }) => figure),
    show: (state) => { for (const curve of curves) curve.show(state); },
  };
};
