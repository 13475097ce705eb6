// The options keyPrefix, against what the server itself says which words of a command are keys, and
// channelPrefix.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ClientSideCache, ConfigurationError, configure, defineScript,
  getMemoryStatistics } from "../.build/index.js";
import { loadCore } from "../.build/core/core.js";
import { KeyPrefix } from "../.build/key-prefix.js";
import { startServer } from "./package/server.mjs";
import { plausibleArguments } from "./support/plausible.mjs";
import { Recorder, rows } from "./support/recorder.mjs";

const prefix = "ship:";

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

const keysOf = (words) => plain.command(["COMMAND", "GETKEYS", ...words])
  .catch((error) => {
    // Some commands may have no keys, in some of their forms.
    assert.match(error.message, /no key arguments|Invalid arguments/, words.join(" "));
    return /no key/.test(error.message) ? [] : undefined;
  });

// The server calls MIGRATE's empty key one as well.
const expected = (keys) => [...keys].filter((key) => key !== "").map((key) => prefix + key);

test("of each command the words that the server calls keys get the prefix, and no others", async () => {
  const keyPrefix = new KeyPrefix(await loadCore(), prefix);
  let compared = 0;
  const unclear = new Set();  // GETKEYS does not take what the command does
  for (const row of rows) {
    for (const isFull of [false, true]) {
      const words = await new Recorder()[row.name](...plausibleArguments(row.nodes, isFull));
      if (/^(S?PUBLISH)$/.test(words[0])) continue;  // the server calls a shard channel a key
      if (words[0] === "MIGRATE" && isFull) words[3] = "";  // the keys are behind KEYS
      const keys = await keysOf(words);
      if (keys === undefined) {
        unclear.add(words[0]);
        continue;
      }
      const own = keyPrefix.words(words);
      assert.deepEqual(keyPrefix.words(words), own, "the second time");
      if (!/^SORT/.test(words[0])) {
        const changed = own.filter((word, at) => word !== words[at]);
        assert.deepEqual([...changed].sort(), expected(keys).sort(), words.join(" "));
      }
      assert.deepEqual([...await keysOf(own)].filter((key) => key !== "").sort(), expected(keys).sort(),
        words.join(" "));
      compared += keys.length;
    }
  }
  assert(compared > 500, `${compared} keys`);
  assert.deepEqual([...unclear], ["PFMERGE"]);
});

test("what a client with a prefix writes is there with the prefix", async () => {
  const client = await connect({ keyPrefix: prefix });
  const bytes = Uint8Array.of(0xff, 0);
  await client.mset({ a: "1", b: "2" });
  await client.set(bytes, "bytes");
  await client.command(["set", "c", "3"]);
  await client.xadd("stream", { f: "v" });
  assert.equal(await plain.get("ship:a"), "1");
  assert.equal(await plain.get(Buffer.concat([Buffer.from(prefix), bytes])), "bytes");
  assert.equal(await plain.get("ship:c"), "3");
  const [{ stream }] = await client.xread({ stream: "0" });
  assert.equal(stream, "ship:stream");
  const both = client.transaction();
  both.incr("a");
  both.command(["INCR", "b"]);
  assert.deepEqual(await both.exec(), [2, 3]);
  const batch = client.batch();
  batch.get("a");
  assert.deepEqual(await batch.exec(), ["2"]);
  assert.deepEqual(await client.transact(["a"], async (own) => {
    const next = own.transaction();
    next.set("d", await own.get("a"));
    return next;
  }), [true]);
  assert.equal(await plain.get("ship:d"), "2");
  const script = defineScript({ lua: "return redis.call('GET', KEYS[1])", keys: 1 });
  assert.equal(await script.run(client, "c"), "3");
  const found = [];
  for await (const keys of client.scan({ match: "ship:?" })) found.push(...keys);
  assert.deepEqual(found.sort(), ["ship:a", "ship:b", "ship:c", "ship:d"]);
  assert.equal(await client.ping(), "PONG");
});

