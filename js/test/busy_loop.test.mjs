// A loop that was busy runs its timers before it reads its sockets: no request may time out whose reply has
// arrived meanwhile.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Worker } from "node:worker_threads";

import { Client } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

// A proxy in a thread of its own, which goes on while this one is busy, and counts the bytes of replies.
const proxy = `
  const { workerData, parentPort } = require("node:worker_threads");
  const net = require("node:net");
  const counted = new Int32Array(workerData.shared);
  net.createServer((client) => {
    const server = net.connect(workerData.port, "127.0.0.1");
    client.pipe(server);
    server.on("data", (bytes) => client.write(bytes, () => {
      Atomics.add(counted, 0, bytes.length);
      Atomics.notify(counted, 0);
    }));
    for (const each of [client, server]) each.on("error", () => {});
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  }).listen(0, "127.0.0.1", function () { parentPort.postMessage(this.address().port); });
`;

let server;
before(async () => { server = await startServer(); });
after(() => server.stop());

test("replies that came while the loop was busy are read before a timeout passes", async () => {
  const shared = new SharedArrayBuffer(4);
  const counted = new Int32Array(shared);
  const worker = new Worker(proxy, { eval: true, workerData: { shared, port: server.port } });
  const port = await new Promise((resolve) => { worker.once("message", resolve); });
  const client = await Client.connect(`valkey://127.0.0.1:${port}`, { connectTimeout: 20_000 });
  const value = "v".repeat(1000);
  await client.set("key", value, { timeout: 20_000 });

  const timeout = 50;
  const begun = Atomics.load(counted, 0);
  const replies = Array.from({ length: 20 }, () => client.get("key", { timeout }));
  const asked = performance.now();
  // Until the requests have left. Then this thread waits, as if it computed, until all replies are here.
  await new Promise((resolve) => { setImmediate(resolve); });
  for (let seen = begun; seen - begun < 20 * value.length;) {
    Atomics.wait(counted, 0, seen, 1000);
    seen = Atomics.load(counted, 0);
  }
  while (performance.now() - asked < 2 * timeout) continue;
  const outcomes = await Promise.allSettled(replies);
  const lost = outcomes.filter(({ status }) => status === "rejected").map(({ reason }) => reason.code);
  assert.deepEqual(lost, []);
  await client.close();
  await worker.terminate();
});

const compute = (ms) => {
  const until = performance.now() + ms;
  while (performance.now() < until) continue;
};

test("what was asked right before the loop was busy has its time when the loop goes on", async (context) => {
  for (const wait of [(act) => act(), (act) => queueMicrotask(act), setImmediate, (act) => setTimeout(act, 2)]) {
    const client = await Client.connect(server.address);
    context.after(() => client.close());
    await client.set("key", "value");
    const reply = await new Promise((resolve, reject) => {
      wait(() => {
        client.get("key", { timeout: 50 }).then(resolve, reject);
        compute(500);
      });
    });
    assert.equal(reply, "value");
  }
});

test("connections that are begun right before the loop is busy are made", async (context) => {
  const client = await Client.connect(server.address, { connectTimeout: 100, lazyConnect: true });
  context.after(() => client.close());
  const pong = client.ping();
  const message = client.subscribe(["news"]);
  const held = client.exclusive((own) => own.ping());
  compute(700);
  assert.equal(await pong, "PONG");
  assert.equal(await held, "PONG");
  await (await message).close();
});

test("a server that says nothing is given up, though the loop was busy", async () => {
  const client = await Client.connect(server.address);
  process.kill(server.pid, "SIGSTOP");
  try {
    const reply = client.get("key", { timeout: 50 });
    compute(200);
    await assert.rejects(reply, { code: "timed_out" });
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
  await client.close();
});
