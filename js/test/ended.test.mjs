// Names whose subscription the server ends by itself, as a cluster does when a slot moves.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startCluster } from "./package/server.mjs";
import { until } from "./package/wait.mjs";

let cluster;
let admin;
const clients = [];

const connect = async (options) => {
  const client = await Client.connect(cluster.address, { topology: "standalone", requestTimeout: 0, connectTimeout: 20_000, ...options });
  clients.push(client);
  return client;
};

const slotOf = async (channel) => `${await admin.command(["CLUSTER", "KEYSLOT", channel])}`;

before(async () => {
  cluster = await startCluster();
  admin = await connect();
});
after(async () => {
  for (const client of clients) await client.close();
  await cluster.stop();
});

for (const [as, name, none] of [
  ["text", (text) => text, ""],
  ["bytes", (text) => new TextEncoder().encode(text), new Uint8Array()],
  ["json", (text) => text, ""],
]) {
  test(`a shard channel whose slot has moved away is told as ended, not as a message (${as})`, async () => {
    const client = await connect();
    const news = await client.subscribe(["moves"], { kind: "shardChannels", as });
    await news.subscribe("channels", "stays");
    const slot = await slotOf("moves");
    const next = news.next();
    await admin.command(["CLUSTER", "DELSLOTS", slot]);
    assert.deepEqual(await next, { done: false, value:
      { kind: "shardChannels", channel: name("moves"), message: none, pattern: undefined, ended: true, lost: 0, gaps: 0 } });
    const { names, refused, received } = news.getStatistics();
    assert.deepEqual([names, refused, received], [1, 1, 0]);
    await news.unsubscribe("shardChannels", "moves");
    await admin.publish("stays", "7");
    const { value } = await news.next();
    assert.deepEqual([value.channel, value.ended, value.gaps], [name("stays"), false, 0]);
    await admin.command(["CLUSTER", "ADDSLOTS", slot]);
    news.close();
  });
}

test("a pattern that may not be subscribed to again after a loss is told as ended", async () => {
  await admin.command(["ACL", "SETUSER", "sailor", "on", ">salt", "+@all", "~*", "&*"]);
  const client = await connect({ username: "sailor", password: "salt" });
  const news = await client.subscribe("n*", { kind: "patterns" });
  // The server ends the connections of whoever may no longer read what it has subscribed to.
  await admin.command(["ACL", "SETUSER", "sailor", "resetchannels", "&other"]);
  const { value } = await news.next();
  assert.deepEqual([value.kind, value.channel, value.pattern, value.message, value.ended], ["patterns", "n*", "n*", "", true]);
  await news.subscribe("channels", "other");
  await admin.publish("other", "on");
  const behind = (await news.next()).value;
  assert.deepEqual([behind.message, behind.ended, behind.gaps], ["on", false, 1]);
});

test("a shard channel that the server still serves is subscribed again, and only the gap is told", async () => {
  const client = await connect();
  const news = await client.subscribe("moves", { kind: "shardChannels" });
  const both = "redis.call('CLUSTER', 'DELSLOTS', ARGV[1]) redis.call('CLUSTER', 'ADDSLOTS', ARGV[1])";
  await admin.command(["EVAL", both, "0", await slotOf("moves")]);
  await until(() => news.getStatistics().gaps === 1);
  await until(async () => await admin.spublish("moves", "on") === 1);
  const { value } = await news.next();
  assert.deepEqual([value.message, value.ended, value.gaps], ["on", false, 1]);
});
