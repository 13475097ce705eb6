// What the documentation shows, run as it is shown.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { startWatched } from "./sentinels.mjs";
import { startServer } from "./server.mjs";

let server;
let watched;

before(async () => {
  server = await startServer();
  watched = await startWatched({ replicas: 0, count: 1 });
});
after(async () => {
  await watched.stop();
  await server.stop();
});

const run = async (program, ...args) => {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (text) => { said += text; });
  const [status] = await once(child, "close");
  assert.equal(status, 0);
  return said;
};

test("the first program of the README", async () => {
  const [, code] = /```js\n(.*?)```/s.exec(readFileSync("node_modules/plimsoll/README.md", "utf8"));
  writeFileSync("readme.mjs", code.replace("valkey://127.0.0.1:6379", server.address));
  assert.equal(await run(process.execPath, "readme.mjs"), "Great Eastern 13 Great Eastern\n");
  rmSync("readme.mjs");
});

const runtimes = {
  Node: [process.execPath],
  Deno: [process.env.DENO, "run", "-A", "--no-lock"],
  Bun: [process.env.BUN],
};

for (const [name, command] of Object.entries(runtimes)) {
  test(`examples/quickstart.mjs in ${name}`, async () => {
    const [program, ...args] = command;
    const said = await run(program, ...args, "quickstart.mjs", server.address);
    assert.match(said, /^Great Eastern\nGreat Eastern\nGreat Eastern\n/);
    assert.match(said, /voyage \d+\nshe floats 0\n\d+ bytes in use\n$/);
  });
}

for (const [name, [program, ...args]] of Object.entries(runtimes)) {
  test(`examples/calls.mjs in ${name}`, async () => {
    const said = await run(program, ...args, "calls.mjs", server.address);
    assert.equal(said, "102 replies, 1 failed\ntrue that there are a hundred\n7 4\n");
  });
}

for (const [name, [program, ...args]] of Object.entries(runtimes)) {
  test(`examples/streams.mjs in ${name}`, async () => {
    const said = await run(program, ...args, "streams.mjs", server.address);
    assert.equal(said, "500 Great Eastern\nnumber\n6 billed\ntrue\n");
  });
}

for (const [name, [program, ...args]] of Object.entries(runtimes)) {
  test(`examples/connections.mjs in ${name}`, async () => {
    const said = await run(program, ...args, "connections.mjs", server.address);
    assert.equal(said, "connected\n1 left\n0 replicas\nnull\ntrue\nclosed\n");
  });

  test(`examples/sentinel.mjs in ${name}`, async () => {
    const said = await run(program, ...args, "sentinel.mjs", watched.address);
    const [primary] = watched.servers;
    assert.equal(said, `true Great Eastern\nsentinel true\n${watched.sentinels[0].address} names 127.0.0.1:${primary.port}\n`);
  });

  test(`examples/require.cjs in ${name}`, async () => {
    const said = await run(program, ...args, "require.cjs", server.address);
    assert.equal(said, "Great Eastern\ntrue\n");
  });
}

test("examples/worker.mjs", async () => {
  const bundle = await build({
    entryPoints: ["worker.mjs"], bundle: true, format: "esm", write: false,
    conditions: ["workerd", "worker", "browser"], external: ["cloudflare:*", "*.wasm"],
    logLevel: "error",
  });
  const worker = new Miniflare({
    compatibilityDate: "2026-04-01",
    bindings: { VALKEY: server.address },
    modules: [
      { type: "ESModule", path: "index.js", contents: bundle.outputFiles[0].text },
      { type: "CompiledWasm", path: "core.wasm",
        contents: readFileSync("node_modules/plimsoll/dist/core/core.wasm") },
    ],
  });
  try {
    for (let i = 0; i < 2; ++i) {
      const response = await worker.dispatchFetch("http://worker/ship");
      assert.equal(await response.text(), "Great Eastern");
    }
    assert.equal((await worker.dispatchFetch("http://worker/none")).status, 404);
  } finally {
    await worker.dispose();
  }
});
