// A bridge in front of a cluster, as this package's client sees it: one server that has all slots. The bridge, the nodes
// and the moves of slots are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, defineFunction, defineScript } from "plimsoll";

import { slotOf, startNodes, tagOf } from "./cluster.mjs";
import { RespClient } from "./resp.mjs";
import { requestTimeout, startSharedBridge, toCluster } from "./shared_bridge.mjs";
import { numbered, until } from "./wait.mjs";

let world;
let bridge;

before(async () => {
  world = await startNodes({ replicas: 1, nodeTimeout: 60_000 });
  for (const node of world.nodes) {
    await world.ask(node, "ACL", "SETUSER", "page", "on", ">page", "~*", "&*", "+@all");
    await world.ask(node, "ACL", "SETUSER", "small", "on", ">small", "~public:*", "&*", "+@all", "-incr");
  }
  bridge = await startSharedBridge(toCluster(world),
    { users: { page: "page", small: "small" }, profile: 'deny = ["flushdb"]' });
});
after(async () => {
  await bridge.stop();
  await world.stop();
});

const primaries = () => world.nodes.slice(0, 3);

// The primary that has a slot, and another one.
const placeOf = async (slot) => {
  const owner = await world.ownerOf(slot);
  return { owner, other: primaries().find((node) => node !== owner) };
};
const moveAway = async (slot) => world.moveSlot(slot, (await placeOf(slot)).other);

// A client of the cluster itself, as a user: what it says is what the bridge's clients should hear.
const connectDirectly = (user) =>
  Client.connect(world.address, { username: user, password: user, requestTimeout, connectTimeout: 30_000 });

test("the client sees one server, and keys of all slots", async () => {
  const client = await bridge.connect();
  const keys = numbered(500).map((index) => `key${index}`);
  await Promise.all(keys.map((key, index) => client.set(key, index)));
  assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), numbered(500).map(String));
  assert.equal(client.topology().kind, "standalone");
  const sizes = await Promise.all(primaries().map((node) => world.ask(node, "DBSIZE")));
  assert(sizes.every((size) => size > 100), `the nodes have ${sizes} keys`);
  assert.equal(await client.dbsize(), sizes.reduce((sum, size) => sum + size, 0));

  assert.deepEqual(await client.mget([...keys, "none"]), [...numbered(500).map(String), null]);
  assert.equal(await client.exists(keys), 500);
  assert.equal(await client.del(keys.slice(0, 400)), 400);
  const found = new Set();
  for await (const page of client.scan({ match: "key*", count: 50 })) for (const key of page) found.add(key);
  assert.deepEqual([...found].sort(), keys.slice(400).sort());
  // By hand, as other libraries do it.
  const byHand = new Set();
  let cursor = "0";
  do {
    const page = await client.scan(cursor, { count: 20 });
    for (const key of page.elements) byHand.add(key);
    ({ cursor } = page);
  } while (cursor !== "0");
  assert(keys.slice(400).every((key) => byHand.has(key)));
  assert.equal(await client.unlink(keys), 100);
});

test("keys with one tag go together, and a batch may have any", async () => {
  const client = await bridge.connect();
  await client.mset({ "{tag}one": "1", "{tag}two": "2" });
  assert.deepEqual(await client.sunion(["{tag}none", "{tag}never"]), new Set());
  assert.equal(await client.rename("{tag}one", "{tag}three"), undefined);
  const batch = client.batch();
  for (const index of numbered(100)) batch.incr(`counted${index}`);
  batch.mget(["{tag}three", "{tag}two", "counted7"]);
  assert.deepEqual((await batch.exec()).slice(98), [1, 1, ["1", "2", "1"]]);
});

test("what is not awaited keeps its order while the slot moves back and forth", async () => {
  const client = await bridge.connect({ inflightRequestsLimit: 1000 });
  const key = `${tagOf(77)}list`;
  let pushed = 0;
  let isOver = false;
  const errors = [];
  const pushing = (async () => {
    while (!isOver) {
      const burst = numbered(200).map(() => client.rpush(key, `${pushed++}`).catch((error) => { errors.push(error); }));
      await Promise.all(burst);
    }
  })();
  for (let turn = 0; turn < 6; ++turn) {
    const before = pushed;
    await moveAway(77);
    await until(() => pushed > before + 400);
  }
  isOver = true;
  await pushing;
  assert.deepEqual(errors, []);
  assert.deepEqual(await client.lrange(key, 0, -1), numbered(pushed).map(String));
});

