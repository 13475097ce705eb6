// Code of the caller's that runs because of a call (decoders, accessors, transports, listeners): it may call any client,
// throw, or change what it gave. The call is then another call's neighbour, as ever.

import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import net from "node:net";
import { after, before, test } from "node:test";

import { Client, ClientSideCache } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;
let healthy;
const clientSideCache = new ClientSideCache({ maxCacheKb: 1024 });
before(async () => {
  server = await startServer();
  healthy = await Client.connect(server.address);
  for (let i = 0; i < 40; ++i) await healthy.set(`key ${i}`, `value ${i}`);
  await healthy.hset("hash", Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`field ${i}`, `${i}`])));
  await healthy.rpush("list", Array.from({ length: 30_000 }, (_, i) => `element ${i}`));
  await healthy.rpush("xs", ["x", "y", "x"]);
});
after(async () => {
  assert.equal(await healthy.get("key 1"), "value 1");
  await healthy.close();
  await server.stop();
});

const textOf = (bytes) => new TextDecoder().decode(bytes);

const cachedClient = async () => {
  const client = await Client.connect(server.address, { clientSideCache });
  await client.hgetall("hash");
  await client.get("key 7");
  await client.command(["LPOS", "xs", "x", "COUNT", "0"]);
  return client;
};

const inDecoders = {
  "hash out of a cache": (cached) => cached.hgetall("hash"),
  "list of integers out of a cache": (cached) => cached.command(["LPOS", "xs", "x", "COUNT", "0"]),
  "value out of a cache, at once": (cached) => cached.cached("key 7"),
  "value of its own client": (_, own) => own.get("key 7"),
  "value of another client": () => healthy.get("key 7"),
  "batch of its own client": (_, own) => own.batch((all) => [all.get("key 7"), all.get("key 8")]),
};

for (const [what, ask] of Object.entries(inDecoders)) {
  for (const inflightRequestsLimit of [1000, 5]) {
    test(`a decoder asks for a ${what}, beside at most ${inflightRequestsLimit} other calls`, async () => {
      const cached = await cachedClient();
      const own = await Client.connect(server.address, { inflightRequestsLimit });
      const asked = [];
      const as = (bytes) => {
        asked.push(ask(cached, own));
        return textOf(bytes);
      };
      const list = own.lrange("list", 0, -1);
      const values = await Promise.all(Array.from({ length: 40 }, (_, i) => own.get(`key ${i}`, { as })));
      assert.deepEqual(values, Array.from({ length: 40 }, (_, i) => `value ${i}`));
      assert.equal((await list).length, 30_000);
      const answers = await Promise.all(asked);
      assert.equal(answers.length, 40);
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
      assert.notEqual(answers[0], undefined);
      await Promise.all([cached.close(), own.close()]);
    });
  }
}

test("promises settle in the order of the replies, with decoders and without", async () => {
  const settled = [];
  const note = (i) => () => { settled.push(i); };
  await Promise.all(Array.from({ length: 20 }, (_, i) =>
    healthy.get(`key ${i}`, i % 3 === 1 ? { as: textOf } : undefined).then(note(i))));
  assert.deepEqual(settled, Array.from({ length: 20 }, (_, i) => i));
});

test("the decoder of a subscription calls clients, and may close the subscription", async () => {
  const cached = await cachedClient();
  const own = await Client.connect(server.address);
  const hashes = [];
  const subscription = await own.subscribe("news", { as: (bytes) => {
    hashes.push(cached.hgetall("hash"));
    if (textOf(bytes) === "3") subscription.close();
    return textOf(bytes);
  } });
  for (let i = 1; i <= 5; ++i) await healthy.publish("news", `${i}`);
  const got = [];
  for await (const { message } of subscription) got.push(message);
  assert.deepEqual(got, ["1", "2", "3"]);
  for (const hash of await Promise.all(hashes)) assert.equal(Object.keys(hash).length, 40);
  while ((await healthy.command(["PUBSUB", "CHANNELS", "news"])).length > 0);
  await Promise.all([cached.close(), own.close()]);
});

test("a message that its decoder throws at is an error, and the next one comes", async () => {
  const own = await Client.connect(server.address);
  const subscription = await own.subscribe("numbers", { as: (bytes) => JSON.parse(textOf(bytes)) });
  for (const each of ["1", "no number", "2"]) await healthy.publish("numbers", each);
  assert.equal((await subscription.next()).value.message, 1);
  await assert.rejects(subscription.next(), SyntaxError);
  assert.equal((await subscription.next()).value.message, 2);
  await own.close();
});

