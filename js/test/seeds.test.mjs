// Clients with several addresses: how they are written, which one is used, and what an error says of them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { addressOf, readAddress } from "../.build/address.js";
import { Client, ClientSideCache } from "../.build/index.js";
import { holdPort } from "./package/ports.mjs";
import { startServer } from "./package/server.mjs";
import { until } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 20_000, reconnectWaitMax: 20 };

let primary;
let replica;

// A primary and its replica, each with a client of its own for what the tests tell it.
const startBoth = async () => {
  primary = await startServer(["--repl-diskless-sync-delay", "0"]);
  replica = await startServer(["--replicaof", "127.0.0.1", String(primary.port)]);
  primary.admin = await Client.connect(primary.address, patient);
  replica.admin = await Client.connect(replica.address, patient);
  await until(async () => /master_link_status:up/.test(await replica.admin.command(["INFO", "replication"])));
};

const stopBoth = async () => {
  for (const each of [primary, replica]) {
    await each.admin.close();
    await each.stop();
  }
};

before(startBoth);
after(stopBoth);

const both = () => `valkey://127.0.0.1:${replica.port},127.0.0.1:${primary.port}`;

test("an address may have several hosts, and seeds add more", () => {
  const shown = (text, seeds) => readAddress(text, seeds).addresses.map(addressOf);
  assert.deepEqual(shown("valkey://one,two:7000,[::1]:7001,[::2]/3"),
    ["valkey://one:6379", "valkey://two:7000", "valkey://[::1]:7001", "valkey://[::2]:6379"]);
  const target = readAddress("valkeys://jane:a%2Cb@one:1,two/2");
  assert.deepEqual([target.username, target.password, target.database, target.addresses.map(addressOf)],
    ["jane", "a,b", 2, ["valkeys://one:1", "valkeys://two:6379"]]);
  assert.deepEqual(shown("wss://one,two:8380/main?a=b"), ["wss://one/main", "wss://two:8380/main"]);
  assert.deepEqual(shown("valkey://one", ["two:7000", "[::1]"]),
    ["valkey://one:6379", "valkey://two:7000", "valkey://[::1]:6379"]);
});

test("hosts and seeds that are none, or too many, are refused", async () => {
  const refused = async (message, address, options) =>
    assert.rejects(Client.connect(address, options), { name: "ConfigurationError", message });
  for (const address of ["valkey://one,", "valkey://,one", "valkey://one,,two", "ws://one,/main", "valkey://one:x,two"]) {
    await refused(/the address has (a port that cannot be one|no host beside a comma)/, address);
  }
  for (const [address, words] of [
    ["localhost:6379", /has no protocol|has the protocol/],
    ["valkey://127.0.0.1:99999", /has a port that cannot be one; expected a number from 1 to 65535/],
    ["valkey://one:x", /has a port that cannot be one/],
    ["valkey://one:-1", /has a port that cannot be one/],
    ["valkey://::1:6379", /has an IPv6 address without brackets; expected valkey:\/\/\[::1\]:6379/],
    ["valkey://me:se/cret@one", /has a \/, \? or # in front of its @; expected %2F, %3F or %23/],
    ["valkey://me:se?cret@one", /has a \/, \? or # in front of its @/],
    ["valkey://me:se#cret@one", /has a \/, \? or # in front of its @/],
    ["valkey://", /has no host/],
    ["valkey://o ne", /has a host that cannot be one/],
  ]) {
    await refused(words, address);
    await assert.rejects(Client.connect(address), ({ message }) => !message.includes("cret"));
  }
  await refused(/"nonsense:port" in seeds cannot be read; expected host\[:port\]/, "valkey://one",
    { seeds: ["nonsense:port"] });
  await refused(/the address and seeds are 65; expected 64 at most/, "valkey://one", { seeds: Array(64).fill("two") });
  for (const seed of ["me:secret@two", "valkey://two", "two,three", "two/1"]) {
    await refused(/seeds has more than host\[:port\]/, "valkey://one", { seeds: [seed] });
  }
  await refused(/seeds/, "valkey://one", { seeds: "two" });
  await refused(/seeds/, "valkey://one", { seeds: [2] });
  await refused(/no seeds/, "unix:///socket", { seeds: ["two"] });
});

test("a client connects to any of its addresses that has a server", async () => {
  const nobody = await holdPort();
  for (let i = 0; i < 8; ++i) {
    const client = await Client.connect(`valkey://127.0.0.1:${nobody}`,
      { ...patient, seeds: [`127.0.0.1:${primary.port}`] });
    assert.equal(client.server, `127.0.0.1:${primary.port}`);
    await client.close();
  }
});

test("the error of connect() says what each address said", async () => {
  const [one, two] = [await holdPort(), await holdPort()];
  const connecting = Client.connect(`valkey://127.0.0.1:${one},127.0.0.1:${two}`, { connectTimeout: 200 });
  await assert.rejects(connecting, (error) => {
    assert.equal(error.name, "ConnectionError");
    assert(error.message.includes(`127.0.0.1:${one}: connect ECONNREFUSED`), error.message);
    assert(error.message.includes(`127.0.0.1:${two}: connect ECONNREFUSED`), error.message);
    return true;
  });
  const replicas = Client.connect(`valkey://127.0.0.1:${one},127.0.0.1:${replica.port}`, { connectTimeout: 200 });
  await assert.rejects(replicas, (error) => {
    assert(error.message.includes(`127.0.0.1:${replica.port}: read only replica`), error.message);
    return true;
  });
});

test("of a primary and its replica the client finds the primary, and the next one after it", async () => {
  const cache = new ClientSideCache({ maxCacheKb: 64 });
  const client = await Client.connect(both(), { ...patient, clientSideCache: cache });
  for (let i = 0; i < 8; ++i) {
    const other = await Client.connect(both(), patient);
    assert.equal(other.server, `127.0.0.1:${primary.port}`);
    await other.close();
  }
  await client.set("ship", "old");
  assert.equal(await client.get("ship"), "old");
  const messages = await client.subscribe("news");
  const again = new Promise((resolve) => { client.once("connected", () => resolve(client.server)); });
  await primary.admin.command(["WAIT", "1", "0"]).catch(() => {});
  await until(async () => await replica.admin.get("ship") === "old");
  await primary.admin.close();
  process.kill(primary.pid, "SIGKILL");
  await replica.admin.command(["REPLICAOF", "NO", "ONE"]);
  await replica.admin.set("ship", "new");
  assert.equal(await again, `127.0.0.1:${replica.port}`);
  assert.equal(await client.get("ship"), "new");
  await until(async () => await replica.admin.publish("news", "here") === 1);
  assert.equal((await messages.next()).value.message, "here");
  await client.close();
});
