// The core's own memory is overwritten, as a bug of ours might: what it leads to, for who waits and for
// who comes next.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { currentCore } from "../.build/core/core.js";
import { Client, CoreError } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;

before(async () => { server = await startServer(); });
after(() => server.stop());

const isFailure = (error) => {
  assert(error instanceof CoreError, String(error));
  assert.equal(error.code, "core_failed");
  assert.equal(error.executed, "maybe");
  assert.match(error.message, /the core has failed, and all its clients with it.*connect again/);
  return true;
};

test("when the core fails, all who wait are told, and the next client has a new one", async () => {
  const clients = [await Client.connect(server.address), await Client.connect(server.address)];
  const ends = clients.map((client) => new Promise((resolve) => client.on("closed", resolve)));
  const replies = clients.map((client) => client.blpop("nothing", 10));
  const broken = currentCore();
  await clients[0].ping();

  broken.bytes.fill(0xff, broken.outbox + 64 * 1024);
  const last = clients[0].get("key");
  for (const reply of [...replies, last]) await assert.rejects(reply, isFailure);
  for (const end of ends) isFailure(await end);
  for (const client of clients) {
    await assert.rejects(client.get("key"), isFailure);
    await client.close();
  }

  const next = await Client.connect(server.address);
  assert.notEqual(currentCore(), broken);
  assert.equal(await next.ping(), "PONG");
  await next.close();
});
