// Memory: the line holds, growth is noticed, and a steady state allocates nothing.

import assert from "node:assert/strict";
import test from "node:test";

import { Instance, refusedAs } from "./instance.mjs";
import { bulk, wire } from "./text.mjs";

const kib = 1024;
const mib = 1024 * kib;

test("growth detaches the host's views, and the host hears of it", () => {
  const instance = new Instance();
  const before = instance.memory;
  const client = instance.connect();
  client.submit(1, ["SET", "key", "v".repeat(2 * mib)]);
  assert(instance.growths > 0);
  assert.equal(before.length, 0);
  assert.equal(instance.memory.length, instance.memoryStatistics().linear);
  assert(client.take().includes("v".repeat(2 * mib)));
});

test("an instance with one idle client is small", () => {
  const instance = new Instance();
  const client = instance.connect();
  client.submit(1, ["GET", "a"]);
  client.take();
  client.deliver(bulk("1"));
  client.events();
  assert(instance.memory.length <= 640 * kib, `${instance.memory.length} bytes`);
});

test("in steady state the memory does not grow", () => {
  const instance = new Instance();
  const client = instance.connect();
  const value = "v".repeat(100);
  const round = () => {
    for (let tag = 0; tag < 100; ++tag) {
      client.submit(tag, tag % 2 === 0 ? ["GET", `key:${tag}`] : ["SET", `key:${tag}`, value]);
    }
    client.take();
    const happened = client.deliver((bulk(value) + "+OK\r\n").repeat(50));
    assert.equal(happened.length + client.events().length, 100);
  };
  // By then accounts have set aside what they need for the next charges.
  for (let i = 0; i < 30; ++i) round();
  const { growths } = instance;
  const { used, peak } = instance.memoryStatistics();
  for (let i = 0; i < 200; ++i) round();
  assert.equal(instance.growths, growths);
  const after = instance.memoryStatistics();
  assert.deepEqual([after.used, after.peak], [used, peak]);
});

test("the line is drawn once, between its bounds", () => {
  const instance = new Instance();
  for (const limit of [mib - 1, 225 * mib, 2 ** 32 + 2 * mib, -1, NaN, Infinity]) {
    assert.throws(() => instance.configure(limit), refusedAs("invalid_option"), `${limit}`);
  }
  instance.configure(2 * mib);
  instance.configure(2 * mib);
  assert.throws(() => instance.configure(3 * mib), (error) =>
    refusedAs("invalid_option")(error) && error.message.includes("limit 2097152"));
  assert.equal(instance.memoryStatistics().limit, 2 * mib);
});

test("the line is drawn at 64 MiB by whoever needs it first", () => {
  const instance = new Instance();
  assert.equal(instance.memoryStatistics().limit, 0);
  instance.create();
  assert.equal(instance.memoryStatistics().limit, 64 * mib);
  assert.throws(() => instance.configure(mib), refusedAs("invalid_option"));
});

test("a request that passes the line is refused, and leaves nothing behind", () => {
  const instance = new Instance();
  instance.configure(mib);
  const client = instance.connect();
  // Leaves behind a free page, as the refused ones do.
  client.submit(0, ["SET", "key", "v".repeat(10 * kib)]);
  client.take();
  const { used } = instance.memoryStatistics();
  assert.throws(() => client.submit(1, ["SET", "key", "v".repeat(mib)]),
    refusedAs("rejected_by_limit"));
  // Fits the staging area, but then not the requests.
  assert.throws(() => client.submit(1, ["SET", "key", "v".repeat(300 * kib)]),
    refusedAs("rejected_by_limit"));
  assert.equal(client.take(), "");
  assert(instance.memoryStatistics().used <= used + 16 * kib);
  client.submit(2, ["SET", "key", "value"]);
});

// "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$2097152\r\n"
const behindKey = (value) => 4 + 9 + 9 + `$${value.length}\r\n`.length;

test("a deferred word is sent as it was written, and costs its size once", () => {
  const instance = new Instance();
  const client = instance.connect();
  const value = "0123456789abcdef".repeat(2 * mib / 16);
  const before = instance.memoryStatistics().used;
  const words = ["SET", "key", value];
  assert.equal(client.submitDeferring(1, words, () => behindKey(value)), "staged");
  assert(instance.memoryStatistics().peak <= before + 2 * mib + 192 * kib);
  assert.equal(client.take(), wire(...words));
});

test("several deferred words are sent with the words between them", () => {
  const instance = new Instance();
  const client = instance.connect();
  const value = "v".repeat(50 * kib);
  const words = ["MSET", "a", value, "b", value];
  const head = "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$51200\r\n".length;
  const next = value.length + "\r\n$1\r\nb\r\n$51200\r\n".length;
  assert.equal(client.submitDeferring(1, words, (n) => head + n * next), "staged");
  assert.equal(client.take(), wire(...words));
});

