// What is public is documented: nothing that users can name is without a word on it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

test("the API page can be made, and leaves nothing out", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath,
    ["node_modules/typedoc/bin/typedoc", "--emit", "none"], { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
});
