// Clients of a cluster that read from replicas, while slots move and nodes end: they are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ClientSideCache } from "../.build/index.js";
import { startNodes, tagOf } from "./package/cluster.mjs";
import { numbered, until } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };
// No replica is left because of the machine's load.
const replicasFirst = { ...patient, readFrom: "preferReplica", replicaLagMax: 60_000 };

const keyIn = (slot, name = "ship") => tagOf(slot) + name;

// Of three primaries each has one of these. The first one's shard is harmed.
const slots = [0, 8000, 16_383];
const [slot, other] = slots;

let world;
before(async () => {
  world = await startNodes({ replicas: 1, options: ["--repl-ping-replica-period", "1"] });
  // A node leaves a replica out of views as long as nothing was replicated to it, as far as it has heard. A client that got
  // such a view asks for another one ten seconds later at the earliest.
  const namesAll = async (node) => (await world.ask(node, "CLUSTER", "SLOTS")).every((range) => range.length === 4);
  for (const node of world.nodes) await until(() => namesAll(node));
});
after(async () => { await world.stop(); });

const known = (client, { address }) => client.topology().replicas.find((each) => each.address === address);
const replicaFor = async (of) => world.replicaOf(await world.ownerOf(of));

// Reads the slot until the client has read it from that node: a client asks for replicas only while it reads.
const comesToRead = async (client, of, replica) => {
  const reads = () => known(client, replica)?.reads ?? 0;
  const from = reads();
  await until(async () => {
    await client.get(keyIn(of, "nobody writes this"));
    return reads() > from;
  });
};

const readsAllSlots = async (client) => {
  for (const each of slots) await comesToRead(client, each, await replicaFor(each));
};

// Each key is read right behind its write, and again once that is acknowledged.
const checkOwnWrites = async (client, value, count = 100) => {
  for (const index of numbered(count)) {
    const key = `own${index}`;
    const [, seen] = await Promise.all([client.set(key, value), client.get(key)]);
    assert.equal(seen, value);
    assert.equal(await client.get(key), value);
  }
};

for (const protocol of [3, 2]) {
  test(`replicas answer the reads of their slots, and show what was just written (protocol ${protocol})`, async () => {
    const client = await Client.connect(world.address, { ...replicasFirst, protocol });
    await readsAllSlots(client);
    await checkOwnWrites(client, `of ${protocol}`);
    const { kind, nodes, replicas, replicasProblem } = client.topology();
    assert.deepEqual([kind, nodes.length, replicas.length, replicasProblem], ["cluster", 3, 3, undefined]);
    for (const each of slots) {
      const { primary, reads, latency, zone } = known(client, await replicaFor(each));
      assert.equal(primary, (await world.ownerOf(each)).address);
      assert(reads > 0 && latency > 0);
      assert.equal(zone, undefined);
    }
    const { replicas: counted, cluster } = client.getStatistics();
    assert(counted.reads > 0 && counted.rounds > 0);
    assert.deepEqual([counted.leftOut, cluster.moved], [0, 0]);
    await client.close();
    assert.equal(client.getStatistics().replicas.reads, counted.reads);
    assert.equal(client.topology().replicas.length, 3);
  });
}

test("without the option no replica is read or known, and with it those are idle that no read has needed", async () => {
  const client = await Client.connect(world.address, patient);
  await client.get(keyIn(slot));
  assert.deepEqual(client.topology().replicas, []);
  assert.equal(client.getStatistics().replicas.rounds, 0);
  await client.close();
  const reader = await Client.connect(world.address, replicasFirst);
  await comesToRead(reader, slot, await replicaFor(slot));
  const { state, reads } = known(reader, await replicaFor(other));
  assert.deepEqual([state, reads], ["idle", 0]);
  await reader.close();
});

test("an address that does not tell of the cluster is enough, also that of a replica", async () => {
  for (const { address } of [world.nodes[0], world.nodes[4]]) {
    const client = await Client.connect(`valkey://${address}`, replicasFirst);
    assert.equal(client.topology().kind, "cluster");
    await readsAllSlots(client);
    await checkOwnWrites(client, address, 20);
    await client.close();
  }
});

