// Programs as ioredis's documentation shows them, with one import changed.
// More than 500 lines, because each program of ioredis's documentation is one test, and all share one server.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { inspect } from "node:util";

import { Client, getMemoryStatistics } from "plimsoll";
import Redis, { Cluster, Command, Redis as Named, ReplyError, print } from "plimsoll/ioredis";

import { startWatched } from "./sentinels.mjs";
import { startCluster, startServer } from "./server.mjs";
import { until } from "./wait.mjs";

let server;
const all = [];

before(async () => { server = await startServer(); });
after(async () => {
  await Promise.all(all.map((redis) => redis.quit()));
  await server.stop();
});

const make = (...args) => {
  const redis = new Redis(server.port, "127.0.0.1", ...args);
  all.push(redis);
  return redis;
};

const program = (name, run) => test(name, async () => {
  const redis = make();
  await redis.flushall();
  await run(redis);
});

// Bun's tests take what is uncaught for themselves, so it is caught where it is thrown.
const catchUncaught = () => {
  const { nextTick } = process;
  return new Promise((resolve) => {
    process.nextTick = (act, ...args) => nextTick(() => { (async () => act(...args))().catch(resolve); });
  }).finally(() => { process.nextTick = nextTick; });
};

program("first steps, with promises and with callbacks", async (redis) => {
  assert.equal(await redis.set("mykey", "value"), "OK");
  const got = await new Promise((resolve, reject) => {
    redis.get("mykey", (error, result) => error ? reject(error) : resolve(result));
  });
  assert.equal(got, "value");
  assert.equal(await redis.get("mykey"), "value");
  assert.equal(await redis.zadd("sortedSet", 1, "one", 2, "dos", 4, "quatro", 3, "three"), 4);
  assert.deepEqual(await redis.zrange("sortedSet", 0, 2, "WITHSCORES"), ["one", "1", "dos", "2", "three", "3"]);
  assert.equal(await redis.set("expiring", "hello", "EX", 10), "OK");
  assert.equal(await redis.ttl("expiring"), 10);
  assert.equal(await redis.get("none"), null);
});

test("it connects by port, host, URL, options, and with a user and a database", async () => {
  const admin = make();
  await admin.acl("SETUSER", "sailor", "on", ">salt", "+@all", "~*", "&*");
  const own = [
    new Redis(server.port),
    new Redis(`redis://127.0.0.1:${server.port}`),
    new Redis(`redis://sailor:salt@127.0.0.1:${server.port}/4`),
    new Redis({ port: server.port, host: "127.0.0.1", username: "sailor", password: "salt", db: 4 }),
    new Redis(`127.0.0.1:${server.port}`),
  ];
  all.push(...own);
  await admin.set("where", "database 0");
  const fourth = own[2];
  await fourth.set("where", "database 4");
  const found = await Promise.all(own.map((redis) => redis.get("where")));
  assert.deepEqual(found, ["database 0", "database 0", "database 4", "database 4", "database 0"]);
  assert.equal(await fourth.acl("WHOAMI"), "sailor");
});

test("it connects by sentinels to the primary that they watch", async (t) => {
  const watched = await startWatched({ replicas: 1, lines: ["requirepass pepper"] });
  t.after(() => watched.stop());
  const sentinels = watched.sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
  const redis = new Redis({ sentinels, name: "fleet", role: "master", sentinelPassword: "pepper", db: 2 });
  assert.equal(await redis.set("ship", "Early"), "OK");
  assert.deepEqual(await redis.hset("hash", "one", "1"), 1);
  assert.deepEqual(await redis.hgetall("hash"), { one: "1" });
  assert.equal((await redis.config("GET", "port"))[1], String(watched.servers[0].port));
  await redis.quit();
  for (const [options, message] of [
    [{ sentinels, name: "fleet", role: "slave" }, /role: "slave" is not "master": requests go to the primary; plimsoll: \{ readFrom: "preferReplica" \} reads from/],
    [{ sentinels }, /give the name of the primary/],
    [{ sentinels: [], name: "fleet" }, /sentinels: give a list/],
    [{ sentinels: ["one"], name: "fleet" }, /sentinels: give a list/],
    [{ sentinels: [{ host: 1 }], name: "fleet" }, /sentinels: give a list/],
    [{ sentinels: [{ host: "jane@one" }], name: "fleet" }, /sentinels: give a list/],
    [{ sentinels: [{ host: "one,two" }], name: "fleet" }, /sentinels: give a list/],
  ]) {
    assert.throws(() => new Redis(options), { name: "ConfigurationError", message });
  }
});

test("TLS for servers and for sentinels are two options, as in ioredis", async () => {
  const opened = [];
  const transport = (address, events, { tls }) => {
    opened.push([address.protocol, tls && { ...tls }]);
    queueMicrotask(() => events.closed(new Error("no")));
    return { write: () => true, pause: () => {}, resume: () => {}, close: () => {}, canPause: true };
  };
  for (const [options, expected] of [
    [{}, ["valkey", undefined]],
    [{ tls: { servername: "servers" } }, ["valkey", undefined]],
    [{ tls: {}, enableTLSForSentinelMode: true }, ["valkey", undefined]],
    [{ sentinelTLS: { servername: "sentinels" } }, ["valkeys", { serverName: "sentinels" }]],
  ]) {
    const redis = new Redis({ sentinels: [{ host: "one" }], name: "fleet", connectTimeout: 20, retryStrategy: null,
      plimsoll: { transport }, ...options });
    redis.on("error", () => {});
    await new Promise((resolve) => { redis.once("end", resolve); });
    assert.deepEqual(opened.at(-1), expected);
  }
});

