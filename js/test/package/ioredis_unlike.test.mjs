// Where programs of ioredis's found the shim unlike ioredis, without an error.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";

import Redis, { Command } from "plimsoll/ioredis";

import { startCuttingProxy } from "./cutting_proxy.mjs";
import { startServer } from "./server.mjs";
import { until } from "./wait.mjs";

let server;
const all = [];

before(async () => { server = await startServer(); });
after(async () => {
  await Promise.all(all.map((redis) => redis.quit()));
  await server.stop();
});

const make = (options = {}) => {
  const redis = new Redis(server.port, "127.0.0.1", options);
  all.push(redis);
  return redis;
};

test("without an offline queue the first call of a lazy client fails, and has it connect", async () => {
  const redis = make({ lazyConnect: true, enableOfflineQueue: false });
  await assert.rejects(redis.get("a"), /enableOfflineQueue/);
  await once(redis, "ready");
  assert.equal(await redis.set("a", "1"), "OK");
});

test("of the constructor's arguments the first that says something counts", async () => {
  const { port } = server;
  const ways = [[port, { host: "127.0.0.1", port: 1 }], [port, "127.0.0.1", { host: "nowhere.invalid", port: 1 }],
    [`${port}`, { host: undefined, port: 1 }], [`redis://127.0.0.1:${port}/2`, { port: 1, db: 3 }],
    [{ host: "127.0.0.1", port }, { port: 1 }], [{ host: null, port }], [{ host: "", port }]];
  for (const way of ways) {
    const redis = new Redis(...way);
    all.push(redis);
    assert.equal(await redis.ping(), "PONG", JSON.stringify(way));
    assert.equal(redis.options.port, port);
  }
  assert.equal(all.at(-4).options.db, 2);
});

test("what a server without passwords does not want does not keep a client out", async (context) => {
  const warned = [];
  context.mock.method(console, "warn", (text) => warned.push(text));
  for (const options of [{ password: "needless" }, { username: "default" }, { connectionName: "two words" }]) {
    const redis = make(options);
    assert.equal(await redis.set("a", "1"), "OK", JSON.stringify(options));
  }
  const lazy = make({ password: "needless", lazyConnect: true, retryStrategy: null });
  await lazy.connect();
  assert.equal(await lazy.get("a"), "1");
  const sub = make({ password: "needless" });
  assert.equal(await sub.subscribe("news"), 1);
  assert.equal(warned.length, 3);
  assert.match(warned[0], /wants no password/);
  assert.doesNotMatch(warned[0], /needless/);
  assert.throws(() => new Redis({ username: "sailor" }), { message: /username is given without a password/ });
});

test("a server that gets its password later is given it", async (context) => {
  context.mock.method(console, "warn", () => {});
  const own = await startServer();
  const redis = new Redis(own.port, "127.0.0.1", { password: "late", retryStrategy: () => 5 });
  redis.on("error", () => {});
  await redis.set("a", "1");
  const admin = new Redis(own.port, "127.0.0.1", { retryStrategy: null });
  await admin.config("SET", "requirepass", "late");
  await admin.client("KILL", "TYPE", "normal", "SKIPME", "yes");
  await until(() => redis.get("a").then((value) => value === "1", () => false));
  await Promise.all([redis.quit(), admin.quit()]);
  await own.stop();
});

test("the options of TLS are those of the arguments behind a URL", () => {
  const ca = "a certificate";
  const options = (...args) => new Redis(...args, { lazyConnect: true }).options.tls;
  assert.deepEqual(options("rediss://localhost", { tls: { ca } }), { ca });
  assert.deepEqual(options("rediss://localhost"), {});
  assert.deepEqual(options("rediss://localhost", { tls: undefined }), {});
});

// BullMQ goes by this text: with any other one, a job whose end was lost has failed.
test("a call whose connection is lost under way says what ioredis says of closed connections", async () => {
  const proxy = await startCuttingProxy(server.port);
  const redis = new Redis(proxy.port, "127.0.0.1", { retryStrategy: () => 10 });
  redis.on("error", () => {});
  await redis.ping();
  process.kill(server.pid, "SIGSTOP");
  const before = proxy.carried();
  const lost = redis.incr("counter").catch((error) => error);
  await until(() => proxy.carried() > before);  // the server does not answer
  proxy.reset();
  const error = await lost;
  process.kill(server.pid, "SIGCONT");
  assert.equal(error.message, "Connection is closed.");
  assert.equal(error.cause.code, "lost_in_doubt");
  assert.equal(error.cause.executed, "maybe");
  assert.equal(await redis.ping(), "PONG");
  await redis.quit();
  proxy.stop();
});

test("a name may be that of a channel and of a shard channel, which are counted apart", async () => {
  const redis = make();
  const sub = make();
  const heard = [];
  for (const event of ["message", "smessage"]) sub.on(event, (...parts) => heard.push([event, ...parts]));
  assert.equal(await sub.subscribe("news"), 1);
  assert.equal(await sub.ssubscribe("news"), 1);
  assert.equal(await sub.psubscribe("never*"), 2);
  await redis.publish("news", "to all");
  await redis.spublish("news", "to the shard");
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [["message", "news", "to all"], ["smessage", "news", "to the shard"]]);
  assert.equal(await sub.sunsubscribe("news"), 0);
  assert.equal(await sub.unsubscribe("news"), 1);
});

