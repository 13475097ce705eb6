import type { SideResult } from "../engine/beside/task.js";
import { bar } from "./bar.js";
import type { Side } from "./beside-run.js";
import { element } from "./element.js";
import { asBytes, asCount, asTime } from "./format.js";
import { measureTab } from "./tab-memory.js";

// The two sides in numbers, and bars beside them.

interface Row {
  readonly title: string;
  readonly note?: string;
  read(pace: SideResult): number | undefined;
  show(value: number): string;
}

const countOf = (pace: SideResult, name: string): number =>
  pace.outcomes.reduce((sum, outcome) => sum + (outcome.name === name ? outcome.count : 0), 0);

const errorsOf = (pace: SideResult): number =>
  pace.outcomes.reduce((sum, { count }) => sum + count, 0) -
  countOf(pace, "reply") - countOf(pace, "LimitError");

const rows: readonly Row[] = [
  { title: "Bytes held, at most",
    note: "By Plimsoll's own account: the peak of its line. A naive client keeps none.",
    read: ({ bytesMax }) => bytesMax, show: asBytes },
  { title: "Bytes in the WebSocket, at most", note: "Handed over and not sent yet: bufferedAmount.",
    read: ({ socketMax }) => socketMax, show: asBytes },
  { title: "Requests held, at most", note: "Plimsoll's as seen at every 32nd request.",
    read: ({ heldMax }) => heldMax, show: asCount },
  { title: "Time until all had run", read: ({ took }) => took, show: asTime },
  { title: "Replies", read: (pace) => countOf(pace, "reply"), show: asCount },
  { title: "LimitErrors, asked again", note: "Each says at once that the request has not run.",
    read: (pace) => countOf(pace, "LimitError"), show: asCount },
  { title: "Other errors", read: errorsOf, show: asCount },
];

const sideNames = ["Plimsoll", "Naive client"];

const cells = (
  values: readonly (number | undefined)[],
  show: (value: number) => string,
): HTMLElement[] => {
  const most = Math.max(...values.map((value) => value ?? 0));
  return values.map((value) => value === undefined ? element("td", {}, "not known") :
    element("td", {}, element("strong", {}, show(value)), bar(most === 0 ? 0 : value / most)));
};

const rowOf = (title: string, note: string | undefined, ...content: HTMLElement[]): HTMLElement =>
  element("tr", {}, element("th", { scope: "row" }, title,
    note === undefined ? "" : element("span", { class: "tally-text" }, note)), ...content);

export const tableOf = (count: number, paces: readonly SideResult[], memory: HTMLElement): HTMLElement => {
  const head = [element("td"), ...sideNames.map((name) => element("th", { scope: "col" }, name))];
  const body = rows.map(({ title, note, read, show }) =>
    rowOf(title, note, ...cells(paces.map(read), show)));
  return element("table", { class: "table beside-table" },
    element("caption", {}, `${asCount(count)} SETs of 1 KiB, all asked at once`),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body, memory));
};

const memoryTitle = "Kept afterwards, says the browser";
const memoryNote =
  "Each worker whole, once garbage was collected: it shows what stays, and no peaks.";

export const memoryPending = (): HTMLElement => rowOf(memoryTitle, memoryNote,
  element("td", { colspan: "2" }, "The browser is measuring: that takes it up to half a minute."));

export const memoryOf = async (sides: readonly Side[]): Promise<HTMLElement> => {
  const tab = await measureTab();
  if (tab !== undefined) {
    return rowOf(memoryTitle, `${memoryNote} The whole tab: ${asBytes(tab.whole)}.`,
      ...cells(sides.map(({ script }) => tab.of(script)), asBytes));
  }
  return rowOf(memoryTitle, memoryNote, element("td", { colspan: "2" },
    "This browser does not tell (measureUserAgentSpecificMemory() of an isolated page)."));
};
