// A session through the module, with the bytes of its server in memory.

import assert from "node:assert/strict";
import test from "node:test";

import { Instance } from "./instance.mjs";
import { bulk, wire } from "./text.mjs";

test("a client opens its connection, shakes hands and is ready", () => {
  const client = new Instance().create({ username: "ann", password: "s3cret", database: 7,
    clientName: "tests" });
  assert.equal(client.action(), "open");
  assert.equal(client.action(), "none");
  client.handleOpened();

  const sent = client.take();
  assert(sent.startsWith(wire("HELLO", "3", "AUTH", "ann", "s3cret", "SETNAME", "tests")));
  assert(sent.includes(wire("CLIENT", "SETINFO", "LIB-NAME", "plimsoll")));
  assert(sent.endsWith(wire("SELECT", "7") + wire("PING")));

  client.deliver(client.handshakeReplies({ database: 7 }));
  assert.deepEqual(client.events(), [{ kind: "ready" }]);
  assert.equal(client.statistics().state, "ready");
});

test("requests made before the client is ready leave after the handshake, in one write", () => {
  const client = new Instance().create();
  client.submit(1, ["SET", "ship", "Great Eastern"]);
  client.open();
  client.submit(2, ["GET", "ship"]);
  assert(!client.take().includes("ship"));

  client.deliver(client.handshakeReplies());
  client.events();

  const both = wire("SET", "ship", "Great Eastern") + wire("GET", "ship");
  assert.equal(client.takeOnce(), both);
  client.deliver("+OK\r\n" + bulk("Great Eastern"));
  assert.deepEqual(client.events(), [
    { kind: "completed", tag: 1, value: "OK" },
    { kind: "completed", tag: 2, value: "Great Eastern" },
  ]);
});

test("replies are the same at whatever byte the stream is split", () => {
  const replies = "+OK\r\n" + bulk("Great Eastern") + ":-1858\r\n%2\r\n+tons\r\n:18915\r\n" +
    bulk("masts") + "*2\r\n:6\r\n_\r\n";
  const expected = [
    { kind: "completed", tag: 1, value: "OK" },
    { kind: "completed", tag: 2, value: "Great Eastern" },
    { kind: "completed", tag: 3, value: -1858 },
    { kind: "completed", tag: 4, value: new Map([["tons", 18915], ["masts", [6, null]]]) },
  ];
  const client = new Instance().connect();
  for (let at = 0; at <= replies.length; ++at) {
    client.submit(1, ["SET", "ship", "Great Eastern"]);
    client.submit(2, ["GET", "ship"]);
    client.submit(3, ["DECRBY", "year", "3716"]);
    client.submit(4, ["HGETALL", "ship:1"]);
    client.take();

    client.deliver(replies.slice(0, at));
    const happened = client.events();
    client.deliver(replies.slice(at));
    happened.push(...client.events());

    assert.deepEqual(happened, expected, `split at byte ${at}`);
  }
});

test("a write that the transport takes in parts goes on where it stopped", () => {
  const client = new Instance().connect();
  const words = ["SET", "key", "v".repeat(1000)];
  client.submit(1, words);
  client.submit(2, words);
  let sent = "";
  for (let part = client.takeOnce(7); part !== ""; part = client.takeOnce(7)) sent += part;
  assert.equal(sent, wire(...words).repeat(2));
});

test("every type of a reply comes through", () => {
  const client = new Instance().connect();
  const cases = [
    ["_", null],
    ["$-1", null],
    ["#t", true],
    [":9007199254740991", 9007199254740991],
    [",-1.5e3", { real: "-1.5e3" }],
    ["(3492890328409238509324850943850943825024385", 3492890328409238509324850943850943825024385n],
    ["=8\r\ntxt:ship", "txt:ship"],
    ["$0\r\n", ""],
    ["$?\r\n;4\r\nGrea\r\n;9\r\nt Eastern\r\n;0", "Great Eastern"],
    ["*0", []],
    ["*?\r\n:1\r\n*1\r\n:2\r\n.", [1, [2]]],
    ["~2\r\n+a\r\n+b", new Set(["a", "b"])],
    ["%1\r\n+a\r\n-ERR inside", new Map([["a", { error: "ERR inside" }]])],
    ["|1\r\n+ttl\r\n:5\r\n*1\r\n|1\r\n+x\r\n:1\r\n:2", [2]],
  ];
  for (const [reply, value] of cases) {
    client.submit(5, ["ANY"]);
    client.take();
    client.deliver(`${reply}\r\n`);
    assert.deepEqual(client.events(), [{ kind: "completed", tag: 5, value }], reply);
  }
});

test("a string larger than the read buffers comes in pieces, and whole", () => {
  const client = new Instance().connect();
  const large = Array.from({ length: 30000 }, (_, i) => `${i},`).join("");
  client.submit(1, ["GET", "large"]);
  client.take();
  client.deliver(`*2\r\n${bulk(large)}${bulk("behind")}`);
  assert.deepEqual(client.events(), [{ kind: "completed", tag: 1, value: [large, "behind"] }]);
});

test("pushes come apart from replies, also between the bytes of none", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "a"]);
  client.submit(2, ["GET", "b"]);
  client.take();
  client.deliver(bulk("first") + ">2\r\n+invalidate\r\n*1\r\n+a\r\n" + bulk("second"));
  assert.deepEqual(client.events(), [
    { kind: "completed", tag: 1, value: "first" },
    { kind: "pushed", value: ["invalidate", ["a"]] },
    { kind: "completed", tag: 2, value: "second" },
  ]);
});

test("an error reply fails its own request alone, with the server's words", () => {
  const client = new Instance().connect();
  client.submit(1, ["LPOP", "ship"]);
  client.submit(2, ["GET", "ship"]);
  client.take();
  client.deliver("-WRONGTYPE not a list\r\n" + bulk("Great Eastern"));
  const [failed, completed] = client.events();
  assert.equal(failed.kind, "failed");
  assert.equal(failed.tag, 1);
  assert.equal(failed.code, "server_error");
  assert.equal(failed.executed, "yes");
  assert.deepEqual(failed.value, { error: "WRONGTYPE not a list" });
  assert.deepEqual(completed, { kind: "completed", tag: 2, value: "Great Eastern" });
});

test("words of any bytes, and of none, arrive as they are", () => {
  const client = new Instance().connect();
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  client.submit(1, ["SET", all, ""]);
  assert.equal(client.take(), wire("SET", Buffer.from(all).toString("latin1"), ""));
});
