// What a host gets wrong is refused with an error, and changes nothing.

import assert from "node:assert/strict";
import test from "node:test";

import { stagingBytes } from "./abi.mjs";
import { Instance, refusedAs } from "./instance.mjs";
import { bulk, wire } from "./text.mjs";

const aboutOthers = ["version", "outbox", "configure", "set_memory_limit", "stage",
  "memory_statistics", "describe_error", "cache_options", "create_cache", "destroy_cache",
  "clear_cache", "drop_untracked", "cache_statistics", "options", "create", "key_places"];

const refused = (call) => assert.throws(call, refusedAs("invalid_argument"));

test("a client that is not there, or not any more, is refused in every call", () => {
  const instance = new Instance();
  const gone = instance.create();
  gone.destroy();
  const next = instance.create();
  assert.notEqual(next.id, gone.id);

  const aboutClients = Object.keys(instance.calls).filter((name) =>
    /^plimsoll_/.test(name) && !aboutOthers.includes(name.slice("plimsoll_".length)));
  assert.equal(aboutClients.length, 41);
  for (const id of [0, -1, 1, 2 ** 31 - 1, gone.id, next.id + 1]) {
    for (const name of aboutClients) {
      assert(instance.calls[name](id, 0, 0, 0, 0, 0, 0) < 0, `${name}(${id})`);
      assert.equal(instance.outboxError().code, "invalid_argument", `${name}(${id})`);
    }
  }
  assert.equal(next.action(), "open");
});

test("an instance has a bound of clients", () => {
  const instance = new Instance();
  const clients = Array.from({ length: 1024 }, () => instance.create());
  assert.equal(new Set(clients.map((client) => client.id)).size, 1024);
  assert.throws(() => instance.create(), refusedAs("rejected_by_limit"));
  clients[500].destroy();
  instance.create();
});

test("a time that is none is refused", () => {
  const client = new Instance().connect();
  for (const now of [NaN, -1, Infinity, 1e300]) {
    refused(() => client.call("handle_timeout", now));
    refused(() => client.call("close", now));
    refused(() => client.call("submit", 0, 1, 0, -1, now));
  }
  refused(() => client.submit(1, ["PING"], { timeout: NaN }));
  refused(() => client.submit(1, ["PING"], { timeout: Infinity }));
  refused(() => client.submit(1, ["PING"], { staleness: Infinity }));
});

test("words beyond what is staged are refused", () => {
  const client = new Instance().connect();
  const { instance } = client;
  const submit = (count) => client.call("submit", count, 1, 0, -1, instance.now);
  const table = (...sizes) => new Uint8Array(new Uint32Array(sizes).buffer);

  instance.stageBytes([table(stagingBytes - 3)]);
  refused(() => submit(1)); // the place itself ends
  instance.stageBytes([table(4 * stagingBytes), new Uint8Array(4 * stagingBytes - 1)]);
  refused(() => submit(1)); // what is staged beside it does
  instance.stageBytes([table(4), new Uint8Array(4)]);
  refused(() => submit(0x40000001)); // times 4 is 4, in 32 bits
  instance.stageBytes([table(0xffffffff, 5), new Uint8Array(4)]);
  refused(() => submit(2)); // adds up to 4, in 32 bits
  instance.stageWords(["PING"]);
  submit(1);
  assert.equal(client.take(), wire("PING"));
});

test("more bytes read or written than there are is refused", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "a"]);
  refused(() => client.call("handle_written", 0, 1));
  client.call("poll_transmit", 0);
  refused(() => client.call("handle_written", 0, wire("GET", "a").length + 1));
  refused(() => client.call("poll_transmit", 0));
  client.call("handle_written", 0, wire("GET", "a").length);

  refused(() => client.call("handle_read", 0, 1, client.instance.now));
  const room = client.call("read_space", 0, 0);
  refused(() => client.call("handle_read", 0, room + 1, client.instance.now));
  client.deliver(bulk("1"));
  assert.deepEqual(client.events(), [{ kind: "completed", tag: 1, value: "1" }]);
});

test("news of a connection that there is not is refused", () => {
  const client = new Instance().create();
  refused(() => client.handleOpened());
  refused(() => client.handleClosed("not_opened"));
  assert.equal(client.call("read_space", 0, 0), 0);
  client.open();
  refused(() => client.handleOpened());
  client.handleClosed("broken");
  refused(() => client.handleClosed("broken"));

  client.waitForTimeout();
  client.open();
  client.abort();
  assert.equal(client.action(), "close");
  refused(() => client.handleClosed("ended"));
});

test("calls that come to nothing are no mistake", () => {
  const client = new Instance().create();
  client.call("handle_read", 0, 0, client.instance.now);
  client.call("handle_written", 0, 0);
  assert.equal(client.call("poll_nodes"), 0);
  assert.equal(client.take(), "");
  client.cancel({ request: [12345, 67] });
  client.abort();
  client.close();
  client.abort();
  assert.deepEqual(client.events().map(({ kind }) => kind), ["closed"]);
});

test("a reason or a connection that cannot be is refused", () => {
  const client = new Instance().connect();
  const { now } = client.instance;
  refused(() => client.call("handle_closed", 0, 8, now));
  for (const connection of [64, 2 ** 32 - 1]) {
    refused(() => client.call("handle_opened", connection, 0, now));
    refused(() => client.call("handle_closed", connection, 1, now));
    refused(() => client.call("read_space", connection, 0));
    refused(() => client.call("handle_read", connection, 0, now));
    refused(() => client.call("poll_transmit", connection));
    refused(() => client.call("handle_written", connection, 0));
    refused(() => client.call("release", connection, now));
    refused(() => client.call("close_subscription", connection, now));
    refused(() => client.call("subscription_statistics", connection));
  }
  // The main connection is for nobody alone.
  refused(() => client.call("release", 0, now));
  refused(() => client.call("next_messages", 0, 1, 1, 0, now));
});

test("the rest of a large value is gone when the client goes on", () => {
  const client = new Instance().connect();
  client.submit(1, ["LRANGE", "a", "0", "-1"]);
  client.take();
  client.deliver(`*5000\r\n${bulk("1").repeat(5000)}`);
  assert.equal(client.call("poll"), 1);
  assert(client.call("poll_nodes") > 0);
  client.call("handle_timeout", client.instance.now);
  assert.equal(client.call("poll_nodes"), 0);
  assert.deepEqual(client.events(), []);
});

test("nothing may come between an event that waits to be told and poll()", () => {
  const client = new Instance().connect();
  const { now } = client.instance;
  // The second reply finds no room behind the first.
  for (const tag of [1, 2]) client.submit(tag, ["GET", "a"]);
  client.take();
  client.deliver(bulk("v".repeat(20_000)).repeat(2));
  assert.equal(client.call("poll"), 1);
  refused(() => client.call("handle_timeout", now));
  refused(() => client.call("read_space", 0, 0));
  refused(() => client.abort());
  assert.deepEqual(client.events().map(({ tag, value }) => [tag, value.length]), [[2, 20_000]]);
  client.call("handle_timeout", now);
});
