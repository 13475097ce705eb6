// Clients of a cluster whose slots move, and whose nodes come and go: they are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { connectTcp } from "../.build/transport/tcp.node.js";
import { slotOf, startNodes, tagOf } from "./package/cluster.mjs";
import { holdPort } from "./package/ports.mjs";
import { startServer } from "./package/server.mjs";
import { makeCertificates } from "./package/tls.mjs";
import { until } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };

// A key in a slot: "{4711}ship".
const keyIn = (slot, name = "ship") => tagOf(slot) + name;

// Of three primaries each has one of these.
const slots = [0, 8000, 16_383];

const setAndGet = async (client, value = "here") => {
  for (const slot of slots) {
    assert.equal(await client.set(keyIn(slot), value), true);
    assert.equal(await client.get(keyIn(slot)), value);
  }
};

// How often the nodes that run have answered with an error of this name.
const errorsOf = async ({ nodes, ask }, name) => {
  let sum = 0;
  for (const node of nodes.filter(({ isRunning }) => isRunning)) {
    const said = await ask(node, "INFO", "errorstats");
    sum += Number(new RegExp(`errorstat_${name}:count=(\\d+)`).exec(said)?.[1] ?? 0);
  }
  return sum;
};

// Pushes 1, 2, 3... to each of the lists in turn, and awaits none of them before the next, until it is stopped.
const pushOn = (client, lists, window = 64) => {
  const pushed = Object.fromEntries(lists.map((list) => [list, []]));
  const failures = [];
  let acknowledged = 0;
  let pending = 0;
  let isStopped = false;
  let wake = () => {};
  const push = (list) => {
    const outcomes = pushed[list];
    const number = outcomes.push("pending");
    ++pending;
    client.rpush(list, [`${number}`]).then(() => {
      ++acknowledged;
      outcomes[number - 1] = "acknowledged";
    }, (error) => {
      failures.push(error);
      outcomes[number - 1] = error.executed === "no" ? "refused" : "in doubt";
    }).finally(() => {
      --pending;
      wake();
    });
  };
  const loop = (async () => {
    for (let next = 0; !isStopped || pending > 0;) {
      while (!isStopped && pending < window) push(lists[next++ % lists.length]);
      if (pending > 0) await new Promise((resolve) => { wake = resolve; });
    }
  })();
  return {
    failures,
    goOn: async (more = 300) => {
      const from = acknowledged;
      await until(() => acknowledged > from + more);
    },
    stop: async () => {
      isStopped = true;
      wake();
      await loop;
    },
    /** What the lists say: none of these may be, but for what a primary that died had not replicated. */
    verdict: async (cluster) => {
      const sum = { inversions: 0, twice: 0, lost: 0, phantoms: 0 };
      for (const list of lists) {
        const owner = await cluster.ownerOf(slotOf(list));
        const values = (await cluster.ask(owner, "LRANGE", list, 0, -1)).map(Number);
        const there = new Set(values);
        sum.twice += values.length - there.size;
        sum.inversions += values.filter((value, index) => index > 0 && value < values[index - 1]).length;
        for (const [index, outcome] of pushed[list].entries()) {
          if (outcome === "acknowledged" && !there.has(index + 1)) ++sum.lost;
          if (outcome === "refused" && there.has(index + 1)) ++sum.phantoms;
        }
      }
      return sum;
    },
  };
};

const clean = { inversions: 0, twice: 0, lost: 0, phantoms: 0 };

// The cluster of all tests that end nothing of it. A busy machine makes none of its nodes fail.
let world;
before(async () => { world = await startNodes({ nodeTimeout: 60_000 }); });
after(async () => { await world.stop(); });

test("commands, transactions and scripts with keys of one slot work, wherever that is", async () => {
  const client = await Client.connect(world.address, patient);
  for (const slot of slots) {
    const [one, two] = ["one", "two"].map((name) => keyIn(slot, name));
    await client.set(one, "1");
    await client.set(two, "2");
    assert.deepEqual(await client.mget([one, two]), ["1", "2"]);
    assert.deepEqual(await client.transaction((all) => [all.incr(one), all.get(two)]), [2, "2"]);
    assert.equal(await client.command(["EVAL", "return redis.call('GET', KEYS[1])", "1", one]), "2");
    assert.equal(await client.del([one, two]), 2);
  }
  assert.equal(await client.command(["EVAL", "return 42", "0"]), 42);
  assert.equal(await client.command(["ECHO", "here"]), "here");
  await client.close();
});