test("a subscriber of the diagnostics channel calls clients as a client connects", async () => {
  const cached = await cachedClient();
  const hashes = [];
  const ask = () => { hashes.push(cached.hgetall("hash")); };
  diagnostics.subscribe("plimsoll:connected", ask);
  const own = await Client.connect(server.address);
  const values = Promise.all(Array.from({ length: 40 }, (_, i) => own.get(`key ${i}`)));
  assert.deepEqual(await values, Array.from({ length: 40 }, (_, i) => `value ${i}`));
  diagnostics.unsubscribe("plimsoll:connected", ask);
  assert.equal(hashes.length, 1);
  assert.equal(Object.keys(await hashes[0]).length, 40);
  await Promise.all([cached.close(), own.close()]);
});

// An object whose property is what `reads` returns, which gets the number of the read.
const withAccessor = (name, reads) => {
  let count = 0;
  return Object.defineProperty({}, name, { enumerable: true, get: () => reads(++count) });
};
for (const [name, value] of [["as", "text"], ["timeout", 1000], ["maxStaleness", 1000],
  ["signal", new AbortController().signal]]) {
  test(`${name} as an accessor is read once, and its exception is that of the call`, async () => {
    const own = await Client.connect(server.address);
    const calls = {
      get: (options) => own.get("key 1", options),
      exclusive: (options) => own.exclusive((alone) => alone.get("key 1", options)),
      batch: (options) => own.batch((all) => [all.get("key 1", options)]),
    };
    for (const call of Object.values(calls)) {
      await assert.rejects(call(withAccessor(name, () => { throw new RangeError("the caller's"); })), /the caller's/);
    }
    const reads = [];
    const others = [];
    const options = withAccessor(name, (count) => {
      reads.push(count);
      others.push(own.get("key 2"), healthy.get("key 2"));
      return value;
    });
    assert.equal(await own.get("key 1", options), "value 1");
    assert.deepEqual(reads, [1]);
    assert.deepEqual(await Promise.all(others), ["value 2", "value 2"]);
    await own.close();
  });
}

test("what a caller changes in its options after a call changes nothing", async () => {
  const options = { as: "bytes" };
  const batch = healthy.batch();
  batch.get("key 1", options);
  const transaction = healthy.transaction();
  transaction.get("key 1", options);
  options.as = "text";
  for (const each of [batch, transaction]) {
    assert.deepEqual((await each.exec()).map(textOf), ["value 1"]);
  }
});

test("connect() keeps no object of the caller's: neither its database nor its prefix", async () => {
  const options = { database: 1, keyPrefix: "one:", lazyConnect: true };
  const lazy = await Client.connect(server.address, options);
  Object.assign(options, { database: 2, keyPrefix: "two:", lazyConnect: false });
  const second = Client.connect(server.address, options);
  Object.assign(options, { database: 3, keyPrefix: "three:" });
  await lazy.set("where", "first");
  await (await second).set("where", "second");
  for (const [database, key, value] of [[1, "one:where", "first"], [2, "two:where", "second"]]) {
    const look = await Client.connect(server.address, { database });
    assert.equal(await look.get(key), value);
    await look.close();
  }
  await Promise.all([lazy.close(), (await second).close()]);
});

test("connect() reads accessors of a class, and what its options inherit", async () => {
  class Configured {
    get keyPrefix() { return "configured:"; }
    get database() { return 4; }
  }
  const look = await Client.connect(server.address, { database: 4 });
  for (const [i, options] of [new Configured(), Object.create(new Configured())].entries()) {
    const own = await Client.connect(server.address, options);
    await own.set(`key ${i}`, "there");
    assert.equal(await look.get(`configured:key ${i}`), "there");
    await own.close();
  }
  await look.close();
});

test("an accessor of connect()'s options may call clients, and what is in all objects is no option", async () => {
  const options = withAccessor("requestTimeout", () => healthy.cached("nothing") ?? 1000);
  Object.defineProperty(Object.prototype, "database", { value: 7, configurable: true, writable: true, enumerable: true });
  try {
    const own = await Client.connect(server.address, options);
    assert.equal(await own.get("key 1"), "value 1");
    await own.close();
  } finally {
    delete Object.prototype.database;
  }
});

test("an array of bytes that another thread could make larger is refused", async () => {
  const growing = new Uint8Array(new SharedArrayBuffer(4, { maxByteLength: 1024 }));
  const expected = { name: "TypeError", message: /growable SharedArrayBuffer/ };
  await assert.rejects(healthy.set("key", growing), expected);
  await assert.rejects(healthy.mset([["key", growing], ["other", "x".repeat(300_000)]]), expected);
  await assert.rejects(healthy.set("x".repeat(300_000), growing), expected);
  assert.deepEqual(await healthy.transaction((all) => [all.set("copied", growing)]), [true]);
  const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(65);
  assert.equal(await healthy.set("shared", shared), true);
  assert.equal(await healthy.get("shared"), "AAAA");
});

// A transport over a socket, with hooks of a test's.
const transport = ({ arriving = (bytes) => bytes, writing = () => {} }) => ({ host, port }, events) => {
  const socket = net.connect({ host, port });
  socket.on("connect", () => events.opened());
  socket.on("data", (bytes) => events.data(arriving(bytes)));
  socket.on("drain", () => events.drained());
  socket.on("error", () => {});
  socket.on("close", () => events.closed());
  return {
    write: (bytes) => {
      writing();
      return socket.write(Uint8Array.from(bytes));
    },
    pause: () => { socket.pause(); },
    resume: () => { socket.resume(); },
    close: () => { socket.destroy(); },
  };
};

// Says what it likes of itself, as subclasses may.
class Odd extends Uint8Array {
  static get [Symbol.species]() { throw new Error("no other one"); }
  get length() { return 3; }
  subarray() { throw new Error("no part"); }
  slice() { throw new Error("no copy"); }
}

test("a transport's bytes may be of a class of its own", async () => {
  const own = await Client.connect(server.address, { transport: transport({ arriving: (bytes) => new Odd(bytes) }) });
  assert.equal((await own.lrange("list", 0, -1)).length, 30_000);
  assert.equal(await own.get("key 1"), "value 1");
  await own.close();
});

test("a transport's write() may call clients, and what is sent stays what it was", async () => {
  const cached = await cachedClient();
  const hashes = [];
  const own = await Client.connect(server.address,
    { transport: transport({ writing: () => { hashes.push(cached.hgetall("hash")); } }) });
  const values = Array.from({ length: 50 }, (_, i) => `${i}`.repeat(1000 + 37 * i));
  await Promise.all(values.map((value, i) => own.set(`sent ${i}`, value)));
  for (const [i, value] of values.entries()) assert.equal(await healthy.get(`sent ${i}`), value);
  for (const hash of await Promise.all(hashes)) assert.equal(Object.keys(hash).length, 40);
  await Promise.all([cached.close(), own.close()]);
});

test("a loop of cached reads lets the event loop go on, and sees the invalidation", async () => {
  const cached = await cachedClient();
  await healthy.set("flag", "old");
  await cached.get("flag");
  let reads = 0;
  let readsBefore = 0;
  setImmediate(() => {
    readsBefore = reads;
    void healthy.set("flag", "new");
  });
  while (await cached.get("flag") === "old") ++reads;
  assert(readsBefore <= 4096, `${readsBefore} reads before anything else ran`);
  await cached.close();
});

const loops = {
  "cached reads that cannot be decoded": async (client) => client.get("key 7", { as: "json" }),
  "transactions that are refused": async (client) => client.transaction((all) => [all.get("key 7")]),
  "calls that were cancelled before": async (client) => client.get("key 7", { signal: AbortSignal.abort() }),
  "calls with an invalid argument": async (client) => client.get(7),
};

for (const [what, call] of Object.entries(loops)) {
  test(`a loop of ${what} lets the event loop go on`, async () => {
    const client = await Client.connect(server.address,
      { clientSideCache, inflightRequestsLimit: 1, inflightOverflow: "reject" });
    await client.get("key 7");
    let isAnswered = false;
    const first = client.get("key 8").then(() => { isAnswered = true; });
    while (!isAnswered) await call(client).catch(() => {});
    await first;
    await client.close();
  });
}

test("a loop of refused calls lets the event loop go on", async () => {
  const full = await Client.connect(server.address, { inflightRequestsLimit: 1, inflightOverflow: "reject" });
  let isAnswered = false;
  const first = full.get("key 1").then(() => { isAnswered = true; });
  let refused = 0;
  while (!isAnswered) await full.get("key 2").then(() => { isAnswered = true; }, () => { ++refused; });
  await first;
  assert(refused > 0);
  await full.close();
  let hasGoneOn = false;
  setImmediate(() => { hasGoneOn = true; });
  while (!hasGoneOn) await full.get("key 1").catch(() => {});
});
