// Where programs of ioredis's found the shim unlike ioredis, without an error.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";

import Redis, { Command } from "plimsoll/ioredis";

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
  const popped = reader.blpop("list", 0);
  await until(blocked);
  const waiting = (await redis.client("LIST")).split("\n").find((line) => / cmd=blpop /.test(line));
  await redis.client("KILL", "ID", /^id=(\d+) /.exec(waiting)[1]);
  await assert.rejects(popped, { code: "lost_in_doubt" });
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
