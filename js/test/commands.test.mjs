// What methods of commands make of their arguments. No server is needed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { examples, wordsOf } from "./support/examples.mjs";
import { keyPlaces, served } from "./support/key-specs.mjs";
import { keyMark, plausibleArguments } from "./support/plausible.mjs";
import { calls } from "./support/recognise.mjs";
import { Recorder, rows, rowsFor } from "./support/recorder.mjs";

const client = new Recorder();

/** A call, and its words with spaces between. */
const wordsAre = async (call, words) => {
  assert.equal((await call).join(" "), words);
};

/** A call that is refused, with all of these in the message. */
const refuses = async (call, ...texts) => {
  assert.ok(call instanceof Promise);
  const error = await call.then(words => assert.fail(`sent ${words}`), error => error);
  assert.ok(error instanceof TypeError, String(error));
  for (const text of texts) assert.ok(error.message.includes(text), error.message);
};

test("arguments are words in the order of the server", async () => {
  await wordsAre(client.get("k"), "GET k");
  await wordsAre(client.set("k", 5), "SET k 5");
  await wordsAre(client.set("k", 2n ** 63n), "SET k 9223372036854775808");
  await wordsAre(client.configGet(["a", "b"]), "CONFIG GET a b");
  await wordsAre(client.linsert("l", "before", "a", "b"), "LINSERT l BEFORE a b");
  await wordsAre(client.blpop(["a", "b"], 0.5), "BLPOP a b 0.5");
  await wordsAre(client.memoryMallocStats(), "MEMORY MALLOC-STATS");
  await wordsAre(client.incrbyfloat("k", -Infinity), "INCRBYFLOAT k -inf");
});

test("bytes are passed on as they are", async () => {
  const key = new Uint8Array([1, 255]);
  const words = await client.set(key, key);
  assert.ok(words[1] === key && words[2] === key);
  assert.deepEqual(await client.mget([key]), ["MGET", key]);
});

test("options stand where the server wants them", async () => {
  await wordsAre(client.set("k", "v", { ttl: 3600 }), "SET k v EX 3600");
  await wordsAre(client.set("k", "v", { ifAbsent: true, keepTtl: true }), "SET k v NX KEEPTTL");
  await wordsAre(client.set("k", "v", { atMs: new Date(5), ifPresent: false }), "SET k v PXAT 5");
  await wordsAre(client.expireat("k", new Date(5999)), "EXPIREAT k 5");
  await wordsAre(client.getex("k", { persist: true }), "GETEX k PERSIST");
  await wordsAre(
    client.zadd("z", { score: 1, member: "a" }, { ifGreater: true, countChanged: true }),
    "ZADD z GT CH 1 a");
  await wordsAre(client.sort("k", { get: ["a", "b"], limit: { offset: 1, count: 2 } }),
    "SORT k LIMIT 1 2 GET a GET b");
  await wordsAre(client.sortStore("k", "to", { alpha: true }), "SORT k ALPHA STORE to");
  await wordsAre(client.xadd("s", { a: 1 }), "XADD s * a 1");
  await wordsAre(
    client.xadd("s", { a: 1 }, { id: "5", trim: { by: "length", how: "nearly", threshold: 9 } }),
    "XADD s MAXLEN ~ 9 5 a 1");
});

test("options of any call are not sent", async () => {
  const options = { timeout: 5, as: "bytes", maxStaleness: 0, ttl: 1 };
  await wordsAre(client.set("k", "v", options), "SET k v EX 1");
  assert.equal(client.options, options);
  await wordsAre(client.get("k", { timeout: 5 }), "GET k");
});

test("lists are arrays, Sets, or one alone", async () => {
  for (const list of [["a"], new Set(["a"]), "a"]) {
    await wordsAre(client.del(list), "DEL a");
    await wordsAre(client.sadd("s", list), "SADD s a");
    await wordsAre(client.zunion(list), "ZUNION 1 a");
  }
  await wordsAre(client.zinter(["a", "b"], { weights: [1, 2.5], aggregate: "maximum" }),
    "ZINTER 2 a b WEIGHTS 1 2.5 AGGREGATE MAX");
  await wordsAre(client.eval("return 1"), "EVAL return 1 0");
  await wordsAre(client.eval("return 1", ["a", "b"], 5), "EVAL return 1 2 a b 5");
  await wordsAre(client.pfadd("k"), "PFADD k");
  await wordsAre(client.pfadd("k", undefined, { timeout: 5 }), "PFADD k");
});

