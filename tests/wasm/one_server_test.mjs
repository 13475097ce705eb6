// The module of pages, whose clients have one server.

import assert from "node:assert/strict";
import test from "node:test";

import { Instance, refusedAs } from "./instance.mjs";
import { bulk } from "./text.mjs";

const [automatic, , cluster] = [0, 1, 2];  // topologies

test("a client that would have sentinels, replicas or nodes of a cluster is refused, and leaves nothing", () => {
  const instance = new Instance();
  instance.create().destroy();  // what the first client makes stays
  const before = instance.memoryStatistics().used;
  const refused = {
    sentinels: { sentinel: 1, more: ["ships", "", ""] },
    replicas: { readFrom: 1, more: [""] },
    nodes: { topology: cluster, more: ["one"] },
  };
  for (const [name, options] of Object.entries(refused)) {
    assert.throws(() => instance.create(options), (error) => {
      assert.match(error.message, /the core of pages: its clients have one server/, name);
      return refusedAs("invalid_option")(error);
    });
  }
  assert.equal(instance.memoryStatistics().used, before);
});

test("a server that is a node of a cluster is refused, and what was asked of it ends", () => {
  const client = new Instance().create({ topology: automatic, more: ["one"] });
  client.submit(1, ["GET", "ship"]);
  client.open();
  client.take();
  client.deliver(client.handshakeReplies({ mode: "cluster" }));
  const { failed, closed } = Object.fromEntries(client.events().map((event) => [event.kind, event]));
  assert.deepEqual([failed.tag, failed.executed], [1, "no"]);
  for (const { text } of [failed, closed]) assert.match(text, /the core of pages, which leads to one server/);
});

test("a server that is none is used, and what was read is served until the server says that it has changed", () => {
  const instance = new Instance();
  const cache = instance.createCache();
  const client = instance.create({ topology: automatic, more: ["one"], cache });
  client.open();
  const commands = client.take().split(/^\*\d+\r\n/m).length - 1;
  const [hello] = client.handshakeReplies().split("+OK");
  client.deliver(hello + "+OK\r\n".repeat(commands - 2) + "+PONG\r\n");
  assert.deepEqual(client.events(), [{ kind: "ready" }]);

  assert.equal(client.submit(1, ["GET", "ship"]).outcome, "staged");
  client.take();
  client.deliver(bulk("Great Eastern"));
  assert.deepEqual(client.events(), [{ kind: "completed", tag: 1, value: "Great Eastern" }]);
  const { outcome, value } = client.submit(2, ["GET", "ship"]);
  assert.deepEqual([outcome, value], ["served", "Great Eastern"]);

  client.deliver(">2\r\n$10\r\ninvalidate\r\n*1\r\n" + bulk("ship"));
  client.events();
  assert.equal(client.submit(3, ["GET", "ship"]).outcome, "staged");
});
