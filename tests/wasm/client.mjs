// A client of an instance, driven by hand: the test is its server, its transport and its clock.

import assert from "node:assert/strict";

import { actions, asciiBit, cacheStates, closeReasons, errors, events, executed, more, nodeBytes,
  outboxAt, outcomes, recordAt, recordBytes, states, types } from "./abi.mjs";
import { toBytes } from "./text.mjs";

export class Client {
  #told = [];
  #actions = [];

  constructor(instance, id) {
    this.instance = instance;
    this.id = id;
  }

  call(name, ...args) { return this.instance.call(name, this.id, ...args); }

  outboxNumber(at) { return this.instance.view.getUint32(this.instance.outbox + at, true); }

  /// What becomes of it; `request` is its id, in halves.
  submit(tag, words, { timeout = -1, staleness = -1 } = {}) {
    this.instance.stageWords(words);
    this.call("submit", words.length, tag, timeout, staleness, this.instance.now);
    const outcome = outcomes[this.outboxNumber(outboxAt.outcome)];
    const request = [this.outboxNumber(outboxAt.request), this.outboxNumber(outboxAt.request + 4)];
    return { outcome, request, value: outcome === "served" ? this.servedValue() : undefined };
  }

  /// The same, with long words deferred, and written behind the call. `at` says where the n-th of them
  /// lies in the encoded request.
  submitDeferring(tag, words, at, deferredMin = 4096) {
    const { instance } = this;
    const deferred = instance.stageDeferring(words, deferredMin);
    this.call("submit", words.length, tag, -1, -1, instance.now);
    const outcome = outcomes[this.outboxNumber(outboxAt.outcome)];
    if (outcome === "staged") deferred.forEach((word, n) => this.writeDeferred(word, at(n)));
    return outcome;
  }

  writeDeferred(word, offset) {
    const { instance } = this;
    for (let done = 0; done < word.length;) {
      const count = this.call("staged_places", offset + done, word.length - done);
      for (let i = 0; i < count; ++i) {
        const at = instance.outbox + outboxAt.spans + 8 * i;
        const size = instance.view.getUint32(at + 4, true);
        instance.memory.set(word.subarray(done, done + size), instance.view.getUint32(at, true));
        done += size;
      }
    }
  }

  servedValue() {
    this.beginNodes(this.instance.outbox + outboxAt.area, this.outboxNumber(outboxAt.nodesCount));
    return this.value();
  }

  /// What the cache has: undefined if nothing.
  lookUp(words) {
    this.instance.stageWords(words);
    const found = this.call("lookup", words.length, this.instance.now);
    return found === 1 ? this.servedValue() : undefined;
  }

  cancel({ request }) { this.call("cancel", ...request, this.instance.now); }
  close() { this.call("close", this.instance.now); }
  abort() { this.call("abort"); }
  destroy() { this.call("destroy"); }

  /// Polls until there is nothing more.
  pump() {
    const { instance } = this;
    do {
      const count = this.call("poll");
      let at = instance.outbox + outboxAt.area;
      for (let i = 0; i < count; ++i) {
        const nodes = instance.view.getUint32(at + recordAt.nodes, true);
        this.#told.push(this.eventAt(at, nodes));
        at += recordBytes + nodes * nodeBytes;
      }
      const action = actions[this.outboxNumber(outboxAt.action)];
      if (action !== "none") {
        this.#actions.push([action, this.outboxNumber(outboxAt.connection)]);
      }
    } while (this.outboxNumber(outboxAt.more) === more.events);
  }

  /// What it wants of a connection, with its number where that is not the main one.
  action() {
    this.pump();
    const [action, connection] = this.#actions.shift() ?? ["none", 0];
    return connection === 0 ? action : `${action} ${connection}`;
  }

  timeoutAt() {
    this.pump();
    return this.instance.view.getFloat64(this.instance.outbox + outboxAt.timeout, true);
  }

  handleOpened(connection = 0) { this.call("handle_opened", connection, 0, this.instance.now); }
  handleClosed(reason, connection = 0) {
    this.call("handle_closed", connection, closeReasons.indexOf(reason), this.instance.now);
  }

  /// Lets time pass, and the client hear of it.
  wait(milliseconds) {
    this.instance.now += milliseconds;
    this.call("handle_timeout", this.instance.now);
  }

  /// The same, for as long as the client wants to.
  waitForTimeout() { this.wait(this.timeoutAt() - this.instance.now); }

  open() {
    assert.equal(this.action(), "open");
    this.handleOpened();
  }

  /// After the connection was lost: another one, with its handshake.
  reconnect() {
    this.events();
    this.waitForTimeout();
    this.open();
    this.take();
    this.deliver(this.handshakeReplies());
  }

  /// What a server answers to the handshake.
  handshakeReplies({ database = 0, mode = "standalone" } = {}) {
    const hello = "%3\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n" +
      `$${mode.length}\r\n${mode}\r\n`;
    return hello + "+OK\r\n+OK\r\n" + (database === 0 ? "" : "+OK\r\n") + "+PONG\r\n";
  }