test("messages reach the subscribers of channels and patterns, whichever node publishes", async () => {
  const client = await Client.connect(world.address, patient);
  const news = await client.subscribe("news");
  const all = await client.subscribe("new*", { kind: "patterns" });
  await client.publish("news", "0");
  for (const [index, node] of world.nodes.entries()) await world.ask(node, "PUBLISH", "news", index + 1);
  for (const each of [news, all]) {
    const seen = [];
    for (let i = 0; i < 4; ++i) seen.push((await each.next()).value.message);
    assert.deepEqual(seen.sort(), ["0", "1", "2", "3"]);
  }
  await client.close();
});

test("any of the nodes is enough to find all, and seeds may be dead", async () => {
  const nobody = `127.0.0.1:${await holdPort()}`;
  for (const { address } of world.nodes) {
    const client = await Client.connect(`redis+cluster://${nobody},${address}/0`, patient);
    await setAndGet(client);
    await client.close();
  }
  const nowhere = Client.connect(`valkey+cluster://${nobody}`, { connectTimeout: 300 });
  await assert.rejects(nowhere, { name: "ConnectionError" });
});

test("a server that is no cluster is called one", async (t) => {
  const server = await startServer();
  t.after(server.stop);
  await assert.rejects(Client.connect(`valkey+cluster://127.0.0.1:${server.port}`, patient),
    { name: "ConfigurationError", message: /cluster/ });
});

test("a node that does not know its own host is reached where it was asked", async (t) => {
  const alone = await startNodes({ primaries: 1 });
  t.after(alone.stop);
  const client = await Client.connect(alone.address, patient);
  await setAndGet(client);
  assert.deepEqual(client.topology().nodes.map(({ address }) => address), [alone.nodes[0].address]);
  await client.close();
});

test("nodes that call themselves by names are reached by them, with a transport of the caller's", async (t) => {
  const own = await startNodes({ primaries: 2,
    options: ["--cluster-announce-hostname", "localhost", "--cluster-preferred-endpoint-type", "hostname"] });
  t.after(own.stop);
  const opened = [];
  const transport = (address, events, options) => {
    opened.push(address.href);
    return connectTcp(address, events, options);
  };
  const client = await Client.connect(`valkey+cluster://${own.nodes[0].address}`,
    { ...patient, transport, transportName: "own" });
  await setAndGet(client);
  assert(opened.includes(`valkey://localhost:${own.nodes[1].port}`), `${opened}`);
  await client.close();
});

test("while some keys of a slot are here and some there, each is found, and calls with both wait", async () => {
  const client = await Client.connect(world.address, patient);
  const slot = 10;
  const [from, to] = [await world.ownerOf(slot), world.nodes[1]];
  const keys = Array.from({ length: 10 }, (_, i) => keyIn(slot, `${i}`));
  for (const key of keys) await client.set(key, key);
  await world.beginMove(slot, to);
  await world.migrateKeys(slot, to, 5);
  assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), keys);
  assert.equal(await client.get(keyIn(slot, "none")), null);
  await client.set(keyIn(slot, "new"), "there");
  const created = keyIn(slot, "new");
  assert.deepEqual(await client.transaction((all) => [all.get(created), all.strlen(created)]), ["there", 5]);
  assert(await errorsOf(world, "ASK") > 5);
  const before = await errorsOf(world, "TRYAGAIN");
  // What is still there would be run behind a call that is not: a node answers in the order in which it is asked.
  const still = await world.ask(from, "CLUSTER", "GETKEYSINSLOT", slot, 100);
  const moved = keys.find((key) => !still.includes(key));
  const all = client.mget(keys);
  const behind = client.set(moved, "behind");
  await until(async () => await errorsOf(world, "TRYAGAIN") > before);
  await world.migrateKeys(slot, to);
  await world.finishMove(slot, to);
  assert.deepEqual(await all, keys);
  await behind;
  assert.equal(await client.get(moved), "behind");
  await world.moveSlot(slot, from);
  await world.untilOwner(slot, from);
  await client.close();
});

test("twenty slots go to and fro under a caller who awaits nothing, and nothing fails or changes places", async () => {
  const client = await Client.connect(world.address, patient);
  const moved = Array.from({ length: 20 }, (_, i) => 200 + i);
  for (const slot of moved) {
    for (let i = 0; i < 10; ++i) await client.set(keyIn(slot, `${i}`), `${i}`);
  }
  const from = await errorsOf(world, "MOVED");
  const load = pushOn(client, moved.map((slot) => keyIn(slot, "list")));
  await load.goOn();
  for (const to of [1, 2, 0]) {
    for (const slot of moved) {
      await world.moveSlot(slot, world.nodes[to]);
      assert.equal(await client.get(keyIn(slot, `${slot % 10}`)), `${slot % 10}`);
    }
    await load.goOn();
  }
  await load.stop();
  assert(await errorsOf(world, "MOVED") >= from + moved.length);
  assert.deepEqual(load.failures, []);
  assert.deepEqual(await load.verdict(world), clean);
  await client.close();
});

