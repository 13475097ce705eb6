// Walks over all keys of a cluster, while slots move and primaries are replaced. The servers are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startNodes, tagOf } from "./package/cluster.mjs";
import { numbered } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };

const keysCount = 20_000;
const busySlots = [7, 3000, 6000, 9999, 12_345, 16_000];
const busyKeys = 50;

let world;
before(async () => {
  world = await startNodes({ replicas: 1, options: ["--cluster-require-full-coverage", "no"] });
});
after(() => world.stop());

// Each key has reached the replica of its primary.
const fill = async (client, name) => {
  const tagged = busySlots.flatMap((slot) => numbered(busyKeys).map((index) => `${tagOf(slot)}${name}${index}`));
  const keys = [...numbered(keysCount).map((index) => `${name}${index}`), ...tagged];
  for (let at = 0; at < keys.length; at += 500) {
    await Promise.all(keys.slice(at, at + 500).map((key) => client.set(key, "x")));
  }
  for (const node of world.nodes) await world.tryToAsk(node, "WAIT", 1, 10_000);
  return keys;
};

// Calls `between` before each page.
const walk = async (client, options, between = () => undefined) => {
  const found = new Set();
  let pages = 0;
  await between(pages);
  for await (const page of client.scan(options)) {
    for (const key of page) found.add(key);
    await between(++pages);
  }
  return { found, pages };
};

const missing = (keys, { found }) => keys.filter((key) => !found.has(key));

test("scan() walks over all nodes, and takes the options of SCAN", async () => {
  const client = await Client.connect(world.address, patient);
  const keys = await fill(client, "user:");
  await client.sadd("user:set", ["x"]);
  assert.deepEqual(missing(keys, await walk(client, { count: 1000 })), []);
  const some = await walk(client, { count: 1000, match: "user:1*", type: "string" });
  assert.equal(some.found.size, 11_111);
  assert.deepEqual([...(await walk(client, { count: 1000, match: "user:*", type: "set" })).found], ["user:set"]);
  assert.equal((await walk(client, { count: 1_000_000 })).pages, 3);
  await client.close();
});

test("a walk can be left, and another client goes on at its cursor", async () => {
  const client = await Client.connect(world.address, patient);
  const keys = await fill(client, "left:");
  const found = new Set();
  let cursor = "0";
  do {
    const other = await client.duplicate();
    const part = other.scan({ count: 100, cursor });
    let pages = 0;
    for await (const page of part) {
      for (const key of page) found.add(key);
      if (++pages === 40) break;
    }
    ({ cursor } = part);
    await other.close();
  } while (cursor !== "0");
  assert.deepEqual(missing(keys, { found }), []);
  const { cursor: next, elements } = await client.scan("0", { count: 100 });
  assert.match(next, /^walk1-/);
  assert(elements.length > 0);
  await client.close();
});

test("what is no cursor of a walk is refused, and the server's words are told", async () => {
  const client = await Client.connect(world.address, patient);
  for (const cursor of ["17", "walk1-AAAA", ""]) {
    await assert.rejects(client.scan(cursor), { code: "invalid_argument", message: /cursor/ });
  }
  await assert.rejects(client.command(["SCAN", "0", "MATCH"]), { message: /syntax error/ });
  await client.close();
});

test("a walk misses no key while slots move key by key in all directions", async () => {
  const client = await Client.connect(world.address, patient);
  const keys = await fill(client, "moving:");
  let moves = 0;
  let step = 0;
  let to;
  const move = async () => {
    const slot = busySlots[moves % busySlots.length];
    switch (step++ % 4) {
      case 0: {
        const from = world.nodes.slice(0, 3).indexOf(await world.ownerOf(slot));
        to = world.nodes[(from + 1 + moves % 2) % 3];
        return world.beginMove(slot, to);
      }
      case 1: return world.migrateKeys(slot, to, busyKeys / 2);
      case 2: return world.migrateKeys(slot, to);
      default:
        await world.finishMove(slot, to);
        ++moves;
    }
  };
  for (const every of [2, 13]) {
    const most = moves + 12;
    const walked = await walk(client, { count: 100 }, async (page) => {
      if (page % every === 0 && moves < most) await move();
    });
    assert.deepEqual(missing(keys, walked), []);
  }
  assert(moves > 12, `${moves}`);
  while (step % 4 !== 0) await move();
  await client.close();
});

test("a walk misses no key while primaries are replaced", async () => {
  const client = await Client.connect(world.address, patient);
  const keys = await fill(client, "replaced:");
  const failedOver = await walk(client, { count: 100 }, async (page) => {
    if (page === 30) await world.failOver(await world.replicaOf(await world.ownerOf(0)));
  });
  assert.deepEqual(missing(keys, failedOver), []);
  await world.settle();
  const killed = await walk(client, { count: 100 }, async (page) => {
    if (page === 50) world.kill(await world.ownerOf(0));
  });
  assert.deepEqual(missing(keys, killed), []);
  await client.close();
});
