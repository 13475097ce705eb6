// Clients of a cluster: the servers are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startNodes } from "./package/cluster.mjs";
import { numbered, until } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };

let world;
before(async () => { world = await startNodes({ nodeTimeout: 60_000 }); });
after(() => world.stop());

// The server that has the slot of a key, another one, and the number of the slot.
const placeOf = async (client, key) => {
  const slot = await client.command(["CLUSTER", "KEYSLOT", key]);
  const owner = await world.ownerOf(slot);
  return { slot, owner, other: world.nodes.find((node) => node !== owner) };
};

test("each key is kept by the server that has its slot, whichever the client was told", async () => {
  const client = await Client.connect(`valkey+cluster://${world.nodes[1].address}`, patient);
  await Promise.all(numbered(30).map((index) => client.set(`key${index}`, index)));
  const values = await Promise.all(numbered(30).map((index) => client.get(`key${index}`)));
  assert.deepEqual(values, numbered(30).map(String));
  const { nodes, ...rest } = client.topology();
  assert.deepEqual(rest, { kind: "cluster", primary: client.server, sentinels: [], replicas: [], slotsUnserved: 0 });
  const byAddress = (a, b) => a.address < b.address ? -1 : 1;
  assert.deepEqual([...nodes].sort(byAddress), world.nodes.map(({ address, id }, index) =>
    ({ address, id, state: "ready", slots: index === 2 ? 5462 : 5461, inFlight: 0 })).sort(byAddress));
  const { cluster } = client.getStatistics();
  assert.deepEqual({ ...cluster, views: 1 },
    { moved: 0, asked: 0, sentAgain: 0, views: 1, viewsRefused: 0, nodesLeftOut: 0, scattered: 0, parts: 0,
      parked: 0, shareReached: 0 });
  await client.close();
  assert.deepEqual(client.topology().nodes.map(({ slots }) => slots).sort(), [5461, 5461, 5462]);
  assert.equal(client.getStatistics().cluster.views, cluster.views);
});

test("batches, transactions and prefixes go by the slots of their keys", async () => {
  const client = await Client.connect(world.address, { ...patient, keyPrefix: "own:" });
  const batch = client.batch();
  for (const index of numbered(20)) batch.set(`b${index}`, index);
  for (const index of numbered(20)) batch.get(`b${index}`);
  assert.deepEqual((await batch.exec()).slice(20), numbered(20).map(String));
  assert.deepEqual(await client.transaction((all) => [all.set("{a}one", "1"), all.get("{a}one")]), [true, "1"]);
  // One slot by the tag of the prefix, and two without it.
  const tagged = await client.duplicate({ keyPrefix: "{own}" });
  await tagged.mset({ one: "1", two: "2" });
  assert.deepEqual(await tagged.mget(["one", "two"]), ["1", "2"]);
  await tagged.close();
  await client.close();
});

test("subscriptions to channels work", async () => {
  const client = await Client.connect(world.address, patient);
  const subscription = await client.subscribe("news");
  await client.publish("news", "early");
  const { value } = await subscription[Symbol.asyncIterator]().next();
  assert.equal(value.message, "early");
  subscription.close();
  await client.close();
});

test("what does not work in a cluster is refused, and nothing is sent", async () => {
  const client = await Client.connect(world.address, patient);
  const refused = (call, code, message) => assert.rejects(call, { name: "ConfigurationError", code, executed: "no", message });
  await refused(client.sinter(["a", "b"]), "invalid_argument", /CROSSSLOT/);
  await refused(client.transaction((all) => [all.set("a", "1"), all.set("b", "2")]), "invalid_argument", /CROSSSLOT/);
  for (const call of [client.info(), client.memoryStats()]) {
    await refused(call, "refused_command", /nodes of the cluster answer/);
  }
  assert.equal(await client.exists("a"), 0);
  await client.close();
});

test("a slot on its way is followed, with values of any size and in order", async () => {
  const client = await Client.connect(world.address, patient);
  const { slot, owner, other } = await placeOf(client, "{moves}");
  const large = new Uint8Array(500_000).fill(7);
  await client.set("{moves}old", "stays");
  await world.beginMove(slot, other);
  const counts = await Promise.all(numbered(100).map(() => client.incr("{moves}count")));
  assert.deepEqual(counts, numbered(100).map((index) => index + 1));
  assert.equal(await client.set("{moves}large", large), true);
  assert.deepEqual(await client.get("{moves}large", { as: "bytes" }), large);
  assert.deepEqual(await client.transaction((all) => [all.set("{moves}new", large), all.strlen("{moves}new")]), [true, 500_000]);
  assert.equal(await client.get("{moves}old"), "stays");
  assert(client.getStatistics().cluster.asked > 0);

  await world.migrateKeys(slot, other);
  await world.finishMove(slot, other);
  const later = await Promise.all(numbered(100).map(() => client.incr("{moves}count")));
  assert.deepEqual(later, numbered(100).map((index) => index + 101));
  assert.deepEqual(await client.get("{moves}large", { as: "bytes" }), large);
  assert.equal(await client.get("{moves}old"), "stays");
  assert(client.getStatistics().cluster.moved > 0);
  await client.close();
});

test("a server that is gone is named, and the others serve what is theirs", async () => {
  const own = await startNodes({ primaries: 2, options: ["--cluster-require-full-coverage", "no"] });
  const [stays, goes] = own.nodes;
  const client = await Client.connect(`valkey+cluster://${stays.address}`, patient);
  const keys = numbered(20).map((index) => `key${index}`);
  await Promise.all(keys.map((key) => client.set(key, "1")));
  const slots = await Promise.all(keys.map((key) => client.command(["CLUSTER", "KEYSLOT", key])));
  const ofStaying = keys.filter((_, index) => slots[index] < 8192);
  const [ofGoing] = keys.filter((_, index) => slots[index] >= 8192);
  own.kill(goes);
  const known = () => client.topology().nodes.find(({ address }) => address === goes.address);
  // A call that is sent before would be in doubt, and then nobody would need the server any more.
  await until(() => known().state !== "ready");
  const waits = client.get(ofGoing);
  waits.catch(() => {});
  await until(() => known().state !== "ready" && /ECONNREFUSED/.test(known().problem));
  assert.deepEqual(await Promise.all(ofStaying.map((key) => client.get(key))), ofStaying.map(() => "1"));
  const closed = client.close();
  await assert.rejects(waits, { code: "lost_unsent", executed: "no", message: /the client was closed/ });
  await closed;
  await own.stop();
});