program("messages are events", async (redis) => {
  const subscriber = make();
  const heard = [];
  subscriber.on("message", (channel, message) => heard.push([channel, message]));
  subscriber.on("messageBuffer", (channel, message) => heard.push([channel, message]));
  assert.equal(await subscriber.subscribe("my-channel-1", "my-channel-2"), 2);
  const count = await new Promise((resolve) => {
    subscriber.subscribe("my-channel-3", (error, number) => resolve(error ?? number));
  });
  assert.equal(count, 3);
  assert.equal(await redis.publish("my-channel-1", JSON.stringify({ foo: 1 })), 1);
  await until(() => heard.length === 2);
  assert.deepEqual(heard[0], ["my-channel-1", '{"foo":1}']);
  assert(Buffer.isBuffer(heard[1][0]) && Buffer.isBuffer(heard[1][1]));
  assert.equal(await subscriber.unsubscribe("my-channel-1"), 2);
  assert.equal(await subscriber.unsubscribe(), 0);
  assert.equal(await subscriber.subscribe("again"), 1);
});

program("patterns and shard channels", async (redis) => {
  const subscriber = make();
  const heard = [];
  subscriber.on("pmessage", (...parts) => heard.push(parts));
  subscriber.on("smessage", (...parts) => heard.push(parts));
  await subscriber.psubscribe("pat?ern");
  await subscriber.ssubscribe("shard");
  await redis.publish("pattern", "hello");
  await redis.spublish("shard", "hi");
  await until(() => heard.length === 2);
  assert.deepEqual(heard.sort((a, b) => b.length - a.length), [["pat?ern", "pattern", "hello"], ["shard", "hi"]]);
});

program("a stream is read as it grows", async (redis) => {
  const reader = make();
  const found = [];
  const listen = async (lastId = "$") => {
    const results = await reader.xread("BLOCK", 5000, "STREAMS", "user-stream", lastId);
    const [key, messages] = results[0];
    found.push(key, ...messages.map(([, fields]) => fields));
  };
  await redis.xadd("user-stream", "*", "name", "John", "age", "20");
  const listening = listen("0");
  await listening;
  assert.deepEqual(found, ["user-stream", ["name", "John", "age", "20"]]);
});

program("binary data comes as Buffers, and half of a character becomes U+FFFD", async (redis) => {
  await redis.mset("half", "a\uD800b", "whole", "\u{1F6A2}");
  assert.deepEqual(await redis.mget("half", "whole"), ["a\uFFFDb", "\u{1F6A2}"]);
  const bytes = Buffer.from([0x62, 0x75, 0xff, 0x66]);
  await redis.set("foo", bytes);
  assert.deepEqual(await redis.getBuffer("foo"), bytes);
  await redis.hset("hash", "field", bytes);
  assert.deepEqual(await redis.hgetallBuffer("hash"), { field: bytes });
  assert.deepEqual(await redis.mgetBuffer(["foo", "none"]), [bytes, null]);
  await assert.rejects(redis.get("foo"), { name: "DecodeError" });
});

program("a pipeline returns errors and results", async (redis) => {
  const pipeline = redis.pipeline();
  pipeline.set("foo", "bar");
  pipeline.del("cc");
  assert.equal(pipeline.length, 2);
  assert.deepEqual(await pipeline.exec(), [[null, "OK"], [null, 0]]);
  const results = await redis.pipeline().set("foo", "bar").get("foo").lpush("foo", "x").exec();
  assert.deepEqual(results.slice(0, 2), [[null, "OK"], [null, "bar"]]);
  assert(results[2][0] instanceof ReplyError);
  assert.match(results[2][0].message, /^WRONGTYPE/);
  const called = [];
  await new Promise((resolve) => {
    redis.pipeline().set("foo", "baz", (error, result) => called.push([error, result]))
      .exec((error, list) => {
        called.push([error, list]);
        resolve();
      });
  });
  assert.deepEqual(called, [[null, "OK"], [null, [[null, "OK"]]]]);
  assert.deepEqual(await redis.pipeline([["set", "foo", "bar"], ["get", "foo"]]).exec(),
    [[null, "OK"], [null, "bar"]]);
});

program("calls of one moment are pipelined by themselves", async (redis) => {
  const before = await redis.info("stats");
  const replies = await Promise.all(Array.from({ length: 5000 }, (_, i) => redis.set(`k${i}`, i)));
  assert(replies.every((reply) => reply === "OK"));
  assert.equal(await redis.get("k4999"), "4999");
  assert(before.length > 0);
});

