// The near cache of a bridge in front of a cluster: it answers reads of many WebSockets, shows nothing outdated, and
// shows nobody what another user has read.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ClientSideCache } from "plimsoll";

import { startNodes, tagOf } from "./cluster.mjs";
import { RespClient } from "./resp.mjs";
import { startSharedBridge, toCluster } from "./shared_bridge.mjs";
import { numbered, sleep, until } from "./wait.mjs";

const nextTurn = () => new Promise((resolve) => void setImmediate(resolve));

let world;
let bridge;

before(async () => {
  world = await startNodes({ nodeTimeout: 60_000 });
  for (const node of world.nodes) {
    await world.ask(node, "ACL", "SETUSER", "rich", "on", ">rich", "~*", "&*", "+@all");
    await world.ask(node, "ACL", "SETUSER", "poor", "on", ">poor", "~*public*", "&*", "+@all");
  }
  bridge = await startSharedBridge(toCluster(world), { cache: 'size = "8 MiB"',
    users: { rich: "rich", poor: "poor" } });
});
after(async () => {
  await bridge.stop();
  await world.stop();
});

// Of each of the nodes.
const keysNamed = (name) => [0, 8000, 16_383].map((slot) => tagOf(slot) + name);

// How often the nodes have run a command since resetCalls().
const callsOf = async (name) => {
  let sum = 0;
  for (const node of world.nodes) {
    const text = await world.ask(node, "INFO", "commandstats");
    sum += Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
  }
  return sum;
};
const resetCalls = async () => {
  for (const node of world.nodes) await world.ask(node, "CONFIG", "RESETSTAT");
};

// A read that waits for the connection to its node is not stored.
const connectToAll = async (client) => {
  for (const key of keysNamed("public first of all")) await client.set(key, "1");
};

test("a second reader of a key is answered without the nodes, and so are a hundred", async () => {
  const [first, second] = [await bridge.connect(), await bridge.connect()];
  await connectToAll(first);
  const keys = keysNamed("crowd");
  for (const key of keys) await first.set(key, "Great Eastern");
  await first.hset(`${tagOf(0)}hash`, { a: "1", b: "2" });
  for (const key of keys) assert.equal(await first.get(key), "Great Eastern");
  await first.hgetall(`${tagOf(0)}hash`);
  await resetCalls();
  for (const key of keys) assert.equal(await second.get(key), "Great Eastern");
  assert.deepEqual(await second.hgetall(`${tagOf(0)}hash`), { a: "1", b: "2" });
  assert.deepEqual(await second.mget(keys), keys.map(() => "Great Eastern"));
  assert.deepEqual([await callsOf("get"), await callsOf("hgetall"), await callsOf("mget")], [0, 0, 0]);

  const crowd = await Promise.all(numbered(100).map(() => RespClient.overWebSocket(bridge.address, bridge.tokens.rich)));
  for (const client of crowd) await client.ask("HELLO", "3");
  for (const client of crowd) assert.equal(await client.ask("GET", keys[0]), "$13\r\nGreat Eastern\r\n");
  assert.equal(await callsOf("get"), 0);

  // The bridge's client in RESP2 gets no invalidations, and so caches nothing.
  await crowd[0].ask("HELLO", "2");
  assert.equal(await crowd[0].ask("SET", keys[0], "Leviathan"), "+OK\r\n");
  for (const _ of numbered(3)) assert.equal(await crowd[0].ask("GET", keys[0]), "$9\r\nLeviathan\r\n");
  assert.equal(await callsOf("get"), 3);
  for (const client of crowd) client.drop();
});

test("a crowd that asks for one key at a time when nobody has it makes one request", async () => {
  const clients = await Promise.all(numbered(30).map(() => bridge.connect()));
  await connectToAll(clients[0]);
  const [key] = keysNamed("at once");
  await clients[0].set(key, "1");
  await Promise.all(clients.map((client) => client.ping()));
  await resetCalls();
  const values = await Promise.all(clients.map((client) => client.get(key)));
  assert.deepEqual(values, clients.map(() => "1"));
  assert(await callsOf("get") < clients.length, "each has asked for itself");
});

test("a write is seen by all of the user's clients once it is acknowledged, and by others soon", async () => {
  const [reader, writer, other] = [await bridge.connect(), await bridge.connect(), await bridge.connect({ profile: "poor" })];
  for (const [index, key] of keysNamed("public written").entries()) {
    const node = world.nodes[index];
    for (const turn of numbered(20)) {
      await reader.get(key);
      await writer.set(key, `own${turn}`);
      assert.equal(await reader.get(key), `own${turn}`);
      assert.equal(await other.get(key), `own${turn}`);
      await world.ask(node, "SET", key, `at the node${turn}`);
      await until(async () => await reader.get(key) === `at the node${turn}`);
      await until(async () => await other.get(key) === `at the node${turn}`);
    }
    await world.ask(node, "FLUSHALL");
    await until(async () => await reader.get(key) === null);
  }
});

