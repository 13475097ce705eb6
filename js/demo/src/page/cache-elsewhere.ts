import { element } from "./element.js";
import type { Engine } from "./engine.js";
import { asCount, asTime } from "./format.js";

// Another client writes what this one has in its cache, and the server tells of it.

const outcomesMax = 5;

export const mountElsewhere = (parent: HTMLElement, engine: Engine): void => {
  const plain = { spellcheck: "false", autocomplete: "off" };
  const key = element("input", { ...plain, name: "key", value: "demo:ship", required: "" });
  const value = element("input", { ...plain, name: "value", value: "Great Eastern" });
  const form = element("form", { class: "controls elsewhere", "aria-label": "Set by another client" },
    element("label", { class: "field" }, "Key", key),
    element("label", { class: "field" }, "Value", value),
    element("button", { class: "button main", type: "submit" }, "Set"));
  const outcomes = element("ol", { class: "outcomes", "aria-label": "Invalidations" });
  parent.append(
    element("p", {}, "A second client, with a connection of its own, sets a key that the first one has in " +
      "its cache. The server tells the first, which drops its entry: nothing old is served after that."),
    form,
    element("div", { role: "status" }, outcomes),
    element("p", { class: "note" },
      "Measured from the writer's call until the reader's cached(key) was undefined."));

  const show = (kind: string, ...content: (Node | string)[]): void => {
    outcomes.prepend(element("li", { class: "outcome", "data-kind": kind }, ...content));
    while (outcomes.children.length > outcomesMax) outcomes.lastElementChild?.remove();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = key.value;
    engine.services.writeElsewhere(name, value.value).then((seen) => {
      show("good", element("code", {}, name), ": cached as ", quoted(seen.before),
        ", gone from the cache after ", element("strong", {}, asTime(seen.goneAfter)),
        ` (the writer had its OK after ${asTime(seen.writtenAfter)}; ${asCount(seen.invalidations)} ` +
          `invalidation${seen.invalidations === 1 ? "" : "s"} counted), then read as `, quoted(seen.after), ".");
    }, (error: Error) => show("bad", element("code", {}, name), `: ${error.message}`));
  });
};

const quoted = (text: string | null): Node =>
  text === null ? element("em", {}, "nothing") : element("q", {}, text);