program("a transaction runs as one", async (redis) => {
  assert.deepEqual(await redis.multi().set("foo", "bar").get("foo").exec(), [[null, "OK"], [null, "bar"]]);
  assert.deepEqual(await redis.multi([["set", "foo", "bar"], ["get", "foo"]]).exec(),
    [[null, "OK"], [null, "bar"]]);
  const results = await redis.multi().set("foo", "text").incr("foo").exec();
  assert.equal(results[0][1], "OK");
  assert.match(results[1][0].message, /not an integer/);
  await assert.rejects(redis.multi().set("foo").set("foo", "new value").exec());
  assert.equal(await redis.get("foo"), "text");
});

program("a watched key that changes aborts the transaction", async (redis) => {
  const other = make();
  await redis.set("balance", 100);
  assert.equal(await redis.watch("balance"), "OK");
  const balance = Number(await redis.get("balance"));
  await other.set("balance", 1);
  assert.equal(await redis.multi().set("balance", balance - 10).exec(), null);
  await redis.watch("balance");
  assert.deepEqual(await redis.multi().set("balance", 50).exec(), [[null, "OK"]]);
  await redis.watch("balance");
  await redis.unwatch();
  await other.set("balance", 2);
  assert.deepEqual(await redis.multi().incr("balance").exec(), [[null, 3]]);
});

// What programs compare.
const isClosed = { message: "Connection is closed." };

program("a watch whose connection is lost is told, and the next one works", async (redis) => {
  await redis.watch("key");
  await make().client("KILL", "SKIPME", "yes", "TYPE", "normal");
  await assert.rejects(redis.watch("key"), isClosed);
  await until(() => redis.watch("key").then(() => true, () => false));
  assert.deepEqual(await redis.multi().set("key", 1).exec(), [[null, "OK"]]);
});

