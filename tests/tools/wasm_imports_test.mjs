// Holds a WebAssembly module to the imports it may have: each one is a demand on every host.
//
//   node wasm_imports_test.mjs MODULE.wasm [ALLOWED_NAMESPACE.ALLOWED_NAME...]
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import test from "node:test";

const [path, ...allowed] = process.argv.slice(2);

test(`${basename(path)} imports nothing but ${allowed.join(", ") || "nothing at all"}`, () => {
  const module = new WebAssembly.Module(readFileSync(path));
  const names = WebAssembly.Module.imports(module).map((i) => `${i.module}.${i.name}`);
  assert.deepEqual(names.filter((name) => !allowed.includes(name)), []);
});
