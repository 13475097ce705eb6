import type { Answer } from "../engine/commands/ask.js";
import { element } from "./element.js";
import { asCount, asTime } from "./format.js";
import { drawReply } from "./reply_tree.js";

// What became of a line: where the reply came from, how long it took, and the reply itself.

export const origin = ({ isHit, took, times, error }: Answer): string => {
  const time = times === 1 ? asTime(took) : `${asTime(took)}, the mean of ${asCount(times)} times, since clocks here are too coarse for one`;
  if (error !== undefined) return `${error.name} after ${time}`;
  return isHit ? `from the cache, in ${time}` : `not from the cache, in ${time}`;
};

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
    element("output", { class: "said reply", "aria-label": `Reply to ${line}` }, ...content));
};

/** A line that makes no sense, and why. */
export const drawRefusal = (line: string, why: string): HTMLElement =>
  element("li", { class: "outcome", "data-kind": "bad" },
    element("code", { class: "console-line" }, line),
    element("output", { class: "said reply", "aria-label": `Reply to ${line}` },
      element("span", { class: "reply-error" }, why)));
