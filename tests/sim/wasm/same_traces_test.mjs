// The same worlds run natively and here, with the same bytes on the wire and the same outcomes.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "node:test";

const [modulePath, hashesPath] = process.argv.slice(2);
const expected = execFileSync(hashesPath, { encoding: "utf8" }).trim().split("\n");

// Nothing of what the C library could ask of a host is needed: a world does no I/O.
const refuse = (name) => () => { throw new Error(`the simulator called ${name}`); };
const module = new WebAssembly.Module(readFileSync(modulePath));
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  imports[from] ??= {};
  imports[from][name] = name === "emscripten_notify_memory_growth" ? () => {} : refuse(name);
}
const { exports } = new WebAssembly.Instance(module, imports);
exports._initialize();

const hex = (number) => (number >>> 0).toString(16).padStart(8, "0");

test("a world is the same natively and in WebAssembly", () => {
  assert(expected.length >= 50);
  assert(new Set(expected).size === expected.length);
  expected.forEach((hash, i) => {
    assert.equal(exports.run_sample(i + 1), 1, `the world of seed ${i + 1} is in order`);
    assert.equal(hex(exports.hash_high()) + hex(exports.hash_low()), hash, `seed ${i + 1}`);
  });
});
