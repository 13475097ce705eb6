// Exclusive connections: one after the other, and whose transactions they take.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;
let other;

const connect = (options) => Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000, ...options });

before(async () => {
  server = await startServer();
  other = await connect();
});
after(async () => {
  await other.close();
  await server.stop();
});

test("as many at a time as there may be are never refused, however often they are given back", async () => {
  for (const blockingConnectionsMax of [1, 8]) {
    const client = await connect({ blockingConnectionsMax });
    await Promise.all(Array.from({ length: blockingConnectionsMax }, async (_, i) => {
      for (let n = 0; n < 20; ++n) {
        await client.exclusive((own) => own.incr(`plain:${i}`));
        await client.transact(`watched:${i}`, (own) => {
          const all = own.transaction();
          all.incr(`watched:${i}`);
          return all;
        });
      }
    }));
    await client.close();
  }
  assert.equal(await other.get("plain:0"), "40");
  assert.equal(await other.get("watched:7"), "20");
});

test("what one user watched does not concern the next", async () => {
  const client = await connect({ blockingConnectionsMax: 1 });
  await client.exclusive((own) => own.watch("of the first"));
  const replies = await client.exclusive(async (own) => {
    await other.set("of the first", "changed");
    const all = own.transaction();
    all.set("of the second", "1");
    return all.exec();
  });
  assert.deepEqual(replies, [true]);
  await client.close();
});

test("a transaction that the server refuses is not repeated", async () => {
  const client = await connect();
  let times = 0;
  await assert.rejects(client.transact("k", (own) => {
    ++times;
    const all = own.transaction();
    all.command(["NOSUCH", "k"]);
    return all;
  }), { name: "ServerError" });
  assert.equal(times, 1);
  await client.close();
});

test("a transaction of another connection is refused, and so is one whose connection was given back", async () => {
  const client = await connect();
  await assert.rejects(client.transact("k", () => {
    const all = client.transaction();
    all.set("k", "1");
    return all;
  }), { name: "TypeError", message: /own\.transaction\(\)/ });
  assert.equal(await other.exists("k"), 0);
  const late = await client.exclusive((own) => own.transaction());
  late.set("k", "1");
  await assert.rejects(late.exec(), { name: "ConfigurationError", message: /given back/ });
  await client.close();
});

test("transact() goes on with another connection when its own was lost", async () => {
  const client = await connect({ blockingConnectionsMax: 1 });
  let attempts = 0;
  const replies = await client.transact("counted", async (own) => {
    if (++attempts < 3) {
      await other.clientKill({ clientId: await own.clientId() });
      for (;;) await own.ping();  // until it is lost
    }
    const all = own.transaction();
    all.incr("counted");
    return all;
  });
  assert.deepEqual(replies, [1]);
  assert.equal(attempts, 3);
  await client.close();
});
