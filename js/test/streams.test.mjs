// Readers of streams whose connections are killed, and who wait for longer than a request may take.

import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";

import { Client, StreamReader } from "../.build/index.js";
import { startServer } from "./package/server.mjs";
import { sleep } from "./package/wait.mjs";

let server;
let other;
const clients = [];

const connect = async (options) => {
  const client = await Client.connect(server.address, { connectTimeout: 20_000, ...options });
  clients.push(client);
  return client;
};

before(async () => {
  server = await startServer();
  other = await connect({ requestTimeout: 0 });
});
after(async () => {
  for (const client of clients) await client.close();
  await server.stop();
});

test("no entry is lost while connections are killed again and again", async () => {
  const total = 3000;
  const client = await connect({ requestTimeout: 0, clientName: "reader", reconnectWaitMin: 1,
    reconnectWaitMax: 5 });
  const reader = new StreamReader(client, { group: "g", consumer: "c", streams: ["a", "b"], count: 7,
    createGroup: true, begin: "0", claimAfter: 60_000 });
  const write = async () => {
    for (let n = 0; n < total; ++n) await other.xadd(n % 2 === 0 ? "a" : "b", { n });
  };
  let isRead = false;
  let kills = 0;
  const kill = async () => {
    while (!isRead) {
      const all = (await other.clientList()).split("\n").filter((line) => line.includes("name=reader"));
      for (const line of all) {
        kills += await other.command(["CLIENT", "KILL", "ID", /id=(\d+)/.exec(line)[1]]);
      }
      for (let turn = 0; turn < 40; ++turn) await other.ping();
    }
  };
  const seen = new Set();
  const read = async () => {
    for await (const { streams } of reader) {
      for (const part of streams) {
        for (const { fields } of part.entries) seen.add(Number(fields.n));
        while (!await reader.ack(part).then(() => true, () => false));  // lost as well
      }
      if (seen.size === total) break;
    }
    isRead = true;
  };
  await Promise.all([write(), kill(), read()]);
  assert.equal(seen.size, total);
  assert(kills > 20, `${kills} kills`);
  for (const stream of ["a", "b"]) assert.equal((await other.xpending(stream, "g")).count, 0);
});

// A proxy whose connections can be lost on the client's side alone, as behind a balancer that has gone: the server
// goes on with what it was asked.
const startHalfProxy = async () => {
  const { hostname, port } = new URL(server.address.replace("valkey:", "http:"));
  const pairs = new Set();
  const proxy = net.createServer((down) => {
    const up = net.connect(Number(port), hostname);
    const pair = { down, up, isCut: false, blocks: false };
    pairs.add(pair);
    down.on("data", (bytes) => {
      if (bytes.includes("BLOCK")) pair.blocks = true;
      if (!pair.isCut) up.write(bytes);
    });
    up.on("data", (bytes) => { if (!pair.isCut) down.write(bytes); });
    for (const socket of [down, up]) socket.on("error", () => {});
    down.on("close", () => { if (!pair.isCut) up.destroy(); });
    up.on("close", () => down.destroy());
  });
  await new Promise((resolve) => { proxy.listen(0, "127.0.0.1", resolve); });
  return {
    address: `valkey://127.0.0.1:${proxy.address().port}`,
    cutThoseThatBlock: () => {
      const cut = [...pairs].filter(({ blocks, isCut }) => blocks && !isCut);
      for (const pair of cut) {
        pair.isCut = true;
        pair.down.destroy();
      }
      return cut.length;
    },
    stop: () => {
      for (const { down, up } of pairs) {
        down.destroy();
        up.destroy();
      }
      proxy.close();
    },
  };
};

test("an entry that the server gave to a lost connection comes while the reader lives", async () => {
  const proxy = await startHalfProxy();
  const client = await Client.connect(proxy.address, { connectTimeout: 20_000, requestTimeout: 0 });
  const reader = new StreamReader(client, { group: "g", consumer: "c", streams: "half", createGroup: true, begin: "0" });
  const waits = async (count) => {
    const blocked = async () => (await other.clientList()).split("\n").filter((line) => line.includes("cmd=xreadgroup")
      && line.includes("flags=b")).length;
    while (await blocked() < count);
  };
  const seen = new Set();
  const read = (async () => {
    for await (const { streams } of reader) {
      for (const part of streams) {
        for (const { fields } of part.entries) seen.add(fields.n);
        await reader.ack(part);
      }
      if (seen.size === 3) break;
    }
  })();
  await waits(1);
  assert.equal(proxy.cutThoseThatBlock(), 1);
  await waits(2);  // the lost call, and the next one
  await other.xadd("half", { n: 1 });  // which the server gives to the lost one
  await other.xadd("half", { n: 2 });
  await other.xadd("half", { n: 3 });
  await read;
  assert.equal((await other.xpending("half", "g")).count, 0);
  await client.close();
  proxy.stop();
});

test("each stream may be named once", () => {
  assert.throws(() => new StreamReader(other, { group: "g", consumer: "c", streams: ["a", "b", "a"] }),
    { name: "ConfigurationError", message: /streams/ });
});

test("a reader waits for longer than a request may take", async () => {
  const client = await connect({ requestTimeout: 50 });
  const reader = new StreamReader(client, { group: "g", consumer: "c", streams: "slow", createGroup: true });
  const waits = reader.read();
  await sleep(200);
  await other.xadd("slow", { n: 1 });
  assert.equal((await waits).streams[0].entries[0].fields.n, "1");
});

test("a stream that is deleted while the reader waits is made again, and so is its group", async () => {
  const client = await connect({ requestTimeout: 0 });
  const reader = new StreamReader(client, { group: "g", consumer: "c", streams: "gone", createGroup: true });
  const waits = reader.read();
  while (await other.exists("gone") === 0);
  while (client.getStatistics().blockingConnections === 0) await other.ping();
  await other.del("gone");
  while (await other.exists("gone") === 0);
  await other.xadd("gone", { n: 1 });
  assert.equal((await waits).streams[0].entries[0].fields.n, "1");
});

test("entries that cannot be returned as they are wanted are returned once they are asked for otherwise",
  async () => {
    const client = await connect({ requestTimeout: 0 });
    await other.xadd("bytes", { n: Uint8Array.of(0xff) });
    const options = { group: "g", consumer: "c", streams: "bytes", createGroup: true, begin: "0" };
    const asText = new StreamReader(client, options);
    for (let times = 0; times < 2; ++times) await assert.rejects(asText.read(), { name: "DecodeError" });
    const { streams: [{ entries: [{ fields }] }] } =
      await new StreamReader(client, { ...options, as: "bytes" }).read();
    assert.deepEqual(fields[0][1], Uint8Array.of(0xff));
  });