test("one client's requests are in order: a read behind a write that is not awaited shows it", async () => {
  const client = await bridge.connect();
  await connectToAll(client);
  for (const key of keysNamed("own order")) {
    for (const index of numbered(50)) {
      const [, value, , length] = await Promise.all([client.set(key, `v${index}`), client.get(key),
        client.append(key, "+"), client.strlen(key), client.del([key])]);
      assert.deepEqual([value, length], [`v${index}`, `v${index}+`.length]);
      assert.equal(await client.get(key), null);
    }
  }
  const raw = await RespClient.overWebSocket(bridge.address, bridge.tokens.rich);
  const [key] = keysNamed("raw order");
  for (const index of numbered(50)) {
    raw.send(["GET", key], ["SET", key, `${index}`], ["GET", key], ["MULTI"], ["GET", key], ["EXEC"], ["DEL", key], ["GET", key]);
    const length = `${index}`.length;
    const shown = `$${length}\r\n${index}\r\n`;
    for (const reply of ["$-1\r\n", "+OK\r\n", shown, "+OK\r\n", "+QUEUED\r\n", `*1\r\n${shown}`, ":1\r\n", "$-1\r\n"]) {
      assert.equal(await raw.next(), reply);
    }
  }
  raw.drop();
});

test("a user who may not read a key does not get what another one has read", async () => {
  const [rich, poor] = [await bridge.connect(), await bridge.connect({ profile: "poor" })];
  await connectToAll(rich);
  const [key] = keysNamed("secret");
  const [open] = keysNamed("public");
  await rich.set(key, "gold");
  await rich.set(open, "tin");
  const refused = (call) => assert.rejects(call, { name: "ServerError", code: "permission_denied" });
  for (const _ of numbered(5)) {
    assert.equal(await rich.get(key), "gold");
    await refused(poor.get(key));
    assert.equal(await poor.get(open), "tin");
    await refused(poor.mget([open, key]));
  }
});

test("rights that are taken away hold once the user's connections have been ended", async (t) => {
  for (const node of world.nodes) await world.ask(node, "ACL", "SETUSER", "guest", "on", ">guest", "~*", "&*", "+@all");
  const own = await startSharedBridge(toCluster(world), { cache: 'size = "1 MiB"', users: { guest: "guest" } });
  t.after(() => own.stop());
  const client = await own.connect();
  await connectToAll(client);
  const [key] = keysNamed("of a guest");
  await client.set(key, "1");
  assert.equal(await client.get(key), "1");
  for (const node of world.nodes) await world.ask(node, "ACL", "SETUSER", "guest", "-get");
  for (const node of world.nodes) await world.ask(node, "CLIENT", "KILL", "USER", "guest");
  await until(() => client.get(key).then(() => false, ({ code }) => code === "permission_denied"));
  await assert.rejects(client.get(key), { code: "permission_denied" });
});

test("nothing outdated is read while slots move, what was missing or empty included", async () => {
  const writer = await bridge.connect();
  const readers = await Promise.all(numbered(3).map(() => bridge.connect()));
  await connectToAll(writer);
  const moving = numbered(3).map((index) => 100 + index);
  const keys = moving.flatMap((slot) => numbered(8).map((index) => `${tagOf(slot)}${index}`));
  // Change 1, 2, 3... of a key makes it empty, gives it the number, or deletes it.
  const shownAfter = (change) => change % 4 === 0 ? null : change % 4 === 1 ? "" : `${change}`;
  const begun = new Map(keys.map((key) => [key, 0]));
  const acknowledged = new Map(begun);
  let isOver = false;
  const writing = (async () => {
    for (let index = 0; !isOver; ++index) {
      const key = keys[index % keys.length];
      const change = begun.get(key) + 1;
      begun.set(key, change);
      const value = shownAfter(change);
      await (value === null ? writer.del([key]) : writer.set(key, value));
      acknowledged.set(key, change);
    }
  })();
  const stale = [];
  let rounds = 0;
  const reading = readers.map(async (client) => {
    for (; !isOver; ++rounds) {
      const from = new Map(acknowledged);
      await Promise.all(keys.map(async (key) => {
        const shown = await client.get(key);
        for (let change = from.get(key); change <= begun.get(key); ++change) if (shownAfter(change) === shown) return;
        stale.push(`${key} shows ${JSON.stringify(shown)} behind change ${from.get(key)}`);
      }));
    }
  });
  for (const to of [1, 2, 0, 2, 1, 0]) {
    for (const slot of moving) await world.moveSlot(slot, world.nodes[to]);
    const before = rounds;
    await until(() => rounds > before + 10);
  }
  isOver = true;
  await Promise.all([writing, ...reading]);
  assert.deepEqual(stale, []);
  for (const key of keys) assert.equal(await readers[0].get(key), shownAfter(acknowledged.get(key)));
});

test("what was read before its slot moved is not served when it is written where the slot is now", async () => {
  const client = await bridge.connect();
  await connectToAll(client);
  const keys = numbered(10).map((index) => `${tagOf(300)}${index}`);
  for (const key of keys) await client.set(key, "old");
  for (let turn = 0; turn < 3; ++turn) {
    for (const key of keys) await client.get(key);
    const to = world.nodes[(turn + 1) % 3];
    await world.moveSlot(300, to);
    for (const key of keys) await world.ask(to, "SET", key, `new${turn}`);
    for (const key of keys) await until(async () => await client.get(key) === `new${turn}`);
  }
});

