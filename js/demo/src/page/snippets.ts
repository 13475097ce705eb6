import cpp from "../../../../examples/hello.cc?raw";
import cppCache from "../../../../examples/cache.cc?raw";
import browser from "../../../examples/browser.mjs?raw";
import node from "../../../examples/quickstart.mjs?raw";
import { element } from "./element.js";

// Programs to copy. They are the repository's examples, each of which its tests run.

const snippets = [
  { title: "npm, in a page", id: "snippet-page", code: browser },
  { title: "npm, in Node, Deno or Bun", id: "snippet-node", code: node },
  { title: "C++", id: "snippet-cpp", code: cpp },
  { title: "C++, with a cache", id: "snippet-cpp-cache", code: cppCache },
];

const figureOf = ({ title, id, code }: typeof snippets[number], say: (words: string) => void): HTMLElement => {
  const button = element("button", { type: "button", class: "button", "aria-label": `Copy: ${title}` }, "Copy");
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(code).then(() => say(`Copied: ${title}`),
      () => say("The browser did not let it be copied: select the text instead."));
  });
  const summary = element("summary", {}, title);
  return element("details", { id, class: "snippet" }, summary, button,
    element("pre", { class: "code", tabindex: "0", role: "region", "aria-label": `Program: ${title}` },
      code.trimEnd()));
};

export const mountSnippets = (parent: HTMLElement): void => {
  const state = element("p", { role: "status", class: "note" });
  const say = (words: string): void => { state.textContent = words; };
  parent.append(element("h3", {}, "In your own program"),
    ...snippets.map((snippet) => figureOf(snippet, say)), state);
};
