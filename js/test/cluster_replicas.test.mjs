// Clients that read from the replicas of a cluster: the servers are real ones.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, ClientSideCache } from "../.build/index.js";
import { startNodes, tagOf } from "./package/cluster.mjs";

const reading = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20, readFrom: "preferReplica" };

const until = async (condition) => {
  while (!await condition()) await sleep(5);
};

const key = `${tagOf(0)}ship`;

let world;
before(async () => { world = await startNodes({ replicas: 1, options: ["--cluster-require-full-coverage", "no"] }); });
beforeEach(() => world.settle());
after(() => world.stop());

// Reads the key until a replica has answered ten more reads.
const readAtReplicas = async (client, value) => {
  const { reads } = client.getStatistics().replicas;
  await until(async () => {
    assert.equal(await client.get(key), value);
    return client.getStatistics().replicas.reads >= reads + 10;
  });
};

for (const [name, addressOf] of [["a client that is told of the cluster", ({ address }) => address],
  ["a client that finds the cluster", ({ nodes }) => `valkey://${nodes[0].address}`]]) {
  test(`${name} reads from replicas, and topology() says which`, async () => {
    const client = await Client.connect(addressOf(world), reading);
    await client.set(key, "here");
    await readAtReplicas(client, "here");
    const owner = await world.ownerOf(0);
    const replica = await world.replicaOf(owner);
    const { replicas, nodes } = client.topology();
    assert.equal(nodes.length, 3);
    assert.equal(replicas.length, 3);
    const { reads, latency, ...known } = replicas.find(({ address }) => address === replica.address);
    assert.deepEqual(known, { address: replica.address, primary: owner.address, state: "ready", inFlight: 0, readsMoved: 0 });
    assert(reads >= 10 && latency > 0);
    for (const each of replicas) if (each.address !== replica.address) assert.equal(each.state, "idle");
    await client.close();
    assert(client.getStatistics().replicas.reads >= reads);
  });
}

test("what was just written is read back, while the slot goes to and fro", async () => {
  const client = await Client.connect(world.address, reading);
  await client.set(key, "first");
  await readAtReplicas(client, "first");
  const owner = await world.ownerOf(0);
  const other = world.nodes.slice(0, 3).find((node) => node !== owner);
  for (const to of [other, owner]) {
    await world.moveSlot(0, to);
    for (let i = 0; i < 50; ++i) {
      await client.set(key, `${i}`);
      assert.equal(await client.get(key), `${i}`);
    }
  }
  await readAtReplicas(client, "49");
  await client.close();
});

test("a replica that is killed costs no call", async () => {
  const client = await Client.connect(world.address, reading);
  await client.set(key, "here");
  await readAtReplicas(client, "here");
  world.kill(await world.replicaOf(await world.ownerOf(0)));
  for (let i = 0; i < 100; ++i) assert.equal(await client.get(key), "here");
  await client.close();
});

test("a cache, and replicas of a cluster, do not go together yet", async () => {
  const clientSideCache = new ClientSideCache({ maxCacheKb: 64 });
  await assert.rejects(Client.connect(`valkey://${world.nodes[0].address}`, { ...reading, clientSideCache }),
    { code: "invalid_option", message: /clientSideCache, readFrom names replicas, and they are of a cluster/ });
});
