// Clients that ask sentinels where their primary is: servers and sentinels are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { addressOf, readAddress } from "../.build/address.js";
import { Client, ClientSideCache } from "../.build/index.js";
import { connectTcp } from "../.build/transport/tcp.node.js";
import { holdPort } from "./package/ports.mjs";
import { ask, startSentinel, startWatched } from "./package/sentinels.mjs";
import { makeCertificates } from "./package/tls.mjs";
import { sleep, until } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };

const refused = (address, options, message) =>
  assert.rejects(Client.connect(address, options), { name: "ConfigurationError", message });

// The world of all tests that end nothing in it.
let world;
before(async () => { world = await startWatched(); });
after(async () => { await world.stop(); });

const serverAt = (port) => `127.0.0.1:${port}`;

test("an address of sentinels has a name and perhaps a database, and its port is 26379", () => {
  const target = readAddress("valkey+sentinel://jane:a%2Cb@one,[::1]:7000/fleet%2Fmain/3", ["two:1"]);
  assert.deepEqual(target.addresses.map(addressOf), ["valkey://one:26379", "valkey://[::1]:7000", "valkey://two:1"]);
  const { username, password, database, primaryName, address } = target;
  assert.deepEqual([username, password, database, primaryName], ["jane", "a,b", 3, "fleet/main"]);
  assert.deepEqual([address.protocol, address.host, address.port], ["valkey", "fleet/main", 0]);
  for (const text of ["redis+sentinel://one/fleet", "valkey+sentinel://one/fleet/"]) {
    const same = readAddress(text);
    assert.deepEqual([same.address.protocol, same.primaryName, same.database], ["valkey", "fleet", 0]);
  }
  for (const text of ["valkeys+sentinel://one/fleet", "rediss+sentinel://one/fleet"]) {
    assert.equal(readAddress(text).address.protocol, "valkeys");
  }
  assert.equal(readAddress("valkey://one").primaryName, undefined);
});

test("what is no address of sentinels is refused, and so are options without one", async () => {
  const at = "valkey+sentinel://one";
  await refused(at, {}, /the address has no name of a primary; expected valkey\+sentinel:\/\/host:port\/NAME/);
  await refused(`${at}/`, {}, /has no name of a primary/);
  await refused(`${at}/two%20words`, {}, /has a name that no primary can have/);
  await refused(`${at}/${"n".repeat(256)}`, {}, /has a name that no primary can have/);
  await refused(`${at}/fleet/x`, {}, /has a path that is no database/);
  await refused(`${at}/fleet/1/2`, {}, /more than a name and a database/);
  await refused(`${at}/fleet?a=b`, {}, /has a query/);
  await refused("valkey+sentinel:///fleet", {}, /has no host/);
  await refused(`${at},/fleet`, {}, /has no host beside a comma/);
  await refused("ws+sentinel://one/fleet", {}, /has the protocol "ws\+sentinel:"/);
  await refused(`${at}/fleet`, { seeds: Array(16).fill("two") }, /the address and seeds are 17; expected 16 at most/);
  await refused("valkey://one", { sentinel: {} }, /sentinel: the address is not that of sentinels/);
  await refused("ws://one", { sentinel: { password: "secret" } }, /sentinel: the address is not that of sentinels/);
  await refused(`${at}/fleet`, { sentinel: true }, /^sentinel: .* is not an object/);
  await refused(`${at}/fleet`, { sentinel: { user: "jane" } }, /sentinel\.user: there is no such option/);
  await refused(`${at}/fleet`, { sentinel: { username: 1 } }, /sentinel\.username: the given value is not a string/);
  await refused(`${at}/fleet`, { sentinel: { tls: true } }, /sentinel\.tls: .* is not an object/);
  await refused(`${at}/fleet`, { sentinel: { tls: { ca: 1 } } }, /sentinel\.tls\.ca/);
  await refused(`${at}/fleet`, { sentinel: { username: "jane" } }, /sentinel\.username: there is no sentinel\.password/);
  await refused(`${at}/fleet`, { tls: {} }, /tls: the address is one without TLS \("valkey\+sentinel:\/\/"\)/);
  await refused(`${at}/fleet`, { token: "t" }, /token: only a bridge takes it/);
});

