// The same cases in Node, Deno and Bun: over TCP, and over a WebSocket.

import { after, before, describe, test } from "node:test";

import * as plimsoll from "plimsoll";
import { WebSocket as GivenWebSocket } from "ws";

import { cases, runCase } from "./behaviour/all.mjs";
import { startBridge } from "./bridge.mjs";
import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";

plimsoll.configure({ memoryLimit: "32 MiB" });

let server;
let bridge;
let nobody;

before(async () => {
  server = await startServer();
  bridge = await startBridge(server);
  nobody = await holdPort();
});

after(async () => {
  await bridge.stop();
  await server.stop();
});

describe("over TCP", () => {
  for (const name of Object.keys(cases)) {
    test(name, () => runCase(plimsoll, name,
      { address: server.address, addressOfNobody: `valkey://127.0.0.1:${nobody}` }));
  }
});

describe("over a WebSocket", () => {
  const WebSocket = globalThis.WebSocket ?? GivenWebSocket;
  for (const name of Object.keys(cases)) {
    test(name, () => runCase(plimsoll, name, {
      address: bridge.address,
      addressOfNobody: `ws://127.0.0.1:${nobody}`,
      options: { token: bridge.token, WebSocket },
      administration: bridge.administration,
    }));
  }
});
