// What a bridge may send is within the memory line: under the smallest one there is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, configure, getMemoryStatistics } from "plimsoll";
import { WebSocket as GivenWebSocket } from "ws";

import { startBridge } from "./bridge.mjs";
import { startServer } from "./server.mjs";

const WebSocket = globalThis.WebSocket ?? GivenWebSocket;

let server;
let bridge;
const clients = [];

before(async () => {
  configure({ memoryLimit: "1 MiB" });
  server = await startServer();
  bridge = await startBridge(server);
});

after(async () => {
  for (const client of clients) await client.close();
  await bridge.stop();
  await server.stop();
});

const connect = async (options) => {
  const client = await Client.connect(bridge.address,
    { token: bridge.token, WebSocket, requestTimeout: 0, connectTimeout: 10_000, ...options });
  clients.push(client);
  return client;
};

test("a client with seventeen connections works", async () => {
  const client = await connect();
  const alone = client.getStatistics().creditBytes;
  assert.ok(alone >= 1024 && alone <= 16 * 1024, `${alone} bytes for one connection`);
  const subscriptions = [];
  for (let i = 0; i < 16; ++i) subscriptions.push(await client.subscribe(`channel ${i}`));
  for (let round = 0; round < 10; ++round) {
    const next = subscriptions.map((each) => each.next());
    for (let i = 0; i < 16; ++i) await client.publish(`channel ${i}`, `message ${round}`);
    for (const { value } of await Promise.all(next)) assert.equal(value.message, `message ${round}`);
  }
  const text = "v".repeat(50_000);
  await client.set("large", text);
  const texts = await Promise.all(Array.from({ length: 50 }, () => client.get("large")));
  assert.ok(texts.every((each) => each === text));
  const { creditBytes, memory } = client.getStatistics();
  assert.ok(creditBytes >= 17 * 1024 && creditBytes < memory.pools.replies.limit, `${creditBytes}`);
  assert.ok(memory.live <= memory.limit, `${memory.live} bytes below ${memory.limit}`);
  await client.close();
  assert.equal(getMemoryStatistics().pools.replies.used, 0);
});

test("whatever a burst asks for, the line holds, credits included", async () => {
  const client = await connect();
  const text = "v".repeat(20_000);
  await client.set("burst", text);
  for (let round = 0; round < 5; ++round) {
    const all = Array.from({ length: 500 }, () => client.get("burst"));
    for (const each of all) {
      assert.equal((await each).length, text.length);
      const { live, limit } = getMemoryStatistics();
      assert.ok(live <= limit, `${live} bytes below ${limit}`);
    }
  }
  const { peak, limit } = getMemoryStatistics();
  assert.ok(peak <= limit, `the peak of ${peak} passes ${limit}`);
  await client.close();
});

test("a reply of more than the line is skipped, and the connection goes on", async () => {
  const client = await connect();
  await client.command(["SETRANGE", "huge", "4000000", "x"]);
  await assert.rejects(client.get("huge"), { name: "ReplyTooLargeError" });
  assert.equal(await client.ping(), "PONG");
  assert.equal(client.getStatistics().connectionsLost, 0);
  await client.close();
});

test("messages that nobody takes wait with the bridge, and within the line", async () => {
  const client = await connect();
  const slow = await connect({ subscriptionOverflow: "pause-reading", subscriptionMessagesMax: 10 });
  const news = await slow.subscribe("news");
  const text = "n".repeat(2000);
  for (let i = 0; i < 25; ++i) {
    await Promise.all(Array.from({ length: 20 }, () => client.publish("news", text)));
  }
  const { live, limit } = getMemoryStatistics();
  assert.ok(live <= limit, `${live} bytes below ${limit}`);
  const { unreadBytes, creditBytes } = slow.getStatistics();
  assert.ok(unreadBytes <= creditBytes, `${unreadBytes} bytes wait, by credits of ${creditBytes}`);
  for (let i = 0; i < 500; ++i) assert.equal((await news.next()).value.message, text);
  await slow.close();
  await client.close();
});
