import type { Outcome } from "../engine/outcomes.js";
import type { Run } from "../engine/troubles/run.js";
import type { Fact } from "../engine/troubles/trouble.js";
import type { LineWhile } from "../engine/line-watch.js";
import { bar } from "./bar.js";
import { element } from "./element.js";
import { asBytes, asCount, asTime } from "./format.js";

// What became of a trouble, in words: parts of a row in the table of those that are past.

/** "the line held: 11.2 MiB of 16.0 MiB", or that it did not. */
const verdict = ({ peak, limit, held }: LineWhile): string =>
  `${held ? "the line held" : "THE LINE DID NOT HOLD"}: ${asBytes(peak)} of ${asBytes(limit)}`;

const howSeen = ({ isExact }: LineWhile): string =>
  isExact ? "to the byte" : "the highest that was seen; no new peak since the page was opened";

export const lineCell = (line: LineWhile): HTMLElement => element("td", {},
  element("span", { class: "tag", "data-kind": line.held ? "good" : "bad" }, verdict(line)),
  bar(line.peak / line.limit),
  element("p", { class: "note" }, howSeen(line)));

const executedWords: Record<string, string> = {
  no: "has not run", maybe: "may have run", yes: "has run",
};

const outcomeName = ({ name, count, executed }: Outcome): string => {
  if (name === "reply") return count === 1 ? "reply" : "replies";
  return executed === undefined ? name : `${name}, executed: ${executed} (${executedWords[executed]})`;
};

export const outcomesCell = (outcomes: readonly Outcome[]): HTMLElement => {
  const list = element("ul", { class: "tally" });
  for (const outcome of outcomes) {
    const item = element("li", {},
      element("strong", {}, asCount(outcome.count)), ` ${outcomeName(outcome)}`);
    if (outcome.text !== undefined) item.append(element("span", { class: "tally-text" }, outcome.text));
    list.append(item);
  }
  return element("td", {}, list);
};

const factValue = ({ value, unit }: Fact): string => {
  if (typeof value === "string") return value;
  if (unit === "bytes") return asBytes(value);
  return unit === "time" ? asTime(value) : asCount(value);
};

export const factsCell = (facts: readonly Fact[], line: LineWhile): HTMLElement => {
  const list = element("ul", { class: "tally" });
  const all: readonly Fact[] = line.pushes.peak === 0 ? facts : [...facts, { name: "pushes pool, at most",
    value: `${asBytes(line.pushes.peak)} of ${asBytes(line.pushes.limit)}` }];
  for (const fact of all) {
    list.append(element("li", {}, `${fact.name}: `, element("strong", {}, factValue(fact))));
  }
  return element("td", {}, list);
};

/** What one says of it in a line. */
export const summary = ({ outcomes, line, took }: Run): string => {
  const counts = outcomes.map((outcome) => `${asCount(outcome.count)} ${outcomeName(outcome)}`);
  return [...counts, verdict(line), `took ${asTime(took)}`].join("; ");
};
