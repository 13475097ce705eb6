// A bug of ours: the host gets a trap, and the words that tell where.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { Instance } from "./instance.mjs";

const trapping = new WebAssembly.Module(readFileSync("tests/wasm/trapping.wasm"));

test("a failed CHECK traps, and its place is in the outbox", () => {
  const instance = new Instance(trapping);
  instance.calls.fail_a_check(0);
  assert.throws(() => instance.calls.fail_a_check(1), WebAssembly.RuntimeError);
  assert.match(instance.outboxText(), /^CHECK failed at .*trapping\.cc:\d+$/);
});

test("after a trap, a new instance of the same module works", () => {
  const broken = new Instance(trapping);
  assert.throws(() => broken.calls.fail_a_check(1), WebAssembly.RuntimeError);
  const client = new Instance(trapping).connect();
  client.submit(1, ["PING"]);
  client.take();
  client.deliver("+PONG\r\n");
  assert.deepEqual(client.events(), [{ kind: "completed", tag: 1, value: "PONG" }]);
});
