import { element } from "../page/element.js";
import { asCount } from "../page/format.js";
import { watchInks } from "./inks.js";
import type { State } from "./state.js";

// The chart: a square for each slot, 128 in a row, in the colour of its owner.

const slotsCount = 16_384;
const inRow = 128;
const cell = 6;  // pixels of the canvas
const side = inRow * cell;
const labelledFrom = 1000;  // slots in a row of one owner

export interface Chart {
  readonly picture: HTMLElement;
  show(state: State): void;
}

export const makeChart = (parent: Element): Chart => {
  const canvas = element("canvas", { class: "slots", width: String(side), height: String(side), role: "img" });
  const caption = element("figcaption", {});
  const context = canvas.getContext("2d")!;
  const inks = watchInks(parent);
  let drawn = "";

  const cellAt = (slot: number, inset: number): void => context.fillRect(
    slot % inRow * cell + inset, Math.floor(slot / inRow) * cell + inset, cell - 2 * inset, cell - 2 * inset);

  // A pixel between squares shows the sheet, so that one can count them.
  const drawOwners = (state: State): void => {
    const { nodes, nobody } = inks();
    context.fillStyle = nobody;
    for (let slot = 0; slot < slotsCount; ++slot) cellAt(slot, 1);
    for (const [first, last, node] of state.slots) {
      context.fillStyle = nodes[node] ?? nobody;
      // Of a dead owner little is left.
      const inset = state.nodes[node]?.running === false ? 2 : 0.5;
      for (let slot = first; slot <= last; ++slot) cellAt(slot, inset);
    }
  };

  const drawCallers = (state: State): void => {
    context.fillStyle = inks().sheet;
    for (const slot of state.callers) cellAt(slot, 2);
  };

  const drawMove = ([first, last, next]: NonNullable<State["moving"]>): void => {
    context.strokeStyle = inks().mark;
    context.lineWidth = 3;
    for (let row = Math.floor(first / inRow); row <= Math.floor(last / inRow); ++row) {
      const from = Math.max(first, row * inRow) % inRow;
      const to = Math.min(last, row * inRow + inRow - 1) % inRow;
      context.strokeRect(from * cell - 1, row * cell - 2, (to - from + 1) * cell + 2, cell + 4);
    }
    context.fillStyle = inks().mark;
    cellAt(next, -2);
  };

  const drawNames = (state: State): void => {
    context.font = "600 28px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 7;
    context.lineJoin = "round";
    for (const [first, last, node] of state.slots) {
      if (last - first < labelledFrom) continue;
      const y = (first + last) / 2 / inRow * cell;
      const owner = state.nodes[node];
      const name = owner === undefined ? "" : owner.running ? owner.name : `${owner.name} is dead`;
      context.strokeStyle = inks().sheet;
      context.strokeText(name, side / 2, y);
      context.fillStyle = inks().ink;
      context.fillText(name, side / 2, y);
    }
  };

  const say = ({ nodes, slots, moving, doing }: State): void => {
    const served = slots.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    const owners = nodes.filter((node) => node.slots > 0).map((node) => `${node.name}${node.running ? "" : " (dead)"} ${asCount(node.slots)}`);
    const words = `Slots by owner: ${owners.join(", ")}${served < slotsCount ? `; ${asCount(slotsCount - served)} have none` : ""}.`
      + (moving === null ? "" : ` Moving: ${doing}.`);
    canvas.setAttribute("aria-label", words);
    if (caption.textContent !== words) caption.textContent = words;
  };

  return {
    picture: element("figure", { class: "chart slots-chart" }, canvas, caption,
      element("p", { class: "note" }, "Squares with a light middle are the slots that callers write to.")),
    show: (state) => {
      const now = JSON.stringify([state.slots, state.moving, state.nodes.map(({ running }) => running), inks().ink]);
      if (now === drawn) return;
      drawn = now;
      context.clearRect(0, 0, side, side);
      drawOwners(state);
      drawCallers(state);
      if (state.moving !== null) drawMove(state.moving);
      drawNames(state);
      say(state);
    },
  };
};