test("before it is known that there is a cluster, there are no replicas", async () => {
  const lazy = await Client.connect("valkey+cluster://127.0.0.1:1", { ...replicasFirst, lazyConnect: true });
  assert.deepEqual(lazy.topology().replicas, []);
  assert.deepEqual(lazy.getStatistics().replicas, { reads: 0, readsMoved: 0, readsBehind: 0, rounds: 0, leftOut: 0 });
  await lazy.close();
});

test("with a cache, a replica's answer is kept, and a write of the client is seen at once", async () => {
  const clientSideCache = new ClientSideCache({ maxCacheKb: 256, enableMetrics: true, coherenceLeaseMs: 60_000 });
  const client = await Client.connect(world.address, { ...replicasFirst, clientSideCache });
  const owner = await world.ownerOf(slot);
  const replica = await world.replicaOf(owner);
  await comesToRead(client, slot, replica);
  const key = keyIn(slot, "kept");
  await world.ask(owner, "SET", key, "by another");
  await until(async () => await client.get(key) === "by another");
  // A round asks for a key that was read; from then on the replica's entries are served.
  await until(async () => {
    const { hits } = clientSideCache.getStatistics();
    await client.get(key);
    return clientSideCache.getStatistics().hits > hits;
  });
  const { reads } = known(client, replica);
  for (const _ of numbered(100)) assert.equal(await client.get(key), "by another");
  assert.equal(known(client, replica).reads, reads);
  await world.ask(owner, "SET", key, "once more");
  await until(async () => await client.get(key) === "once more");
  await checkOwnWrites(client, "kept");
  await world.ask(owner, "SET", key, "last");
  await clientSideCache.barrier();
  assert.equal(await client.get(key), "last");
  await client.del(key);  // for those who count the keys that move
  await client.close();
});

test("a slot that moves key by key costs no read, and no value", async () => {
  const client = await Client.connect(world.address, replicasFirst);
  await readsAllSlots(client);
  const keys = numbered(20).map((index) => keyIn(slot, `moved${index}`));
  for (const key of keys) await client.set(key, key);
  const checkAll = async () => assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), keys);
  await comesToRead(client, slot, await replicaFor(slot));
  const to = await world.ownerOf(other);
  await world.beginMove(slot, to);
  await checkAll();
  for (const _ of numbered(4)) {
    await world.migrateKeys(slot, to, 5);
    await checkAll();
  }
  await world.finishMove(slot, to);
  await checkAll();
  await comesToRead(client, slot, await world.replicaOf(to));
  await checkAll();
  await world.moveSlot(slot, world.nodes[0]);
  await checkAll();
  await client.close();
});

test("a replica that is killed costs no read", async () => {
  const client = await Client.connect(world.address, replicasFirst);
  await readsAllSlots(client);
  await client.set(keyIn(other), "here");
  const victim = await replicaFor(other);
  await comesToRead(client, other, victim);
  const reads = numbered(50).map(() => client.get(keyIn(other)));
  world.kill(victim);
  reads.push(...numbered(50).map(() => client.get(keyIn(other))));
  assert((await Promise.all(reads)).every((value) => value === "here"));
  await until(async () => {
    assert.equal(await client.get(keyIn(other)), "here");
    return known(client, victim)?.state !== "ready";
  });
  await checkOwnWrites(client, "without it");
  await client.close();
});

test("a primary that is killed is replaced, and reads go on meanwhile and afterwards", async () => {
  const client = await Client.connect(world.address, replicasFirst);
  const old = await world.ownerOf(slot);
  const next = await world.replicaOf(old);
  await comesToRead(client, slot, next);
  world.kill(old);
  for (const _ of numbered(50)) await client.get(keyIn(slot, "nobody writes this"));
  await world.untilOwner(slot, next);
  // The client may have sent it to the old one.
  await client.set(keyIn(slot), "later").catch(({ executed }) => assert.equal(executed, "maybe"));
  await checkOwnWrites(client, "after the failover");
  await client.close();
});
