// Two builds of the module, each in a folder of its own, are the same bytes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

test("the same sources make the same module", () => {
  const [one, other] = ["wasm/plimsoll.wasm", "wasm/plimsoll_linked_again.wasm"].map((name) =>
    readFileSync(name));
  assert(one.length > 100_000);
  assert(one.equals(other), "two builds differ");
});
