import type { Answer } from "../engine/commands/ask.js";
import { element } from "./element.js";
import { asCount, asTime } from "./format.js";
import { drawReply } from "./reply-tree.js";

// What became of a line: where the reply came from, how long it took, and the reply itself.

export const origin = ({ isHit, took, error }: Answer): string => {
  if (error !== undefined) return `${error.name} after ${asTime(took)}`;
  return isHit ? `from the cache, in ${asTime(took)}` : `not from the cache, in ${asTime(took)}`;
};

const howTimed = ({ times }: Answer): (Node | string)[] => times === 1 ? [] : [element("span", { class: "note" },
  ` the mean of ${asCount(times)} times: a browser's clock is too coarse for one`)];

export const drawAnswer = (line: string, answer: Answer): HTMLElement => {
  const { reply, error, isHit } = answer;
  const kind = error !== undefined ? "bad" : isHit ? "good" : "news";
  const executed = error?.executed === undefined ? "" : ` (executed: ${error.executed})`;
  const content = reply === undefined
    ? [element("span", { class: "reply-error" }, `${error!.name}${executed}: ${error!.message}`)]
    : drawReply(reply);
  return element("li", { class: "outcome", "data-kind": kind },
    element("code", { class: "console-line" }, line),
    element("span", { class: "tag", "data-kind": kind }, origin(answer)),
    ...howTimed(answer),
    element("output", { class: "said reply", "aria-label": `Reply to ${line}` }, ...content));
};

/** A line that makes no sense, and why. */
export const drawRefusal = (line: string, why: string): HTMLElement =>
  element("li", { class: "outcome", "data-kind": "bad" },
    element("code", { class: "console-line" }, line),
    element("output", { class: "said reply", "aria-label": `Reply to ${line}` },
      element("span", { class: "reply-error" }, why)));
