// Commands for nodes of a cluster that the caller has chosen: the servers are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ServerError } from "../.build/index.js";
import { startNodes } from "./package/cluster.mjs";
import { startServer } from "./package/server.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };

let world;
let client;
before(async () => {
  world = await startNodes({ nodeTimeout: 60_000 });
  client = await Client.connect(`valkey+cluster://${world.nodes[0].address}`, patient);
});
after(async () => {
  await client.close();
  await world.stop();
});

test("all primaries answer, each under its address", async () => {
  await Promise.all(Array.from({ length: 100 }, (_, index) => client.set(`key${index}`, "1")));
  const sizes = await client.at("allPrimaries").command(["DBSIZE"]);
  assert.deepEqual([...sizes.keys()].sort(), world.nodes.map(({ address }) => address).sort());
  assert.equal([...sizes.values()].reduce((sum, each) => sum + each, 0), 100);
  const refused = [...(await client.at("allPrimaries").command(["CONFIG", "SET", "maxmemory", "none"])).values()];
  assert(refused.length === 3 && refused.every((each) => each instanceof ServerError));
});

test("one node answers: by its address, by a key, or any", async () => {
  for (const { address, id } of world.nodes) {
    assert.equal(await client.at({ address }).command(["CLUSTER", "MYID"]), id);
  }
  const slot = await client.command(["CLUSTER", "KEYSLOT", "ship"]);
  const owner = await world.ownerOf(slot);
  assert.equal(await client.at({ key: "ship" }).command(["CLUSTER", "MYID"]), owner.id);
  const turns = new Set();
  for (let i = 0; i < 9; ++i) turns.add(await client.at("anyPrimary").command(["CLUSTER", "MYID"]));
  assert.equal(turns.size, 3);
});

test("what names no node is refused", async () => {
  const refused = (route, error) => assert.rejects(async () => client.at(route).command(["PING"]), error);
  await refused({ address: "127.0.0.1:1" }, { name: "ConfigurationError", code: "invalid_argument", executed: "no",
    message: /no primary of the cluster has this address/ });
  for (const route of ["all", undefined, null, {}, 7, { key: "a", address: "b" }, { address: 7 }, { key: {} }]) {
    await refused(route, TypeError);
  }
  await assert.rejects(client.at("anyPrimary").command(["BLPOP", "k", "0"]), { code: "refused_command" });
});

test("a single server has no nodes", async () => {
  const server = await startServer();
  const alone = await Client.connect(server.address, patient);
  await assert.rejects(alone.at("allPrimaries").command(["PING"]), { code: "invalid_argument", message: /no cluster/ });
  await alone.close();
  await server.stop();
});
