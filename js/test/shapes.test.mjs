// What replies become, in RESP2 and RESP3, as text and as bytes. No server is needed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Recorder } from "./support/recorder.mjs";

const client = new Recorder();
const bytes = text => new TextEncoder().encode(text);

/** A reply whose strings are bytes. */
const asBytes = reply => {
  if (Array.isArray(reply)) return reply.map(asBytes);
  return typeof reply === "string" ? bytes(reply) : reply;
};

const shaped = (reply, as = "text") => {
  const given = as === "bytes" ? asBytes(reply) : reply;
  return client.shape === undefined ? given : client.shape(given, as);
};

/** A call's replies, of which each becomes `wanted`. */
const becomes = async (call, replies, wanted) => {
  await call;
  for (const reply of replies) assert.deepEqual(shaped(reply), wanted);
};

test("strings, integers and what has no type are as they came", async () => {
  await becomes(client.get("k"), ["v"], "v");
  await becomes(client.get("k"), [null], null);
  await becomes(client.incr("k"), [5], 5);
  await becomes(client.mget("k"), [["a", null]], ["a", null]);
  await becomes(client.role(), [["master", 0, []]], ["master", 0, []]);
});

test("statuses, booleans and doubles", async () => {
  await becomes(client.rename("a", "b"), ["OK"], undefined);
  await becomes(client.set("a", "b"), ["OK"], true);
  await becomes(client.set("a", "b", { ifAbsent: true }), [null], false);
  await becomes(client.sismember("s", "m"), [1, true], true);
  await becomes(client.smismember("s", ["a", "b"]), [[1, 0], [true, false]], [true, false]);
  await becomes(client.zscore("z", "m"), ["2.5", 2.5], 2.5);
  await becomes(client.zscore("z", "m"), ["-inf", -Infinity], -Infinity);
  await becomes(client.zscore("z", "m"), [null], null);
  await becomes(client.zmscore("z", ["a", "b"]), [["1", null], [1, null]], [1, null]);
});

test("maps are objects as any others, sets are Sets", async () => {
  await becomes(client.hgetall("h"), [["a", "1", "__proto__", "2"]],
    Object.fromEntries([["a", "1"], ["__proto__", "2"]]));
  assert.equal(Object.getPrototypeOf(shaped(["__proto__", "2"])), Object.prototype);
  assert.deepEqual(shaped(["a", "1"], "bytes"), [[bytes("a"), bytes("1")]]);
  await becomes(client.pubsubNumSub("c"), [["c", 5]], { c: 5 });
  await becomes(client.smembers("s"), [["a", "b"]], new Set(["a", "b"]));
  assert.deepEqual(shaped(["a"], "bytes"), [bytes("a")]);
});

test("scores", async () => {
  const flat = ["a", "1", "b", "inf"];
  const nested = [["a", 1], ["b", Infinity]];
  const members = [{ member: "a", score: 1 }, { member: "b", score: Infinity }];
  await becomes(client.zrangeWithScores("z", 0, -1), [flat, nested], members);
  assert.deepEqual(shaped(flat, "bytes")[0], { member: bytes("a"), score: 1 });
  await becomes(client.zpopmin("z", { count: 2 }), [flat, nested], members);
  await becomes(client.zpopmin("z"), [["a", "1"], ["a", 1]], members[0]);
  await becomes(client.zpopmin("z"), [[]], null);
  await becomes(client.zrankWithScore("z", "a"), [[3, "1"], [3, 1]], { rank: 3, score: 1 });
  await becomes(client.bzpopmin("z", 0), [["z", "a", "1"], ["z", "a", 1]],
    { key: "z", member: "a", score: 1 });
  await becomes(client.zmpop("z", "lowest"), [["z", [["a", "1"]]], ["z", [["a", 1]]]],
    { key: "z", members: [members[0]] });
  await becomes(client.zscan("z", "0"), [["7", ["a", "1"]]],
    { cursor: "7", members: [members[0]] });
});

