// What goes to the server, and what comes back.

import { check, equal, rejects } from "./check.mjs";

const letters = "naïve ☃ 🛳 line";

export const values = {
  "a text comes back as it went": async ({ connect, key }) => {
    const client = await connect();
    for (const text of ["", "a", "x".repeat(13), "x".repeat(41), letters, letters.repeat(100),
      "v".repeat(100_000), "☃".repeat(100_000), "v".repeat(3 << 20)]) {
      equal(await client.set(key("text"), text, { timeout: 20_000 }), true);
      equal(await client.get(key("text"), { timeout: 20_000 }), text, `of ${text.length} letters`);
    }
    equal(await client.get(key("none")), null);
  },

  "bytes come back as they went, whatever they are": async ({ connect, key }) => {
    const client = await connect();
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await client.set(key("bytes"), bytes);
    equal(await client.get(key("bytes"), { as: "bytes" }), bytes);
    await client.set(bytes, "by a key of bytes");
    equal(await client.get(bytes), "by a key of bytes");
    await client.del([bytes]);
  },

  "bytes that are no text are never mangled": async ({ connect, key }) => {
    const client = await connect();
    await client.set(key("bad"), Uint8Array.of(0x61, 0xff, 0x62));
    await rejects(client.get(key("bad")), { name: "DecodeError", message: /as: "bytes"/ });
    await rejects(client.set(key("bad"), "half \ud800 of it"), { name: "TypeError" });
    await rejects(client.get("\udc00"), { name: "TypeError" });
    equal(await client.ping(), "PONG", "and the client goes on: it");
  },

  "replies have the types that their commands promise": async ({ connect, key }) => {
    const client = await connect();
    equal(await client.hset(key("hash"), { name: "Great Eastern", length: 211 }), 2);
    const hash = await client.hgetall(key("hash"));
    equal(hash, { name: "Great Eastern", length: "211" });
    equal(Object.getPrototypeOf(hash), Object.prototype, "the prototype");
    await client.hset(key("odd"), [["__proto__", "p"], ["constructor", "c"]]);
    const odd = await client.hgetall(key("odd"));
    equal(Object.entries(odd).join(), "__proto__,p,constructor,c");
    equal(Object.getPrototypeOf(odd), Object.prototype, "the prototype");
    await client.sadd(key("set"), ["a", "b"]);
    const set = await client.smembers(key("set"));
    check(set instanceof Set && set.size === 2 && set.has("b"), "no Set of two");
    await client.mset({ [key("x")]: "1", [key("y")]: 2 });
    equal(await client.mget([key("x"), key("none"), key("y")]), ["1", null, "2"]);
    equal(await client.incrby(key("x"), 41), 42);
    await client.set(key("max"), 2n ** 63n - 2n);
    equal(await client.incr(key("max")), 2n ** 63n - 1n);
    equal(await client.incrbyfloat(key("float"), 0.5), 0.5);
    equal(await client.exists([key("x"), key("none")]), 1);
  },

  "any command can be said by its words": async ({ connect, key }) => {
    const client = await connect();
    equal(await client.command(["SET", key("any"), "1", "EX", "100"]), "OK");
    const reply = await client.command(["HELLO"]).catch((error) => error.code);
    equal(reply, "refused_command");
    await client.command(["HSET", key("h"), "a", "1"]);
    equal(await client.command(["HGETALL", key("h")]), new Map([["a", "1"]]));
    equal(await client.command(["EVAL", "return {1, {2, 'x'}}", "0"]), [1, [2, "x"]]);
  },

  "large aggregates come whole": async ({ connect, key }) => {
    const client = await connect();
    const items = Array.from({ length: 20_000 }, (_, i) => `item ${i}`);
    await client.rpush(key("list"), items, { timeout: 20_000 });
    equal(await client.lrange(key("list"), 0, -1, { timeout: 20_000 }), items);
    const large = ["v".repeat(200_000), "☃".repeat(50_000), ""];
    await client.rpush(key("large"), large, { timeout: 20_000 });
    equal(await client.lrange(key("large"), 0, -1, { timeout: 20_000 }), large);
  },

  "an error of the server has its code and its words": async ({ connect, key }) => {
    const client = await connect();
    await client.set(key("text"), "no list");
    await rejects(client.lpush(key("text"), ["1"]),
      { name: "ServerError", code: "WRONGTYPE", executed: "yes", message: /wrong kind of value/ });
    await rejects(client.command(["NOSUCHCOMMAND"]),
      { name: "ServerError", code: "unknown_command", executed: "no", serverCode: "ERR" });
    await rejects(client.eval("return redis.error_reply('NOPERM by myself')", []),
      { name: "ServerError", code: "permission_denied", executed: "maybe", serverCode: "NOPERM" });
  },

  "what a bridge answers in the server's place is the error of a loss": async ({ connect }) => {
    const client = await connect();
    const answered = (words) => client.eval(`return redis.error_reply('${words}')`, []);
    await rejects(answered("INDOUBT plimsoll-bridge: no answer"),
      { name: "ConnectionError", code: "lost_in_doubt", executed: "maybe", message: /^no answer$/ });
    await rejects(answered("UNSENT plimsoll-bridge: no server"),
      { name: "ConnectionError", code: "lost_unsent", executed: "no", message: /^no server$/ });
    await rejects(answered("TOOLARGE plimsoll-bridge: no room"),
      { name: "ReplyTooLargeError", code: "reply_too_large", executed: "yes", message: /^no room$/ });
    await rejects(answered("ERR plimsoll-bridge: no key"),
      { name: "ServerError", code: "ERR", executed: "no", message: /^ERR plimsoll-bridge: no key$/ });
    equal(await client.command(["ECHO", "there"]), "there");
  },

  "what makes no sense is refused before it is sent": async ({ connect, key }) => {
    const client = await connect();
    await rejects(client.get(), { name: "TypeError" });
    await rejects(client.get(7), { name: "TypeError" });
    await rejects(client.expire(key("x"), 1.5), { name: "TypeError" });
    await rejects(client.command([]), { name: "TypeError" });
    await rejects(client.command("GET"), { name: "TypeError" });
    await rejects(client.command(["GET", 1]), { name: "TypeError" });
    await rejects(client.command(["GET"]), { name: "ConfigurationError" });
    await rejects(client.command(["MULTI"]), { name: "ConfigurationError", code: "refused_command" });
    equal(client.getStatistics().rejected, 0, "what was rejected");
  },

  "a thousand at once keep their order": async ({ connect, key }) => {
    const client = await connect();
    const all = Array.from({ length: 1000 }, (_, i) => i);
    const replies = await Promise.all(all.map((i) => client.command(["ECHO", `${key("n")} ${i}`])));
    equal(replies, all.map((i) => `${key("n")} ${i}`));
  },
};
