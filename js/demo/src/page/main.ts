import "../style/page.css";

import { findBerth } from "./berth.js";
import { mountBeside } from "./beside.js";
import { mountCache } from "./cache.js";
import { mountConsole } from "./console.js";
import { place } from "./element.js";
import { startEngine } from "./engine.js";
import { mountHull } from "./hull.js";
import { mountSnippets } from "./snippets.js";
import { sayState } from "./say-state.js";
import { watchState } from "./state.js";
import { mountTrouble } from "./trouble.js";

// Each panel is a function: it is given its place in index.html and the engine, and lives as long as
// the page.

const begin = async (): Promise<void> => {
  mountSnippets(place("console-code"));
  const berth = findBerth();
  if (berth === undefined) {
    return sayState("This page needs the token that ./dev demo prints: open the whole address.", "bad");
  }
  const engine = startEngine();
  mountHull(place("hull"), engine);
  mountCache(place("cache"), engine);
  const allowTrouble = mountTrouble(place("trouble"), engine, berth);
  const allowBeside = mountBeside(place("beside"), berth);
  const allowConsole = mountConsole(place("console-work"), engine);
  await engine.services.moor(berth);
  allowTrouble();
  allowBeside();
  allowConsole();
  watchState(engine);
};

begin().catch((error: Error) => sayState(`No connection: ${error.message}`, "bad"));
