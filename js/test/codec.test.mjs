// The option codec: which commands it changes, against what the server says that its commands are; compression.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ClientSideCache, ConfigurationError, compression } from "../.build/index.js";
import { CodecWords } from "../.build/codec.js";
import { startServer } from "./package/server.mjs";

let server;
let plain;
const clients = [];

const connect = async (options) => {
  const client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000, ...options });
  clients.push(client);
  return client;
};

before(async () => {
  server = await startServer();
  plain = await connect();
});
after(async () => {
  for (const client of clients) await client.close();
  await server.stop();
});

const bytesOf = (value) => typeof value === "string" ? new TextEncoder().encode(value) : value;

const marked = {
  encode: (value) => `<${value}>`,
  decode: (stored) => bytesOf(new TextDecoder().decode(stored).replace(/^<|>$/g, "")),
};

// Commands of strings and hashes that have no whole value in them, in either direction: a codec leaves them.
const without = ["decr", "decrby", "incr", "incrby", "incrbyfloat", "hincrby", "hincrbyfloat",  // numbers
  "hdel", "hexists", "hkeys", "hlen", "hexpire", "hexpireat", "hexpiretime", "hpersist", "hpexpire",
  "hpexpireat", "hpexpiretime", "hpttl", "httl"];

test("each command of strings and hashes is changed, refused, or known to have no values", async () => {
  const codec = new CodecWords(marked);
  const names = (await Promise.all(["string", "hash", "bitmap"].map((each) => plain.aclCat(each)))).flat();
  assert(names.length > 40, `${names.length} commands`);
  const missed = names.filter((name) => {
    const words = [name, "k", "a", "b", "c", "d", "e"];
    try {
      if (codec.words(words).some((word, at) => word !== words[at])) return false;
    } catch (error) {
      assert(error instanceof ConfigurationError && error.message.includes(name.toUpperCase()));
      return false;
    }
    const forms = [words, [name, "k", "0", "WITHVALUES"]];
    return !forms.some((form) => codec.unpacks(form) !== undefined) && !without.includes(name);
  });
  assert.deepEqual(missed, []);
});

test("values are encoded at their places, and nowhere else", () => {
  const codec = new CodecWords(marked);
  for (const line of ["SET k <v> EX 5", "SET IFEQ <get> IFEQ <old> GET", "set k <v> ifeq <old>", "SETEX k 5 <v>",
    "MSET a <1> b <2>", "HSET k a <1> b <2>", "HSETNX k a <1>", "HSETEX k EX 5 FIELDS 2 FIELDS <1> b <2>",
    "HSETEX k FNX KEEPTTL FVS 1 a <1>", "SET k <v> EX 5 IFEQ <EX> GET",
    "MSETEX 2 a <1> b <2> EX 5", "DELIFEQ k <v>", "DELEX k IFNE <v>", "GETSET k <v>",
    "MGET a b", "LPUSH k v", "SADD k v", "SET k", "HSET k a", "MSETEX x a b"]) {
    const words = line.replace(/[<>]/g, "").split(" ");
    assert.equal(codec.words(words).join(" "), line);
  }
});

test("each form of writing and reading returns the value", async () => {
  const client = await connect({ codec: marked });
  const fields = { a: "1", b: "2" };
  const forms = [
    [() => client.set("k", "1"), () => client.get("k")],
    [() => client.setex("k", 100, "1"), () => client.getex("k", { ttl: 100 })],
    [() => client.psetex("k", 100_000, "1"), () => client.getset("k", "2")],
    [() => client.setnx("fresh", "1"), () => client.getdel("fresh")],
    [() => client.set("k", "1"), () => client.setGet("k", "2")],
    [() => client.set("k", "1"), () => client.command(["set", "k", "2", "get"])],
    [() => client.hset("h", fields), () => client.hget("h", "a")],
    [() => client.hsetnx("h2", "a", "1"), () => client.hget("h2", "a")],
  ];
  for (const [write, read] of forms) {
    await write();
    assert.equal(await read(), "1", read.toString());
  }
  await client.mset(fields);
  assert.deepEqual(await plain.mget(["a", "b"]), ["<1>", "<2>"]);
  assert.deepEqual(await client.mget(["a", "none", "b"]), ["1", null, "2"]);
  assert.deepEqual(await client.hmget("h", ["b", "a"]), ["2", "1"]);
  assert.deepEqual(await client.hvals("h"), ["1", "2"]);
  assert.deepEqual((await client.hscan("h", "0")).fields, fields);
  assert.deepEqual((await client.hscanNoValues("h", "0")).elements, ["a", "b"]);
  assert.deepEqual(Object.fromEntries(await client.hrandfieldWithValues("h", 2)), fields);
  assert.deepEqual((await client.hrandfield("h", { count: 2 })).sort(), ["a", "b"]);
});

test("a token is one only in its place", async () => {
  const codec = new CodecWords(marked);
  const hasValues = (...words) => codec.unpacks(words) !== undefined;
  assert.equal(hasValues("SET", "k", "v", "IFEQ", "GET"), false);
  assert.equal(hasValues("SET", "k", "v", "IFEQ", "x", "GET"), true);
  assert.equal(hasValues("HSCAN", "novalues", "0", "MATCH", "NOVALUES"), true);
  assert.equal(hasValues("HSCAN", "h", "0", "COUNT", "5", "NOVALUES"), false);
  const bytes = codec.words(["MSETEX", bytesOf("1"), "a", "1", "EX", "5"]);
  assert.deepEqual(bytes.slice(2), ["a", "<1>", "EX", "5"]);
});

