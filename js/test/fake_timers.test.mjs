// The fake timers of a test (node:test, Jest, sinon) replace the global ones, and stand still. A client goes on by those
// that there were when it was loaded, during the fake ones and after them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { Redis } from "../.build/ioredis.js";
import { startServer } from "./package/server.mjs";

let server;

before(async () => { server = await startServer(); });
after(() => server.stop());

// Not process.nextTick(), which Node's own sockets call here; Jest's is that of a process object of its own.
const standStill = () => {
  const names = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate",
    "queueMicrotask"];
  const real = names.map((name) => globalThis[name]);
  const now = performance.now;
  for (const name of names) globalThis[name] = () => 0;
  performance.now = () => 0;
  return () => {
    names.forEach((name, i) => { globalThis[name] = real[i]; });
    performance.now = now;
  };
};

test("a client with fake timers around it, and after them", async () => {
  const client = await Client.connect(server.address, { reconnectWaitMax: 20 });
  const other = await Client.connect(server.address);
  for (let turn = 0; turn < 2; ++turn) {
    const restore = standStill();
    try {
      assert.equal(await client.set("key", "value"), true);
      await assert.rejects(client.blpop("nothing", 0, { timeout: 20 }), { name: "TimeoutError" });
      const subscription = await client.subscribe("news");
      await other.publish("news", "one");
      assert.equal((await subscription.next()).value.message, "one");
      subscription.close();
      const lost = new Promise((resolve) => { client.once("disconnected", resolve); });
      await other.command(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
      await lost;
      assert.equal(await client.get("key"), "value");
    } finally {
      restore();
    }
    assert.equal(await client.get("key"), "value");
    await assert.rejects(client.blpop("nothing", 0, { timeout: 20 }), { name: "TimeoutError" });
  }
  await client.close();
  await other.close();
});

test("a client of plimsoll/ioredis with fake timers around it, and after them", async () => {
  const redis = new Redis(server.port, "127.0.0.1", { retryStrategy: () => 10 });
  const other = await Client.connect(server.address);
  await redis.set("key", "value");
  for (let turn = 0; turn < 2; ++turn) {
    const restore = standStill();
    try {
      const again = once(redis, "ready");
      await other.command(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
      await again;
      assert.equal(await redis.get("key"), "value");
    } finally {
      restore();
    }
    assert.equal(await redis.get("key"), "value");
  }
  await redis.quit();
  await other.close();
});
