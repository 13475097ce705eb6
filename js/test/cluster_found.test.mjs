// Clients whose address does not say that there is a cluster: the servers are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ClientSideCache } from "../.build/index.js";
import { startNodes } from "./package/cluster.mjs";
import { startServer } from "./package/server.mjs";
import { numbered } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };

let world;
let server;
before(async () => {
  world = await startNodes({ nodeTimeout: 60_000 });
  server = await startServer();
});
after(async () => {
  await world.stop();
  await server.stop();
});

const addressOf = (index) => `valkey://${world.nodes[index].address}`;

for (const protocol of [3, 2]) {
  test(`the address of any server of a cluster is enough (protocol ${protocol})`, async () => {
    for (const index of numbered(3)) {
      const client = await Client.connect(addressOf(index), { ...patient, protocol });
      await Promise.all(numbered(30).map((key) => client.set(`key${key}`, key)));
      const values = await Promise.all(numbered(30).map((key) => client.get(`key${key}`)));
      assert.deepEqual(values, numbered(30).map(String));
      const { kind, nodes, slotsUnserved } = client.topology();
      assert.deepEqual([kind, nodes.length, slotsUnserved], ["cluster", 3, 0]);
      assert.equal(client.getStatistics().cluster.moved, 0);
      await client.close();
      assert.equal(client.topology().kind, "cluster");
      assert.equal(client.topology().nodes.length, 3);
    }
  });
}

test("seeds lead to the cluster, also if some are dead", async () => {
  for (const _ of numbered(4)) {
    const client = await Client.connect("valkey://127.0.0.1:1", { ...patient, seeds: [world.nodes[2].address] });
    assert.equal(client.topology().kind, "cluster");
    await client.close();
  }
});

test("what a lazy client is given first goes to the owners of its keys, in order, or is refused", async () => {
  const client = await Client.connect(addressOf(1), { ...patient, lazyConnect: true });
  assert.equal(client.topology().kind, "standalone");
  const large = new Uint8Array(300_000).fill(7);
  const pushed = numbered(60).map((index) => client.rpush(`list${index % 6}`, `${index}`));
  const refused = [client.transaction((all) => [all.set("a", "1"), all.set("b", "1")]), client.blpop(["a", "b"], 1)]
    .map((call) => assert.rejects(call, { name: "ConfigurationError", executed: "no" }));
  const blocked = client.blpop("waits", 20);
  const exclusive = client.exclusive(async (own) => {
    await own.watch("{one}a");
    await own.set("{one}a", "1");
    return own.get("{one}a");
  });
  const subscription = client.subscribe("news");
  const stored = client.set("{large}value", large);
  const abort = new AbortController();
  const given = assert.rejects(client.get("list0", { signal: abort.signal }), { name: "CancelledError", executed: "no" });
  abort.abort();
  assert.deepEqual(await Promise.all(pushed), numbered(60).map((index) => Math.floor(index / 6) + 1));
  for (const list of numbered(6)) {
    assert.deepEqual(await client.lrange(`list${list}`, 0, -1), numbered(10).map((index) => `${index * 6 + list}`));
  }
  await Promise.all([...refused, given]);
  assert.equal(await exclusive, "1");
  await client.rpush("waits", "came");
  assert.deepEqual(await blocked, { key: "waits", element: "came" });
  assert.equal(await stored, true);
  assert.deepEqual(await client.get("{large}value", { as: "bytes" }), large);
  const news = await subscription;
  await client.publish("news", "early");
  assert.equal((await news.next()).value.message, "early");
  news.close();
  assert.equal(client.getStatistics().cluster.moved, 0);
  await client.del(["list0"]);
  await client.close();
});

test("with standalone as topology a server of a cluster is one server, and MOVED says what to use", async () => {
  const client = await Client.connect(addressOf(0), { ...patient, topology: "standalone" });
  assert.equal(client.topology().kind, "standalone");
  assert.equal(typeof await client.dbsize(), "number");
  const calls = await Promise.allSettled(numbered(20).map((index) => client.get(`key${index}`)));
  const [moved] = calls.filter(({ status }) => status === "rejected");
  assert.equal(moved.reason.code, "cluster_redirect");
  assert.match(moved.reason.message, /a client of the cluster: with cluster as topology/);
  await client.close();
});

test("with cluster as topology a single server is refused", async () => {
  const client = await Client.connect(addressOf(0), { ...patient, topology: "cluster" });
  assert.equal(client.topology().kind, "cluster");
  await client.close();
  await assert.rejects(Client.connect(server.address, { topology: "cluster" }), /no node of a cluster listens/);
});

test("a single server is used as before", async () => {
  for (const protocol of [3, 2]) {
    const client = await Client.connect(server.address, { ...patient, protocol });
    assert.deepEqual(client.topology(),
      { kind: "standalone", primary: `127.0.0.1:${server.port}`, sentinels: [], replicas: [], nodes: [] });
    await client.mset({ a: "1", b: "2" });
    assert.deepEqual(await client.mget(["a", "b"]), ["1", "2"]);
    assert.equal(await client.blpop("none", 0.01), null);
    assert.equal(client.getStatistics().cluster.views, 0);
    await client.close();
  }
});

test("what does not go with a cluster fails when the server says that it is one, and is named", async () => {
  const refused = (options, message) =>
    assert.rejects(Client.connect(addressOf(0), options), (error) => {
      assert.match(error.message, message);
      assert.equal(error.executed, "no");
      return true;
    });
  await refused({ clientSideCache: new ClientSideCache({ maxCacheKb: 64, broadcastPrefixes: ["ship:"] }) }, /broadcastPrefixes/);
  await refused({ database: 3 }, /0 in a cluster/);
});
