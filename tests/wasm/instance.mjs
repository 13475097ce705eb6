// An instance of the module from its host's side, as plainly as that can be: bytes and times go in
// by hand, and what comes out is turned into values that a test can compare.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { abiVersion, cacheOptionsAt, errors, executed, optionsAt, outboxAt,
  pools } from "./abi.mjs";
import { Client } from "./client.mjs";
import { fromBytes, toBytes } from "./text.mjs";

/// A test may run once more, with another module: the program's argument.
export const moduleBytes = readFileSync(process.argv[2] ?? "wasm/plimsoll.wasm");
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

  /// The same, with words of more than `deferredMin` bytes deferred. Returns these words.
  stageDeferring(words, deferredMin) {
    const parts = words.map((word) => (typeof word === "string" ? toBytes(word) : word));
    const isDeferred = (part) => part.length > deferredMin;
    const table = new Uint32Array(parts.map((part) =>
      part.length + (isDeferred(part) ? 2 ** 31 : 0)));
    this.stageBytes([new Uint8Array(table.buffer), ...parts.filter((part) => !isDeferred(part))]);
    return parts.filter(isDeferred);
  }

  numbersAt(address, names) {
    const { view } = this;
    const number = (i) => view.getFloat64(address + 8 * i, true);
    return Object.fromEntries(names.map((name, i) => [name, number(i)]));
  }

  memoryStatistics() {
    this.call("memory_statistics");
    const at = this.outbox + outboxAt.statistics;
    const pool = (i) => this.numbersAt(at + 32 + 40 * i,
      ["limit", "used", "peak", "refused", "waiting"]);
    return {
      ...this.numbersAt(at, ["limit", "used", "peak", "linear"]),
      ...this.numbersAt(at + 32 + 40 * pools.length, ["growthsRefused"]),
      pools: Object.fromEntries(pools.map((name, i) => [name, pool(i)])),
    };
  }

  write(at, offsets, doublesEnd, fields) {
    for (const [name, value] of Object.entries(fields)) {
      if (offsets[name] < doublesEnd) this.view.setFloat64(at + offsets[name], value, true);
      else this.view.setUint32(at + offsets[name], value, true);
    }
  }

  /// A client that waits for its connection to be opened.
  /// `more`: the words behind the first four.
  create({ username = "", password = "", clientName = "", source = "", more = [], ...numbers } = {}) {
    this.write(this.calls.plimsoll_options(), optionsAt, optionsAt.inflightRequestsLimit, numbers);
    this.stageWords([username, password, clientName, source, ...more]);
    return new Client(this, this.call("create", this.now));
  }

  createCache({ words = [], ...fields } = {}) {
    this.write(this.calls.plimsoll_cache_options(), cacheOptionsAt, cacheOptionsAt.evictionPolicy,
      { bytesMax: 64 * 1024, entryTtl: 60_000, ...fields });
    this.stageWords(words);
    return this.call("create_cache", words.length);
  }

  cacheStatistics(cache) {
    this.call("cache_statistics", cache);
    const names = ["lookups", "hits", "evictions", "expirations", "invalidations",
      "skippedTooLarge", "skippedUncacheable", "skippedPoisoned", "skippedFenced",
      "skippedNoMemory", "skippedAbsent", "entries", "bytesLive", "bytesCommitted", "sources", "sourcesRefused"];
    return this.numbersAt(this.outbox + outboxAt.statistics, names);
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
