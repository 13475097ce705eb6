import { place } from "./element.js";

// The line below the title: how the page stands to its server.

export const sayState = (words: string, kind: "good" | "bad"): void => {
  const line = place("state");
  // It is read out whenever it is written.
  if (line.textContent !== words) line.textContent = words;
  line.dataset["kind"] = kind;
};