test("what was popped, and pages of walks", async () => {
  await becomes(client.blpop("l", 0), [["l", "a"]], { key: "l", element: "a" });
  await becomes(client.lmpop("l", "left"), [["l", ["a"]]], { key: "l", elements: ["a"] });
  await becomes(client.lmpop("l", "left"), [null], null);
  await becomes(client.scan("0"), [["7", ["a"]]], { cursor: "7", elements: ["a"] });
  assert.deepEqual(shaped(["7", ["a"]], "bytes"), { cursor: "7", elements: [bytes("a")] });
  await becomes(client.hscan("h", "0"), [["0", ["a", "1"]]],
    { cursor: "0", fields: { a: "1" } });
  await becomes(client.hrandfieldWithValues("h", 2), [["a", "1"], [["a", "1"]]], [["a", "1"]]);
});

test("places", async () => {
  await becomes(client.geopos("g", ["a", "b"]), [[["1.5", "2"], null], [[1.5, 2], null]],
    [{ longitude: 1.5, latitude: 2 }, null]);
  const by = [{ member: "a" }, { circle: { radius: 1, unit: "metres" } }];
  await becomes(client.geosearchPlaces("g", ...by), [["a"]], [{ member: "a" }]);
  await becomes(client.geosearchPlaces("g", ...by), [[["a", "1.5", 9, ["1", "2"]]]],
    [{ member: "a", distance: 1.5, hash: 9, position: { longitude: 1, latitude: 2 } }]);
});

test("streams", async () => {
  const rows = [["1-1", ["f", "v"]], ["1-2", null]];
  const entries = [{ id: "1-1", fields: { f: "v" } }, { id: "1-2", fields: null }];
  await becomes(client.xrange("s", "-", "+"), [rows], entries);
  await becomes(client.xread({ s: "0" }), [["s", rows], [["s", rows]]], [{ stream: "s", entries }]);
  await becomes(client.xread({ s: "0" }), [null], []);
  assert.deepEqual(shaped(["s", rows], "bytes")[0].entries[0],
    { id: "1-1", fields: [[bytes("f"), bytes("v")]] });
  await becomes(client.xautoclaim("s", "g", "c", 0, "0"), [["0-0", rows, ["1-3"]]],
    { next: "0-0", entries, deleted: ["1-3"] });
  await becomes(client.xautoclaim("s", "g", "c", 0, "0"), [["0-0", []]],
    { next: "0-0", entries: [], deleted: [] });
  await becomes(client.xpending("s", "g"), [[2, "1-1", "1-2", [["c", "2"]]]],
    { count: 2, lowest: "1-1", highest: "1-2", consumers: [{ consumer: "c", count: 2 }] });
  await becomes(client.xpending("s", "g"), [[0, null, null, null]],
    { count: 0, lowest: null, highest: null, consumers: [] });
  await becomes(client.xinfoConsumers("s", "g"),
    [[["name", "c", "pending", 1, "idle", 5, "inactive", -1]]],
    [{ name: "c", pending: 1, idle: 5, inactive: null }]);
  await becomes(client.xinfoGroups("s"),
    [[["name", "g", "consumers", 1, "pending", 2, "last-delivered-id", "1-1", "lag", null]]],
    [{ name: "g", consumers: 1, pending: 2, lastDeliveredId: "1-1", entriesRead: null,
      lag: null }]);
});

test("times, the slow log, and common parts of strings", async () => {
  const at = new Date(1_700_000_000_000);
  await becomes(client.time(), [["1700000000", "5"]], { seconds: 1_700_000_000, microseconds: 5 });
  await becomes(client.latencyHistory("e"), [[[1_700_000_000, 5]]], [{ at, latency: 5 }]);
  await becomes(client.slowlogGet(), [[[1, 1_700_000_000, 12, ["GET", "k"], "host:1", "me"]]],
    [{ id: 1, at, duration: 12, words: ["GET", "k"], clientAddress: "host:1", clientName: "me" }]);
  await becomes(client.lcsIdx("a", "b"), [["matches", [[[4, 7], [5, 8], 4]], "len", 6]],
    { matches: [{ first: [4, 7], second: [5, 8], length: 4 }], length: 6 });
});

test("an error stays what it is", async () => {
  const error = new Error("ERR no");
  await becomes(client.set("a", "b"), [error], error);
  await becomes(client.hgetall("h"), [error], error);
});

test("a reply of another kind is an error that shows it", async () => {
  await client.hgetall("h");
  assert.throws(() => shaped("text"), /the server's reply is text, not an array/);
  await client.bzpopmin("z", 0);
  assert.throws(() => shaped(["z"]), /an array of 3 or more/);
});
