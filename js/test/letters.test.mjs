// The module of pages as text: what js/letters.mjs writes, the package reads.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromLetters } from "../.build/core/letters.js";
import { loadModule } from "../.build/core/module.page.js";
import { letters } from "../.build/generated/page.payload.js";
import { toLetters } from "../letters.mjs";

const bytesOf = (count, next) => Uint8Array.from({ length: count }, next);

test("any bytes come back as they were", () => {
  const all = bytesOf(256, (_, i) => i);
  let state = 1858;
  const random = () => (state = (state * 1103515245 + 12345) % 2 ** 31) >> 16;
  const texts = [new Uint8Array(), bytesOf(1, () => 255), bytesOf(1000, () => 34), all, all.toReversed(),
    bytesOf(10_000, () => random() % 256), bytesOf(10_000, () => (random() % 16) * (random() % 16))];
  for (const bytes of texts) {
    assert.deepEqual(fromLetters(toLetters(bytes)), bytes);
  }
});

test("the text has no letter that a script would escape, or that could end one in a page", () => {
  const { text, alphabet } = letters;
  assert.doesNotMatch(alphabet, /["\\`$<\n]|[^ -~]/);
  assert.equal(new Set(alphabet).size, alphabet.length);
  assert.equal([...text].find((each) => !alphabet.includes(each)), undefined);
});

test("the package's text is the module", async () => {
  const bytes = readFileSync(new URL("../.build/core/page.wasm", import.meta.url));
  assert.deepEqual(Buffer.from(fromLetters(letters)), bytes);
  const names = (module) => WebAssembly.Module.exports(module).map(({ name }) => name);
  assert.deepEqual(names(await loadModule()), names(new WebAssembly.Module(bytes)));
});
