// Clients of a cluster that block, have a connection alone or hear shard channels: the servers are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { slotOf, startNodes } from "./package/cluster.mjs";
import { sleep, until } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };

let world;
before(async () => { world = await startNodes({ nodeTimeout: 60_000 }); });
after(() => world.stop());

// The node that has the slot of a key, and another one.
const placeOf = async (key) => {
  const slot = slotOf(key);
  const owner = await world.ownerOf(slot);
  return { slot, owner, other: world.nodes.find((node) => node !== owner) };
};
const blockedAt = async (node) =>
  Number(/blocked_clients:(\d+)/.exec(await world.ask(node, "INFO", "clients"))[1]);

test("commands that block wait at the owner of their keys, and go along with a slot", async () => {
  const client = await Client.connect(world.address, patient);
  for (const key of ["{a}list", "{b}list", "{c}list"]) {
    const { slot, owner, other } = await placeOf(key);
    const popped = client.blpop(key, 0);
    await until(async () => await blockedAt(owner) === 1);
    await world.moveSlot(slot, other);
    await until(async () => await blockedAt(other) === 1);
    await client.rpush(key, "one");
    assert.deepEqual(await popped, { key, element: "one" });
  }
  assert.equal(await client.blpop("{a}list", 0.02), null);
  const read = client.xread({ "{b}stream": "$" }, { block: 0 });
  const { owner } = await placeOf("{b}stream");
  await until(async () => await blockedAt(owner) === 1);
  await client.xadd("{b}stream", { ship: "Victory" });
  assert.match(JSON.stringify(await read), /Victory/);
  await client.close();
});

test("a command that has gone along can be cancelled, and blocks no more", async () => {
  const client = await Client.connect(world.address, patient);
  const key = "{d}list";
  const { slot, owner, other } = await placeOf(key);
  const abort = new AbortController();
  const popped = client.blpop(key, 0, { signal: abort.signal });
  await until(async () => await blockedAt(owner) === 1);
  await world.moveSlot(slot, other);
  await until(async () => await blockedAt(other) === 1);
  abort.abort();
  await assert.rejects(popped, { name: "CancelledError" });
  await until(async () => await blockedAt(other) === 0);
  await client.rpush(key, "kept");
  assert.deepEqual(await client.blpop(key, 0), { key, element: "kept" });
  await client.close();
});

test("exclusive() leads to the owner of the keys, and what is watched holds", async () => {
  const client = await Client.connect(world.address, patient);
  await client.exclusive(async (own) => {
    for (const key of ["{e}x", "{f}x", "{g}x"]) {
      await own.set(key, "mine");
      assert.equal(await own.get(key), "mine");
    }
    await own.watch("{e}x");
    await assert.rejects(own.get("{f}x"), { code: "invalid_argument", message: /watches keys of another slot/ });
    await client.set("{e}x", "theirs");
    const lost = own.transaction();
    lost.set("{e}x", "lost").catch(() => {});
    await assert.rejects(lost.exec(), { code: "transaction_aborted" });
  });
  assert.equal(await client.get("{e}x"), "theirs");
  await client.close();
});

test("transact() begins anew when its slot moves after WATCH, and counts right", async () => {
  const client = await Client.connect(world.address, patient);
  const key = "{h}count";
  await client.set(key, "0");
  let attempts = 0;
  for (let turn = 1; turn <= 4; ++turn) {
    let isMoved = false;
    await client.transact(key, async (own) => {
      ++attempts;
      if (!isMoved) {
        isMoved = true;
        const { slot, other } = await placeOf(key);
        await world.moveSlot(slot, other);
      }
      const before = Number(await own.get(key));
      const both = own.transaction();
      both.set(key, before + 1);
      return both;
    });
    assert.equal(await client.get(key), String(turn));
  }
  assert.equal(attempts, 8);
  await client.close();
});