test("a client finds the primary by any of the sentinels, and says what each has said", async () => {
  const [primary] = world.servers;
  const client = await Client.connect(world.address, patient);
  assert.equal(client.server, serverAt(primary.port));
  assert.equal(await client.set("ship", "Early"), true);
  await until(() => client.topology().sentinels.every(({ isConnected }) => isConnected));
  assert.deepEqual(client.topology(), {
    kind: "sentinel",
    primary: serverAt(primary.port),
    sentinels: world.sentinels.map(({ address }) =>
      ({ address, isConnected: true, primary: serverAt(primary.port) })),
    replicas: [],
    nodes: [],
  });
  await client.close();
  assert.deepEqual(client.topology().sentinels.map(({ primary: named }) => named),
    Array(3).fill(serverAt(primary.port)));
});

test("a client that was given one sentinel learns of the others", async () => {
  await world.ready();
  const [one] = world.sentinels;
  const client = await Client.connect(`valkey+sentinel://${one.address}/fleet`, patient);
  await until(() => client.topology().sentinels.filter(({ isConnected }) => isConnected).length === 3);
  assert.deepEqual(new Set(client.topology().sentinels.map(({ address }) => address)),
    new Set(world.sentinels.map(({ address }) => address)));
  await client.close();
});

test("without sentinels the topology is the server", async () => {
  const [primary] = world.servers;
  const client = await Client.connect(primary.address, patient);
  assert.deepEqual(client.topology(), { kind: "standalone", primary: serverAt(primary.port), sentinels: [], replicas: [], nodes: [] });
  await client.close();
});

test("the database of the address, blocking calls and messages go where the sentinels say", async () => {
  const [primary] = world.servers;
  const client = await Client.connect(`${world.address}/3`, patient);
  const admin = await Client.connect(`${primary.address}/3`, patient);
  const messages = await client.subscribe("news");
  const element = client.blpop(["list"], 0);
  await until(async () => await admin.publish("news", "here") === 1);
  assert.equal((await messages.next()).value.message, "here");
  await admin.rpush("list", ["one"]);
  assert.deepEqual(Object.values(await element), ["list", "one"]);
  await client.close();
  await admin.close();
});

test("until the first call a lazy client has no primary, and the name stands for it", async () => {
  const client = await Client.connect(world.address, { ...patient, lazyConnect: true });
  assert.equal(client.server, "fleet");
  assert.deepEqual(client.topology(), { kind: "sentinel", primary: undefined, sentinels: [], replicas: [], nodes: [] });
  await client.ping();
  assert.equal(client.server, serverAt(world.servers[0].port));
  await client.close();
});

test("RESP2 has sentinels, too", async () => {
  const client = await Client.connect(world.address, { ...patient, protocol: 2 });
  assert.deepEqual(await client.command(["CONFIG", "GET", "port"]), ["port", String(world.servers[0].port)]);
  const messages = await client.subscribe("old");
  await until(async () => await client.publish("old", "here") === 1);
  assert.equal((await messages.next()).value.message, "here");
  await client.close();
});

