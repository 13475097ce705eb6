// An instance of the module from its host's side, as plainly as that can be: bytes and times go in
// by hand, and what comes out is turned into values that a test can compare.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { abiVersion, errors, executed, optionsAt, outboxAt, pools } from "./abi.mjs";
import { Client } from "./client.mjs";
import { fromBytes, toBytes } from "./text.mjs";

export const moduleBytes = readFileSync("wasm/plimsoll.wasm");
const compiled = new WebAssembly.Module(moduleBytes);

/// A call that the module refused: `code` is the error's name.
export class Refused extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

/// For assert.throws().
export const refusedAs = (code) => (error) => error instanceof Refused && error.code === code;

/// One instance of the module.
export class Instance {
  growths = 0;
  now = 1000; // milliseconds

  constructor(module = compiled) {
    const imports = {
      env: { emscripten_notify_memory_growth: () => { ++this.growths; } },
      wasi_snapshot_preview1: { proc_exit: () => assert.fail("the module wants to exit") },
    };
    this.calls = new WebAssembly.Instance(module, imports).exports;
    this.calls._initialize();
    assert.equal(this.calls.plimsoll_version(), abiVersion);
    this.outbox = this.calls.plimsoll_outbox();
  }

  /// Anew for every use: a call that grew the memory has detached the views made before it.
  get memory() { return new Uint8Array(this.calls.memory.buffer); }
  get view() { return new DataView(this.calls.memory.buffer); }

  /// What the call answered, if it was not refused.
  call(name, ...args) {
    const answer = this.calls[`plimsoll_${name}`](...args);
    if (answer < 0) throw this.refusal();
    return answer;
  }

  refusal() { return new Refused(this.outboxError().code, this.describeError()); }

  describeError() {
    this.calls.plimsoll_describe_error();
    return this.outboxText();
  }

  outboxText() {
    const size = this.view.getUint32(this.outbox + outboxAt.textSize, true);
    return this.textAt(this.outbox + outboxAt.text, size);
  }

  outboxError() {
    return {
      code: errors[this.view.getUint32(this.outbox + outboxAt.error, true)],
      executed: executed[this.view.getUint32(this.outbox + outboxAt.executed, true)],
    };
  }

  textAt(address, size) { return fromBytes(this.memory.subarray(address, address + size)); }

  configure(memoryLimit) { this.call("configure", memoryLimit); }

  stageBytes(parts) {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const room = this.call("stage", size);
    if (room === 0) throw this.refusal();
    let at = room;
    for (const part of parts) {
      this.memory.set(part, at);
      at += part.length;
    }
  }

  /// The words of a request, as a table of sizes and all of their bytes.
  stageWords(words) {
    const parts = words.map((word) => (typeof word === "string" ? toBytes(word) : word));
    const table = new DataView(new ArrayBuffer(4 * parts.length));
    parts.forEach((part, i) => table.setUint32(4 * i, part.length, true));
    this.stageBytes([new Uint8Array(table.buffer), ...parts]);
  }

  numbersAt(address, names) {
    const { view } = this;
    const number = (i) => view.getFloat64(address + 8 * i, true);
    return Object.fromEntries(names.map((name, i) => [name, number(i)]));
  }

  memoryStatistics() {
    this.call("memory_statistics");
    const at = this.outbox + outboxAt.memoryStatistics;
    const pool = (i) => this.numbersAt(at + 32 + 32 * i, ["limit", "used", "peak", "refused"]);
    return {
      ...this.numbersAt(at, ["limit", "used", "peak", "linear"]),
      pools: Object.fromEntries(pools.map((name, i) => [name, pool(i)])),
    };
  }

  /// A client that waits for its connection to be opened.
  create({ username = "", password = "", clientName = "", ...numbers } = {}) {
    const at = this.calls.plimsoll_options();
    const sizes = { usernameSize: username.length, passwordSize: password.length,
      clientNameSize: clientName.length };
    for (const [name, value] of Object.entries({ ...numbers, ...sizes })) {
      // The doubles come first.
      const isDouble = optionsAt[name] < optionsAt.inflightRequestsLimit;
      if (isDouble) this.view.setFloat64(at + optionsAt[name], value, true);
      else this.view.setUint32(at + optionsAt[name], value, true);
    }
    this.stageBytes([toBytes(username + password + clientName)]);
    return new Client(this, this.call("create", this.now));
  }

  /// A client that is ready.
  connect(options) {
    const client = this.create(options);
    client.open();
    client.take();
    client.deliver(client.handshakeReplies(options));
    assert.deepEqual(client.events(), [{ kind: "ready" }]);
    return client;
  }
}
