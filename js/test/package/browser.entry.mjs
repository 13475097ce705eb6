// What the page under test does: as it is told.

import * as plimsoll from "plimsoll";

import { show } from "./browser.mjs";
import { runCase } from "./behaviour/all.mjs";

globalThis.runCase = (name, target) =>
  runCase(plimsoll, name, target).then(() => "passed", (error) => `${error.stack}`);

globalThis.connectTo = (address) =>
  plimsoll.Client.connect(address).then(() => "connected", (error) => `${error.name}: ${error.message}`);

globalThis.showShip = async (address, token) => {
  const line = document.createElement("p");
  const client = await show(line, address, token);
  await client.close();
  return line.textContent;
};