test("the error of connect() says what came of each sentinel", async () => {
  const [one] = world.sentinels;
  const nobody = await holdPort();
  const said = async (address, options) => {
    const error = await Client.connect(address, options).then(() => undefined, (problem) => problem);
    assert(error instanceof Error, "it connects");
    return error;
  };
  const wrongName = await said(`valkey+sentinel://${one.address}/fleets`, patient);
  assert.equal(wrongName.name, "ConfigurationError");
  assert.match(wrongName.message, /^the sentinels watch no primary of this name; expected the name behind/);
  assert(wrongName.message.endsWith(`${one.address}: the sentinel watches no primary of this name`), wrongName.message);
  const noSentinel = await said(`valkey+sentinel://${serverAt(world.servers[0].port)}/fleet`, patient);
  assert.equal(noSentinel.name, "ConfigurationError");
  assert.match(noSentinel.message, /no sentinel listens at this address, but a server/);
  const absent = await said(`valkey+sentinel://${serverAt(nobody)}/fleet`, { connectTimeout: 300 });
  assert.equal(absent.name, "ConnectionError");
  assert(absent.message.includes(`${serverAt(nobody)}: no connection could be made: connect ECONNREFUSED`), absent.message);
  const plain = await said(`valkey://${one.address}`, patient);
  assert.equal(plain.name, "ConfigurationError");
  assert.match(plain.message, /a sentinel listens at this address; expected a server; or valkey\+sentinel:\/\//);
});

test("one sentinel of three is enough to connect by", async () => {
  const nobody = [await holdPort(), await holdPort()];
  const address = `valkey+sentinel://${[...nobody.map(serverAt), world.sentinels[0].address].join(",")}/fleet`;
  const client = await Client.connect(address, patient);
  assert.equal(client.server, serverAt(world.servers[0].port));
  const down = client.topology().sentinels.filter(({ isConnected }) => !isConnected);
  for (const port of nobody) {
    const { problem } = down.find(({ address: at }) => at === serverAt(port));
    assert.match(problem, /ECONNREFUSED/);
  }
  await client.close();
});

test("a told address is one for the transport, and its place in a cache", async () => {
  const opened = [];
  const transport = (address, events, options) => {
    opened.push(address);
    return connectTcp(address, events, options);
  };
  const cache = new ClientSideCache({ maxCacheKb: 64 });
  const options = { ...patient, transport, transportName: "own", clientSideCache: cache };
  const one = await Client.connect(world.address, options);
  const two = await Client.connect(world.address, options);
  const port = world.servers[0].port;
  const main = opened.find((address) => address.port === port);
  assert.deepEqual(main, { protocol: "valkey", host: "127.0.0.1", port, href: `valkey://127.0.0.1:${port}` });
  assert(opened.some(({ protocol, port: at }) => protocol === "valkey" && at === world.sentinels[0].port));
  await one.set("shared", "yes");
  await one.get("shared");
  assert.equal(two.cached("shared"), "yes");
  await one.close();
  await two.close();
});

// One after the other: each failover is of a world of its own.

// Writes key after key until it is stopped; says which were acknowledged, and how each other one has failed.
const writeOn = (client) => {
  const acknowledged = [];
  const failures = [];
  let isStopped = false;
  const write = async (lane) => {
    for (let number = 0; !isStopped; ++number) {
      const value = `${lane}:${number}`;
      try {
        await client.command(["SET", value, "1"], { timeout: 0 });
        acknowledged.push(value);
      } catch (error) {
        failures.push(error);
        await sleep(1);
      }
    }
  };
  const lanes = Promise.all([0, 1, 2, 3].map(write));
  return {
    acknowledged,
    failures,
    stop: async () => {
      isStopped = true;
      await lanes;
    },
  };
};

test("a failover under load: each call has an outcome, and none goes to the old primary behind the announcement", async (t) => {
  const own = await startWatched({ replicas: 2 });
  t.after(() => own.stop());
  await own.ready();
  const client = await Client.connect(own.address, patient);
  const old = own.servers.find(({ port }) => client.server === serverAt(port));
  const events = [];
  client.on("disconnected", (error) => events.push(error));
  const load = writeOn(client);
  await until(() => load.acknowledged.length > 100);
  const connected = new Promise((resolve) => { client.once("connected", resolve); });
  assert.match(await ask(own.sentinels[0].port, "SENTINEL", "FAILOVER", "fleet"), /^\+OK/);
  await connected;
  const from = load.acknowledged.length;
  await until(() => load.acknowledged.length > from + 100);
  await load.stop();
  assert.notEqual(client.server, serverAt(old.port));
  // Whatever was acknowledged after the client had seen the announcement is at the new primary.
  const behind = load.acknowledged.slice(from);
  assert.deepEqual(await client.mget(behind), behind.map(() => "1"));
  for (const { code, executed } of load.failures) {
    assert(["lost_in_doubt", "lost_unsent", "read_only_replica"].includes(code), `${code}: ${executed}`);
  }
  assert(events.length >= 1);
  const named = serverAt(own.servers.find(({ port }) => client.server === serverAt(port)).port);
  await until(() => client.topology().sentinels.every(({ primary }) => primary === named));
  await client.close();
});

test("a primary that is killed is replaced, and calls and messages go on", async (t) => {
  const own = await startWatched({ replicas: 2 });
  t.after(() => own.stop());
  await own.ready();
  const client = await Client.connect(own.address, patient);
  const messages = await client.subscribe("news");
  const old = own.servers.find(({ port }) => client.server === serverAt(port));
  const again = new Promise((resolve) => { client.once("connected", () => resolve(client.server)); });
  process.kill(old.pid, "SIGKILL");
  assert.notEqual(await again, serverAt(old.port));
  assert.equal(await client.set("ship", "new"), true);
  await until(async () => await client.publish("news", "here") === 1);
  assert.equal((await messages.next()).value.message, "here");
  await client.close();
});

test("with one sentinel down a failover is seen by the others; its return is seen, too", async (t) => {
  const own = await startWatched();
  t.after(() => own.stop());
  await own.ready();
  const client = await Client.connect(own.address, patient);
  const [first, second] = own.sentinels;
  await first.stop("SIGKILL");
  await until(() => !client.topology().sentinels.find(({ address }) => address === first.address).isConnected);
  const old = client.server;
  const connected = new Promise((resolve) => { client.once("connected", resolve); });
  assert.match(await ask(second.port, "SENTINEL", "FAILOVER", "fleet"), /^\+OK/);
  await connected;
  assert.notEqual(client.server, old);
  assert.equal(await client.ping(), "PONG");
  const primary = own.servers.find(({ port }) => client.server === serverAt(port));
  own.sentinels[0] = await startSentinel("fleet", primary.port, [], first.port);
  await until(() => client.topology().sentinels.find(({ address }) => address === first.address).isConnected);
  await client.close();
});

test("users and passwords at the sentinels are apart from those at the servers", async (t) => {
  const own = await startWatched({ replicas: 0, options: ["--requirepass", "salt"],
    lines: ["requirepass pepper", "sentinel auth-pass fleet salt"] });
  t.after(() => own.stop());
  const at = own.address.replace("://", "://:salt@");
  const client = await Client.connect(at, { ...patient, sentinel: { password: "pepper" } });
  assert.equal(await client.ping(), "PONG");
  await client.close();
  const asked = await Client.connect(own.address, { ...patient, sentinel: { username: "default", password: "pepper" },
    credentials: async () => ({ password: "salt" }) });
  assert.equal(await asked.ping(), "PONG");
  await asked.close();
  for (const sentinel of [{ password: "salt" }, undefined]) {
    await assert.rejects(Client.connect(at, { ...patient, sentinel }), (error) => {
      assert.equal(error.code, "authentication_failed");
      for (const { address } of own.sentinels) assert(error.message.includes(`${address}: `), error.message);
      assert(!error.message.includes("pepper"));
      return true;
    });
  }
  await assert.rejects(Client.connect(own.address, { ...patient, sentinel: { password: "pepper" } }), (error) => {
    assert.equal(error.code, "authentication_failed");
    assert(error.message.endsWith(`at ${serverAt(own.servers[0].port)}`), error.message);
    return true;
  });
});

test("TLS may be for the servers, for the sentinels, or for both", async (t) => {
  const certificates = makeCertificates();
  t.after(() => certificates.remove());
  const tlsPort = await holdPort();
  const sentinelPort = await holdPort();
  const tlsLines = certificates.optionsFor(sentinelPort).join(" ").split(" --").map((line) => line.replace(/^--/, ""));
  const own = await startWatched({ replicas: 0, count: 0, options: certificates.optionsFor(tlsPort) });
  t.after(() => own.stop());
  const [server] = own.servers;
  // Asks and names the server by its port with TLS, and listens both ways.
  const secure = await startSentinel("fleet", tlsPort, [...tlsLines, "tls-replication yes"]);
  t.after(() => secure.stop());
  const tls = { ca: certificates.ca };
  const works = async (address, options, port) => {
    const client = await Client.connect(address, { ...patient, ...options });
    assert.equal(client.server, serverAt(port));
    assert.equal(await client.ping(), "PONG");
    await client.close();
  };
  await works(`valkeys+sentinel://127.0.0.1:${sentinelPort}/fleet`, { tls }, tlsPort);
  await works(`valkeys+sentinel://127.0.0.1:${sentinelPort}/fleet`, { tls: { ca: certificates.otherCa }, sentinel: { tls } },
    tlsPort).then(() => assert.fail("the server's certificate is not of that authority"), (error) => {
    assert.equal(error.code, "certificate_invalid");
  });
  await works(`valkeys+sentinel://127.0.0.1:${secure.port}/fleet`, { tls, sentinel: { tls: false } }, tlsPort);
  await secure.stop();
  const both = await startSentinel("fleet", server.port, tlsLines);
  t.after(() => both.stop());
  await works(`valkey+sentinel://127.0.0.1:${sentinelPort}/fleet`, { sentinel: { tls } }, server.port);
  await assert.rejects(Client.connect(`valkey+sentinel://127.0.0.1:${sentinelPort}/fleet`,
    { ...patient, connectTimeout: 500, sentinel: { tls: {} } }), { code: "certificate_invalid" });
});