test("requests of several slots are answered in the order in which they were sent", async () => {
  const client = await RespClient.overWebSocket(bridge.address, bridge.tokens.page);
  const keys = numbered(300).map((index) => `order${index}`);
  client.send(...keys.map((key, index) => ["SET", key, index]));
  for (const _ of keys) assert.equal(await client.next(), "+OK\r\n");
  const moving = moveAway(slotOf(keys[5]));
  client.send(...keys.map((key) => ["GET", key]));
  for (const index of keys.keys()) assert.equal(await client.next(), `$${`${index}`.length}\r\n${index}\r\n`);
  await moving;
  client.drop();
});

test("transactions run as a whole, also when their slot is on its way", async () => {
  const client = await bridge.connect();
  const key = `${tagOf(78)}count`;
  assert.deepEqual(await client.transaction((all) => [all.set(key, "1"), all.incr(key), all.get(key)]), [true, 2, "2"]);
  const { other } = await placeOf(78);
  const counted = [];
  const count = () => counted.push(client.transaction((all) => [all.incr(key), all.incr(key)]));
  count();
  await world.beginMove(78, other);
  count();
  await world.migrateKeys(78, other);
  count();
  await world.finishMove(78, other);
  count();
  assert.deepEqual(await Promise.all(counted), [[3, 4], [5, 6], [7, 8], [9, 10]]);
});

test("watched keys hold, and a transaction by them that works counts right while the slot moves", async () => {
  const client = await bridge.connect();
  const key = `${tagOf(79)}watched`;
  await client.exclusive(async (own) => {
    await own.watch(key);
    await client.set(key, "theirs");
    const all = own.transaction();
    all.set(key, "mine").catch(() => {});
    await assert.rejects(all.exec(), { code: "transaction_aborted" });
  });
  assert.equal(await client.get(key), "theirs");

  await client.set(key, "0");
  for (let turn = 1; turn <= 4; ++turn) {
    let isMoved = false;
    const increment = () => client.transact(key, async (own) => {
      const before = Number(await own.get(key));
      if (!isMoved) {
        isMoved = true;
        await moveAway(79);
      }
      const all = own.transaction();
      all.set(key, before + 1);
      return all;
    });
    // The bridge may learn of the move from a WATCH or a transaction; then nothing has run.
    await until(() => increment().then(() => true, (error) => {
      assert.deepEqual([error.code, error.executed], ["lost_unsent", "no"]);
      return false;
    }));
    assert.equal(await client.get(key), `${turn}`);
  }
});

test("scripts and functions run where their keys are, and are sent where they are missing", async () => {
  const client = await bridge.connect();
  const take = defineScript({ lua: "return redis.call('DECRBY', KEYS[1], ARGV[1])", keys: 1 });
  const keys = [0, 8000, 16_383].map((slot) => `${tagOf(slot)}stock`);
  for (const key of keys) await client.set(key, "10");
  for (const key of keys) assert.equal(await take.run(client, key, 1), 9);
  for (const node of primaries()) await world.ask(node, "SCRIPT", "FLUSH");
  for (const key of keys) assert.equal(await take.run(client, key, 1), 8);
  assert.equal(await client.eval("return ARGV[1]", [], ["no key"]), "no key");
  await assert.rejects(client.evalsha("0".repeat(40), []), { name: "ServerError", message: /NOSCRIPT/ });

  const add = defineFunction({ name: "add_to", keys: 1, library: "#!lua name=own\n" +
    "redis.register_function('add_to', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)" });
  for (const key of keys) assert.equal(await add.run(client, key, 2), 10);
});

