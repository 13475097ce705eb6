// The cases that hold in every runtime, over a bridge whose connections are shared.

import { after, before, describe, test } from "node:test";

import * as plimsoll from "plimsoll";
import { WebSocket as GivenWebSocket } from "ws";

import { cases, runCase } from "./behaviour/all.mjs";
import { startAdministration } from "./bridge.mjs";
import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";
import { startSharedBridge, toServer } from "./shared_bridge.mjs";

plimsoll.configure({ memoryLimit: "32 MiB" });

// They need CLIENT TRACKING, which is refused without a cache.
const tracking = new Set([
  "a read that is repeated is served without the server",
  "what another client writes is not served any more",
  "what is true now is not told by the clock",
  "the cache stays below its bytes, and its index grows with it",
]);
const leftOut = new Set([
  // It has the server end the client's connection, which the server does not know here.
  "a lost connection is replaced, and users are told",
  // It has WAIT, which is about what one connection has written.
  "an exclusive connection is one caller's",
  // Its script writes what the bridge's own client takes for another bridge's words.
  "what a bridge answers in the server's place is the error of a loss",
  // A transaction reaches the server as a whole: what the server says to each command is known too late.
  "a command that the server does not know aborts its transaction",
]);

let server;
let bridges;
let administration;
let nobody;

before(async () => {
  server = await startServer();
  bridges = { "without a cache": await startSharedBridge(toServer(server)),
    "with a cache": await startSharedBridge(toServer(server), { cache: 'size = "8 MiB"' }) };
  administration = await startAdministration(server.port);
  nobody = await holdPort();
});

after(async () => {
  for (const bridge of Object.values(bridges)) await bridge.stop();
  administration.closeAllConnections();
  administration.close();
  await server.stop();
});

for (const kind of ["without a cache", "with a cache"]) {
  describe(`over shared connections ${kind}`, () => {
    const WebSocket = globalThis.WebSocket ?? GivenWebSocket;
    const isPossible = (name) => !leftOut.has(name) && (kind === "with a cache" || !tracking.has(name));
    for (const name of Object.keys(cases).filter(isPossible)) {
      test(name, () => runCase(plimsoll, name, {
        address: bridges[kind].address,
        addressOfNobody: `ws://127.0.0.1:${nobody}`,
        options: { token: bridges[kind].tokens.page, WebSocket },
        administration: `http://127.0.0.1:${administration.address().port}/`,
      }));
    }
  });
}
