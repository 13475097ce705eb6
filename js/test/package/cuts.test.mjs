// The near cache over a bridge whose connections are cut while somebody else writes: what was replaced
// before the connection was made again is not served behind it. Where the bridge shares connections, and
// has a cache, what has not changed is served again.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Client, ClientSideCache } from "plimsoll";
import { WebSocket as GivenWebSocket } from "ws";

import { startBridge } from "./bridge.mjs";
import { startCuttingProxy } from "./cutting_proxy.mjs";
import { startServer } from "./server.mjs";
import { startSharedBridge, toServer } from "./shared_bridge.mjs";
import { sleep, until } from "./wait.mjs";

const WebSocket = globalThis.WebSocket ?? GivenWebSocket;
const keys = Array.from({ length: 8 }, (_, i) => `cut:${i}`);

let server;
let bridge;
let writer;

const kinds = {
  "a connection each": async (listen) => startBridge(server, { listen }),
  "shared connections": async (listen) => {
    const shared = await startSharedBridge(toServer(server), { listen, cache: 'size = "4 MiB"' });
    return { ...shared, token: shared.tokens.page };
  },
};

before(async () => {
  server = await startServer();
  writer = await Client.connect(server.address, { requestTimeout: 10_000 });
});

after(async () => {
  await writer.close();
  await server.stop();
});

const open = async ({ port }, clientSideCache) => Client.connect(
  `ws://127.0.0.1:${port}${new URL(bridge.address).pathname}`, {
  WebSocket, token: () => bridge.token, clientSideCache,
  reconnectWaitMin: 5, reconnectWaitMax: 50, connectTimeout: 10_000, requestTimeout: 10_000,
});

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
      if (i % 16 === 0) await sleep(1);
    }
  })();
  return { written, stop: async () => { isOver = true; await ended; } };
};

const theServerEnds = "the server ends the bridge's connection";
const cuts = {
  [theServerEnds]: async () => {
    await writer.command(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
  },
  "the WebSocket's connection is reset": async ({ proxy }) => { proxy.reset(); },
  "the bridge goes, and another one comes": async ({ start }) => {
    const { port } = new URL(bridge.address);
    await bridge.stop();
    bridge = await start(`127.0.0.1:${port}`);
  },
};

const cutWhileOthersWrite = (what, cut, start) => {
  test(`${what}: nothing of before is served`, async (t) => {
    const { written, stop } = startWriting();
    t.after(stop);
    // What a connection shows at least: what was written when it was made.
    let atAccept;
    let least = new Map();
    const proxy = await startCuttingProxy(new URL(bridge.address).port,
      () => { atAccept = new Map(written); });
    const clientSideCache = new ClientSideCache({ maxCacheKb: 256, entryTtlMs: 60_000 });
    const client = await open(proxy, clientSideCache);
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
        if (i === 0) await sleep(1);
      }
    })();
    // Also runs after a failure; otherwise the reader would keep the process alive.
    t.after(async () => {
      isOver = true;
      await client.close();
      proxy.stop();
      await Promise.allSettled([reader]);
    });
    for (let round = 0; round < 6; ++round) {
      await Promise.all(keys.map(read));
      const lost = new Promise((resolve) => { client.on("disconnected", resolve); });
      const again = new Promise((resolve) => { client.on("connected", resolve); });
      const isHeld = round % 2 === 0;
      if (isHeld) proxy.hold();
      await cut({ proxy, start });
      await lost;
      if (isHeld) {
        const before = Math.max(...written.values());
        await until(() => Math.min(...written.values()) > before, 1);
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
};

for (const [kind, start] of Object.entries(kinds)) {
  describe(kind, () => {
    before(async () => { bridge = await start("127.0.0.1:0"); });
    after(async () => { await bridge.stop(); });
    for (const [what, cut] of Object.entries(cuts)) {
      // That ends no WebSocket which shares the bridge's connections.
      if (kind === "shared connections" && what === theServerEnds) continue;
      cutWhileOthersWrite(what, cut, start);
    }
  });
}

describe("shared connections", () => {
  before(async () => { bridge = await kinds["shared connections"]("127.0.0.1:0"); });
  after(async () => { await bridge.stop(); });

  test("a lost WebSocket costs what has changed meanwhile, and nothing else", async (t) => {
    const many = Array.from({ length: 1000 }, (_, i) => `kept:${i}`);
    for (const key of many) await writer.set(key, "old");
    const proxy = await startCuttingProxy(new URL(bridge.address).port);
    const clientSideCache = new ClientSideCache({ maxCacheKb: 4096 });
    const client = await open(proxy, clientSideCache);
    t.after(async () => {
      await client.close();
      proxy.stop();
    });
    await Promise.all(many.map((key) => client.get(key)));
    const changed = new Set(many.filter((_, i) => i % 100 === 0));
    for (let round = 1; round <= 3; ++round) {
      const lost = new Promise((resolve) => { client.on("disconnected", resolve); });
      const again = new Promise((resolve) => { client.on("connected", resolve); });
      proxy.hold();
      proxy.reset({ isHalfOpen: round === 2 });
      await lost;
      for (const key of many) assert.equal(client.cached(key), undefined, "served without a connection");
      for (const key of changed) await writer.set(key, `new ${round}`);
      proxy.release();
      await again;
      await client.ping();  // what the bridge has told stands in front of this
      for (const key of many) {
        assert.equal(client.cached(key), changed.has(key) ? undefined : "old", key);
      }
      for (const key of changed) assert.equal(await client.get(key), `new ${round}`);
    }
    assert.equal(clientSideCache.getStatistics().resumptions, 3);
    assert.equal(await bridge.metric("plimsoll_bridge_shared_tracking_resumed_total"), 3);
    assert.equal(await bridge.metric("plimsoll_bridge_shared_tracking_not_resumed_total"), 0);
    // A connection that its client has left is no loss of the server.
    assert.equal(await bridge.metric("plimsoll_bridge_upstream_losses_total"), 0);
  });
});
