// A bridge in front of a cluster: what blocks, what is subscribed to, and what becomes of it all when slots move and
// nodes die.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { slotOf, startNodes, tagOf } from "./cluster.mjs";
import { RespClient } from "./resp.mjs";
import { startSharedBridge, toCluster } from "./shared_bridge.mjs";
import { numbered, sleep, until } from "./wait.mjs";

let world;
let bridge;

before(async () => {
  world = await startNodes({ nodeTimeout: 60_000 });
  bridge = await startSharedBridge(toCluster(world));
});
after(async () => {
  await bridge.stop();
  await world.stop();
});

const placeOf = async (key) => {
  const slot = slotOf(key);
  const owner = await world.ownerOf(slot);
  return { slot, owner, other: world.nodes.find((node) => node !== owner) };
};
const moveAway = async (key) => {
  const { slot, other } = await placeOf(key);
  await world.moveSlot(slot, other);
  return other;
};
const blockedAt = async (node) =>
  Number(/blocked_clients:(\d+)/.exec(await world.ask(node, "INFO", "clients"))[1]);
const blockedAtAll = async () => {
  let sum = 0;
  for (const node of world.nodes) sum += await blockedAt(node);
  return sum;
};
const subscriptionsTo = async (channel, command = "NUMSUB") => {
  let sum = 0;
  for (const node of world.nodes) sum += (await world.ask(node, "PUBSUB", command, channel))[1];
  return sum;
};

test("a command that blocks goes along with its slot, and is answered there", async () => {
  const [first, second] = [await bridge.connect(), await bridge.connect()];
  for (const key of ["{a}list", "{b}list", "{c}list"]) {
    const { owner } = await placeOf(key);
    const popped = first.blpop(key, 0);
    await until(async () => await blockedAt(owner) === 1);
    const other = await moveAway(key);
    await until(async () => await blockedAt(other) === 1);
    await second.lpush(key, "one");
    assert.deepEqual(await popped, { key, element: "one" });
  }
  assert.equal(await first.blpop("{a}list", 0.02), null);
  const read = first.xread({ "{b}stream": "$" }, { block: 0 });
  await until(async () => await blockedAtAll() === 1);
  await second.xadd("{b}stream", { ship: "Victory" });
  assert.match(JSON.stringify(await read), /Victory/);
});

const waysToGo = {
  "its call is cancelled": async (key) => {
    const abort = new AbortController();
    const popped = (await bridge.connect()).blpop(key, 0, { signal: abort.signal });
    return async () => {
      abort.abort();
      await assert.rejects(popped, { name: "CancelledError" });
    };
  },
  "its client is closed": async (key) => {
    const client = await bridge.connect();
    const popped = client.blpop(key, 0).catch(() => {});
    return async () => {
      await client.close();
      await popped;
    };
  },
  "its WebSocket is gone without a word": async (key) => {
    const client = await RespClient.overWebSocket(bridge.address, bridge.tokens.page);
    client.send(["BLPOP", key, "0"]);
    return () => client.drop();
  },
  "its WebSocket is gone, with requests behind it": async (key) => {
    const client = await RespClient.overWebSocket(bridge.address, bridge.tokens.page);
    client.send(["BLPOP", key, "0"], ["SET", `${key}behind`, "1"], ["BLPOP", key, "0"]);
    return () => client.drop();
  },
};

for (const [way, begin] of Object.entries(waysToGo)) {
  test(`a client blocks no node any more when ${way}, and takes no element with it`, async () => {
    const key = "{d}list";
    const other = await bridge.connect();
    const go = await begin(key);
    await until(async () => await blockedAtAll() === 1);
    await go();
    await until(async () => await blockedAtAll() === 0);
    await other.rpush(key, "kept");
    assert.deepEqual(await other.blpop(key, 0), { key, element: "kept" });
    assert.equal(await other.exists(`${key}behind`), 0);
  });
}

test("as many commands may block as one token has connections for them, and places are free again", async () => {
  const client = await bridge.connect({ blockingConnectionsMax: 16 });
  const keys = numbered(12).map((index) => `block${index}`); // three quarters of the bridge's 16
  for (let turn = 0; turn < 3; ++turn) {
    const popped = keys.map((key) => client.blpop(key, 0));
    await until(async () => await blockedAtAll() === keys.length);
    await assert.rejects(client.blpop("one more", 0), { code: "lost_unsent" });
    for (const key of keys) await client.rpush(key, `${turn}`);
    for (const [index, key] of keys.entries()) assert.deepEqual(await popped[index], { key, element: `${turn}` });
  }
});

test("clients that hear one channel are one subscription at the cluster", async () => {
  const clients = await Promise.all(numbered(5).map(() => bridge.connect()));
  const all = await Promise.all(clients.map((client) => client.subscribe("news")));
  assert.equal(await subscriptionsTo("news"), 1);
  for (const index of numbered(50)) await clients[0].publish("news", `${index}`);
  for (const subscription of all) {
    for (const index of numbered(50)) {
      const { value } = await subscription.next();
      assert.deepEqual([value.channel, value.message, value.lost, value.gaps], ["news", `${index}`, 0, 0]);
    }
  }
  for (const subscription of all.slice(1)) subscription.close();
  await world.ask(world.nodes[2], "PUBLISH", "news", "still");
  assert.equal((await all[0].next()).value.message, "still");
  all[0].close();
  await until(async () => await subscriptionsTo("news") === 0);
});

