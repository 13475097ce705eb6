// How a client of a cluster is asked for, and what does not go with one. No server is asked.

import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, readAddress } from "../.build/address.js";
import { Client, ClientSideCache } from "../.build/index.js";

const at = "valkey+cluster://127.0.0.1:1";

const refused = (address, options, message) =>
  assert.rejects(Client.connect(address, options), { name: "ConfigurationError", message });

// The addresses that a client tries, until these are `count`. None of them leads anywhere.
const tried = async (address, options, count = 1) => {
  const given = new AbortController();
  const seen = new Set();
  const transport = (to) => {
    seen.add(addressOf(to));
    if (seen.size === count) queueMicrotask(() => given.abort());
    throw new Error("no way");
  };
  await assert.rejects(Client.connect(address,
    { connectTimeout: 30_000, reconnectWaitMax: 10, ...options, transport, signal: given.signal }), { name: "CancelledError" });
  return [...seen].sort();
};

test("an address of a cluster has hosts, and database 0 or none", () => {
  for (const scheme of ["valkey+cluster", "redis+cluster"]) {
    const target = readAddress(`${scheme}://jane:a%2Cb@one,[::1]:7000/0`, ["two:1"]);
    assert.deepEqual(target.addresses.map(addressOf), ["valkey://one:6379", "valkey://[::1]:7000", "valkey://two:1"]);
    assert.deepEqual(target.addresses.map(({ host }) => host), ["one", "::1", "two"]);
    const { username, password, database, primaryName, isCluster } = target;
    assert.deepEqual([username, password, database, primaryName, isCluster], ["jane", "a,b", 0, undefined, true]);
  }
  for (const scheme of ["valkeys+cluster", "rediss+cluster"]) {
    const target = readAddress(`${scheme}://one`);
    assert.deepEqual([target.isCluster, target.addresses.map(addressOf)], [true, ["valkeys://one:6379"]]);
  }
  for (const address of ["valkey://one,two", "valkeys://one", "valkey+sentinel://one/fleet", "ws://one", "unix:///one"]) {
    assert.notEqual(readAddress(address).isCluster, true);
  }
});

test("what is no address of a cluster is refused", async () => {
  await refused(`${at}/1`, {}, /^the address is that of a cluster and has the database 1; expected \/0, the only one/);
  await refused(`${at}/x`, {}, /has a path that is no database/);
  await refused(`${at}?database=0`, {}, /has a query/);
  await refused("valkey+cluster://", {}, /has no host/);
  await refused("valkey+cluster://one,,two", {}, /has no host beside a comma/);
  await refused(at, { seeds: Array(64).fill("two") }, /the address and seeds are 65; expected 64 at most/);
  await refused("ws+cluster://one", {}, /has the protocol "ws\+cluster:"; expected .*, valkey\+cluster, valkeys\+cluster, unix/);
});

test("options that do not go with a cluster are refused by name", async () => {
  const clientSideCache = new ClientSideCache({ maxCacheKb: 64, broadcastPrefixes: ["ship:"] });
  await refused(at, { clientSideCache }, /^the clientSideCache has broadcastPrefixes, and the server is a node of a cluster/);
  await refused(at, { clientAz: "a" }, /^clientAz: readFrom does not go by zones/);
  await refused(at, { database: 3 }, /^database: the address is that of a cluster, which has database 0 only/);
  await refused(at, { sentinel: {} }, /^sentinel: the address is not that of sentinels/);
  await refused(at, { tls: {} }, /^tls: the address is one without TLS \("valkey\+cluster:\/\/"\); give "valkeys\+cluster:\/\/"/);
  await refused(at, { token: "t" }, /^token: only a bridge takes it/);
  await refused(at, { blockingConnectionsMax: 48 }, /^blockingConnectionsMax and subscriptionsMax are too large together/);
});

test("redirectsMax is 1 to 31, unless there can be no cluster", async () => {
  for (const redirectsMax of [0, 32, 256, 0xffffffff]) {
    await refused(at, { redirectsMax }, /^redirectsMax: \d+ is not a whole number from 1 to 31/);
  }
  for (const redirectsMax of [-1, 1.5, "16", null]) {
    await refused(at, { redirectsMax }, /^redirectsMax: .* is not a whole number/);
  }
  for (const redirectsMax of [1, 31, undefined]) {
    assert.deepEqual(await tried(at, { redirectsMax }), ["valkey://127.0.0.1:1"]);
  }
  await refused("valkey://127.0.0.1:1", { redirectsMax: 1000 }, /^redirectsMax: 1000 is not a whole number from 1 to 31/);
  assert.deepEqual(await tried("valkey://127.0.0.1:1", { redirectsMax: 1000, topology: "standalone" }), ["valkey://127.0.0.1:1"]);
});

test("the topology and the address have to agree", async () => {
  await refused(at, { topology: "standalone" }, /^topology: it is "standalone", and the address is that of a cluster/);
  for (const [address, named] of [["valkey+sentinel://one/fleet", "sentinels"], ["unix:///one", "a unix socket"],
    ["ws://one", "a bridge"]]) {
    await refused(address, { topology: "cluster" }, new RegExp(`^topology: it is "cluster", and the address is that of ${named}`));
  }
  for (const topology of ["sentinel", "Cluster", true, null]) {
    await refused(at, { topology }, /^topology: .* is not one of "automatic", "standalone", "cluster"/);
  }
  const plain = "valkey://127.0.0.1:1";
  await refused(plain, { topology: "cluster", database: 3 }, /^database: the address is that of a cluster/);
  await refused(plain, { topology: "cluster", tls: {} }, /^tls: the address is one without TLS \("valkey:\/\/"\)/);
  for (const topology of ["automatic", "standalone", "cluster", undefined]) {
    assert.deepEqual(await tried(plain, { topology }), [plain]);
  }
});

test("a client of a cluster tries its seeds", async () => {
  assert.deepEqual(await tried(at, { database: 0, seeds: ["[::1]:2"] }, 2), ["valkey://127.0.0.1:1", "valkey://[::1]:2"]);
});

test("the topology of a client that has no connection yet is that of a cluster", async () => {
  const client = await Client.connect(at, { lazyConnect: true });
  assert.deepEqual(client.topology(),
    { kind: "cluster", primary: "127.0.0.1:1", sentinels: [], replicas: [], nodes: [] });
  const unknown = await Client.connect("valkey://127.0.0.1:1", { lazyConnect: true });
  assert.equal(unknown.topology().kind, "standalone");
});