test("one slot goes to and fro forty times under one list", async () => {
  const client = await Client.connect(world.address, patient);
  const slot = 300;
  const load = pushOn(client, [keyIn(slot, "list")], 256);
  for (let i = 0; i < 40; ++i) {
    await load.goOn(500);
    await world.moveSlot(slot, world.nodes[i % 2 === 0 ? 1 : 0]);
  }
  await load.goOn(500);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(await load.verdict(world), clean);
  await client.close();
});

test("a password and TLS are the same at all nodes", async (t) => {
  const certificates = makeCertificates();
  t.after(() => certificates.remove());
  const own = await startNodes({ certificates, password: "salt" });
  t.after(own.stop);
  const tls = { ca: certificates.ca };
  const at = own.address.replace("://", "://:salt@");
  const client = await Client.connect(at, { ...patient, tls });
  await setAndGet(client);
  await own.moveSlot(0, own.nodes[1]);
  assert.equal(await client.get(keyIn(0)), "here");
  await client.close();
  const asked = await Client.connect(own.address, { ...patient, tls, credentials: async () => ({ password: "salt" }) });
  await setAndGet(asked);
  await asked.close();
  await assert.rejects(Client.connect(at.replace("salt", "pepper"), { ...patient, tls }), ({ code, message }) => {
    assert.equal(code, "authentication_failed");
    return !message.includes("pepper");
  });
  const stranger = Client.connect(at, { ...patient, tls: { ca: certificates.otherCa } });
  await assert.rejects(stranger, { code: "certificate_invalid" });
});

// Each of these ends nodes of its own.

const startOwn = async (t) => {
  const own = await startNodes({ replicas: 1, options: ["--cluster-require-full-coverage", "no"] });
  t.after(own.stop);
  return own;
};

test("a failover that was asked for costs no call", async (t) => {
  const own = await startOwn(t);
  const client = await Client.connect(own.address, patient);
  const load = pushOn(client, slots.map((slot) => keyIn(slot, "list")));
  for (let i = 0; i < 2; ++i) {
    await load.goOn();
    const replica = await own.replicaOf(await own.ownerOf(0));
    await own.failOver(replica);
    await own.untilOwner(0, replica);
    await own.settle();
  }
  await load.goOn();
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(await load.verdict(own), clean);
  await client.close();
});

test("a primary that is killed costs what it owed; calls go on at once elsewhere, and there behind an election", async (t) => {
  const own = await startOwn(t);
  const client = await Client.connect(own.address, patient);
  const load = pushOn(client, [keyIn(0, "list")]);
  const others = pushOn(client, [keyIn(16_383, "list")]);
  await load.goOn();
  own.kill(await own.ownerOf(0));
  await others.goOn(3000);
  await load.goOn(3000);
  await load.stop();
  await others.stop();
  for (const { code } of load.failures) assert.equal(code, "lost_in_doubt");
  assert(load.failures.length <= 64);
  const { inversions, twice, phantoms } = await load.verdict(own);
  assert.deepEqual([inversions, twice, phantoms], [0, 0, 0]);
  assert.deepEqual(others.failures, []);
  assert.deepEqual(await others.verdict(own), clean);
  await client.close();
});

test("a primary that is frozen is left for its successor while it is still frozen", async (t) => {
  const own = await startOwn(t);
  const watchful = { ...patient, requestTimeout: 500, healthCheckInterval: 500 };
  const client = await Client.connect(own.address, watchful);
  const load = pushOn(client, [keyIn(0, "list")]);
  await load.goOn();
  own.freeze(await own.ownerOf(0));
  await load.goOn(3000);
  await load.stop();
  const { inversions, twice, phantoms } = await load.verdict(own);
  assert.deepEqual([inversions, twice, phantoms], [0, 0, 0]);
  await client.close();
});

test("the server of the main connection may die: another node takes its place", async (t) => {
  const own = await startOwn(t);
  const client = await Client.connect(own.address, patient);
  const messages = await client.subscribe("news");
  const main = own.nodes.find(({ address }) => address === client.server);
  own.kill(main);
  await until(async () => await client.command(["CLUSTER", "MYID"]).then((id) => id !== main.id, () => false));
  assert.notEqual(client.server, main.address);
  await until(() => setAndGet(client).then(() => true, () => false));
  await until(async () => await client.publish("news", "here") > 0);
  assert.equal((await messages.next()).value.message, "here");
  await client.close();
});
