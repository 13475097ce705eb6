import { element } from "./element.js";
import type { Engine } from "./engine.js";
import { mountCurves } from "./cache-curves.js";
import { mountElsewhere } from "./cache-elsewhere.js";
import { mountFigures } from "./cache-figures.js";
import { mountLatencies } from "./cache-latencies.js";
import { mountReplays } from "./cache-replays.js";

// The cache: what it is worth for a load, and how it hears of what others write.

type Mount = (parent: HTMLElement, engine: Engine) => void;

export const mountCache = (parent: HTMLElement, engine: Engine): void => {
  const part = (title: string, mount: Mount): HTMLElement => {
    const made = element("div", {}, element("h3", {}, title));
    mount(made, engine);
    return made;
  };
  const [replays, curves] = [part("Replay a load", mountReplays), part("Hit rate, as it goes", mountCurves)];
  const figures = element("div");
  mountFigures(figures, engine);
  parent.append(
    element("div", { class: "columns uneven" }, replays, curves),
    figures,
    element("div", { class: "columns spaced" },
      part("What a read costs", mountLatencies), part("Another client", mountElsewhere)));
};
