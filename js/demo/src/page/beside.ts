import type { Berth } from "../engine/fleet.js";
import type { Pace } from "../engine/beside/task.js";
import { bar } from "./bar.js";
import { type Side, runNaive, runPlimsoll } from "./beside-run.js";
import { element, refocus } from "./element.js";
import { asBytes, asCount, asTime } from "./format.js";
import { measureTab } from "./tab-memory.js";

// Side by side: one burst, two clients, one after the other.

const counts = [10_000, 50_000, 100_000, 200_000];
const countAtFirst = 100_000;

interface Row {
  readonly title: string;
  readonly note?: string;
  read(pace: Pace): number | undefined;
  show(value: number): string;
}

const countOf = (pace: Pace, name: string): number =>
  pace.outcomes.reduce((sum, outcome) => sum + (outcome.name === name ? outcome.count : 0), 0);

const errorsOf = (pace: Pace): number =>
  pace.outcomes.reduce((sum, { count }) => sum + count, 0) - countOf(pace, "reply") - countOf(pace, "LimitError");

const rows: readonly Row[] = [
  { title: "Bytes held, at most", note: "By Plimsoll's own account: the peak of its line. A naive client keeps none.",
    read: ({ bytesMax }) => bytesMax, show: asBytes },
  { title: "Bytes in the WebSocket, at most", note: "Handed over and not sent yet: bufferedAmount.",
    read: ({ socketMax }) => socketMax, show: asBytes },
  { title: "Requests held, at most", read: ({ heldMax }) => heldMax, show: asCount },
  { title: "Time until all had run", read: ({ took }) => took, show: asTime },
  { title: "Replies", read: (pace) => countOf(pace, "reply"), show: asCount },
  { title: "LimitErrors, asked again", note: "Each says at once that the request has not run.",
    read: (pace) => countOf(pace, "LimitError"), show: asCount },
  { title: "Other errors", read: errorsOf, show: asCount },
];

const sideNames = ["Plimsoll", "Naive client"];

const cells = (values: readonly (number | undefined)[], show: (value: number) => string): HTMLElement[] => {
  const most = Math.max(...values.map((value) => value ?? 0));
  return values.map((value) => value === undefined ? element("td", {}, "not known") :
    element("td", {}, element("strong", {}, show(value)), bar(most === 0 ? 0 : value / most)));
};

const rowOf = (title: string, note: string | undefined, ...content: HTMLElement[]): HTMLElement =>
  element("tr", {}, element("th", { scope: "row" }, title,
    note === undefined ? "" : element("span", { class: "tally-text" }, note)), ...content);

const tableOf = (count: number, paces: readonly Pace[], memory: HTMLElement): HTMLElement => {
  const head = ["", ...sideNames].map((name) => name === "" ? element("td") : element("th", { scope: "col" }, name));
  const body = rows.map(({ title, note, read, show }) => rowOf(title, note, ...cells(paces.map(read), show)));
  return element("table", { class: "table beside-table" },
    element("caption", {}, `${asCount(count)} SETs of 1 KiB, all asked at once`),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body, memory));
};

const memoryTitle = "Kept afterwards, says the browser";
const memoryNote = "Each worker whole, once garbage was collected: it shows what stays, and no peaks.";

const memoryPending = (): HTMLElement => rowOf(memoryTitle, memoryNote,
  element("td", { colspan: "2" }, "The browser is measuring: that takes it up to half a minute."));

const memoryOf = async (sides: readonly Side[]): Promise<HTMLElement> => {
  const tab = await measureTab();
  if (tab !== undefined) {
    return rowOf(memoryTitle, `${memoryNote} The whole tab: ${asBytes(tab.whole)}.`,
      ...cells(sides.map(({ script }) => tab.of(script)), asBytes));
  }
  return rowOf(memoryTitle, memoryNote, element("td", { colspan: "2" },
    "This browser does not tell (measureUserAgentSpecificMemory() of an isolated page)."));
};

const holds = ({ bytesMax = 0, bytesLimit = 0 }: Pace): string => bytesMax <= bytesLimit ? "below" : "ABOVE";

/** What both say in a line. */
const summary = ([plimsoll, naive]: readonly Pace[]): string =>
  `Plimsoll held ${asBytes(plimsoll!.bytesMax!)} at most, ${holds(plimsoll!)} its line of ` +
  `${asBytes(plimsoll!.bytesLimit!)}, with ${asBytes(plimsoll!.socketMax)} in its WebSocket, and took ` +
  `${asTime(plimsoll!.took)}; the naive client had ${asBytes(naive!.socketMax)} in its own, and took ${asTime(naive!.took)}.`;

const fairness =
  "Both send the same values to the same keys, over the same bridge to the same server, one after the other, " +
  "each from a worker of its own. Plimsoll lets wait what its line has room for and refuses the rest; who was " +
  "refused asks again, in turn, so that in the end all have run. Plimsoll puts what is asked in one moment into " +
  "few messages; the naive client sends each request as it comes. It is some seventy lines: its " +
  "source is js/demo/src/engine/beside/naive-client.ts.";

/** Returns what lets the button be pressed, once there is a connection. */
export const mountBeside = (parent: HTMLElement, berth: Berth): () => void => {
  const select = element("select");
  for (const count of counts) select.append(element("option", { value: String(count) }, asCount(count)));
  select.value = String(countAtFirst);
  const button = element("button", { type: "button", class: "button main" }, "Run both");
  button.disabled = true;
  const state = element("p", { role: "status", class: "said" }, "Not run yet.");
  const place = element("div", { class: "scroll", role: "region", "aria-label": "Plimsoll and a naive client", tabindex: "0" });
  place.hidden = true;
  parent.append(
    element("div", { class: "controls" }, element("label", { class: "field" }, "Requests at once", select), button),
    state, place, element("p", { class: "note" }, fairness));

  const sides: Side[] = [];
  const run = async (): Promise<void> => {
    const count = Number(select.value);
    const task = { address: berth.address, token: berth.token, count };
    state.textContent = `Plimsoll: ${asCount(count)} requests under way…`;
    sides.push(await runPlimsoll(task));
    state.textContent = `Naive client: ${asCount(count)} requests under way…`;
    sides.push(await runNaive(task));
    const paces = sides.map(({ pace }) => pace);
    const memory = memoryPending();
    place.replaceChildren(tableOf(count, paces, memory));
    place.hidden = false;
    state.textContent = summary(paces);
    memory.replaceWith(await memoryOf(sides));
  };
  const press = async (): Promise<void> => {
    button.disabled = true;
    parent.setAttribute("aria-busy", "true");
    try {
      await run();
    } catch (error) {
      state.textContent = `It did not come about: ${(error as Error).message}`;
    }
    for (const side of sides.splice(0)) side.end();
    parent.setAttribute("aria-busy", "false");
    button.disabled = false;
    refocus(button);
  };
  button.addEventListener("click", () => void press());
  return () => { button.disabled = false; };
};
