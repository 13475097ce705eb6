import type { Berth } from "../engine/fleet.js";
import type { SideResult } from "../engine/beside/task.js";
import { type Side, runNaive, runPlimsoll } from "./beside-run.js";
import { memoryOf, memoryPending, tableOf } from "./beside-table.js";
import { element, refocus } from "./element.js";
import { asBytes, asCount, asTime } from "./format.js";

// Side by side: one burst, two clients, one after the other.

const counts = [10_000, 50_000, 100_000, 200_000];
const countAtFirst = 100_000;

const holds = ({ bytesMax = 0, bytesLimit = 0 }: SideResult): string =>
  bytesMax <= bytesLimit ? "below" : "ABOVE";

/** What both say in a line. */
const summary = ([plimsoll, naive]: readonly SideResult[]): string =>
  `Plimsoll held ${asBytes(plimsoll!.bytesMax!)} at most, ${holds(plimsoll!)} its line of ` +
  `${asBytes(plimsoll!.bytesLimit!)}, with ${asBytes(plimsoll!.socketMax)} in its WebSocket, and took ` +
  `${asTime(plimsoll!.took)}; the naive client had ${asBytes(naive!.socketMax)} in its own, ` +
  `and took ${asTime(naive!.took)}.`;

const fairness =
  "Both send the same values to the same keys, over the same bridge to the same server, one after " +
  "the other, each from a worker of its own. Plimsoll lets wait what its line has room for and " +
  "refuses the rest; who was refused asks again, in turn, so that in the end all have run. It puts " +
  "what is asked in one moment into few messages; the naive client sends each request as it comes. " +
  "That one is some ninety lines: naive-client.ts and resp-reader.ts in js/demo/src/engine/beside.";

/** Returns what lets the button be pressed, once there is a connection. */
export const mountBeside = (parent: HTMLElement, berth: Berth): () => void => {
  const select = element("select");
  for (const count of counts) select.append(element("option", { value: String(count) }, asCount(count)));
  select.value = String(countAtFirst);
  const button = element("button", { type: "button", class: "button main" }, "Run both");
  button.disabled = true;
  const state = element("p", { role: "status", class: "said" }, "Not run yet.");
  const place = element("div", { class: "scroll", role: "region", tabindex: "0",
    "aria-label": "Plimsoll and a naive client" });
  place.hidden = true;
  parent.append(
    element("div", { class: "controls" },
      element("label", { class: "field" }, "Requests at once", select), button),
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