test("patterns and channels come and go, and a name comes once for each", async () => {
  const client = await bridge.connect();
  const both = await client.subscribe("both:a");
  await both.subscribe("patterns", "both:*");
  await client.publish("both:a", "1");
  const kinds = [(await both.next()).value.pattern, (await both.next()).value.pattern];
  assert.deepEqual(kinds.sort(), ["both:*", undefined].sort());
  await both.unsubscribe("channels", "both:a");
  await until(async () => await subscriptionsTo("both:a") === 0);
  await client.publish("both:a", "2");
  const { value } = await both.next();
  assert.deepEqual([value.message, value.pattern], ["2", "both:*"]);
  both.close();
});

test("shard channels are heard where their slot is, and their client hears of the gap when it moves", async () => {
  const [client, other] = [await bridge.connect(), await bridge.connect()];
  const channel = "{i}news";
  const [mine, theirs] = [await client.subscribe(channel, { kind: "shardChannels" }),
    await other.subscribe([channel, "{i}more"], { kind: "shardChannels" })];
  await other.spublish(channel, "early");
  for (const each of [mine, theirs]) assert.equal((await each.next()).value.message, "early");
  assert.equal(await subscriptionsTo(channel, "SHARDNUMSUB"), 1);
  await moveAway(channel);
  let heard = 0;
  const next = [mine, theirs].map(async (each) => {
    const { value } = await each.next();
    ++heard;
    return value;
  });
  while (heard < 2) {
    await client.spublish(channel, "late");
    await sleep(10);
  }
  for (const value of await Promise.all(next)) {
    assert.equal(value.message, "late");
    assert(value.gaps > 0, "nothing is said of the gap");
  }
  // A subscription of another slot is one more.
  const third = await client.subscribe("{j}news", { kind: "shardChannels" });
  await client.spublish("{j}news", "of another slot");
  assert.equal((await third.next()).value.message, "of another slot");
});

test("a subscription goes on after the cluster has lost it, and says so", async () => {
  const client = await bridge.connect();
  const news = await client.subscribe("lost:news");
  for (const node of world.nodes) await world.ask(node, "CLIENT", "KILL", "TYPE", "pubsub");
  let value;
  const next = news.next().then((said) => ({ value } = said));
  while (value === undefined) {
    await client.publish("lost:news", "again");
    await sleep(10);
  }
  await next;
  assert.equal(value.message, "again");
  assert(value.gaps > 0, "nothing is said of the gap");
});

test("a name that the user may not hear disturbs no other", async (t) => {
  for (const node of world.nodes) {
    await world.ask(node, "ACL", "SETUSER", "listener", "on", ">listener", "~*", "resetchannels", "&open:*", "+@all");
  }
  const own = await startSharedBridge(toCluster(world), { users: { listener: "listener" } });
  t.after(() => own.stop());
  const [client, other] = [await own.connect(), await own.connect()];
  const open = await client.subscribe("open:a");
  await assert.rejects(other.subscribe("closed:a"), { name: "ServerError", code: "permission_denied" });
  await assert.rejects(other.subscribe(["open:b", "closed:a"]), { name: "ServerError", code: "permission_denied" });
  await other.publish("open:a", "heard");
  const { value } = await open.next();
  assert.deepEqual([value.message, value.gaps], ["heard", 0]);
});

// A cluster and a bridge for one test.
const startOwn = async (t, nodes, options) => {
  const own = await startNodes(nodes);
  let near;
  t.after(async () => {
    await near?.stop();
    await own.stop();
  });
  near = await startSharedBridge(toCluster(own), options);
  return { own, near };
};

test("a primary that is killed under load costs what it was working on, and no WebSocket", async (t) => {
  const { own, near } = await startOwn(t, { replicas: 1 });
  const client = await near.connect({ inflightRequestsLimit: 1000 });
  let disconnections = 0;
  client.on("disconnected", () => { ++disconnections; });
  const keys = numbered(60).map((index) => `load${index}`);
  const failed = [];
  let done = 0;
  let isOver = false;
  const load = keys.map(async (key) => {
    for (let turn = 0; !isOver; ++turn) {
      await client.incr(key).then(() => { ++done; }, (error) => { failed.push(error); });
    }
  });
  const isBusy = async () => {
    const before = done;
    await until(() => done > before + 1000);
  };
  await isBusy();
  const owner = await own.ownerOf(slotOf(keys[0]));
  const successor = await own.replicaOf(owner);
  own.kill(owner);
  await own.untilOwner(slotOf(keys[0]), successor);
  await isBusy();
  isOver = true;
  await Promise.all(load);
  for (const { code, executed } of failed) {
    assert(code === "lost_in_doubt" ? executed === "maybe" : code === "timed_out", `${code}, executed: ${executed}`);
  }
  for (const key of keys) assert.equal(typeof await client.incr(key), "number");
  assert.equal(disconnections, 0);
});

test("requests to a node that is frozen end by their time, and their replies hold their order", async (t) => {
  const nodes = { nodeTimeout: 60_000, options: ["--cluster-require-full-coverage", "no"] };
  const { own, near } = await startOwn(t, nodes, { timeout: 300 });
  const client = await RespClient.overWebSocket(near.address, near.tokens.page);
  const [frozen, living] = [`${tagOf(0)}a`, `${tagOf(16_383)}a`];
  for (const key of [frozen, living]) assert.equal(await client.ask("SET", key, "1"), "+OK\r\n");
  own.freeze(own.nodes[0]);
  client.send(["INCR", frozen], ["INCR", living], ["GET", living]);
  assert.match(await client.next(), /^-INDOUBT plimsoll-bridge: /);
  assert.equal(await client.next(), ":2\r\n");
  assert.equal(await client.next(), "$1\r\n2\r\n");
  own.thaw(own.nodes[0]);
  await until(async () => /^:\d/.test(await client.ask("INCR", frozen)));
  client.drop();
});
