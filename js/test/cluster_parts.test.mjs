// Requests of a client of a cluster that go to several servers, in parts. The servers are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startNodes, tagOf } from "./package/cluster.mjs";
import { numbered, sleep } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };
const splitting = { ...patient, crossSlotWrites: "split" };

// Of three primaries each has one of these slots.
const [one, two, three] = [0, 8000, 16_383].map((slot) => `${tagOf(slot)}ship`);

let world;
before(async () => { world = await startNodes({ nodeTimeout: 60_000 }); });
after(() => world.stop());

test("ten thousand keys are set, read in order, counted and deleted by one call each", async () => {
  const client = await Client.connect(world.address, splitting);
  await client.flushall();
  const keys = numbered(10_000).map((index) => `key${index}`);
  await client.mset(Object.fromEntries(keys.map((key, index) => [key, index])));
  assert.equal(await client.dbsize(), keys.length);
  assert.deepEqual(await client.mget(keys), numbered(keys.length).map(String));
  assert.equal(await client.exists(keys), keys.length);
  assert.deepEqual([...await client.keys("key*")].sort(), [...keys].sort());
  assert.equal(await client.del(keys), keys.length);
  assert.equal(await client.dbsize(), 0);
  const { inFlight, cluster: { scattered, parts } } = client.getStatistics();
  assert.equal(inFlight, 0);
  assert.equal(scattered, 8);
  assert(parts > 20_000);
  await client.close();
});

test("values of any size are set in parts", async () => {
  const client = await Client.connect(world.address, splitting);
  const sizes = [300_000, 5, 70_000, 0];
  const keys = [one, two, three, `${one}2`];
  const values = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
  await client.command(["MSET", ...keys.flatMap((key, index) => [key, values[index]])]);
  assert.deepEqual(await client.mget(keys, { as: "bytes" }), values);
  await client.mset(Object.fromEntries(keys.map((key, index) => [key, Buffer.from(values[index])])));
  // What is called behind it comes behind it.
  const [, got] = await Promise.all([client.command(["MSET", one, values[0], two, values[2]]), client.get(two, { as: "bytes" })]);
  assert.deepEqual(got, values[2]);
  assert.equal(await client.del(keys), 4);
  await client.close();
});

test("keys have the prefix in each part", async () => {
  const client = await Client.connect(world.address, { ...splitting, keyPrefix: "own:" });
  await client.mset({ a: "1", b: "2", c: "3" });
  assert.deepEqual(await client.mget(["c", "b", "a", "d"]), ["3", "2", "1", null]);
  const other = await client.duplicate({ keyPrefix: "" });
  assert.equal(await other.get("own:b"), "2");
  assert.equal(await client.del(["a", "b", "c"]), 3);
  await other.close();
  await client.close();
});

test("MSET over several slots is refused by default, with the option that allows it", async () => {
  const client = await Client.connect(world.address, patient);
  await assert.rejects(client.mset({ [one]: "1", [two]: "2" }),
    { name: "ConfigurationError", code: "invalid_argument", executed: "no", message: /crossSlotWrites/ });
  assert.equal(await client.exists([one, two]), 0);
  await assert.rejects(Client.connect(world.address, { crossSlotWrites: "yes" }), { message: /crossSlotWrites/ });
  await client.close();
});

test("what concerns every server reaches each", async () => {
  const client = await Client.connect(world.address, patient);
  const sha = await client.scriptLoad("return 'hello'");
  for (const node of world.nodes) assert.equal(String(await world.ask(node, "SCRIPT", "EXISTS", sha)), "1");
  assert.deepEqual(await client.scriptExists([sha, "0".repeat(40)]), [true, false]);
  await assert.rejects(client.scriptKill(), { message: /NOTBUSY.*of 3 parts of the request had run/ });
  await client.flushall();
  assert.equal(await client.randomkey(), null);
  await client.set(two, "1");
  assert.equal(await client.randomkey(), two);
  await client.flushdb();
  assert.equal(await client.dbsize(), 0);
  await client.close();
});

test("a batch may have such requests, and each has its outcome", async () => {
  const client = await Client.connect(world.address, splitting);
  const batch = client.batch();
  batch.mset({ [one]: "1", [two]: "2", [three]: "3" });
  batch.mget([three, two, one]);
  batch.dbsize();
  batch.del([one, two, three]);
  batch.get(one);
  assert.deepEqual((await batch.exec()).slice(1), [["3", "2", "1"], 3, 3, null]);
  await client.close();
});

test("requests behind one of many parts keep their order", async () => {
  const client = await Client.connect(world.address, { ...splitting, inflightRequestsLimit: 20 });
  const keys = numbered(300).map((index) => `many${index}`);
  await client.mset(Object.fromEntries(keys.map((key) => [key, "0"])));
  const all = await Promise.all([client.del(keys), client.incr("many7"), client.exists(keys), client.incr("many7"), client.get("many7"),
    client.ping(), client.del(keys), client.get("many7")]);
  assert.deepEqual(all, [300, 1, 1, 2, "2", "PONG", 1, null]);
  await client.close();
});

test("no value is missing while a slot moves, and a killed server is named", async () => {
  const own = await startNodes({ primaries: 2, options: ["--cluster-require-full-coverage", "no"] });
  const client = await Client.connect(own.address, splitting);
  const keys = [...numbered(100).map((index) => `key${index}`), ...numbered(30).map((index) => `${tagOf(5)}${index}`)];
  await client.mset(Object.fromEntries(keys.map((key, index) => [key, index])));
  const expected = numbered(keys.length).map(String);
  const [owner, other] = own.nodes;
  const reads = [];
  let isOver = false;
  const reading = (async () => {
    while (!isOver) {
      reads.push(client.mget(keys));
      await sleep(1);
    }
  })();
  await own.beginMove(5, other);
  await own.migrateKeys(5, other);
  await own.finishMove(5, other);
  isOver = true;
  await reading;
  for (const values of await Promise.all(reads)) assert.deepEqual(values, expected);

  own.kill(other);
  const error = await client.mget(keys, { timeout: 500 }).catch((reason) => reason);
  assert.match(error.message, /of \d+ parts of the request had run/);
  assert(owner.isRunning);
  await client.close();
  await own.stop();
});
