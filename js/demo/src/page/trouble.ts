import type { Run } from "../engine/troubles/run.js";
import type { Berth } from "../engine/fleet.js";
import { element, refocus } from "./element.js";
import type { Engine } from "./engine.js";
import { asTime } from "./format.js";
import { type Kind, kinds } from "./trouble-kinds.js";
import { factsCell, lineCell, outcomesCell, summary } from "./trouble-run.js";

// Trouble: a button for each kind, and a table of what came of it.

const noTroubleToken =
  "Only a bridge whose profile may kill and pause allows this; ./dev demo starts one on this machine.";

interface Card {
  readonly whole: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly isAllowed: boolean;
  choice(): string;
}

const cardOf = (kind: Kind, mayBreak: boolean): Card => {
  const { name, title, button: words, about, choice } = kind;
  const isAllowed = mayBreak || kind.breaksTheServer === undefined;
  const whole = element("div", { class: "trouble", role: "group", "aria-labelledby": `trouble-${name}` },
    element("h3", { id: `trouble-${name}` }, title),
    element("p", { class: "note", id: `trouble-${name}-about` }, about));
  const select = element("select");
  for (const [value, label] of choice?.options ?? []) select.append(element("option", { value }, label));
  if (choice !== undefined) {
    whole.append(element("label", { class: "field" }, choice.label, select));
  }
  const button = element("button", { type: "button", class: "button breaks",
    "aria-describedby": `trouble-${name}-about` }, words);
  button.disabled = true;
  whole.append(button);
  if (!isAllowed) {
    whole.append(element("p", { class: "note", id: `trouble-${name}-why` }, noTroubleToken));
    button.setAttribute("aria-describedby", `trouble-${name}-about trouble-${name}-why`);
  }
  return { whole, button, isAllowed, choice: () => select.value };
};

const rowsMax = 50;
const headings = ["Trouble", "What callers got", "The line", "Took", "Besides"];

const emptyTable = () => {
  const body = element("tbody");
  const table = element("table", { class: "table" },
    element("caption", {}, "Past troubles, newest first"),
    element("thead", {}, element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)))),
    body);
  const whole = element("div", { class: "scroll", tabindex: "0", role: "region",
    "aria-label": "Past troubles" }, table);
  whole.hidden = true;
  return { whole, body };
};

const rowOf = (title: string, words: string, ...cells: HTMLElement[]): HTMLElement =>
  element("tr", {},
    element("th", { scope: "row" }, title, words === "" ? "" : element("span", { class: "tally-text" }, words)),
    ...cells);

const rowOfRun = (title: string, words: string, run: Run): HTMLElement =>
  rowOf(title, words, outcomesCell(run.outcomes), lineCell(run.line),
    element("td", { class: "number" }, asTime(run.took)), factsCell(run.facts, run.line));

/** Returns what lets the buttons be pressed, once there is a connection. */
export const mountTrouble = (parent: HTMLElement, engine: Engine, berth: Berth): () => void => {
  const cards = kinds.map((kind) => ({ kind, card: cardOf(kind, berth.troubleToken !== undefined) }));
  const state = element("p", { role: "status", class: "said" }, "Nothing was broken yet.");
  const { whole: table, body } = emptyTable();
  parent.append(element("div", { class: "troubles" }, ...cards.map(({ card }) => card.whole)), state, table);

  const addRow = (row: HTMLElement): void => {
    body.prepend(row);
    while (body.children.length > rowsMax) body.lastElementChild!.remove();
    table.hidden = false;
  };
  const allow = (allowed: boolean): void => {
    for (const { card } of cards) card.button.disabled = !(allowed && card.isAllowed);
    parent.setAttribute("aria-busy", String(!allowed));
  };
  const make = async ({ name, title }: Kind, card: Card): Promise<void> => {
    const choice = card.choice();
    const whole = choice === "" ? title : `${title} (${choice})`;
    allow(false);
    state.textContent = `${whole}: under way…`;
    try {
      const run = await engine.services.makeTrouble(name, choice);
      addRow(rowOfRun(title, choice, run));
      state.textContent = `${whole}: ${summary(run)}.`;
    } catch (error) {
      const { message } = error as Error;
      addRow(rowOf(title, choice, element("td", { colspan: "4" }, `did not come about: ${message}`)));
      state.textContent = `${whole}: did not come about: ${message}`;
    }
    allow(true);
    refocus(card.button);
  };
  for (const { kind, card } of cards) {
    card.button.addEventListener("click", () => void make(kind, card));
  }
  return () => allow(true);
};