test("fields and cursors of replies without a shape are not decoded, in either protocol", async () => {
  const strict = { ...marked, decode: (stored) => {
    assert.equal(stored[0], "<".charCodeAt(0));
    return marked.decode(stored);
  } };
  await plain.del("shapeless");
  for (const protocol of [2, 3]) {
    const client = await connect({ codec: strict, protocol });
    await client.hset("shapeless", { a: "1" });
    for (const as of ["text", "json", "bytes"]) {
      const one = { text: "1", json: 1, bytes: bytesOf("1") }[as];
      const name = as === "bytes" ? bytesOf("a") : "a";
      const zero = as === "bytes" ? bytesOf("0") : "0";
      const flat = (reply) => reply instanceof Map ? [...reply].flat() : reply.flat(3);
      assert.deepEqual(flat(await client.command(["HGETALL", "shapeless"], { as })), [name, one]);
      assert.deepEqual(flat(await client.command(["HRANDFIELD", "shapeless", "1", "WITHVALUES"], { as })), [name, one]);
      assert.deepEqual(flat(await client.command(["HSCAN", "shapeless", "0"], { as })), [zero, name, one]);
    }
    const both = client.transaction();
    both.command(["HGETALL", "shapeless"]);
    both.hgetall("shapeless");
    const [raw, shaped] = await both.exec();
    assert.deepEqual(raw instanceof Map ? [...raw].flat() : raw, ["a", "1"]);
    assert.deepEqual(shaped, { a: "1" });
  }
});

test("what a codec throws ends its own call alone, on each way to the server", async () => {
  const other = await connect();
  const client = await connect({ codec: { encode: () => { throw new RangeError("too long"); }, decode: (b) => b } });
  const ways = [() => client.set("k", "v"), () => client.exclusive((own) => own.set("k", "v")),
    () => client.transaction((all) => [all.set("k", "v")]), () => client.batch((all) => [all.set("k", "v")]),
    () => client.transact("k", (own) => {
      const all = own.transaction();
      all.set("k", "v");
      return all;
    })];
  for (const way of ways) await assert.rejects(way(), { name: "RangeError", message: "too long" });
  assert.equal(await other.ping(), "PONG");
  assert.equal(await client.ping(), "PONG");
});

test("a codec may call its client: each call has its own reply", async () => {
  let client;
  const calls = [];
  client = await connect({ codec: {
    encode: (value) => {
      calls.push(client.incr("encodes"));
      return value;
    },
    decode: (stored) => stored,
  } });
  await plain.set("k", "old");
  assert.equal(await client.exclusive((own) => own.getset("k", "new")), "old");
  assert.deepEqual(await client.transaction((all) => [all.set("k", "3"), all.get("k")]), [true, "3"]);
  assert.deepEqual(await client.batch((all) => [all.set("k", "4"), all.get("k")]), [true, "4"]);
  assert.deepEqual(await Promise.all(calls), [1, 2, 3]);
});

test("a codec that fails, or returns nonsense, fails its own call", async () => {
  const mine = new Error("mine");
  const fails = await connect({ codec: { encode: () => { throw mine; }, decode: () => { throw mine; } } });
  await plain.set("k", "v");
  for (const call of [fails.set("k", "v"), fails.get("k")]) {
    await assert.rejects(call, (error) => error === mine);
  }
  const nonsense = await connect({ codec: { encode: () => 7, decode: () => "text" } });
  await assert.rejects(nonsense.set("k", "v"), { name: "TypeError", message: /encode\(\) returned/ });
  await assert.rejects(nonsense.get("k"), { name: "TypeError", message: /decode\(\) returned/ });
  const both = nonsense.transaction();
  both.get("k").catch(() => {});
  both.ping();
  const [failed, pong] = await both.exec();
  assert.match(failed.message, /decode/);
  assert.equal(pong, "PONG");
  assert.equal(await plain.get("k"), "v");
  await assert.rejects(connect({ codec: { encode: () => "" } }), ConfigurationError);
});

test("what compression() stores is what it gives back, for any bytes", async () => {
  const client = await connect({ codec: compression({ above: 64 }) });
  let seed = 7;
  const random = (below) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below;
  for (let run = 0; run < 500; ++run) {
    const letters = 1 + random(256);  // few letters compress well
    const value = Uint8Array.from({ length: random(2000) }, () => random(letters));
    if (random(3) === 0) value.set([0xf8, 0x50, 0x4c, 0x5a].slice(0, Math.min(4, value.length)));
    await client.set("v", value);
    assert.deepEqual(await client.get("v", { as: "bytes" }), value, `run ${run}`);
  }
});

test("a near cache keeps compressed values, and a value beyond bytesMax is refused", async () => {
  const clientSideCache = new ClientSideCache({ maxCacheKb: 1024 });
  const client = await connect({ clientSideCache, codec: compression() });
  const text = JSON.stringify(Array.from({ length: 2000 }, (_, n) => ({ n, name: "Great Eastern" })));
  for (let n = 0; n < 40; ++n) await client.set(`json:${n}`, text);
  for (let n = 0; n < 40; ++n) await client.get(`json:${n}`, { as: "json" });
  assert.equal(client.getCacheEntryCount(), 40);  // 40 times 60 kB
  assert.equal(client.cached("json:7", { as: "json" })[1999].n, 1999);
  const small = await connect({ codec: compression({ bytesMax: text.length - 1 }) });
  await assert.rejects(small.get("json:1"), { name: "DecodeError", code: "not_compressed", executed: "yes" });
  await plain.set("json:1", Uint8Array.of(0xf8, 0x50, 0x4c, 0x5a, 1, 1, 2, 3));
  await assert.rejects(small.get("json:1"), { name: "DecodeError", message: /cannot be decompressed/ });
});