test("fields are objects, Maps, or pairs", async () => {
  const pairs = [["a", 1], ["b", "x"]];
  for (const fields of [{ a: 1, b: "x" }, new Map(pairs), pairs]) {
    await wordsAre(client.hset("h", fields), "HSET h a 1 b x");
    await wordsAre(client.mset(fields), "MSET a 1 b x");
    await wordsAre(client.xread(fields, { block: 0 }), "XREAD BLOCK 0 STREAMS a b 1 x");
  }
});

test("groups, choices and bounds", async () => {
  await wordsAre(client.bitpos("k", 1, { range: 3 }), "BITPOS k 1 3");
  await wordsAre(client.bitpos("k", 1, { range: { first: 2, to: { last: 3, unit: "byte" } } }),
    "BITPOS k 1 2 3 BYTE");
  await wordsAre(client.geosearch("g", { position: { longitude: 1, latitude: 2 } },
    { circle: { radius: 5, unit: "kilometres" } }, { count: { count: 3, any: true } }),
  "GEOSEARCH g FROMLONLAT 1 2 BYRADIUS 5 KM COUNT 3 ANY");
  await wordsAre(
    client.bitfield("k", [{ overflow: "wrap" }, { get: { encoding: "u8", offset: 0 } }]),
    "BITFIELD k OVERFLOW WRAP GET u8 0");
  await wordsAre(client.replicaof("noOne"), "REPLICAOF NO ONE");
  await wordsAre(client.replicaof({ server: { host: "h", port: 1 } }), "REPLICAOF h 1");
  await wordsAre(client.zrangebyscore("z", { exclusive: 1.5 }, Infinity),
    "ZRANGEBYSCORE z (1.5 inf");
  await wordsAre(client.zrange("z", "[a", "+", { by: "name" }), "ZRANGE z [a + BYLEX");
});

test("an option picks the form, and with it what the reply becomes", async () => {
  await wordsAre(client.spop("s"), "SPOP s");
  assert.equal(client.shape, undefined);
  await wordsAre(client.spop("s", { count: 2 }), "SPOP s 2");
  assert.deepEqual(client.shape(["a", "b"], "text"), new Set(["a", "b"]));
});

