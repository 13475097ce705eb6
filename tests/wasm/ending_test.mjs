// How requests and clients end, other than well: each request in exactly one outcome.

import assert from "node:assert/strict";
import test from "node:test";

import { Instance, refusedAs } from "./instance.mjs";
import { bulk, wire } from "./text.mjs";

/// The events without their sentences.
const inShort = (events) => events.map(({ text, ...rest }) => rest);

test("a request that times out leaves a tombstone, which takes its late reply", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "slow"]);
  client.take();
  assert.equal(client.timeoutAt(), client.instance.now + 250);

  client.wait(249.999);
  assert.deepEqual(client.events(), []);
  client.waitForTimeout();
  assert.deepEqual(inShort(client.events()),
    [{ kind: "failed", tag: 1, code: "timed_out", executed: "maybe" }]);
  assert.equal(client.statistics().inFlight, 1);

  client.submit(2, ["GET", "fast"]);
  client.take();
  client.deliver(bulk("late") + bulk("mine"));
  assert.deepEqual(client.events(), [{ kind: "completed", tag: 2, value: "mine" }]);
  assert.equal(client.statistics().inFlight, 0);
});

test("a request that times out before it was sent never leaves", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "a"], { timeout: 5 });
  client.submit(2, ["GET", "b"], { timeout: 0 });
  client.wait(5);
  assert.deepEqual(inShort(client.events()),
    [{ kind: "failed", tag: 1, code: "timed_out", executed: "no" }]);
  assert.equal(client.take(), wire("GET", "b"));
  // The memory line ticks until free pages were given back, and then no more.
  for (let i = 0; i < 20 && client.timeoutAt() !== Infinity; ++i) client.waitForTimeout();
  assert.equal(client.timeoutAt(), Infinity);
});

test("a request is cancelled by its id, once", () => {
  const client = new Instance().connect();
  const unsent = client.submit(1, ["GET", "a"]);
  client.cancel(unsent);
  assert.deepEqual(inShort(client.events()),
    [{ kind: "failed", tag: 1, code: "cancelled", executed: "no" }]);
  const sent = client.submit(2, ["GET", "b"]);
  assert.equal(client.take(), wire("GET", "b"));
  client.cancel(sent);
  client.cancel(sent);
  assert.deepEqual(inShort(client.events()),
    [{ kind: "failed", tag: 2, code: "cancelled", executed: "maybe" }]);
  client.cancel(sent);
  assert.deepEqual(client.events(), []);
});

test("a request over the limit is refused, and fits again when another has ended", () => {
  const client = new Instance().connect({ inflightRequestsLimit: 2 });
  client.submit(1, ["GET", "a"]);
  client.submit(2, ["GET", "b"]);
  assert.throws(() => client.submit(3, ["GET", "c"]), (error) =>
    refusedAs("rejected_by_limit")(error) && error.message.includes("limit 2"));
  client.take();
  client.deliver(bulk("1"));
  client.events();
  client.submit(3, ["GET", "c"]);
  assert.equal(client.statistics().rejected, 1);
});

test("a command that would put everybody's replies out of step is refused", () => {
  const client = new Instance().connect();
  for (const words of [["SUBSCRIBE", "news"], ["multi"], ["HELLO", "2"]]) {
    assert.throws(() => client.submit(1, words), refusedAs("refused_command"), words[0]);
  }
  assert.throws(() => client.submit(1, []), refusedAs("invalid_argument"));
  assert.equal(client.take(), "");
});

test("garbage ends the connection, with the byte where it lay, and what was sent on it", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "a"]);
  client.submit(2, ["GET", "b"]);
  client.take();
  client.submit(3, ["GET", "c"]);
  client.deliver(bulk("good") + "$5x\r\n");

  const events = client.events();
  assert.deepEqual(inShort(events), [
    { kind: "completed", tag: 1, value: "good" },
    { kind: "disconnected", code: "protocol_error", executed: "maybe" },
    { kind: "failed", tag: 2, code: "protocol_error", executed: "maybe" },
  ]);
  assert.match(events[1].text, /^protocol_error: length does not end in CR LF.* at byte \d+$/);
  assert.equal(client.action(), "close");
  client.submit(4, ["GET", "d"]);
  client.reconnect();
  assert.deepEqual(client.events(), [{ kind: "ready" }]);
  assert.equal(client.take(), wire("GET", "c") + wire("GET", "d"));
});

test("a reply that nobody asked for ends the connection", () => {
  const client = new Instance().connect();
  client.deliver(bulk("for whom?"));
  const [lost] = client.events();
  assert.equal(lost.kind, "disconnected");
  assert.equal(lost.code, "protocol_error");
});

