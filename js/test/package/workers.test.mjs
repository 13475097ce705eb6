// The same cases in workerd, with its own sockets, and what is special to it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

import { cases } from "./behaviour/all.mjs";
import { startBridge } from "./bridge.mjs";
import { holdPort } from "./ports.mjs";
import { startReplicated } from "./replicas.mjs";
import { startWatched } from "./sentinels.mjs";
import { startServer } from "./server.mjs";

let server;
let bridge;
let nobody;
let workers;

before(async () => {
  server = await startServer();
  bridge = await startBridge(server);
  nobody = await holdPort();
  const bundle = await build({
    entryPoints: ["workers.entry.mjs"], bundle: true, format: "esm", write: false,
    conditions: ["workerd", "worker", "browser"], external: ["cloudflare:*", "*.wasm"],
    logLevel: "error",
  });
  workers = new Miniflare({
    compatibilityDate: "2026-04-01",
    modules: [
      { type: "ESModule", path: "index.js", contents: bundle.outputFiles[0].text },
      { type: "CompiledWasm", path: "core.wasm",
        contents: readFileSync("node_modules/plimsoll/dist/core/core.wasm") },
    ],
    durableObjects: { HELD: "Held" },
  });
  await workers.ready;
});

after(async () => {
  await workers.dispose();
  await bridge.stop();
  await server.stop();
});

const ask = async (what, more = {}) => {
  const target = { address: server.address, addressOfNobody: `valkey://127.0.0.1:${nobody}` };
  const response = await workers.dispatchFetch("http://worker/",
    { method: "POST", body: JSON.stringify({ what, target, ...more }) });
  const { value, error } = await response.json();
  if (error !== undefined) throw new Error(error);
  return value;
};

for (const name of Object.keys(cases)) {
  test(`by cloudflare:sockets: ${name}`, async () => {
    assert.equal(await ask("case", { name }), "passed");
  });
  test(`by a WebSocket: ${name}`, async () => {
    const target = { address: bridge.address, addressOfNobody: `ws://127.0.0.1:${nobody}`,
      options: { token: bridge.token }, administration: bridge.administration };
    assert.equal(await ask("case", { name, target }), "passed");
  });
}

test("the cache of an isolate is filled by one request and serves the next", async () => {
  assert.deepEqual(await ask("pattern"), { before: "nothing", now: "1" });
  assert.deepEqual(await ask("found"), { found: "1" });
});

test("a client of an earlier request fails with a typed error, and does not hang", async () => {
  assert.deepEqual(await ask("kept"), { made: "PONG" });
  const { name, message } = await ask("kept");
  assert.match(name, /^(Connection|Closed|Timeout)Error$/, message);
});

test("a client finds the primary by sentinels", async (t) => {
  const watched = await startWatched({ replicas: 0, count: 1 });
  t.after(() => watched.stop());
  const target = { address: watched.address };
  assert.deepEqual(await ask("sentinels", { target }),
    { value: "Early", kind: "sentinel", primary: `127.0.0.1:${watched.servers[0].port}` });
});

test("a client reads from a replica", async (t) => {
  const replicated = await startReplicated({ replicas: 1 });
  t.after(() => replicated.stop());
  const target = { address: replicated.address };
  assert.deepEqual(await ask("replicas", { target }), { value: "Early", states: ["ready"] });
});

test("in a Durable Object a connection stays, and the server tracks what is cached", async () => {
  const namespace = await workers.getDurableObjectNamespace("HELD");
  const held = namespace.get(namespace.idFromName("one"));
  const talk = async (value) => {
    const response = await held.fetch("http://held/",
      { method: "POST", body: JSON.stringify({ address: server.address, value }) });
    return response.json();
  };
  assert.deepEqual(await talk("1"),
    { got: "1", cached: "1", state: "tracking", connections: 1 });
  assert.deepEqual(await talk(), { got: "1", cached: "1", state: "tracking", connections: 1 });
});
