import { place } from "./element.js";
import type { Engine } from "./engine.js";

// The line below the title: how the page stands to its server.

// The client cannot tell a server that is away for a while from a command that has ended.
const ifEnded = "If ./dev demo has ended, start it again, and open the address that it prints then.";

export const sayState = (words: string, kind: "good" | "bad"): void => {
  const line = place("state");
  // It is read out whenever it is written.
  if (line.textContent !== words) line.textContent = words;
  line.dataset["kind"] = kind;
};

/** Says when the connection is lost, and when it is there again. */
export const watchState = (engine: Engine): void => {
  sayState("Connected.", "good");
  engine.on("snapshot", ({ client: { state, lastProblem } }) => {
    if (state === "ready") sayState("Connected.", "good");
    else sayState(`The connection is lost (${lastProblem}). The client tries again by itself. ${ifEnded}`,
      "bad");
  });
};