test("SORT's other keys and patterns have the prefix", async () => {
  const client = await connect({ keyPrefix: prefix });
  await client.rpush("list", ["1", "2", "3"]);
  await client.mset({ "weight:1": "3", "weight:2": "2", "weight:3": "1", "name:1": "x", "name:2": "y",
    "name:3": "z" });
  assert.equal(await client.command(["SORT", "list", "BY", "weight:*", "LIMIT", "0", "2", "GET", "name:*",
    "GET", "#", "STORE", "sorted"]), 4);
  assert.deepEqual(await plain.lrange("ship:sorted", 0, -1), ["z", "3", "y", "2"]);
  assert.deepEqual(await client.command(["SORT_RO", "list", "BY", "nosort", "DESC"]), ["3", "2", "1"]);
});

test("the cache knows keys by their names on the server", async () => {
  const client = await connect({ keyPrefix: prefix, clientSideCache: new ClientSideCache({ maxCacheKb: 64 }) });
  await plain.set("ship:cached", "1");
  assert.equal(await client.get("cached"), "1");
  assert.equal(client.cached("cached"), "1");
  assert.equal(client.cached("ship:cached"), undefined);
  await plain.set("ship:cached", "2");
  while (await client.get("cached") !== "2") await client.ping();
});

test("a command whose keys are not known is refused, and a mistake is an error as ever", async () => {
  const client = await connect({ keyPrefix: prefix });
  await assert.rejects(client.command(["JSON.GET", "doc"]), (error) =>
    error instanceof ConfigurationError && /keyPrefix: .*JSON\.GET/.test(error.message));
  const both = client.transaction();
  both.command(["JSON.GET", "doc"]);
  await assert.rejects(both.exec(), { name: "ConfigurationError" });
  await assert.rejects(client.command(["GET"]), { name: "ConfigurationError" });
  await assert.rejects(client.command(["EVAL", "return 1", "many"]), { name: "ConfigurationError" });
  await assert.rejects(connect({ keyPrefix: 7 }), { name: "ConfigurationError", message: /keyPrefix/ });
  assert.equal(await client.ping(), "PONG");
});

test("a large value is not copied to find its key", async () => {
  configure({ memoryLimit: "64 MiB" });
  const client = await connect({ keyPrefix: prefix });
  const value = "v".repeat(20 << 20);
  await client.set("large", value);
  assert.equal(await plain.strlen("ship:large"), value.length);
  // The request has its 20 MiB; a copy of the words would be as much again.
  const { highWater } = getMemoryStatistics();
  assert(highWater < 30 << 20, `${highWater} bytes`);
});

test("channels and patterns have their prefix, and messages have channels in full", async () => {
  const client = await connect({ channelPrefix: "[ship]:" });
  const news = await client.subscribe("news");
  const any = await client.subscribe("n*", { kind: "patterns", as: "bytes" });
  await any.subscribe("channels", ["other", new TextEncoder().encode("bytes")]);
  assert.deepEqual(await client.command(["PUBSUB", "NUMSUB", "news", "other", "bytes"]),
    ["[ship]:news", 1, "[ship]:other", 1, "[ship]:bytes", 1]);
  await any.unsubscribe("channels", ["other", "bytes"]);
  assert.equal(await plain.publish("news", "not here"), 0);
  assert.equal(await plain.publish("s:news", "the prefix of a pattern is no pattern"), 0);
  assert.equal(await client.publish("news", "1"), 2);
  assert.equal(await plain.publish("[ship]:news", "2"), 2);
  const both = client.transaction();
  both.publish("news", "3");
  assert.deepEqual(await both.exec(), [2]);
  const batch = client.batch();
  batch.publish("news", "4");
  assert.deepEqual(await batch.exec(), [2]);
  for (const number of ["1", "2", "3", "4"]) {
    const { channel, message } = (await news.next()).value;
    assert.deepEqual([channel, message], ["[ship]:news", number]);
    assert.equal((await any.next()).value.pattern.toString(),
      new TextEncoder().encode("\\[ship\\]:n*").toString());
  }
  const shard = await client.subscribe("s", { kind: "shardChannels" });
  assert.deepEqual(await plain.command(["PUBSUB", "SHARDCHANNELS"]), ["[ship]:s"]);
  assert.equal(await client.spublish("s", "5"), 1);
  assert.equal((await shard.next()).value.message, "5");
  await client.set("k", "v");
  assert.equal(await plain.get("k"), "v");
});