test("a connection that ends amid a reply leaves what was sent in doubt, and nothing else", () => {
  const client = new Instance().connect();
  client.submit(1, ["INCR", "a"]);
  client.take();
  client.submit(2, ["INCR", "b"]);
  client.deliver("$100\r\nhalf of it");
  client.handleClosed("ended");
  assert.deepEqual(inShort(client.events()), [
    { kind: "disconnected", code: "connection_lost", executed: "no" },
    { kind: "failed", tag: 1, code: "lost_in_doubt", executed: "maybe" },
  ]);
  assert.equal(client.action(), "none");
  assert.equal(client.statistics().state, "waiting");
  assert.equal(client.statistics().lastProblem, "connection_lost");
  client.reconnect();
  assert.deepEqual(client.events(), [{ kind: "ready" }]);
  assert.equal(client.take(), wire("INCR", "b"));
});

test("a client gives up reconnecting when it was told to, and those who waited were not sent", () => {
  const client = new Instance().connect({ reconnectAttemptsMax: 2 });
  client.handleClosed("broken");
  client.submit(1, ["INCR", "a"], { timeout: 0 });
  for (let attempt = 0; attempt < 2; ++attempt) {
    client.events();
    client.waitForTimeout();
    assert.equal(client.action(), "open");
    client.handleClosed("not_opened");
  }
  assert.deepEqual(inShort(client.events()), [
    { kind: "closed", code: "connect_failed", executed: "no" },
    { kind: "failed", tag: 1, code: "lost_unsent", executed: "no" },
  ]);
});

test("a connection that gives no sign of life is asked for one, and then replaced", () => {
  const client = new Instance().connect({ healthCheckInterval: 1000, tombstoneAgeMax: 2000 });
  client.waitForTimeout();
  assert.equal(client.take(), wire("PING"));
  client.wait(2000);
  assert.deepEqual(inShort(client.events()),
    [{ kind: "disconnected", code: "connection_dead", executed: "no" }]);
  assert.equal(client.action(), "close");
  assert.equal(client.statistics().connectionsDead, 1);
});

test("an orderly close waits for the replies that are owed", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "a"]);
  client.take();
  client.close();
  assert.throws(() => client.submit(2, ["GET", "b"]), refusedAs("closed"));
  assert.deepEqual(client.events(), []);
  client.deliver(bulk("last"));
  assert.deepEqual(inShort(client.events()), [
    { kind: "completed", tag: 1, value: "last" },
    { kind: "closed", code: "closed", executed: "no" },
  ]);
  assert.equal(client.action(), "close");
  assert.equal(client.statistics().state, "closed");
});

test("an abort ends every request at once, and late news of the transport is no mistake", () => {
  const client = new Instance().connect();
  client.submit(1, ["GET", "a"]);
  client.call("poll_transmit", 0);
  const room = client.call("read_space", 0, 0);
  client.abort();
  client.call("handle_read", 0, room, client.instance.now);
  assert.deepEqual(inShort(client.events()), [
    { kind: "closed", code: "closed", executed: "no" },
    { kind: "failed", tag: 1, code: "lost_in_doubt", executed: "maybe" },
  ]);
  client.call("handle_written", 0, 1);
  assert.equal(client.action(), "close");
  assert.equal(client.take(), "");
  assert.deepEqual(client.events(), []);
});

test("a server that is not there is tried again until connect_timeout", () => {
  const client = new Instance().create({ connectTimeout: 100 });
  client.submit(1, ["GET", "a"], { timeout: 0 });
  let attempts = 0;
  for (; client.statistics().state !== "closed"; ++attempts) {
    assert.equal(client.action(), "open");
    client.handleClosed("not_opened");
    if (client.statistics().state === "waiting") client.waitForTimeout();
  }
  assert(attempts > 2);
  assert.deepEqual(inShort(client.events()), [
    { kind: "closed", code: "connect_failed", executed: "no" },
    { kind: "failed", tag: 1, code: "lost_unsent", executed: "no" },
  ]);
});

test("a handshake that the server refuses says so in the server's words", () => {
  const client = new Instance().create({ password: "wrong" });
  client.open();
  client.take();
  client.deliver("-WRONGPASS invalid username-password pair\r\n");
  const [closed] = client.events();
  assert.equal(closed.kind, "closed");
  assert.equal(closed.code, "authentication_failed");
  assert.deepEqual(closed.value, { error: "WRONGPASS invalid username-password pair" });
});

test("an option that makes no sense is named", () => {
  const instance = new Instance();
  const refused = (options, pattern) => assert.throws(() => instance.create(options),
    (error) => refusedAs("invalid_option")(error) && pattern.test(error.message));
  refused({ inflightRequestsLimit: 0 }, /inflight_requests_limit/);
  refused({ username: "ann" }, /username/);
  refused({ clientName: "two words" }, /client_name/);
  refused({ connectTimeout: 0 }, /connect_timeout/);
  refused({ requestTimeout: NaN }, /request_timeout/);
  refused({ reconnectWaitMin: 0 }, /reconnect_wait_min/);
  refused({ reconnectWaitMax: 1 }, /reconnect_wait_max/);
  refused({ tombstoneAgeMax: -1 }, /tombstone_age_max/);
  refused({ randomSeed: 2 ** 53 }, /random_seed/);
});
