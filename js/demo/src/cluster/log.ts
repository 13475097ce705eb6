import { element } from "../page/element.js";
import type { News } from "./state.js";

// What was done to the cluster and what it cost, the newest first.

const titles: Readonly<Record<string, string>> = {
  calm: "Calm", move: "Slots moved", failover: "A replica took over", kill: "A node was killed",
  restart: "A node is back", walked: "The walk is done", refused: "Refused",
};

const kinds: Readonly<Record<string, string>> = { kill: "bad", refused: "bad", move: "good", failover: "good" };

const asClock = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

export const makeLog = (): { readonly list: HTMLElement; show(news: readonly News[]): void } => {
  const list = element("ol", { class: "outcomes", "aria-label": "Events" });
  let shown = -1;
  let current: HTMLElement | undefined;
  const shownMax = 40;
  return {
    list,
    show: (news) => {
      for (const { number, at, label, text } of news) {
        if (number <= shown) continue;
        shown = number;
        if (label === "" && current !== undefined) {
          current.append(element("span", { class: "event-more" }, text));
          continue;
        }
        current = element("li", { class: "outcome", "data-kind": kinds[label] ?? "news" },
          element("span", { class: "event-head" }, `${asClock(at)} `, element("strong", {}, titles[label] ?? label)),
          element("span", { class: "event-more" }, text));
        list.prepend(current);
        while (list.childElementCount > shownMax) list.lastElementChild!.remove();
      }
    },
  };
};
