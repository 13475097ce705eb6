import "../style/page.css";

import { findBerth } from "./berth.js";
import { mountBeside } from "./beside.js";
import { place } from "./element.js";
import { startEngine } from "./engine.js";
import { mountHull } from "./hull.js";
import { mountTrouble } from "./trouble.js";

// Each panel is a function: it is given its place in index.html and the engine, and lives as long as
// the page.

const say = (words: string): void => { place("state").textContent = words; };

const begin = async (): Promise<void> => {
  const berth = findBerth();
  if (berth === undefined) {
    return say("This page needs the token that ./dev demo prints: open the whole address.");
  }
  const engine = startEngine();
  mountHull(place("hull"), engine);
  const allowTrouble = mountTrouble(place("trouble"), engine, berth);
  const allowBeside = mountBeside(place("beside"), berth);
  await engine.services.moor(berth);
  allowTrouble();
  allowBeside();
  say("Connected.");
};

begin().catch((error: Error) => say(`No connection: ${error.message}`));