  /// Sends up to `most` bytes of what the client has to send: returns them.
  takeOnce(most = Infinity, connection = 0) {
    const { instance } = this;
    const count = this.call("poll_transmit", connection);
    let taken = "";
    for (let i = 0; i < count; ++i) {
      const at = instance.outbox + outboxAt.spans + 8 * i;
      const { view } = instance;
      taken += instance.textAt(view.getUint32(at, true), view.getUint32(at + 4, true));
    }
    taken = taken.slice(0, most);
    if (count > 0) this.call("handle_written", connection, taken.length);
    return taken;
  }

  /// Sends all that the client has to send: returns it.
  take(connection = 0) {
    let all = "";
    for (;;) {
      const part = this.takeOnce(Infinity, connection);
      if (part === "") return all;
      all += part;
    }
  }

  /// Has `string` arrive, as far as there is room: returns how many bytes of it did.
  deliverOnce(string, connection = 0) {
    const { instance } = this;
    const room = this.call("read_space", connection, 0);
    if (room === 0) return 0;
    const address = instance.view.getUint32(instance.outbox + outboxAt.spans, true);
    const arriving = toBytes(string.slice(0, room));
    instance.memory.set(arriving, address);
    this.call("handle_read", connection, arriving.length, instance.now);
    return arriving.length;
  }

  /// Has all of `string` arrive: returns what happened between its parts, which is nothing if it
  /// fits the room that the client has.
  deliver(string, connection = 0) {
    const happened = [];
    for (let at = 0; at < string.length;) {
      const count = this.deliverOnce(string.slice(at), connection);
      at += count;
      if (at < string.length) {
        const now = this.events();
        assert(count > 0 || now.length > 0, "no room, and nothing that could make some");
        happened.push(...now);
      }
    }
    return happened;
  }

  /// All that happened since the last time.
  events() {
    this.pump();
    return this.#told.splice(0);
  }

  eventAt(at, nodes) {
    const { instance } = this;
    const number = (offset) => instance.view.getUint32(at + offset, true);
    const event = { kind: events[number(recordAt.kind)] };
    if (number(recordAt.tag) !== 0) event.tag = number(recordAt.tag);
    if (number(recordAt.error) !== 0) {
      event.code = errors[number(recordAt.error)];
      event.executed = executed[number(recordAt.executed)];
      event.text = instance.textAt(number(recordAt.text), number(recordAt.textSize));
    }
    if (number(recordAt.lost) !== 0) event.lost = number(recordAt.lost);
    if (number(recordAt.gaps) !== 0) event.gaps = number(recordAt.gaps);
    if (nodes > 0) {
      this.beginNodes(at + recordBytes, nodes);
      event.value = this.value();
    }
    return event;
  }

  beginNodes(at, count) { Object.assign(this, { nodeAt: at, nodesLeft: count }); }

  node() {
    if (this.nodesLeft === 0) {
      this.beginNodes(this.instance.outbox + outboxAt.area, this.call("poll_nodes"));
      assert(this.nodesLeft > 0, "the value breaks off");
    }
    const { view } = this.instance;
    const at = this.nodeAt;
    this.nodeAt += nodeBytes;
    --this.nodesLeft;
    const [type, size, address] = [0, 4, 8].map((offset) => view.getUint32(at + offset, true));
    return { type: types[type & (asciiBit - 1)], size, address, isAscii: (type & asciiBit) !== 0,
      integer: view.getBigInt64(at + 4, true) };
  }

  stringOf({ address, size }) {
    if (address !== 0 || size === 0) return this.instance.textAt(address, size);
    let whole = "";
    while (whole.length < size) whole += this.stringOf(this.node());
    return whole;
  }

  /// The value that comes next. Integers are numbers, doubles and big numbers their text.
  value() {
    const node = this.node();
    const elements = (count) => Array.from({ length: count }, () => this.value());
    switch (node.type) {
      case "null": return null;
      case "boolean": return node.integer === 1n;
      case "integer": return Number(node.integer);
      case "real": return { real: this.stringOf(node) };
      case "big_number": return BigInt(this.stringOf(node));
      case "simple_error":
      case "bulk_error": return { error: this.stringOf(node) };
      case "array":
      case "push": return elements(node.size);
      case "set": return new Set(elements(node.size));
      case "map": return new Map(Array.from({ length: node.size }, () => elements(2)));
      default: return this.stringOf(node);
    }
  }

  statistics() {
    this.call("client_statistics");
    const names = ["state", "inFlight", "submitted", "rejected", "completed", "failed", "pushed",
      "repliesSkipped", "pushesSkipped", "bytesRead", "bytesWritten", "connections", "connectionsLost",
      "connectionsDead", "attemptsFailed", "healthChecks", "requestsResent", "waiting", "waited",
      "waitersRefused", "blockingConnections", "subscriptions", "cacheState", "lastProblem"];
    const all = this.instance.numbersAt(this.instance.outbox + outboxAt.statistics, names);
    return { ...all, state: states[all.state], lastProblem: errors[all.lastProblem],
      cacheState: cacheStates[all.cacheState] };
  }
}