test("a node's errors are the bridge's client's, word for word", async () => {
  for (const user of ["page", "small"]) {
    const direct = await connectDirectly(user);
    const client = await bridge.connect({ profile: user });
    if (user === "page") await client.set("public:text", "not a number");
    const calls = {
      "of another type": (by) => by.lpush("public:text", ["x"]),
      "no number": (by) => by.incr("public:text"),
      "a command that there is not": (by) => by.command(["NOSUCH", "public:text"]),
      "a wrong option": (by) => by.command(["SET", "public:text", "1", "EX", "soon"]),
      "a user without the right to a key": (by) => by.get("secret"),
      "within a transaction": (by) => by.transaction((all) => [all.lpush("public:text", ["x"])]),
      "within a script": (by) => by.eval("return redis.call('LPUSH', KEYS[1], 'x')", ["public:text"], []),
      "a script's own": (by) => by.eval("return redis.error_reply('MY own words')", ["public:text"], []),
    };
    const outcome = (call) => call.then((value) => ({ value }),
      ({ name, code, executed, message }) => ({ name, code, executed, message }));
    for (const [what, call] of Object.entries(calls)) {
      assert.deepEqual(await outcome(call(client)), await outcome(call(direct)), `${what}, as ${user}`);
    }
    await direct.close();
  }
  const small = await bridge.connect({ profile: "small" });
  await assert.rejects(small.get("secret"), { name: "ServerError", code: "permission_denied", executed: "no" });
});

test("what cannot run over several slots is refused before it is sent", async () => {
  const client = await bridge.connect();
  const refused = (call) => assert.rejects(call, { name: "ServerError", executed: "no", message: /CROSSSLOT|slot/ });
  await refused(client.mset({ one: "1", two: "2" }));
  await refused(client.sinter(["one", "two"]));
  await refused(client.transaction((all) => [all.set("one", "1"), all.set("two", "2")]));
  await refused(client.eval("return 1", ["one", "two"], []));
  assert.equal(await client.exists(["one", "two"]), 0);
  await client.set("one", "1");
  assert.equal(await client.get("one"), "1");
});

test("what the gate refuses, and what needs a connection of one's own, is refused by the bridge", async () => {
  const client = await bridge.connect();
  const refused = (call, message) =>
    assert.rejects(call, { name: "ServerError", code: "refused_by_bridge", executed: "no", message });
  await refused(client.flushdb(), /^FLUSHDB is not allowed/);
  await refused(client.command(["CONFIG", "SET", "save", ""]), /^CONFIG SET is not allowed/);
  await refused(client.info(), /./);
  assert.equal(await client.ping(), "PONG");
});

test("a value of many segments goes through as it is, while others use the connection", async () => {
  const client = await bridge.connect({ inflightRequestsLimit: 1000 });
  const other = await bridge.connect();
  const large = new Uint8Array(3_000_000).map((_, index) => index * 7);
  await client.set("large", large);
  const reads = numbered(5).map(() => client.get("large", { as: "bytes" }));
  for (const index of numbered(200)) assert.equal(await other.set(`beside${index}`, "1"), true);
  for (const read of reads) assert.deepEqual(await read, large);
});

test("hundreds of WebSockets, idle ones and busy ones, take a few connections to the nodes", async () => {
  const clients = await Promise.all(numbered(300).map(() => RespClient.overWebSocket(bridge.address, bridge.tokens.page)));
  for (const client of clients.slice(0, 200)) {
    client.send(...numbered(20).map((index) => ["INCR", `crowd${index}`]));
    for (let i = 0; i < 20; ++i) assert.match(await client.next(), /^:\d+\r\n$/);
  }
  const listening = clients.slice(0, 50);
  for (const client of listening) assert.match(await client.ask("SUBSCRIBE", "crowd"), /^\*3/);
  let connections = 0;
  for (const node of world.nodes) {
    const lines = (await world.ask(node, "CLIENT", "LIST")).trim().split("\n");
    connections += lines.filter((line) => line.includes(" name=plimsoll-bridge ")).length;
  }
  assert(connections < 16, `the bridge has ${connections} connections to the nodes`);
  assert.match(await clients[299].ask("PUBLISH", "crowd", "hello"), /^:[01]\r\n$/);
  for (const client of listening) assert.match(await client.next(), /hello\r\n$/);
  for (const client of clients) client.drop();
});
