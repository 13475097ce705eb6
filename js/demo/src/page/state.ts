import type { Engine } from "./engine.js";
import { sayState } from "./say-state.js";

// Whether the page's client is connected.

// The client cannot tell a server that is away for a while from a command that has ended.
const ifEnded = "If ./dev demo has ended, start it again, and open the address that it prints then.";

/** Says when the connection is lost, and when it is there again. */
export const watchState = (engine: Engine): void => {
  sayState("Connected.", "good");
  engine.on("snapshot", ({ client: { state, lastProblem } }) => {
    if (state === "ready") sayState("Connected.", "good");
    else sayState(`The connection is lost (${lastProblem}). The client tries again by itself. ${ifEnded}`,
      "bad");
  });
};