test("what is not allowed rejects, and says what is", async () => {
  await refuses(client.get(5), "get: key: got the number 5; give a string or Uint8Array");
  await refuses(client.get("a", "b"), "get: options: got the string \"b\"; give (key, options?)");
  await refuses(client.del("a", "b"), "del: options");
  await refuses(client.set("k", NaN), "set: value: got the number NaN");
  await refuses(client.set("k", undefined), "set: value: got undefined");
  await refuses(client.set("k", {}), "set: value: got an object (Object)");
  await refuses(client.set("k", "v", "EX", 5), "set: options: got the string \"EX\"; give (key");
  await refuses(client.expire("k", 5, {}, 6), "expire: got 4 arguments; give (key, seconds, {");
  await refuses(client.set("k", "v", { tll: 5 }), "set: options: got tll; give ifAbsent", "ttl, ");
  await refuses(client.set("k", "v", { ttl: 0 }), "set: ttl: got the number 0", "1 or more");
  await refuses(client.set("k", "v", { ttl: 5, keepTtl: true }), "with keepTtl; give one of ttl");
  await refuses(client.set("k", "v", { keepTtl: 1 }), "keepTtl: got the number 1; give true");
  await refuses(client.set("k", "v", { at: new Date(NaN) }), "at: got an object (Date)");
  await refuses(client.copy("a", "b", { destinationDb: null }), "copy: destinationDb: got null");
  await refuses(client.get("a", null), "get: options: got null");
  await refuses(client.lpop("k", 2), "lpop: options: got the number 2; give (key, { count })");
  await refuses(client.expire("k", 1.5), "expire: seconds: got the number 1.5; give a safe");
  await refuses(client.incrby("k", 2 ** 53), "incrby: increment");
  await refuses(client.incrby("k", 2n ** 63n), "incrby: increment");
  await refuses(client.blpop("k", -1), "blpop: timeout: got the number -1; give seconds, 0");
  await refuses(client.mget([]), "mget: keys: got an array of 0; give one or more");
  await refuses(client.mget(["a", null]), "mget: keys[1]: got null");
  await refuses(client.mget(undefined), "mget: keys: got undefined");
  await refuses(client.hset("h", {}), "hset: fields");
  await refuses(client.hset("h", "a"), "hset: fields: got the string \"a\"; give an object, a Map");
  await refuses(client.hset("h", [["a"]]), "hset: fields[0]: got an array of 1");
  await refuses(client.hset("h", { a: undefined }), "hset: fields.a: got undefined");
  await refuses(client.lmove("a", "b", "up", "left"),
    "lmove: from: got the string \"up\"; give one of \"left\", \"right\"");
  await refuses(client.lmove("a", "b", "constructor", "left"), "lmove: from");
  await refuses(client.zadd("z", [{ score: 1, member: "a" }, { score: "2", member: "b" }]),
    "zadd: members[1].score: got the string \"2\"; give a number");
  await refuses(client.geosearch("g", { membr: "a" }, { circle: { radius: 1, unit: "feet" } }),
    "geosearch: from: got an object (Object); give one of { member }, { position }");
  await refuses(client.replicaof({ server: { host: "h", port: "x" } }), "primary.server.port");
});

test("every method takes what its server needs, and puts keys where the server looks", async () => {
  for (const row of rows) {
    for (const isFull of [false, true]) {
      const words = await client[row.name](...plausibleArguments(row.nodes, isFull));
      const command = served.get(row.words.join("|"));
      const { arity } = command;
      // CLIENT KILL needs a filter of any kind: its types say so.
      if (row.name === "clientKill" && !isFull) continue;
      assert.ok(arity < 0 ? words.length >= -arity : words.length === arity, words.join(" "));
      // One has a key that no type calls so, the other one that the server does not tell.
      if (row.name === "migrate" || row.name === "sortStore") continue;
      const keys = words.flatMap((word, place) => word.startsWith(keyMark) ? [place] : []);
      assert.deepEqual(keys, keyPlaces(command, words), words.join(" "));
    }
  }
});

// What types rule out: wrong on purpose, or options in another order than the encoder's.
const others = new Set([
  "SORT_RO l ALPHA LIMIT 0 1", "BLPOP a -1", "LPOP k -1", "SPOP s -1", "EVAL 'return' -1",
  "LOLWUT VERSION 5 10 5 5", "ZADD z NX XX 1 a", "INCR", "SET k v EX 10 KEEPTTL",
]);

test("every example of a command is some method's call", async () => {
  const isSame = (word, wanted) =>
    word.toUpperCase() === wanted.toUpperCase() || Number(word) === Number(wanted);
  const makes = async (row, args, wanted) => {
    const words = await client[row.name](...args);
    return words.length === wanted.length && words.every((word, at) => isSame(word, wanted[at]));
  };
  const isMade = async wanted => {
    for (const row of rowsFor(wanted)) {
      for (const args of calls(row.nodes, wanted.slice(row.words.length))) {
        if (await makes(row, args, wanted)) return true;
      }
    }
    return false;
  };
  const tried = new Set();
  for (const { command, call } of examples()) {
    const isOffered = rows.some(row => row.words.join("|") === command);
    if (!isOffered) continue;
    tried.add(command);
    if (others.has(call)) continue;
    assert.ok(await isMade(wordsOf(call.replace(/\$(id|port|second_port)\b/g, "7"))), call);
  }
  for (const { words } of rows) assert.ok(tried.has(words.join("|")), words.join(" "));
});
