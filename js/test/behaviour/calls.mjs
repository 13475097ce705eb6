// What is more than one command: walks, batches, scripts and functions.

import { check, equal, rejects } from "./check.mjs";

const collect = async (walk) => {
  const pages = [];
  for await (const page of walk) pages.push(page);
  return pages;
};

const fill = async (client, key, count) => {
  const batch = client.batch();
  for (let i = 0; i < count; ++i) batch.set(key(`walk:${i}`), "v");
  await batch.exec();
};

const text = "local left = redis.call('DECRBY', KEYS[1], ARGV[1]) return { left, KEYS[1] }";

export const calls = {
  "a walk returns all keys that match, and no others": async ({ connect, key }) => {
    const client = await connect();
    await fill(client, key, 250);
    const pages = await collect(client.scan({ match: key("walk:*"), count: 50 }));
    check(pages.length > 1, "one page");
    check(pages.every((page) => page.length > 0), "an empty page");
    equal(new Set(pages.flat()).size, 250);
    equal(await collect(client.scan({ match: key("none:*") })), []);
    const [[first]] = await collect(client.scan({ match: key("walk:7"), as: "bytes", count: 10_000 }));
    check(first instanceof Uint8Array, "no bytes");
    const page = await client.scan("0", { pattern: key("walk:*"), count: 10_000 });
    check(page.elements.length > 0 && typeof page.cursor === "string", "no page");
  },

  "walks over a hash, a set and a sorted set give their elements": async ({ connect, key }) => {
    const client = await connect();
    const numbers = Array.from({ length: 1000 }, (_, i) => i);
    await client.hset(key("h"), Object.fromEntries(numbers.map((i) => [`field ${i}`, i])));
    await client.sadd(key("s"), numbers.map(String));
    await client.zadd(key("z"), numbers.map((i) => ({ score: i, member: `member ${i}` })));
    const fields = Object.assign({}, ...await collect(client.hscan(key("h"), { count: 100 })));
    equal(Object.keys(fields).length, 1000);
    equal(fields["field 7"], "7");
    const members = (await collect(client.sscan(key("s")))).flat();
    equal(new Set(members).size, 1000);
    const scored = (await collect(client.zscan(key("z"), { match: "member 99*" }))).flat();
    equal(new Map(scored.map(({ member, score }) => [member, score])).get("member 999"), 999);
    equal(scored.length, 11);
  },

  "a walk that was left goes on where it was, here and in another client": async ({ connect, key }) => {
    const client = await connect();
    const names = Array.from({ length: 2000 }, (_, i) => `m${i}`);
    await client.sadd(key("set"), names);
    const walk = client.sscan(key("set"), { count: 100 });
    equal(walk.cursor, "0");
    const found = new Set();
    for await (const page of walk) {
      for (const each of page) found.add(each);
      if (found.size > 300) break;
    }
    check(!walk.isDone && walk.cursor !== "0", `it is at ${walk.cursor}`);
    const other = await connect();
    for (const page of await collect(other.sscan(key("set"), { count: 100, cursor: walk.cursor }))) {
      for (const each of page) found.add(each);
    }
    equal(found.size, 2000, "with the other client's");
    let more = 0;
    for await (const page of walk) more += page.length;
    check(walk.isDone && more >= 1500 && more < 2000, `${more} more`);
    equal(await collect(walk), []);
  },

  "a walk ends with the error of a call, and may be cancelled": async ({ connect, key }) => {
    const client = await connect();
    await client.set(key("text"), "no set");
    await rejects(collect(client.sscan(key("text"))), { name: "ServerError", code: "WRONGTYPE" });
    await rejects(collect(client.scan({ pattern: "*" })), { name: "TypeError", message: /match/ });
    await rejects(collect(client.scan({ count: "many" })), { name: "TypeError", message: /count/ });
    const giveUp = new AbortController();
    giveUp.abort(new Error("enough"));
    await rejects(collect(client.scan({ signal: giveUp.signal })), { name: "CancelledError" });
  },

  "a batch returns replies and errors in a list": async ({ connect, key }) => {
    const client = await connect();
    const batch = client.batch();
    const count = batch.incr(key("count"));
    batch.set(key("text"), "no number");
    batch.incr(key("text"));
    batch.get(key("text"), { as: "bytes" });
    batch.command(["ECHO", "hello"]);
    equal(batch.size, 5);
    const replies = await batch.exec();
    equal(replies.slice(0, 2), [1, true]);
    equal([replies[2].name, replies[2].executed], ["ServerError", "yes"]);
    equal(replies[3], new TextEncoder().encode("no number"));
    equal(replies[4], "hello");
    equal(await count, 1);
    await rejects(batch.exec(), { name: "ConfigurationError", message: /batch is over/ });
    await rejects(batch.get("x"), { name: "ConfigurationError" });
    equal(await client.batch().exec(), []);
  },

  "exec()'s options are those of each command of a batch that has none of its own": async ({ connect, key }) => {
    const client = await connect();
    const bytes = new TextEncoder().encode("1");
    await client.set(key("text"), "1");
    const batch = client.batch();
    batch.get(key("text"));
    batch.get(key("text"), { as: "text" });
    batch.get(key("text"), { as: undefined });
    equal(await batch.exec({ as: "bytes" }), [bytes, "1", bytes]);
    equal(await client.batch((all) => [all.get(key("text"))], { as: "json" }), [1]);
    const stopped = client.batch();
    stopped.incr(key("text"));
    const [reply] = await stopped.exec({ signal: AbortSignal.abort(new Error("enough")) });
    equal([reply.name, reply.executed], ["CancelledError", "no"]);
    const kept = client.batch();
    kept.incr(key("text"));
    await rejects(kept.exec({ timeout: -1 }), { name: "TypeError", message: /timeout/ });
    await rejects(kept.exec({ timeuot: 1 }), { name: "TypeError", message: /timeuot/ });
    equal(await kept.exec(), [2]);
  },

  "a batch of thousands runs, in order, and its memory is given back": async ({ connect, key, plimsoll }) => {
    const client = await connect({ requestTimeout: 0 });
    const before = plimsoll.getMemoryStatistics().pools.requests.used;
    const batch = client.batch();
    for (let i = 0; i < 5000; ++i) batch.rpush(key("list"), [String(i)]);
    check(plimsoll.getMemoryStatistics().pools.requests.used > before, "nothing was charged");
    const replies = await batch.exec();
    check(replies.every((reply, i) => reply === i + 1), "not in order");
    const dropped = client.batch();
    const reply = dropped.get("x");
    dropped.discard();
    await rejects(reply, { name: "ConfigurationError", message: /batch was discarded/ });
    await client.ping();
    const { used } = plimsoll.getMemoryStatistics().pools.requests;
    check(used <= before + 64 * 1024, `${used} bytes are used, ${before} before`);
  },

  "a mistake in a batch sends nothing": async ({ connect, key }) => {
    const client = await connect();
    const batch = client.batch();
    const first = batch.set(key("first"), "1");
    await rejects(batch.set(key("second"), {}), { name: "TypeError", message: /value/ });
    await rejects(batch.exec(), { name: "TypeError", message: /value/ });
    await rejects(first, { name: "TypeError" });
    equal(await client.get(key("first")), null);
  },

  "a script runs by its name, and its text is sent where it is missing": async ({ connect, key,
    plimsoll, administer }) => {
    const client = await connect();
    const take = plimsoll.defineScript({ lua: text, keys: 1, decode: ([left]) => left });
    await client.set(key("stock"), 10);
    equal(await take.run(client, key("stock"), 3), 7);
    equal(await take.run(client, [key("stock")], ["2"]), 5);
    await administer(["SCRIPT", "FLUSH"]);
    equal(await take.run(client, key("stock"), 1n), 4);
    equal(await client.exclusive((own) => take.run(own, key("stock"), 1)), 3);
    await rejects(take.run(client, [key("stock"), "more"], 1), { name: "TypeError", message: /keys: got 2/ });
    await rejects(take.run(client, key("stock"), {}), { name: "TypeError", message: /args/ });
    await rejects(take.run(client, key("stock"), "none"), { name: "ServerError" });
    equal(await client.get(key("stock")), "3");
  },

  "a script that only reads may not write, and its reply is as it is asked for": async ({ connect, key,
    plimsoll }) => {
    const client = await connect();
    const write = plimsoll.defineScript({ lua: "return redis.call('SET', KEYS[1], 'x')", readOnly: true });
    await rejects(write.run(client, key("k")), { name: "ServerError" });
    const echo = plimsoll.defineScript({ lua: "return ARGV" });
    equal(await echo.run(client, [], ["a", "b"]), ["a", "b"]);
    equal(await echo.run(client, [], "a", { as: "bytes" }), [Uint8Array.of(97)]);
    for (const wrong of [undefined, {}, { lua: "" }, { lua: "return 1", keys: -1 },
      { lua: "return 1", decode: 1 }, { lua: "return 1", text: "x" }]) {
      await rejects(Promise.resolve().then(() => plimsoll.defineScript(wrong)), { name: "TypeError" });
    }
  },

  "the keys of a client with a prefix have it, in commands, batches and scripts": async ({ connect, key,
    plimsoll }) => {
    const client = await connect({ keyPrefix: key("prefix:") });
    const plain = await connect();
    await client.mset({ a: "1", b: "2" });
    equal(await plain.get(key("prefix:a")), "1");
    const batch = client.batch();
    batch.incr("b");
    equal(await batch.exec(), [3]);
    const script = plimsoll.defineScript({ lua: "return redis.call('GET', KEYS[1])", keys: 1 });
    equal(await script.run(client, "b"), "3");
    equal(await client.command(["MGET", "a", "b", "c"]), ["1", "3", null]);
  },

  "requests are traced where there are tracing channels": async ({ connect, key }) => {
    const channels = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel");
    if (channels?.tracingChannel === undefined) return;  // a page, or a worker
    const client = await connect();
    const heard = [];
    const nothing = () => {};
    const channel = channels.tracingChannel("plimsoll:command");
    const listener = { start: (request) => heard.push(request["db.operation.name"]), end: nothing,
      asyncStart: nothing, asyncEnd: () => heard.push("end"), error: nothing };
    channel.subscribe(listener);
    await client.set(key("traced"), "1");
    channel.unsubscribe(listener);
    await client.get(key("traced"));
    equal(heard, ["SET", "end"]);
  },

  "a function's library is loaded where it is missing": async ({ connect, key, plimsoll, administer }) => {
    const client = await connect();
    const library = "#!lua name=plimsoll_cases\n" +
      "redis.register_function('cases_add', function(keys, args)\n" +
      "  return redis.call('INCRBY', keys[1], args[1])\nend)\n";
    await administer(["FUNCTION", "DELETE", "plimsoll_cases"]).catch(() => {});
    const add = plimsoll.defineFunction({ name: "cases_add", library, keys: 1, decode: Number });
    equal(await add.run(client, key("sum"), 2), 2);
    equal(await add.run(client, key("sum"), 3), 5);
    const missing = plimsoll.defineFunction({ name: "cases_none" });
    await rejects(missing.run(client), { name: "ServerError", message: /not found/ });
  },

  "a script that raises an error like the server's own runs once": async ({ connect, key, plimsoll }) => {
    const client = await connect();
    const script = plimsoll.defineScript({
      lua: "redis.call('INCR', KEYS[1]) return redis.error_reply('NOSCRIPT of my own')" });
    for (const times of ["1", "2"]) {
      await rejects(script.run(client, key("runs")), { message: /of my own/ });
      equal(await client.get(key("runs")), times);
    }
  },
};
