// That wasm_imports_test.mjs catches what it is for: node wasm_imports_proof.mjs CHECKER.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

const checker = process.argv[2];
const path = join(process.env.TEST_TMPDIR, "module.wasm");

// A module whose only content is the import of a function env.f.
const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const types = [1, 4, 1, 0x60, 0, 0];
const imports = [2, 9, 1, 3, 0x65, 0x6e, 0x76, 1, 0x66, 0, 0];
writeFileSync(path, new Uint8Array([...header, ...types, ...imports]));

const check = (...allowed) => spawnSync(process.execPath, [checker, path, ...allowed]).status;

test("an import that is allowed passes, also among others", () => {
  assert.equal(check("env.f"), 0);
  assert.equal(check("env.e", "env.f"), 0);
});

test("an import that is not allowed fails, and so does a part of its name", () => {
  assert.notEqual(check(), 0);
  assert.notEqual(check("env.g"), 0);
  assert.notEqual(check("env"), 0);
});
