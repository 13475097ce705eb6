// The same cases in Node, Deno and Bun: over TCP, and over a WebSocket.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as plimsoll from "plimsoll";
import { observeMetrics, traceCommands } from "plimsoll/opentelemetry";
import { WebSocket as GivenWebSocket } from "ws";

import { cases, runCase } from "./behaviour/all.mjs";
import { startBridge } from "./bridge.mjs";
import { holdPort } from "./ports.mjs";
import { callsOf, startReplicated } from "./replicas.mjs";
import { startServer } from "./server.mjs";

plimsoll.configure({ memoryLimit: "32 MiB" });

let server;
let bridge;
let nobody;

before(async () => {
  server = await startServer();
  bridge = await startBridge(server);
  nobody = await holdPort();
});

after(async () => {
  await bridge.stop();
  await server.stop();
});

describe("over TCP", () => {
  for (const name of Object.keys(cases)) {
    test(name, () => runCase(plimsoll, name,
      { address: server.address, addressOfNobody: `valkey://127.0.0.1:${nobody}` }));
  }
});

describe("over a WebSocket", () => {
  const WebSocket = globalThis.WebSocket ?? GivenWebSocket;
  for (const name of Object.keys(cases)) {
    test(name, () => runCase(plimsoll, name, {
      address: bridge.address,
      addressOfNobody: `ws://127.0.0.1:${nobody}`,
      options: { token: bridge.token, WebSocket },
      administration: bridge.administration,
    }));
  }
});

// js/test/replicas.test.mjs has what happens when replicas fail.
test("reads go to a replica, and see what the client has written", async () => {
  const own = await startReplicated({ replicas: 1 });
  const client = await plimsoll.Client.connect(own.address, { readFrom: "preferReplica", requestTimeout: 0 });
  try {
    for (let round = 0; await callsOf(own.replicas[0], "get") < 100; ++round) {
      await client.set(`key:${round % 7}`, `${round}`);
      assert.equal(await client.get(`key:${round % 7}`), `${round}`);
      assert.equal(await client.get("nothing"), null);
    }
    const { kind, replicas } = client.topology();
    assert.equal(kind, "standalone");
    assert.deepEqual(replicas.map(({ address, state }) => [address, state]), [[`127.0.0.1:${own.replicas[0].port}`, "ready"]]);
    assert(client.getStatistics().replicas.reads >= 100);
  } finally {
    await client.close();
    await own.stop();
  }
  await assert.rejects(plimsoll.Client.connect(bridge.address, { readFrom: "preferReplica", token: bridge.token }),
    { name: "ConfigurationError", message: /^readFrom: a bridge leads to one server/ });
});

// js/test/opentelemetry.test.mjs has the real SDK.
test("a tracer gets the spans of requests, and a meter the metrics", async () => {
  const said = [];
  const span = (name) => ({ setAttribute: (key, value) => said.push(`${key}=${value}`), setStatus: () => {},
    end: () => said.push(`end ${name}`) });
  const observed = new Map();
  let collect;
  const client = await plimsoll.Client.connect(server.address, { requestTimeout: 0 });
  try {
    const stop = traceCommands({ startSpan: span });
    await client.set("traced", "value");
    await client.lpush("traced", "element").catch(() => {});
    stop();
    await client.get("traced");
    observeMetrics({ createObservableCounter: (name) => name, createObservableGauge: (name) => name,
      addBatchObservableCallback: (callback) => { collect = callback; } }, { clients: [client] });
    collect({ observe: (name, value) => observed.set(name, value) });
  } finally {
    await client.close();
  }
  assert.deepEqual(said, ["end SET", "error.type=WRONGTYPE", "db.response.status_code=WRONGTYPE", "end LPUSH"]);
  assert.equal(observed.get("plimsoll_client_requests_completed_total"), 2);
  assert(observed.get("plimsoll_requests_completed_total") >= 2);
  assert(observed.get("plimsoll_process_resident_bytes") > 2 ** 20);
});
