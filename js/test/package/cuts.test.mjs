// The near cache over a bridge whose connections are cut while somebody else writes: what was replaced
// before the connection was made again is not served behind it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { Client, ClientSideCache } from "plimsoll";
import { WebSocket as GivenWebSocket } from "ws";

import { startBridge } from "./bridge.mjs";
import { startServer } from "./server.mjs";

const WebSocket = globalThis.WebSocket ?? GivenWebSocket;
const keys = Array.from({ length: 8 }, (_, i) => `cut:${i}`);

let server;
let bridge;
let writer;

before(async () => {
  server = await startServer();
  bridge = await startBridge(server);
  writer = await Client.connect(server.address, { requestTimeout: 10_000 });
});

after(async () => {
  await writer.close();
  await bridge.stop();
  await server.stop();
});

// Carries bytes to a port, can reset what it carries, and keep who comes waiting.
const startProxy = async (port, accepted) => {
  const pairs = new Set();
  let waiting;
  const carry = (near) => {
    accepted();
    const far = connect(port, "127.0.0.1");
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near]]) {
      from.pipe(to);
      from.on("error", () => {});
      from.on("close", () => { to.destroy(); pairs.delete(pair); });
    }
  };
  const listener = createServer((near) => {
    near.on("error", () => {});
    if (waiting === undefined) carry(near);
    else waiting.push(near);
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: listener.address().port,
    hold: () => { waiting = []; },
    release: () => {
      const all = waiting;
      waiting = undefined;
      for (const near of all) if (!near.destroyed) carry(near);
    },
    reset: () => { for (const pair of pairs) for (const each of pair) each.resetAndDestroy(); },
    stop: () => {
      listener.close();
      for (const pair of pairs) for (const each of pair) each.destroy();
    },
  };
};

// Numbers that grow, and which of them the server has answered for.
const startWriting = () => {
  const written = new Map(keys.map((key) => [key, 0]));
  let isOver = false;
  let number = 0;
  const write = async (key) => {
    const value = ++number;
    await writer.set(key, `${value}`);
    written.set(key, value);
  };
  const ended = (async () => {
    for (let i = 0; !isOver; ++i) {
      await write(keys[i % keys.length]);
      if (i % 16 === 0) await delay(1);
    }
  })();
  return { written, stop: async () => { isOver = true; await ended; } };
};

const cuts = {
  "the server ends the bridge's connection": async () => {
    await writer.command(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
  },
  "the WebSocket's connection is reset": async ({ proxy }) => { proxy.reset(); },
  "the bridge goes, and another one comes": async () => {
    const { port } = new URL(bridge.address);
    await bridge.stop();
    bridge = await startBridge(server, { listen: `127.0.0.1:${port}` });
  },
};

for (const [what, cut] of Object.entries(cuts)) {
  test(`${what}: nothing of before is served`, async (t) => {
    const { written, stop } = startWriting();
    // What a connection shows at least: what was written when it was made.
    let atAccept;
    let least = new Map();
    const proxy = await startProxy(new URL(bridge.address).port,
      () => { atAccept = new Map(written); });
    const clientSideCache = new ClientSideCache({ maxCacheKb: 256, entryTtlMs: 60_000 });
    const client = await Client.connect(`ws://127.0.0.1:${proxy.port}/`, {
      WebSocket, token: () => bridge.token, clientSideCache,
      reconnectWaitMin: 5, reconnectWaitMax: 50, connectTimeout: 10_000, requestTimeout: 10_000,
    });
    client.on("connected", () => { least = atAccept; });
    const check = (key, value, bound, how) => {
      assert.ok(Number(value ?? 0) >= bound, `${how} of ${key} is ${value}, after ${bound}`);
    };
    const look = (key) => {
      const value = client.cached(key);
      if (value !== undefined) check(key, value, least.get(key) ?? 0, "what is cached");
    };
    const read = async (key) => {
      const bound = least.get(key) ?? 0;
      check(key, await client.get(key), bound, "a read");
      look(key);
    };
    let isOver = false;
    let failure;
    const reader = (async () => {
      for (let i = 0; !isOver; i = (i + 3) % keys.length) {
        await read(keys[i]).catch((error) => {
          if (error instanceof assert.AssertionError) failure ??= error;
        });
        if (i === 0) await delay(1);
      }
    })();
    // Also runs after a failure; otherwise the reader would keep the process alive.
    t.after(async () => {
      isOver = true;
      await client.close();
      proxy.stop();
      await Promise.allSettled([reader, stop()]);
    });
    for (let round = 0; round < 6; ++round) {
      await Promise.all(keys.map(read));
      const lost = new Promise((resolve) => { client.on("disconnected", resolve); });
      const again = new Promise((resolve) => { client.on("connected", resolve); });
      const isHeld = round % 2 === 0;
      if (isHeld) proxy.hold();
      await cut({ proxy });
      await lost;
      if (isHeld) {
        const before = Math.max(...written.values());
        while (Math.min(...written.values()) <= before) await delay(1);
        proxy.release();
      }
      await again;
      for (const key of keys) look(key);
      await Promise.all(keys.map(read));
      // A barrier shows what was written before it, over the bridge as without.
      const known = new Map(written);
      await clientSideCache.barrier();
      for (const key of keys) check(key, await client.get(key), known.get(key), "behind a barrier, a read");
    }
    isOver = true;
    await reader;
    await stop();
    assert.equal(failure, undefined);
    const { hits } = clientSideCache.getStatistics();
    assert.ok(hits > 0, "nothing came out of the cache");
    // With nobody writing, all is served by the cache, and is the last that was written.
    await clientSideCache.barrier();
    for (const key of keys) {
      assert.equal(await client.get(key), `${written.get(key)}`);
      assert.equal(client.cached(key), `${written.get(key)}`);
    }
  });
}
