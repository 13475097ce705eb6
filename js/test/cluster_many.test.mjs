// A cluster with more primaries than a client has connections for other uses.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startNodes, tagOf } from "./package/cluster.mjs";

const primaries = 30;
const slotOfNode = (node) => Math.floor(node * 16_384 / primaries) + 1;
const keyOf = (node, name = "ship") => tagOf(slotOfNode(node)) + name;
const numbers = Array.from({ length: primaries }, (_, node) => node);
const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };

let world;
before(async () => { world = await startNodes({ primaries, nodeTimeout: 10_000 }); });
after(async () => { await world.stop(); });

test("a client reaches every one of 30 primaries, for all that it does in a cluster", async () => {
  const client = await Client.connect(world.address, { ...patient, blockingConnectionsMax: 40, subscriptionsMax: 20 });
  await Promise.all(numbers.map((node) => client.set(keyOf(node), `${node}`)));
  assert.deepEqual(await client.mget(numbers.map((node) => keyOf(node))), numbers.map(String));
  assert.equal(await client.dbsize(), primaries);

  const popped = client.blpop([keyOf(primaries - 2, "list")], 0);
  await client.rpush(keyOf(primaries - 2, "list"), ["here"]);
  assert.equal((await popped).element, "here");

  await world.moveSlot(slotOfNode(primaries - 1), world.nodes[0]);
  assert.equal(await client.get(keyOf(primaries - 1)), "29");
  await world.moveSlot(slotOfNode(0), world.nodes[primaries - 1]);
  await client.set(keyOf(0), "moved");
  assert.equal(await client.get(keyOf(0)), "moved");

  const { nodes, slotsUnserved } = client.topology();
  assert.equal(nodes.length, primaries);
  assert.equal(slotsUnserved, 0);
  await client.close();
});

test("what a node's socket had no room for arrives once the node reads on", async () => {
  const client = await Client.connect(world.address, patient);
  await client.set(keyOf(2, "slow"), "");
  const large = "v".repeat(12 << 20);
  world.freeze(world.nodes[2]);
  const appended = client.append(keyOf(2, "slow"), large);
  for (let i = 0; i < 3; ++i) assert.equal(await client.get(keyOf(3)), "3");
  world.thaw(world.nodes[2]);
  assert.equal(await appended, large.length);
  await client.close();
});