test("until deferred words are written, every other call is refused", () => {
  const instance = new Instance();
  const client = instance.connect();
  const words = ["SET", "key", "v".repeat(mib)];
  const [value] = instance.stageDeferring(words, 4096);
  client.call("submit", words.length, 1, -1, -1, instance.now);
  const refused = refusedAs("invalid_argument");
  assert.throws(() => client.take(), refused);
  assert.throws(() => client.submit(2, ["PING"]), refused);
  assert.throws(() => client.call("staged_places", 0, mib + 1), refused);
  assert.throws(() => client.call("staged_places", 4096, mib), refused);
  client.writeDeferred(value, behindKey(value));
  assert.throws(() => client.call("staged_places", 0, 1), refused);
  assert.equal(client.take(), wire(...words));
});

test("keys, words of reads and words of short requests cannot be deferred", () => {
  const instance = new Instance();
  const client = instance.connect();
  const long = "k".repeat(100 * kib);
  assert.equal(client.submitDeferring(1, ["DEL", "a", long]), "whole");
  assert.equal(client.submitDeferring(1, ["GETRANGE", "a", long, "1"]), "whole");
  const refused = refusedAs("invalid_argument");
  assert.throws(() => client.submitDeferring(1, ["SET", long, "v"]), refused);
  assert.throws(() => client.submitDeferring(1, ["SET", "key", "v".repeat(5 * kib)]), refused);
  assert.throws(() => client.submitDeferring(1, ["EVAL", "return 1", long]), refused);
  assert.equal(client.take(), "");
});

test("a deferred word that could never fit is refused", () => {
  const instance = new Instance();
  instance.configure(2 * mib);
  const client = instance.connect();
  const staged = new Uint32Array([3, 3, 2 ** 31 + 2 ** 31 - 1]);
  const { linear } = instance.memoryStatistics();
  for (const size of [2 * mib, 225 * mib, 2 ** 31 - 1]) {
    staged[2] = 2 ** 31 + size;
    instance.stageBytes([new Uint8Array(staged.buffer), new TextEncoder().encode("SETkey")]);
    assert.throws(() => client.call("submit", 3, 1, -1, -1, instance.now),
      refusedAs("rejected_by_limit"), `${size}`);
  }
  assert(instance.memoryStatistics().linear <= linear + 128 * kib);
});

test("with the replies pool dry there is no room to read, until another client lets go", () => {
  const instance = new Instance();
  instance.configure(mib);
  const clients = Array.from({ length: 16 }, () => instance.connect());
  for (const client of clients) {
    client.submit(1, ["GET", "large"], { timeout: 0 });
    client.take();
  }
  // Each gets a part of a reply, which holds what it came into: a small buffer, then a whole one.
  const reply = bulk("v".repeat(60 * kib));
  const parts = clients.map((client) => {
    const first = client.deliverOnce(reply);
    assert(first > 0);
    assert.deepEqual(client.events(), []);
    const second = client.deliverOnce(reply.slice(first, 20 * kib));
    return { client, second, at: first + second };
  });
  const started = parts.filter(({ second }) => second > 0);
  const waiting = parts.filter(({ second }) => second === 0);
  assert(started.length > 0 && waiting.length > 0);
  for (const { client } of started) assert.deepEqual(client.events(), []);
  const memory = instance.memoryStatistics();
  assert(memory.used <= memory.limit);
  assert(memory.pools.replies.refused > 0);

  for (const { client, at } of [...started, ...waiting]) {
    client.deliver(reply.slice(at));
    assert.equal(client.events()[0].value.length, 60 * kib);
  }
});

test("a reply that cannot fit is skipped as it streams past", () => {
  const instance = new Instance();
  instance.configure(mib);
  const client = instance.connect();
  client.submit(1, ["GET", "huge"]);
  client.submit(2, ["GET", "small"]);
  client.take();
  const happened = client.deliver(bulk("v".repeat(3 * mib)) + bulk("small"));
  happened.push(...client.events());
  assert.equal(happened[0].code, "reply_too_large");
  assert.deepEqual(happened[1], { kind: "completed", tag: 2, value: "small" });
  assert(instance.memory.length < 3 * mib);
});

test("clients that come and go leave nothing behind", () => {
  const instance = new Instance();
  const comeAndGo = () => {
    const idle = instance.connect({ password: "secret" });
    const busy = instance.connect();
    busy.submit(1, ["GET", "a"]);
    busy.take();
    busy.submit(2, ["GET", "b"]);
    busy.deliver("$100\r\nhalf of it");
    busy.events();
    idle.destroy();
    busy.destroy();
  };
  comeAndGo();
  const { used } = instance.memoryStatistics();
  const { growths } = instance;
  for (let i = 0; i < 1000; ++i) comeAndGo();
  assert.equal(instance.memoryStatistics().used, used);
  assert.equal(instance.growths, growths);
});
