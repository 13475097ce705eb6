// What is made of stored values: JSON, functions, codecs, compression.

import { check, equal, rejects } from "./check.mjs";

const decoder = new TextDecoder();

const upper = (bytes) => decoder.decode(bytes).toUpperCase();

// Each byte plus one: so that a value that was missed, or changed twice, shows.
const shifted = (by) => (value) =>
  (typeof value === "string" ? new TextEncoder().encode(value) : value).map((byte) => byte + by);
const codec = { encode: shifted(1), decode: shifted(255) };

const ship = { name: "Great Eastern", knots: [14, null], "☃": true };

export const decoders = {
  "values are parsed as JSON, names are not": async ({ connect, key }) => {
    const client = await connect();
    const json = JSON.stringify(ship);
    await client.mset({ [key("a")]: json, [key("b")]: "[1]" });
    equal(await client.get(key("a"), { as: "json" }), ship);
    equal(await client.mget([key("a"), key("none"), key("b")], { as: "json" }), [ship, null, [1]]);
    await client.hset(key("h"), [["ship", json], ["__proto__", "2"]]);
    const fields = await client.hgetall(key("h"), { as: "json" });
    equal(Object.entries(fields), [["ship", ship], ["__proto__", 2]]);
    equal(await client.command(["HGETALL", key("h")], { as: "json" }),
      new Map([["ship", ship], ["__proto__", 2]]));
    await client.rpush(key("l"), ["1", json]);
    equal(await client.blpop(key("l"), 1, { as: "json" }), { key: key("l"), element: 1 });
    await client.xadd(key("s"), { ship: json });
    const [{ stream, entries }] = await client.xread({ [key("s")]: "0" }, { as: "json" });
    equal([stream, entries[0].fields], [key("s"), { ship }]);
    equal(typeof entries[0].id, "string");
    await client.sadd(key("set"), ["1", "[2]"]);
    const members = await client.smembers(key("set"), { as: "json" });
    check(Array.isArray(members) && members.length === 2, "no list");
  },

  "what is no JSON is told, without a word of it, and the client goes on": async ({ connect, key }) => {
    const client = await connect();
    await client.set(key("a"), "a secret");
    const error = await rejects(client.get(key("a"), { as: "json" }),
      { name: "DecodeError", code: "not_json", executed: "yes", message: /8 bytes/ });
    check(!error.message.includes("secret"), error.message);
    await client.set(key("a"), Uint8Array.of(0xff));
    await rejects(client.get(key("a"), { as: "json" }), { name: "DecodeError", code: "not_text" });
    await rejects(client.get(key("a"), { as: "jsom" }), { name: "TypeError", message: /"json"/ });
    equal(await client.get(key("a"), { as: (bytes) => bytes[0] }), 255);
    equal(await client.command(["SET", key("a"), "1"], { as: "json" }), "OK", "a status");
  },

  "a function makes values, also in transactions and batches, and what it throws rejects":
    async ({ connect, key }) => {
      const client = await connect();
      await client.set(key("a"), "hull");
      equal(await client.get(key("a"), { as: upper }), "HULL");
      equal(await client.get(key("none"), { as: upper }), null);
      const both = client.transaction();
      const got = both.get(key("a"), { as: upper });
      both.get(key("a"));
      equal(await both.exec(), ["HULL", "hull"]);
      equal(await got, "HULL");
      const all = client.transaction();
      all.get(key("a"));
      all.hgetall(key("none"));
      equal(await all.exec({ as: upper }), ["HULL", {}]);
      const batch = client.batch();
      batch.get(key("a"), { as: "json" });
      batch.get(key("a"), { as: upper });
      const [failed, fine] = await batch.exec();
      equal([failed.code, fine], ["not_json", "HULL"]);
      const own = new Error("mine");
      equal(await client.get(key("a"), { as: () => { throw own; } }).catch((error) => error === own), true);
    },

  "what a function queues is executed, and comes back in its place": async ({ connect, key }) => {
    const client = await connect();
    equal(await client.transaction((all) => [all.incr(key("n")), all.get(key("n"))]), [1, "1"]);
    equal(await client.batch((all) => [all.incr(key("n")), all.get(key("n"), { as: "json" })]), [2, 2]);
    await rejects(client.transaction((all) => [all.incr(key("n")), all.lpush(key("n"), ["1"])]),
      { code: "WRONGTYPE" });
    equal(await client.get(key("n")), "3", "what a transaction with an error has counted");
    await rejects(client.transaction(async (all) => all.incr(key("n"))),
      { name: "TypeError", message: /list/ });
    const own = await client.batch((all) => { all.incr(key("n")); throw new Error("mine"); })
      .catch(({ message }) => message);
    equal([own, await client.get(key("n"))], ["mine", "3"]);
    await rejects(client.batch(7), { name: "TypeError" });
  },

  "messages are parsed, and one that is no JSON ends nothing": async ({ connect, key }) => {
    const client = await connect();
    const subscription = await client.subscribe(key("*"), { kind: "patterns", as: "json" });
    for (const text of [JSON.stringify(ship), "{", "7"]) await client.publish(key("c"), text);
    const { value } = await subscription.next();
    equal([value.channel, value.pattern, value.message], [key("c"), key("*"), ship]);
    await rejects(subscription.next(), { name: "DecodeError", code: "not_json" });
    equal((await subscription.next()).value.message, 7);
    subscription.close();
  },

  "a codec changes what is stored, and nothing else": async ({ connect, key }) => {
    const plain = await connect();
    const client = await connect({ codec });
    equal(await client.set(key("a"), "abc"), true);
    equal(await plain.get(key("a")), "bcd", "what is stored");
    equal(await client.get(key("a")), "abc");
    equal(await client.get(key("a"), { as: "bytes" }), Uint8Array.of(97, 98, 99));
    equal(await client.get(key("a"), { as: upper }), "ABC");
    equal(await client.command(["GET", key("a")]), "abc");
    await client.hset(key("h"), { ab: "ab", cd: 12 });
    equal(await plain.hgetall(key("h")), { ab: "bc", cd: "23" });
    equal(await client.hgetall(key("h")), { ab: "ab", cd: "12" });
    equal(await client.hgetall(key("h"), { as: "bytes" }), [
      [Uint8Array.of(97, 98), Uint8Array.of(97, 98)], [Uint8Array.of(99, 100), Uint8Array.of(49, 50)]]);
    equal(await client.command(["HGETALL", key("h")]), new Map([["ab", "ab"], ["cd", "12"]]));
    const both = client.transaction();
    both.set(key("b"), "xyz");
    both.mget([key("a"), key("b")]);
    equal(await both.exec(), [true, ["abc", "xyz"]]);
    equal(await plain.get(key("b")), "yz{");
    await client.rpush(key("l"), ["abc"]);
    equal(await plain.lrange(key("l"), 0, -1), ["abc"], "elements, which are no strings of their own,");
    await rejects(client.append(key("a"), "d"),
      { name: "ConfigurationError", code: "refused_command", message: /APPEND/ });
    equal(await client.exclusive((own) => own.get(key("a"))), "abc");
  },

  "large values are compressed, small ones are not": async ({ connect, key, plimsoll }) => {
    // Run lengths: where there is no node:zlib, users bring a library.
    const compress = (bytes) => Uint8Array.of(bytes[0], bytes.length >> 8, bytes.length & 255);
    const decompress = ([byte, high, low], bytesMax) => {
      if (high * 256 + low > bytesMax) throw new RangeError("too large");
      return new Uint8Array(high * 256 + low).fill(byte);
    };
    const plain = await connect();
    const client = await connect({ codec: plimsoll.compression({ above: 100, compress, decompress }) });
    const long = "x".repeat(5000);
    await client.mset({ [key("long")]: long, [key("short")]: "x".repeat(99) });
    equal(await plain.strlen(key("long")), 8);
    equal(await plain.get(key("short")), "x".repeat(99));
    equal(await client.mget([key("long"), key("short")]), [long, "x".repeat(99)]);
    const mark = Uint8Array.of(0xf8, 0x50, 0x4c, 0x5a, 2, 1);
    await client.set(key("mark"), mark);
    equal(await client.get(key("mark"), { as: "bytes" }), mark, "a value that looks like a compressed one");
    const small = await connect({
      codec: plimsoll.compression({ above: 100, bytesMax: 4999, compress, decompress }) });
    await rejects(small.get(key("long")), { name: "DecodeError", code: "not_compressed", message: /4999/ });
    await plain.set(key("mark"), Uint8Array.of(0xf8, 0x50, 0x4c, 0x5a, 9));
    await rejects(client.get(key("mark")), { name: "DecodeError", message: /method 9/ });
    await rejects((async () => plimsoll.compression({ above: -1 }))(), { name: "ConfigurationError" });
    await rejects((async () => plimsoll.compression({ compress }))(), { name: "ConfigurationError" });
  },

  "compression has the runtime's own, or says what to give it": async ({ connect, key, plimsoll }) => {
    let codec;
    try {
      codec = plimsoll.compression();
    } catch (error) {
      equal(error.name, "ConfigurationError");
      check(error.message.includes("functions of a library"), error.message);
      check(globalThis.process?.versions?.node === undefined || globalThis.navigator?.userAgent ===
        "Cloudflare-Workers", "Node, Deno and Bun have it");
      return;
    }
    const client = await connect({ codec });
    const long = "Great Eastern ☃ ".repeat(500);
    await client.set(key("long"), long);
    equal(await client.get(key("long")), long);
    check(await (await connect()).strlen(key("long")) < 500, "not compressed");
  },
};