test("a client keeps in a near cache of its own what it has read, until that changes at its node", async () => {
  const clientSideCache = new ClientSideCache({ maxCacheKb: 256 });
  const client = await bridge.connect({ clientSideCache });
  await connectToAll(client);
  assert.equal(client.getStatistics().cacheState, "tracking");
  for (const [index, key] of keysNamed("kept").entries()) {
    await client.set(key, "1");
    // The bridge keeps nothing of the first read at a node.
    await until(async () => await client.get(key) === "1" && client.cached(key) === "1");
    const asked = await bridge.metric("plimsoll_bridge_shared_requests_total");
    for (const _ of numbered(5)) assert.equal(await client.get(key), "1");
    assert.equal(await bridge.metric("plimsoll_bridge_shared_requests_total"), asked);
    await world.ask(world.nodes[index], "SET", key, "2");
    assert.equal(await client.get(key, { maxStaleness: 0 }), "2");
    await until(() => client.cached(key) === "2");
  }
  assert(await bridge.metric("plimsoll_bridge_shared_tracked_keys") >= 3);
  // A missing key is not kept, and neither is a key of another user's.
  const other = await bridge.connect({ profile: "poor", clientSideCache });
  const [key] = keysNamed("public kept");
  assert.equal(await client.get(key), null);
  assert.equal(client.cached(key), undefined);
  await client.set(key, "1");
  await until(async () => await client.get(key) === "1" && client.cached(key) === "1");
  assert.equal(other.cached(key), undefined);
});

test("a crowd with near caches of their own reads nothing outdated that was proved, while slots move", async () => {
  const writer = await bridge.connect();
  await connectToAll(writer);
  const readers = await Promise.all(numbered(3).map(() => bridge.connect({ clientSideCache: new ClientSideCache({ maxCacheKb: 256 }) })));
  const moving = numbered(3).map((index) => 400 + index);
  const keys = [...moving.flatMap((slot) => numbered(4).map((index) => `${tagOf(slot)}${index}`)), ...keysNamed("beside")];
  const begun = new Map(keys.map((key) => [key, 0]));
  const acknowledged = new Map(begun);
  for (const key of keys) await writer.set(key, "0");
  let isOver = false;
  const writing = (async () => {
    for (let index = 0; !isOver; ++index) {
      const key = keys[index % keys.length];
      const change = begun.get(key) + 1;
      begun.set(key, change);
      await writer.set(key, `${change}`);
      acknowledged.set(key, change);
      if (index % 10 === 0) await sleep(2);
    }
  })();
  const stale = [];
  let rounds = 0;
  const reading = readers.map(async (client, index) => {
    for (; !isOver; ++rounds) {
      const from = new Map(acknowledged);
      await Promise.all(keys.map(async (key) => {
        const shown = Number(await client.get(key, index === 0 ? {} : { maxStaleness: 0 }));
        // Who asks for nothing may lag behind, and not go back.
        if (index > 0 && shown < from.get(key)) stale.push(`${key} shows ${shown} behind change ${from.get(key)}`);
        if (shown > begun.get(key)) stale.push(`${key} shows ${shown} before change ${begun.get(key)}`);
      }));
      // What the own cache has is there without a turn of the event loop, in which invalidations would come.
      await nextTurn();
    }
  });
  for (const to of [1, 2, 0]) {
    for (const slot of moving) await world.moveSlot(slot, world.nodes[to]);
    const before = rounds;
    await until(() => rounds > before + 10);
  }
  isOver = true;
  await Promise.all([writing, ...reading]);
  assert.deepEqual(stale, []);
  for (const client of readers) {
    for (const key of keys) await until(async () => await client.get(key) === `${acknowledged.get(key)}`);
  }
  assert(await bridge.metric("plimsoll_bridge_shared_tracked_invalidations_total") > 0);
});

test("a near cache of a client whose user the nodes tell of nothing keeps nothing", async (t) => {
  for (const node of world.nodes) await world.ask(node, "ACL", "SETUSER", "untold", "on", ">untold", "~*", "&*", "+@all", "-client|tracking");
  const own = await startSharedBridge(toCluster(world), { cache: 'size = "1 MiB"', users: { untold: "untold" } });
  t.after(() => own.stop());
  const client = await own.connect({ clientSideCache: new ClientSideCache({ maxCacheKb: 256 }) });
  await connectToAll(client);
  const [key] = keysNamed("untold");
  await client.set(key, "1");
  for (const _ of numbered(5)) assert.equal(await client.get(key), "1");
  assert.equal(client.cached(key), undefined);
  // By time it may keep what it likes.
  const byTime = await own.connect({ clientSideCache: new ClientSideCache({ maxCacheKb: 256, mode: "ttl", entryTtlMs: 60_000 }) });
  assert.equal(await byTime.get(key), "1");
  assert.equal(byTime.cached(key), "1");
});
