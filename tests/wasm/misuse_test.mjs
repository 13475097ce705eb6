// What a host gets wrong is refused with an error, and changes nothing.

import assert from "node:assert/strict";
import test from "node:test";

import { Instance, refusedAs } from "./instance.mjs";
import { bulk, wire } from "./text.mjs";

const refused = (call) => assert.throws(call, refusedAs("invalid_argument"));

test("a client that is not there, or not any more, is refused in every call", () => {
  const instance = new Instance();
  const gone = instance.create();
  gone.destroy();
  const next = instance.create();
  assert.notEqual(next.id, gone.id);

  const aboutClients = Object.keys(instance.calls).filter((name) =>
    /_(destroy|submit|cancel|close|abort|handle|read_space|poll|client)/.test(name));
  assert.equal(aboutClients.length, 17);
  for (const id of [0, -1, 1, 2 ** 31 - 1, gone.id, next.id + 1]) {
    for (const name of aboutClients) {
      const rest = name.endsWith("submit") ? [0, 0, 0, 0] : [0, 0];
      assert(instance.calls[name](id, ...rest) < 0, `${name}(${id})`);
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
    refused(() => client.call("submit", 0, 0, 0, now));
  }
  refused(() => client.submit(1, ["PING"], { timeout: NaN }));
  refused(() => client.submit(1, ["PING"], { timeout: Infinity }));
});

test("words beyond what is staged are refused", () => {
  const client = new Instance().connect();
  const { instance } = client;
  const submit = (count) => client.call("submit", count, 1, 0, instance.now);
  const table = (...sizes) => new Uint8Array(new Uint32Array(sizes).buffer);

  refused(() => submit(1)); // nothing is staged
  instance.stageBytes([table(4), new Uint8Array(3)]);
  refused(() => submit(1));
  instance.stageBytes([table(4), new Uint8Array(4)]);
  refused(() => submit(2)); // the second size is the word's bytes
  instance.stageBytes([table(4), new Uint8Array(4)]);
  refused(() => submit(0x40000001)); // times 4 is 4, in 32 bits
  instance.stageBytes([table(0xffffffff, 5), new Uint8Array(4)]);
  refused(() => submit(2)); // adds up to 4, in 32 bits
  instance.stageWords(["PING"]);
  submit(1);
  refused(() => submit(1)); // was taken
  assert.equal(client.take(), wire("PING"));
});

test("more bytes read or written than there are is refused", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "a"]);
  refused(() => client.call("handle_written", 1));
  client.call("poll_transmit");
  refused(() => client.call("handle_written", wire("GET", "a").length + 1));
  refused(() => client.call("poll_transmit"));
  client.call("handle_written", wire("GET", "a").length);

  refused(() => client.call("handle_read", 1, client.instance.now));
  const room = client.call("read_space");
  refused(() => client.call("handle_read", room + 1, client.instance.now));
  client.deliver(bulk("1"));
  assert.deepEqual(client.events(), [{ kind: "completed", tag: 1, value: "1" }]);
});

test("news of a connection that there is not is refused", () => {
  const client = new Instance().create();
  refused(() => client.handleOpened());
  refused(() => client.handleClosed("not_opened"));
  assert.equal(client.call("read_space"), 0);
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
  client.call("handle_read", 0, client.instance.now);
  client.call("handle_written", 0);
  assert.equal(client.call("poll_node"), 0);
  assert.equal(client.take(), "");
  client.cancel(12345);
  client.abort();
  client.close();
  client.abort();
  assert.deepEqual(client.events().map(({ kind }) => kind), ["closed"]);
});

test("a reason or a request that cannot be is refused", () => {
  const client = new Instance().connect();
  refused(() => client.call("handle_closed", 3, client.instance.now));
  refused(() => client.cancel(NaN));
  refused(() => client.cancel(-1));
  refused(() => client.cancel(2 ** 53));
});

test("the value of an event is gone when the client goes on", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "a"]);
  client.take();
  client.deliver(bulk("1"));
  assert.notEqual(client.call("poll_event"), 0);
  client.call("poll_action");
  assert.equal(client.call("poll_node"), 0);
});