program("a script becomes a command", async (redis) => {
  redis.defineCommand("myecho", { numberOfKeys: 2, lua: "return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}" });
  assert.deepEqual(await redis.myecho("k1", "k2", "a1", "a2"), ["k1", "k2", "a1", "a2"]);
  assert.deepEqual((await redis.myechoBuffer("k1", "k2", "a1", "a2")).map((each) => each.toString()),
    ["k1", "k2", "a1", "a2"]);
  assert.deepEqual(await redis.pipeline().set("foo", "bar").myecho("k1", "k2", "a1", "a2").exec(),
    [[null, "OK"], [null, ["k1", "k2", "a1", "a2"]]]);
  redis.defineCommand("echoDynamicKeyNumber", { lua: "return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}" });
  assert.deepEqual(await redis.echoDynamicKeyNumber(2, "k1", "k2", "a1", "a2"), ["k1", "k2", "a1", "a2"]);
  await redis.script("FLUSH");
  assert.deepEqual(await redis.myecho("k1", "k2", "a1", "a2"), ["k1", "k2", "a1", "a2"]);
  for (const [args, text] of [[["x", "y"], "value is not an integer or out of range"],
    [[5, "a"], "Number of keys can't be greater than number of args"], [[-1], "Number of keys can't be negative"]]) {
    await assert.rejects(redis.echoDynamicKeyNumber(...args), { name: "ReplyError", message: `ERR ${text}` });
  }
  const own = make({ scripts: { add: { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" } } });
  assert.equal(await own.add("sum", 5), 5);
});

program("a prefix stands in front of keys", async (redis) => {
  const fooRedis = make({ keyPrefix: "foo:" });
  await fooRedis.set("bar", "baz");
  fooRedis.defineCommand("get2", { numberOfKeys: 1, lua: "return redis.call('GET', KEYS[1])" });
  assert.equal(await redis.get("foo:bar"), "baz");
  assert.equal(await fooRedis.get2("bar"), "baz");
  assert.deepEqual(await fooRedis.pipeline().sort("list", "BY", "weight_*->fieldname").exec(), [[null, []]]);
  assert.deepEqual(await fooRedis.multi().get("bar").exec(), [[null, "baz"]]);
});

program("objects and Maps are fields, and a hash is an object", async (redis) => {
  assert.equal(await redis.mset({ k1: "v1", k2: "v2" }), "OK");
  await redis.mset(new Map([["k3", "v3"], ["k4", "v4"]]));
  assert.deepEqual(await redis.mget("k1", "k2", "k3", "k4"), ["v1", "v2", "v3", "v4"]);
  assert.equal(await redis.hset("key", { name: "Bob", age: 20, description: "a sailor" }), 3);
  await redis.hmset("key", "city", "Bristol");
  assert.deepEqual(await redis.hgetall("key"), { name: "Bob", age: "20", description: "a sailor", city: "Bristol" });
  assert.deepEqual(await redis.hgetall("none"), {});
  assert.equal(await redis.sadd("set", [1, 3, 5, 7]), 4);
  assert.deepEqual((await redis.smembers("set")).sort(), ["1", "3", "5", "7"]);
  await redis.set("nothing", null);
  assert.equal(await redis.get("nothing"), "");
});

program("keys and elements come as streams", async (redis) => {
  await redis.mset(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`user:${i}`, i])));
  const found = [];
  const stream = redis.scanStream({ match: "user:*", count: 50 });
  stream.on("data", (keys) => found.push(...keys));
  await once(stream, "end");
  assert.equal(new Set(found).size, 300);
  await redis.hset("hash", { a: 1, b: 2 });
  for await (const page of redis.hscanStream("hash", { match: "a*" })) assert.deepEqual(page, ["a", "1"]);
  await redis.zadd("zset", 1, "one");
  for await (const page of redis.zscanStream("zset")) assert.deepEqual(page, ["one", "1"]);
  const paused = redis.sscanStream("none");
  paused.close();
  for await (const page of redis.scanBufferStream({ match: "hash" })) {
    for (const key of page) assert(Buffer.isBuffer(key));
  }
});

test("a lost connection is made anew, and events tell of it", async () => {
  const admin = make();
  const redis = make({ retryStrategy: (times) => Math.min(times * 10, 50) });
  const told = [];
  for (const event of ["connect", "ready", "close", "reconnecting", "end", "error"]) {
    redis.on(event, () => told.push(event));
  }
  await redis.set("key", "value");
  assert.equal(redis.status, "ready");
  const again = new Promise((resolve) => { redis.once("ready", resolve); });
  await admin.client("KILL", "ID", await redis.client("ID"));
  await again;
  assert.equal(await redis.get("key"), "value");
  await redis.quit();
  assert.equal(redis.status, "end");
  assert.deepEqual(told, ["connect", "ready", "close", "reconnecting", "connect", "ready", "close", "end"]);
  await assert.rejects(redis.get("key"), /Connection is closed/);
});

test("without a server it tries again as retryStrategy says, and ends when that says so", async () => {
  const asked = [];
  const redis = new Redis({ host: "127.0.0.1", port: 1, connectTimeout: 20,
    retryStrategy: (times) => {
      asked.push(times);
      return times > 3 ? null : 1;
    } });
  const errors = [];
  redis.on("error", (error) => errors.push(error));
  const ended = new Promise((resolve) => { redis.once("end", resolve); });
  await assert.rejects(redis.get("key"), isClosed);
  await ended;
  assert(errors.length >= 3);
  assert.deepEqual(asked.slice(-4), [1, 2, 3, 4]);
});

test("calls made before the connection wait for it, and a lazy client waits for them", async () => {
  const redis = new Redis({ port: server.port, host: "127.0.0.1", lazyConnect: true });
  all.push(redis);
  assert.equal(redis.status, "wait");
  await redis.connect();
  assert.equal(redis.status, "ready");
  await assert.rejects(redis.connect(), /already connecting/);
  const eager = make();
  assert.equal(eager.status, "connecting");
  assert.deepEqual(await Promise.all([eager.rpush("order", 1), eager.rpush("order", 2)]), [1, 2]);
});

test("calls between two attempts are bounded, and end with quit()", async () => {
  const redis = new Redis({ host: "127.0.0.1", port: 1, connectTimeout: 20, retryStrategy: () => 3_600_000 });
  await new Promise((resolve) => { redis.once("reconnecting", resolve); });
  const calls = Array.from({ length: 10_001 }, () => redis.ping().then(() => "", ({ name }) => name));
  const last = await calls.pop();
  assert.equal(last, "LimitError");
  await redis.quit();
  assert.deepEqual([...new Set(await Promise.all(calls))], ["ClosedError"]);
  assert.equal(redis.status, "end");
});

program("an error of the server is a ReplyError in its words", async (redis) => {
  await redis.set("text", "x");
  await assert.rejects(redis.incr("text"), (error) => {
    assert(error instanceof ReplyError && error instanceof Error);
    assert.equal(error.name, "ReplyError");
    assert.match(error.message, /^ERR value is not an integer/);
    assert.deepEqual(error.command, { name: "incr", args: ["text"] });
    return true;
  });
  const secret = await redis.call("SET", "key", "value", "secret-word").catch((error) => error);
  assert(secret.command.args.includes("secret-word") && !inspect(secret).includes("secret-word"));
  const given = await new Promise((resolve) => { redis.lpush("text", 1, (error) => resolve(error)); });
  assert.match(given.message, /^WRONGTYPE/);
});

program("a queue with blocking pops", async (redis) => {
  const worker = redis.duplicate();
  all.push(worker);
  const job = worker.brpop("jobs", 5);
  await redis.lpush("jobs", JSON.stringify({ id: 7 }));
  assert.deepEqual(await job, ["jobs", '{"id":7}']);
  assert.equal(await worker.blpop("none", 0.01), null);
});

program("a rate limit, a lock and a leaderboard", async (redis) => {
  const [[, count], [, expires]] = await redis.multi().incr("rate:1").expire("rate:1", 60).exec();
  assert.deepEqual([count, expires], [1, 1]);
  assert.equal(await redis.set("lock", "me", "PX", 30_000, "NX"), "OK");
  assert.equal(await redis.set("lock", "you", "PX", 30_000, "NX"), null);
  await redis.zincrby("board", 5, "anna");
  await redis.zincrby("board", 7, "ben");
  assert.deepEqual(await redis.zrevrange("board", 0, -1, "WITHSCORES"), ["ben", "7", "anna", "5"]);
  assert.equal(await redis.zscore("board", "anna"), "5");
});

program("any command by call(), and numbers as strings", async (redis) => {
  assert.equal(await redis.call("SET", "key", 5), "OK");
  assert.deepEqual(await redis.callBuffer("GET", "key"), Buffer.from("5"));
  const strings = make({ stringNumbers: true });
  assert.equal(await strings.incr("key"), "6");
  assert.deepEqual(await strings.pipeline().incr("key").exec(), [[null, "7"]]);
});

test("a duplicate goes where its original goes, with the changes", async () => {
  const own = [new Redis(`redis://127.0.0.1:${server.port}/1`), make({ db: 1 })];
  all.push(own[0]);
  for (const redis of own) {
    const twins = [redis.duplicate(), redis.duplicate({ db: 2 }), redis.duplicate({ host: "localhost", db: 3 })];
    all.push(...twins);
    await redis.set("duplicate", "here");
    assert.deepEqual(await Promise.all(twins.map((twin) => twin.get("duplicate"))), ["here", null, null]);
    assert.match(await twins[2].client("INFO"), / db=3 /);
  }
  await assert.rejects(own[1].duplicate({ port: 1, connectTimeout: 20, retryStrategy: null }).ping(), isClosed);
});

test("a timeout of commands, also of those that wait in the server, and options of plimsoll's own", async () => {
  await assert.rejects(make({ commandTimeout: 20 }).blpop("none", 0), { message: "Command timed out" });
  const redis = make({ commandTimeout: 60_000, plimsoll: { inflightRequestsLimit: 1, inflightOverflow: "reject" } });
  await new Promise((resolve) => { redis.once("ready", resolve); });
  await until(() => redis.ping().then(() => true, () => false));  // its own first PING is one as well
  const both = await Promise.allSettled([redis.get("a"), redis.get("b")]);
  assert.deepEqual(both.map(({ status }) => status), ["fulfilled", "rejected"]);
  assert.equal(both[1].reason.name, "LimitError");
  assert(getMemoryStatistics().limit > 0);
});

test("what is not here says so by its name", async () => {
  const redis = make();
  await assert.rejects(redis.monitor(), /plimsoll\/ioredis has no monitor\(\)/);
  await assert.rejects(redis.sendCommand({}), /has no sendCommand\(\) of other objects.*call/);
  await assert.rejects(redis.exec(), /multi\(\)\.exec\(\)/);
  assert.throws(() => redis.multi({ pipeline: false }), /pipeline: false/);
  assert.throws(() => new Cluster([]), /has no Cluster/);
  for (const [options, name] of [[{ preferredSlaves: [{}] }, /no option preferredSlaves; plimsoll: \{ readFrom/], [{ natMap: {} }, /no option natMap/],
    [{ reconnectOnError: () => true }, /no option reconnectOnError/]]) {
    assert.throws(() => new Redis(options), name);
  }
  assert.throws(() => new Redis(Symbol("x")), /got a symbol/);
  assert.throws(() => new Redis("http://user:secret@host"), (error) =>
    /begins with http:/.test(error.message) && !error.message.includes("secret"));
  await assert.rejects(redis.select(1), { name: "ConfigurationError" });
  assert.equal(Named, Redis);
  assert(!(redis instanceof Client));
});

program("calls of all kinds are sent in the order in which they are made", async (redis) => {
  redis.defineCommand("append1", { numberOfKeys: 1, lua: "return redis.call('RPUSH', KEYS[1], ARGV[1])" });
  const fresh = redis.duplicate();
  all.push(fresh);
  for (const client of [redis, fresh]) {
    client.defineCommand("append1", { numberOfKeys: 1, lua: "return redis.call('RPUSH', KEYS[1], ARGV[1])" });
    await redis.del("order");
    const calls = [client.rpush("order", 1), client.pipeline().rpush("order", 2).exec(), client.append1("order", 3),
      client.multi().rpush("order", 4).exec(), client.rpush("order", 5), client.append1("order", 6)];
    assert.deepEqual(await client.lrange("order", 0, -1), ["1", "2", "3", "4", "5", "6"]);
    await Promise.all(calls);
  }
});

program("quit() comes behind the calls before it, also those that wait for the client", async (redis) => {
  const fresh = redis.duplicate();
  fresh.defineCommand("one", { numberOfKeys: 0, lua: "return 1" });
  const calls = [fresh.set("last", 1), fresh.one(), fresh.pipeline().get("last").exec()];
  assert.equal(await fresh.quit(), "OK");
  assert.deepEqual(await Promise.all(calls), ["OK", 1, [[null, "1"]]]);
  await assert.rejects(fresh.get("last"), { message: "Connection is closed." });
  const results = await fresh.pipeline().get("a").get("b").exec();
  assert.deepEqual(results.map(([{ message }]) => message), ["Connection is closed.", "Connection is closed."]);
});

program("what a listener throws is uncaught, and the next message comes", async (redis) => {
  const uncaught = catchUncaught();
  const sub = redis.duplicate();
  all.push(sub);
  await sub.subscribe("json");
  const second = new Promise((resolve) => {
    sub.on("message", (_, message) => {
      if (message === "{}") resolve();
      JSON.parse(message);
    });
  });
  await redis.publish("json", "{bad");
  assert((await uncaught) instanceof SyntaxError);
  await redis.publish("json", "{}");
  await second;
});

program("options that ask for nothing, and those of libraries for queues, are taken", async (redis) => {
  const more = { maxRetriesPerRequest: null, reconnectOnError: null, sentinels: null, name: null, role: "master",
    natMap: undefined, monitor: false, keyPrefix: null, connectionName: null, tls: false, url: "ignored" };
  const other = redis.duplicate(more);
  all.push(other);
  assert.equal(await other.ping(), "PONG");
  assert.equal(await other.client("SETNAME", "queue"), "OK");
  assert.equal(other.options.family, 4);
  assert.equal(other.options.db, 0);
  assert.equal(Redis.name, "Redis");
});

program("disconnect(true) makes another connection, and disconnect() ends all calls", async (redis) => {
  const other = redis.duplicate({ retryStrategy: () => 1 });
  all.push(other);
  await other.ping();
  const again = new Promise((resolve) => { other.once("ready", resolve); });
  other.disconnect(true);
  await again;
  assert.equal(await other.ping(), "PONG");
  other.disconnect();
  await assert.rejects(other.set("leak", 1), { message: "Connection is closed." });
  assert.equal(await redis.exists("leak"), 0);
});

program("without an offline queue a call is refused while there is no connection", async (redis) => {
  const other = redis.duplicate({ enableOfflineQueue: false });
  all.push(other);
  const ready = new Promise((resolve) => { other.once("ready", resolve); });
  await assert.rejects(other.get("a"), /enableOfflineQueue options is false/);
  await ready;
  assert.equal(await other.ping(), "PONG");
});

program("wrong numbers of arguments, raw replies of call(), and lists of methods are as there", async (redis) => {
  await assert.rejects(redis.del([]),
    { name: "ReplyError", message: "ERR wrong number of arguments for 'del' command" });
  await redis.hset("h", { f: 1 });
  assert.deepEqual(await redis.call("HGETALL", "h"), ["f", "1"]);
  assert.deepEqual(await redis.send_command("PUBSUB", ["NUMSUB", "c"]), ["c", 0]);
  redis.defineCommand("echo1", { numberOfKeys: 0, lua: "return ARGV[1]" });
  await redis.set("a", "x");
  const results = await redis.pipeline(
    [["getBuffer", "a"], ["echo1", "b"], ["call", "get", "a"], ["incr", "a"]]).exec();
  assert.deepEqual(results.slice(0, 3), [[null, Buffer.from("x")], [null, "b"], [null, "x"]]);
  assert.equal(results[3].length, 1);
});

program("a call that waits in the server ends with disconnect(), and takes nothing any more", async (redis) => {
  for (const reconnects of [false, true]) {
    const worker = redis.duplicate();
    all.push(worker);
    const job = worker.blpop("jobs", 0);
    await until(async () => /flags=b/.test(await redis.client("LIST")));
    worker.disconnect(reconnects);
    await assert.rejects(job, { name: "Error", message: "Connection is closed." });
    await until(async () => !/flags=b/.test(await redis.client("LIST")));
    await redis.rpush("jobs", 1);
    assert.equal(await redis.lpop("jobs"), "1");
  }
});

program("a list in a list is one word, and the words of an error are those that were sent", async (redis) => {
  await redis.hset("h", { x: [1, 2] });
  assert.deepEqual(await redis.hgetall("h"), { x: "1,2" });
  await redis.rpush("l", [[1, [2]], 3]);
  assert.deepEqual(await redis.lrange("l", 0, -1), ["1,2", "3"]);
  const error = await redis.lset("l", 99, "z").catch((problem) => problem);
  assert.deepEqual(error.command.args, ["l", "99", "z"]);
});

program("a channel's name may be any bytes, and a pipeline may name the connection", async (redis) => {
  const subscriber = redis.duplicate();
  all.push(subscriber);
  const name = Buffer.from([1, 255]);
  await subscriber.subscribe(name);
  const message = once(subscriber, "messageBuffer");
  await redis.publish(name, "hi");
  assert.deepEqual(await message, [name, Buffer.from("hi")]);
  assert.equal(await subscriber.unsubscribe(name), 0);
  assert.deepEqual(await redis.pipeline().client("SETNAME", "x").get("none").exec(), [[null, "OK"], [null, null]]);
});

test("a URL has options in its query, and comes before these and the options behind it", async () => {
  const slashes = new Redis(`//127.0.0.1:${server.port}/2?db=6`);
  all.push(slashes);
  assert.match(await slashes.client("INFO"), / db=2 /);
  const url = `redis://127.0.0.1:${server.port}/2?keyPrefix=aa:&connectTimeout=5000`;
  const redis = new Redis(url, { db: 5 });
  all.push(redis);
  await redis.set("key", "value");
  assert.equal(redis.options.db, 2);
  assert.equal(redis.options.connectTimeout, 5000);
  assert.equal(await make({ db: 2 }).get("aa:key"), "value");
});

test("the error of a refused connection has the system's code, and a lazy client says that it waits", async () => {
  const redis = Redis.createClient({ host: "127.0.0.1", port: 1, connectTimeout: 20, lazyConnect: true });
  await once(redis, "wait");
  redis.connect().catch(() => {});
  const [{ code, syscall, port }] = await new Promise((resolve) => {
    redis.once("error", (...told) => resolve(told));
  });
  assert.deepEqual([code, syscall, port], ["ECONNREFUSED", "connect", 1]);
  redis.end();
});

test("a shard channel whose slot has moved away is an event of its own, no message", async () => {
  const cluster = await startCluster();
  const redis = new Redis(cluster.port);
  const sub = new Redis(cluster.port);
  const heard = [];
  for (const event of ["message", "smessage", "messageBuffer", "smessageBuffer", "unsubscribe", "sunsubscribe"]) {
    sub.on(event, (...parts) => heard.push([event, ...parts]));
  }
  assert.equal(await sub.ssubscribe("moves"), 1);
  assert.equal(await sub.subscribe("stays"), 1);
  await redis.cluster("DELSLOTS", await redis.cluster("KEYSLOT", "moves"));
  await until(() => heard.length > 0);
  await redis.publish("stays", "on");
  await until(() => heard.length > 2);
  assert.deepEqual(heard, [["sunsubscribe", "moves", 0], ["message", "stays", "on"],
    ["messageBuffer", Buffer.from("stays"), Buffer.from("on")]]);
  await sub.quit();
  await redis.quit();
  await cluster.stop();
});

program("a callback comes before what waits for the promise, and what is no function is ignored", async (redis) => {
  const order = [];
  await redis.get("a", () => order.push("callback")).then(() => order.push("promise"));
  assert.deepEqual(order, ["callback", "promise"]);
  assert.deepEqual(await redis.multi().set("a", 1).exec(true), [[null, "OK"]]);
  assert.deepEqual(await redis.pipeline().get("a").exec(null), [[null, "1"]]);
  assert.equal(await redis.unwatch(7), "OK");
  const other = redis.duplicate({ lazyConnect: true });
  await Promise.all([other].map(other.connect.bind(other)));
  assert.equal(await other.quit({}), "OK");
});

for (const [end, autoResubscribe, names] of [["quit", true, 2], ["disconnect", true, 2], ["quit", false, 0]]) {
  program(`connect() behind ${end}() subscribes to ${names} names again`, async (redis) => {
    const sub = redis.duplicate({ autoResubscribe });
    all.push(sub);
    await sub.subscribe("one");
    await sub.psubscribe("t?o");
    const ended = once(sub, "end");
    sub[end]();
    await ended;
    await sub.connect();
    assert.equal(await sub.subscribe("three"), names + 1);
    assert.equal(await redis.publish("one", "hi"), Math.sign(names));
    await sub.quit();
  });
}

program("a lost connection for messages is close, reconnecting and ready", async (redis) => {
  const sub = redis.duplicate();
  all.push(sub);
  await sub.subscribe("news");
  const heard = [];
  for (const event of ["close", "reconnecting", "ready", "message"]) sub.on(event, () => heard.push(event));
  await redis.client("KILL", "TYPE", "pubsub");
  await until(() => heard.includes("ready"));
  assert.equal(await redis.publish("news", "again"), 1);
  await until(() => heard.includes("message"));
  assert.deepEqual(heard, ["close", "reconnecting", "ready", "message"]);
});

program("a slow listener gets all messages, and leaves time for others", async (redis) => {
  const sub = redis.duplicate({ plimsoll: { subscriptionMessagesMax: 500 } });
  all.push(sub);
  await sub.subscribe("flood");
  let count = 0;
  let turns = 0;
  sub.on("message", () => { ++count; });
  await redis.eval("for i = 1, 3000 do redis.call('PUBLISH', 'flood', i) end", 0);
  await until(() => ++turns && count === 3000);
  assert(turns > 1);
});

program("calls behind disconnect(true) wait for the next connection", async (redis) => {
  const other = redis.duplicate({ retryStrategy: () => 1 });
  all.push(other);
  await other.ping();
  other.disconnect(true);
  const calls = [other.set("a", 1), other.get("a"), other.pipeline().get("a").exec()];
  assert.deepEqual(await Promise.all(calls), ["OK", "1", [[null, "1"]]]);
  assert.equal(other.status, "ready");
  other.disconnect(true);
  const last = other.get("a");
  const ended = once(other, "end");
  await Promise.all([other.quit(), ended]);
  await assert.rejects(last, { message: "Connection is closed." });
});

program("callbacks within a transaction have the server's answers, and one that is dropped rejects", async (redis) => {
  const told = [];
  const tell = (error, result) => told.push(error?.message ?? result);
  await redis.multi().set("a", 1, tell).get("a", tell).exec();
  await redis.watch("a");
  await make().set("a", 2);
  assert.equal(await redis.multi().set("a", 3, tell).exec(), null);
  assert.deepEqual(told.splice(0), ["QUEUED", "QUEUED", "QUEUED"]);
  for (const [message, name, ...args] of [[/^ERR wrong number of arguments for 'set' command$/, "set", "a"],
    [/^ERR unknown command/, "nosuch", "x"]]) {
    await assert.rejects(redis.multi().set("b", 1, tell).call(name, ...args, tell).exec(), (error) => {
      assert.match(error.message, /^EXECABORT Transaction discarded/);
      assert.deepEqual(error.previousErrors[0].command, { name, args });
      assert.match(error.previousErrors[0].message, message);
      return error instanceof ReplyError;
    });
    const [first, second] = told.splice(0);
    assert.equal(first, "QUEUED");
    assert.match(second, message);
  }
  assert.equal(await redis.exists("b"), 0);
});

program("a login that is refused rejects in the server's words", async (redis) => {
  await redis.acl("SETUSER", "guest", "on", ">right", "+@all", "~*");
  const guest = redis.duplicate({ username: "guest", password: "wrong", retryStrategy: null });
  guest.on("error", () => {});
  await assert.rejects(guest.get("a"), (error) => {
    assert.match(error.message, /^WRONGPASS/);
    assert.deepEqual(error.command, { name: "get", args: ["a"] });
    return error instanceof ReplyError;
  });
});

program("a transaction may stand within a pipeline, what cannot says so, and exec() sends all again", async (redis) => {
  const results = await redis.pipeline().get("a").multi().set("a", 1).get("a").exec().get("a").exec();
  assert.deepEqual(results, [[null, null], [null, "OK"], [null, "QUEUED"], [null, "QUEUED"],
    [null, ["OK", "1"]], [null, "1"]]);
  const listed = await redis.pipeline([["multi"], ["incr", "a"], ["exec"]]).exec();
  assert.deepEqual(listed.at(-1), [null, [2]]);
  assert.deepEqual(await redis.pipeline().send_command("get", ["a"]).execBuffer(), [[null, "2"]]);
  for (const name of ["watch", "unwatch", "discard", "subscribe", "quit"]) {
    assert.throws(() => redis.pipeline()[name]("a"), new RegExp(`has no ${name}\\(\\) in a pipeline`));
  }
  assert.throws(() => redis.multi().multi(), /has no multi\(\) within a transaction/);
  const again = redis.pipeline().incr("again");
  assert.deepEqual([await again.exec(), again.length, await again.exec()], [[[null, 1]], 1, [[null, 2]]]);
});

program("each command of ioredis has a method", async (redis) => {
  const names = redis.getBuiltinCommands();
  for (const name of [...names, "hexpire", "vadd", "sentinel", "asking"]) {
    assert.equal(typeof redis[name], "function", name);
    assert.equal(typeof redis.pipeline()[name], "function", name);
  }
  for (const name of ["subscribe", "multi", "watch", "quit", "hgetdel", "select"]) assert(names.includes(name));
  const [[error]] = await redis.pipeline().httl("none", "FIELDS", 1, "f").exec();
  assert(error === null || /^ERR unknown command 'httl', with args beginning with: 'none'/.test(error.message));
});

program("commands as objects, added commands and transformers", async (redis) => {
  assert.equal(await redis.sendCommand(new Command("set", ["a", 1], { replyEncoding: "utf8" })), "OK");
  assert.deepEqual(await redis.sendCommand(new Command("get", ["a"])), Buffer.from("1"));
  const { string, buffer } = redis.createBuiltinCommand("get");
  assert.deepEqual([await string.call(redis, "a"), await buffer.call(redis, "a")], ["1", Buffer.from("1")]);
  redis.addBuiltinCommand("nosuch");
  await assert.rejects(redis.nosuch("a"), /^ReplyError: ERR unknown command/);
  assert.match((await redis.pipeline().nosuch("a").exec())[0][0].message, /^ERR unknown command/);
  Command.setArgumentTransformer("echo", ([text]) => [text.toUpperCase()]);
  Command.setReplyTransformer("echo", (reply) => `${reply}!`);
  assert.equal(await redis.echo("ahoy"), "AHOY!");
  const [shown, { log }] = [[], console];
  console.log = (line) => shown.push(line);
  for (const outcome of [[null, "OK"], [new Error("no")]]) print(...outcome);
  console.log = log;
  assert.deepEqual(shown, ["Reply: OK", "Error: Error: no"]);
});

test("disconnect() of a lazy client is close and end; disconnect(true) has it connect", async () => {
  const told = [];
  const lazy = make({ lazyConnect: true });
  for (const event of ["close", "end", "connecting"]) lazy.on(event, () => told.push(event));
  lazy.disconnect();
  await until(() => told.includes("end"));
  assert.deepEqual(told, ["close", "end"]);
  const again = make({ lazyConnect: true, retryStrategy: () => 1 });
  again.disconnect(true);
  await once(again, "ready");
});

test("without a listener errors are printed, and a retryStrategy that throws is uncaught later", async () => {
  const { error: show } = console;
  const uncaught = catchUncaught();
  const shown = [];
  console.error = (...words) => shown.push(words);
  const redis = new Redis({ host: "127.0.0.1", port: 1, connectTimeout: 20,
    retryStrategy: () => { throw new RangeError("no strategy"); } });
  const ended = new Promise((resolve) => { redis.once("end", resolve); });  // once() would listen to errors
  assert((await uncaught) instanceof RangeError);
  await ended;
  console.error = show;
  assert.equal(shown[0][0], "[plimsoll/ioredis] Unhandled error event:");
  assert.match(shown[0][1], /ECONNREFUSED/);
});
