// docs/coming-over.md: its programs run, and its tables leave no method out.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { startServer } from "./package/server.mjs";
import { glideMethods, nodeRedisMethods, sorted, tables } from "./support/coming-over.mjs";

const page = new URL("../../docs/coming-over.md", import.meta.url);
const text = () => readFileSync(page, "utf8");

test("each program prints the same before and after", async () => {
  const programs = [...text().matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);
  assert.equal(programs.length, 9);
  const folder = new URL("../.build/coming-over/", import.meta.url);  // from where all three packages are found
  mkdirSync(folder, { recursive: true });
  for (let first = 0; first < programs.length; first += 3) {
    const outputs = [];
    for (const [at, code] of programs.slice(first, first + 3).entries()) {
      const program = new URL(`${first}_${at}.mjs`, folder);
      writeFileSync(program, code);
      const server = await startServer();
      try {
        const address = server.address.replace("valkey:", "redis:");
        const { status, stdout, stderr } = spawnSync(process.execPath, [program.pathname, address],
          { encoding: "utf8" });
        assert.equal(status, 0, stderr);
        outputs.push(stdout.replace("'OK'", "true"));  // what SET resolves to
      } finally {
        await server.stop();
      }
    }
    assert.notEqual(outputs[0], "");
    assert.deepEqual(outputs, outputs.map(() => outputs[0]));
  }
});

test("each method of node-redis and GLIDE is in the tables, with methods that exist here", () => {
  for (const methods of [nodeRedisMethods(), glideMethods()]) {
    assert(methods.length > 250, `${methods.length} methods`);
    assert.deepEqual(sorted(methods).unknown, []);
  }
  const [intro] = text().split("### The ");
  const wanted = intro + tables();
  if (process.env.PLIMSOLL_WRITE !== undefined) writeFileSync(page, wanted);
  assert.equal(text(), wanted, "PLIMSOLL_WRITE=1 node --test test/coming_over.test.mjs writes them anew");
});
