// Clients of a cluster that read through a cache: the servers are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ClientSideCache, metricsText } from "../.build/index.js";
import { startNodes, tagOf } from "./package/cluster.mjs";
import { until } from "./package/wait.mjs";

const patient = { requestTimeout: 30_000, connectTimeout: 30_000, reconnectWaitMax: 20 };

let world;
before(async () => { world = await startNodes({ nodeTimeout: 60_000 }); });
after(() => world.stop());

const cacheOf = (options) => new ClientSideCache({ maxCacheKb: 1024, ...options });

// Of the nodes 0, 1 and 2.
const slots = [0, 8000, 16383];
const keysNamed = (name) => slots.map((slot) => tagOf(slot) + name);

// How often the nodes have run a command.
const callsOf = async (name, { nodes, ask } = world) => {
  let sum = 0;
  for (const node of nodes.filter(({ isRunning }) => isRunning)) {
    const text = await ask(node, "INFO", "commandstats");
    sum += Number(new RegExp(`cmdstat_${name.replace("|", "\\|")}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
  }
  return sum;
};
const resetCalls = async () => {
  for (const node of world.nodes) await world.ask(node, "CONFIG", "RESETSTAT");
};

// A read that waits for the connection to its node is not stored.
const connectToAll = async (client) => {
  for (const key of keysNamed("first of all")) await client.set(key, "1");
};

test("a read that is repeated is served from memory, whichever node has the key", async () => {
  for (const address of [world.address, `valkey://${world.nodes[1].address}`]) {
    const clientSideCache = cacheOf();
    const client = await Client.connect(address, { ...patient, clientSideCache });
    const plain = await Client.connect(world.address, patient);
    const keys = keysNamed("memory");
    for (const key of keys) await plain.set(key, "Great Eastern");
    await connectToAll(client);
    await resetCalls();
    for (let i = 0; i < 20; ++i) {
      for (const key of keys) assert.equal(await client.get(key), "Great Eastern");
    }
    assert.equal(await callsOf("get"), keys.length);
    for (const key of keys) assert.equal(client.cached(key), "Great Eastern");
    assert.equal(client.getStatistics().cacheState, "tracking");
    assert.equal(client.topology().kind, "cluster");
    const { entries, sources } = clientSideCache.getStatistics();
    assert.deepEqual([entries, sources], [keys.length, 1]);
    await client.close();
    await plain.close();
  }
});

test("what another client writes is seen: soon, behind a barrier, and by maxStaleness", async () => {
  const clientSideCache = cacheOf();
  const client = await Client.connect(world.address, { ...patient, clientSideCache });
  const other = await Client.connect(world.address, patient);
  for (const key of keysNamed("written")) {
    for (let i = 0; i < 10; ++i) {
      await client.get(key);
      await other.set(key, `soon${i}`);
      await until(async () => await client.get(key) === `soon${i}`);
      await other.set(key, `barrier${i}`);
      await clientSideCache.barrier();
      assert.equal(await client.get(key), `barrier${i}`);
      await other.set(key, `now${i}`);
      assert.equal(await client.get(key, { maxStaleness: 0 }), `now${i}`);
      const written = client.set(key, `own${i}`);
      assert.equal(await client.get(key), `own${i}`);
      await written;
    }
  }
  await client.close();
  await other.close();
});

test("what a missing key may have answered is asked for each time, and counted", async () => {
  const clientSideCache = cacheOf({ cacheNil: true });
  const client = await Client.connect(world.address, { ...patient, clientSideCache });
  const [key] = keysNamed("missing");
  await connectToAll(client);
  for (let i = 0; i < 2; ++i) {
    assert.equal(await client.get(key), null);
    assert.deepEqual(await client.hgetall(key), {});
    assert.equal(await client.exists(key), 0);
  }
  const { hits, entries, skippedAbsent } = clientSideCache.getStatistics();
  assert.deepEqual([hits, entries, skippedAbsent], [0, 0, 6]);
  assert.match(metricsText([client], [clientSideCache]), /plimsoll_cache_skipped_total\{.*reason="absent"\} 6/);
  await client.close();
});

test("clients share what they have read, in whatever order they name the nodes", async () => {
  const clientSideCache = cacheOf();
  const [one, two, three] = world.nodes.map(({ address }) => address);
  const first = await Client.connect(`valkey+cluster://${one},${two},${three}`, { ...patient, clientSideCache });
  const second = await Client.connect(`valkey+cluster://${three},${one},${two}`, { ...patient, clientSideCache });
  const keys = keysNamed("shared");
  for (const key of keys) {
    await first.set(key, "old");
    await first.get(key);
  }
  await resetCalls();
  for (const key of keys) assert.equal(await second.get(key), "old");
  assert.equal(await callsOf("get"), 0);
  for (const key of keys) {
    await second.set(key, "new");
    assert.equal(await first.get(key), "new");
  }
  await first.close();
  await second.close();
});

test("nothing outdated is read while slots move, what was missing or empty included", async () => {
  const clientSideCache = cacheOf({ cacheNil: true });
  const client = await Client.connect(world.address, { ...patient, clientSideCache });
  const other = await Client.connect(world.address, patient);
  const moving = Array.from({ length: 6 }, (_, index) => 100 + index);
  const keys = moving.flatMap((slot) => Array.from({ length: 10 }, (_, index) => `${tagOf(slot)}${index}`));
  // Change 1, 2, 3... of a key makes it empty, gives it the number, or deletes it.
  const shownAfter = (change) => change % 4 === 0 ? null : change % 4 === 1 ? "" : `${change}`;
  const begun = new Map(keys.map((key) => [key, 0]));
  const acknowledged = new Map(begun);
  let isOver = false;
  const writer = (async () => {
    for (let index = 0; !isOver; ++index) {
      const key = keys[index % keys.length];
      const change = begun.get(key) + 1;
      begun.set(key, change);
      const value = shownAfter(change);
      await (value === null ? other.del(key) : other.set(key, value));
      acknowledged.set(key, change);
    }
  })();
  const stale = [];
  let rounds = 0;
  const reader = async (prove, read) => {
    for (; !isOver; ++rounds) {
      const from = new Map(acknowledged);
      await prove();
      await Promise.all(keys.map(async (key) => {
        const shown = await read(key);
        for (let change = from.get(key); change <= begun.get(key); ++change) if (shownAfter(change) === shown) return;
        stale.push(`${key} shows ${JSON.stringify(shown)} behind change ${from.get(key)}`);
      }));
    }
  };
  const readers = [
    reader(() => clientSideCache.barrier(), (key) => client.get(key)),
    reader(() => {}, (key) => client.get(key, { maxStaleness: 0 })),
  ];
  for (const to of [1, 2, 0]) {
    for (const slot of moving) await world.moveSlot(slot, world.nodes[to]);
    const before = rounds;
    await until(() => rounds > before + 4);
  }
  isOver = true;
  await Promise.all([writer, ...readers]);
  assert.deepEqual(stale, []);
  assert(client.getStatistics().cluster.moved > 0);
  assert(clientSideCache.getStatistics().hits > 0);
  await clientSideCache.barrier();
  for (const key of keys) assert.equal(await client.get(key), shownAfter(acknowledged.get(key)));
  await client.close();
  await other.close();
});

test("a key that was missing, and is written where its slot has moved to, is seen", async () => {
  const clientSideCache = cacheOf({ cacheNil: true });
  const client = await Client.connect(world.address, { ...patient, clientSideCache });
  const other = await Client.connect(world.address, patient);
  const key = `${tagOf(200)}made`;
  const asked = `${tagOf(200)}asked`;
  for (const each of [key, asked]) assert.equal(await client.get(each), null);
  await world.beginMove(200, world.nodes[1]);
  await other.set(asked, "by ASK");
  assert.equal(await client.get(asked), "by ASK");
  await world.migrateKeys(200, world.nodes[1]);
  await world.finishMove(200, world.nodes[1]);
  await other.set(key, "there");
  await clientSideCache.barrier();
  assert.equal(await client.get(key), "there");
  assert.equal(await client.get(asked), "by ASK");
  await client.close();
  await other.close();
});

test("a primary that is frozen for longer than the lease, and wakes, serves nothing outdated", async () => {
  const own = await startNodes({ replicas: 1, options: ["--cluster-require-full-coverage", "no"] });
  const watchful = { ...patient, requestTimeout: 500, healthCheckInterval: 500 };
  const clientSideCache = cacheOf({ coherenceLeaseMs: 500, cacheNil: true });
  const client = await Client.connect(own.address, { ...watchful, clientSideCache });
  const other = await Client.connect(own.address, watchful);
  const keys = Array.from({ length: 20 }, (_, index) => `${tagOf(0)}${index}`);
  const far = `${tagOf(16383)}far`;
  const change = async (value) => {
    for (const [index, key] of keys.entries()) await (index % 3 === 0 ? other.del(key) : other.set(key, index % 3 === 1 ? "" : value));
  };
  const checkAll = async () => {
    for (const key of keys) assert.equal(await client.get(key), await other.get(key));
  };
  await change("old");
  await other.set(far, "there");
  for (const key of [...keys, far, ...keys]) await client.get(key);
  assert(keys.some((key) => client.cached(key) !== undefined));
  const owner = await own.ownerOf(0);
  own.freeze(owner);
  const lying = keys.map((key) => client.get(key, { maxStaleness: 0 }).catch(() => {}));
  await until(() => keys.every((key) => client.cached(key) === undefined));
  const written = (each) => each.set(`${tagOf(0)}probe`, "1").then(() => true, () => false);
  await until(() => written(other));
  keys.unshift(keys.pop());
  await change("new");
  await until(() => written(client));
  for (let i = 0; i < 2; ++i) await checkAll();
  assert.equal(await client.get(far), "there");
  own.thaw(owner);
  for (let i = 0; i < 10; ++i) await checkAll();
  await own.settle();
  await Promise.all(lying);
  await change("newer");
  await clientSideCache.barrier();
  for (let i = 0; i < 2; ++i) await checkAll();
  await client.close();
  await other.close();
  await own.stop();
});