test("transact() waits while nobody serves its slot", async () => {
  const client = await Client.connect(world.address, patient);
  const key = "{i}count";
  await client.set(key, "1");
  const { slot, owner } = await placeOf(key);
  const refused = async () =>
    Number(/errorstat_CLUSTERDOWN:count=(\d+)/.exec(await world.ask(owner, "INFO", "errorstats"))?.[1] ?? 0);
  const before = await refused();
  let attempts = 0;
  const counted = client.transact(key, async (own) => {
    if (++attempts === 1) await world.ask(owner, "CLUSTER", "DELSLOTS", String(slot));
    const both = own.transaction();
    both.incr(key);
    return both;
  });
  // EXEC is refused, and the next WATCH; then the node serves the slot again.
  await until(async () => await refused() > before + 1);
  await world.ask(owner, "CLUSTER", "ADDSLOTS", String(slot));
  assert.deepEqual(await counted, [2]);
  assert.equal(attempts, 2);
  // A transaction that is not repeated says why none of it has run.
  await world.ask(owner, "CLUSTER", "DELSLOTS", String(slot));
  await client.exclusive(async (own) => {
    const alone = own.transaction();
    alone.incr(key).catch(() => {});
    await assert.rejects(alone.exec(), { name: "ServerError", code: "cluster_down", executed: "no" });
  });
  await world.ask(owner, "CLUSTER", "ADDSLOTS", String(slot));
  await client.close();
});

test("transact() waits until the rest of a half-moved slot has followed", async () => {
  const client = await Client.connect(world.address, patient);
  const key = "{i}moved";
  await client.set(key, "1");
  const { slot, owner, other } = await placeOf(key);
  const refused = async () =>
    Number(/errorstat_ASK:count=(\d+)/.exec(await world.ask(owner, "INFO", "errorstats"))?.[1] ?? 0);
  const before = await refused();
  await world.beginMove(slot, other);
  await world.migrateKeys(slot, other);
  // An exclusive connection leads to the owner, which refuses the key that it has given away.
  const counted = client.transact(key, (own) => {
    const alone = own.transaction();
    alone.incr(key);
    return alone;
  });
  counted.catch(() => {});
  await until(async () => await refused() >= before + 4);
  await world.finishMove(slot, other);
  assert.deepEqual(await counted, [2]);
  await client.close();
});

test("a connection that was given back is refused, and every place is free again", async () => {
  const client = await Client.connect(world.address, { ...patient, blockingConnectionsMax: 2 });
  let kept;
  await client.exclusive(async (own) => {
    kept = own;
    await own.set("{a}x", "1");
  });
  await assert.rejects(kept.get("{a}x"), { message: /given back/ });
  for (let turn = 0; turn < 200; ++turn) {
    await Promise.all(["{a}x", "{b}x"].map((key) => client.exclusive((own) => own.set(key, turn))));
  }
  await client.exclusive(() => client.exclusive(() =>
    assert.rejects(client.exclusive(() => {}), { name: "LimitError" })));
  // Nothing is awaited: the client is closed while users have their connections.
  const ends = [1, 2].map((turn) => client.exclusive(async (own) => {
    await own.set(`{${turn}}y`, "1");
    await client.close();
    await own.get(`{${turn}}y`);
  }));
  for (const end of await Promise.allSettled(ends)) assert.equal(end.status, "rejected");
});

test("a subscription to shard channels follows its slot, and tells of the gap", async () => {
  const client = await Client.connect(world.address, patient);
  const channel = "{i}news";
  const subscription = await client.subscribe([channel, "{i}more"], { kind: "shardChannels" });
  const messages = subscription[Symbol.asyncIterator]();
  await client.spublish(channel, "early");
  assert.equal((await messages.next()).value.message, "early");
  for (let turn = 0; turn < 3; ++turn) {
    const { slot, other } = await placeOf(channel);
    await world.moveSlot(slot, other);
    const text = `turn ${turn}`;
    const next = messages.next();
    let isHeard = false;
    next.then(() => { isHeard = true; });
    while (!isHeard) {
      await client.spublish(channel, text);
      await sleep(10);
    }
    const { value } = await next;
    assert.equal(value.message, text);
    assert(value.gaps > 0);
    await client.spublish("{i}more", `end ${turn}`);
    for (;;) {
      const { value: later } = await messages.next();
      assert.equal(later.gaps, 0);
      if (later.message === `end ${turn}`) break;
    }
  }
  await assert.rejects(client.subscribe(["{i}news", "{j}news"], { kind: "shardChannels" }), { code: "invalid_argument" });
  subscription.close();
  await client.close();
});