test("who has unsubscribed from the last name is not counted by PUBLISH", async () => {
  const redis = make();
  const sub = make();
  for (let turn = 0; turn < 20; ++turn) {
    await sub.subscribe("brief");
    assert.equal(await redis.publish("brief", "to one"), 1);
    assert.equal(await sub.unsubscribe("brief"), 0);
    assert.equal(await redis.publish("brief", "to nobody"), 0);
  }
});

test("messages come on while a test's timers stand still", async () => {
  const redis = make();
  const sub = make();
  let heard = 0;
  sub.on("message", () => { ++heard; });
  await sub.subscribe("busy");
  const { setImmediate } = globalThis;
  globalThis.setImmediate = () => {};  // as fake timers, which nobody moves on
  try {
    const all = redis.pipeline();
    for (let i = 0; i < 300; ++i) all.publish("busy", "m");
    await all.exec();
    await until(() => heard === 300);
  } finally {
    globalThis.setImmediate = setImmediate;
  }
});

test("XREAD waits on behind a lost connection, as other reads are sent again", async () => {
  const redis = make();
  const reader = make();
  await redis.del("stream");
  const read = reader.xread("BLOCK", 0, "STREAMS", "stream", "0");
  const blocked = async () => /blocked_clients:1\r/.test(await redis.info("clients"));
  for (let turn = 0; turn < 2; ++turn) {
    await until(blocked);
    const waiting = (await redis.client("LIST")).split("\n").find((line) => / cmd=xread /.test(line));
    await redis.client("KILL", "ID", /^id=(\d+) /.exec(waiting)[1]);
    await until(async () => (await redis.client("LIST")).split("\n")
      .some((line) => / cmd=xread /.test(line) && !line.startsWith(waiting.split(" ", 1)[0] + " ")));
  }
  await redis.xadd("stream", "1-0", "ship", "Victory");
  assert.deepEqual(await read, [["stream", [["1-0", ["ship", "Victory"]]]]]);
  // What changes something is not.
  const popped = assert.rejects(reader.blpop("list", 0), { code: "lost_in_doubt" });
  await until(blocked);
  const waiting = (await redis.client("LIST")).split("\n").find((line) => / cmd=blpop /.test(line));
  await redis.client("KILL", "ID", /^id=(\d+) /.exec(waiting)[1]);
  await popped;
});

test("keys behind a subcommand have the prefix that the program writes", async () => {
  const redis = make({ keyPrefix: "app:" });
  const plain = make();
  await plain.flushall();
  assert.equal(await redis.xgroup("CREATE", "app:jobs", "workers", "0", "MKSTREAM"), "OK");
  await redis.xadd("jobs", "1-0", "name", "sail");
  assert.deepEqual(await redis.xreadgroup("GROUP", "workers", "one", "STREAMS", "jobs", ">"),
    [["jobs", [["1-0", ["name", "sail"]]]]].map(([name, entries]) => [`app:${name}`, entries]));
  assert.equal(await redis.object("ENCODING", Buffer.from("app:jobs")), "stream");
  assert.equal((await redis.call("XINFO", "GROUPS", "app:jobs")).length, 1);
  const [[, groups], [, usage]] = await redis.pipeline().xinfo("GROUPS", "app:jobs").memory("USAGE", "app:jobs").exec();
  assert.equal(groups.length, 1);
  assert(usage > 0);
  assert.deepEqual(await plain.keys("*"), ["app:jobs"]);
});

test("a reply transformer that throws is the error of its command, also among others", async () => {
  const redis = make();
  await redis.set("a", "1");
  Command.setReplyTransformer("getdel", () => { throw new Error("no such shape"); });
  try {
    for (const chain of [redis.pipeline(), redis.multi()]) {
      await redis.set("b", "2");
      const results = await chain.get("a").getdel("b").get("a").exec();
      assert.deepEqual(results.map(([error, result]) => error?.message ?? result), ["1", "no such shape", "1"]);
    }
    assert.equal(await redis.get("b"), null);
  } finally {
    Command.setReplyTransformer("getdel", (reply) => reply);
  }
});

test("a wrong number of arguments is told with the server's letters", async () => {
  await assert.rejects(make().call("GET"), { message: "ERR wrong number of arguments for 'get' command" });
});

test("quit() of a subscriber comes behind all messages that the server has sent to it", async () => {
  const redis = make();
  for (let turn = 0; turn < 5; ++turn) {
    const sub = make();
    const heard = [];
    sub.on("message", (_, text) => heard.push(text));
    sub.on("pmessage", (_, __, text) => heard.push(text));
    await sub.subscribe("last");
    await sub.psubscribe("las*");
    const sent = Array.from({ length: 200 }, (_, i) => String(i));
    const counts = await Promise.all(sent.map((text) => redis.publish("last", text)));
    assert.ok(counts.every((count) => count === 2));
    assert.equal(await sub.quit(), "OK");
    assert.deepEqual(heard, sent.flatMap((text) => [text, text]));
  }
});
