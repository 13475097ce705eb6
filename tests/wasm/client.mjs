// A client of an instance, driven by hand: the test is its server, its transport and its clock.

import assert from "node:assert/strict";

import { actions, closeReasons, errors, events, outboxAt, states, types } from "./abi.mjs";
import { toBytes } from "./text.mjs";

export class Client {
  constructor(instance, id) {
    this.instance = instance;
    this.id = id;
  }

  call(name, ...args) { return this.instance.call(name, this.id, ...args); }

  submit(tag, words, { timeout = -1 } = {}) {
    this.instance.stageWords(words);
    return this.call("submit", words.length, tag, timeout, this.instance.now);
  }

  cancel(request) { this.call("cancel", request, this.instance.now); }
  close() { this.call("close", this.instance.now); }
  abort() { this.call("abort"); }
  destroy() { this.call("destroy"); }
  action() { return actions[this.call("poll_action")]; }
  timeoutAt() { return this.call("poll_timeout"); }
  handleOpened() { this.call("handle_opened", this.instance.now); }
  handleClosed(reason) {
    this.call("handle_closed", closeReasons.indexOf(reason), this.instance.now);
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
  handshakeReplies({ database = 0 } = {}) {
    const hello = "%3\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n" +
      "$10\r\nstandalone\r\n";
    return hello + "+OK\r\n+OK\r\n" + (database === 0 ? "" : "+OK\r\n") + "+PONG\r\n";
  }

  /// Sends up to `most` bytes of what the client has to send: returns them.
  takeOnce(most = Infinity) {
    const { instance } = this;
    const count = this.call("poll_transmit");
    let taken = "";
    for (let i = 0; i < count; ++i) {
      const at = instance.outbox + outboxAt.spans + 8 * i;
      const { view } = instance;
      taken += instance.textAt(view.getUint32(at, true), view.getUint32(at + 4, true));
    }
    taken = taken.slice(0, most);
    if (count > 0) this.call("handle_written", taken.length);
    return taken;
  }

  /// Sends all that the client has to send: returns it.
  take() {
    let all = "";
    for (let part = this.takeOnce(); part !== ""; part = this.takeOnce()) all += part;
    return all;
  }

  /// Has `string` arrive, as far as there is room: returns how many bytes of it did.
  deliverOnce(string) {
    const { instance } = this;
    const room = this.call("read_space");
    if (room === 0) return 0;
    const address = instance.view.getUint32(instance.outbox + outboxAt.spans, true);
    const arriving = toBytes(string.slice(0, room));
    instance.memory.set(arriving, address);
    this.call("handle_read", arriving.length, instance.now);
    return arriving.length;
  }

  /// Has all of `string` arrive: returns what happened between its parts, which is nothing if it
  /// fits the room that the client has.
  deliver(string) {
    const happened = [];
    for (let at = 0; at < string.length;) {
      const count = this.deliverOnce(string.slice(at));
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
    const all = [];
    for (let event = this.event(); event !== null; event = this.event()) all.push(event);
    return all;
  }

  event() {
    const { instance } = this;
    const kind = events[this.call("poll_event")];
    if (kind === "none") return null;
    const { view, outbox } = instance;
    const event = { kind };
    if (kind === "completed" || kind === "failed") event.tag = view.getUint32(outbox, true);
    if (["failed", "disconnected", "closed"].includes(kind)) {
      Object.assign(event, instance.outboxError(), { text: instance.describeError() });
    }
    if (view.getUint32(outbox + outboxAt.hasValue, true) === 1) event.value = this.value();
    return event;
  }

  node() {
    if (this.call("poll_node") === 0) return null;
    const { view, outbox } = this.instance;
    const at = outbox + outboxAt.node;
    const [address, size] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
    const type = types[view.getUint32(at + 16, true)];
    return { type, size, address, integer: view.getBigInt64(at, true) };
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
      "connectionsDead", "attemptsFailed", "healthChecks", "lastProblem"];
    const all = this.instance.numbersAt(this.instance.outbox + outboxAt.clientStatistics, names);
    return { ...all, state: states[all.state], lastProblem: errors[all.lastProblem] };
  }
}
