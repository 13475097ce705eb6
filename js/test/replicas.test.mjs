// Clients that read from replicas: the servers are real ones.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ClientSideCache } from "../.build/index.js";
import { connectTcp } from "../.build/transport/tcp.node.js";
import { callsOf, startReplicated } from "./package/replicas.mjs";
import { ask, startWatched } from "./package/sentinels.mjs";
import { makeCertificates } from "./package/tls.mjs";
import { until } from "./package/wait.mjs";

const patient = { requestTimeout: 0, connectTimeout: 30_000, reconnectWaitMax: 20 };
const replicasFirst = { ...patient, readFrom: "preferReplica" };

const serverAt = (port) => `127.0.0.1:${port}`;

const refused = (address, options, message) =>
  assert.rejects(Client.connect(address, options), { name: "ConfigurationError", message });

const stateOf = (client, { port }) =>
  client.topology().replicas.find(({ address }) => address === serverAt(port))?.state;

// A client asks for its replicas as long as it reads.
const readsAll = (client, replicas) => until(async () => {
  await client.get("nothing");
  return replicas.every((each) => stateOf(client, each) === "ready");
});

// Has `client` read `count` times; says how many of the reads each server has executed.
const countReads = async (client, servers, count) => {
  const counted = () => Promise.all(servers.map((each) => callsOf(each, "get")));
  const before = await counted();
  for (let i = 0; i < count; ++i) assert.equal(await client.get("ship"), "Early");
  return (await counted()).map((calls, index) => calls - before[index]);
};

// The servers of all tests that end nothing of them.
let world;
before(async () => {
  world = await startReplicated({ zones: ["one", "one", "two"] });
  await world.ready();
  const admin = await Client.connect(world.address, patient);
  await admin.set("ship", "Early");
  await admin.exclusive(async (own) => {
    await own.set("ship", "Early");
    await own.wait(2, 0);
  });
  await admin.close();
});
after(async () => { await world.stop(); });

test("options that do not fit are refused by name, before any I/O", async () => {
  const at = "valkey://127.0.0.1:1";
  await refused(at, { readFrom: "replica" }, /^readFrom: "replica" is not one of "primary", "preferReplica", "AZAffinity"/);
  await refused(at, { readFrom: true }, /^readFrom: true is not one of/);
  await refused(at, { readFrom: "AZAffinity" }, /^clientAz: readFrom is "AZAffinity"; give the zone/);
  await refused(at, { readFrom: "AZAffinityReplicasAndPrimary", clientAz: "" }, /^clientAz: readFrom is "AZ/);
  await refused(at, { clientAz: "one" }, /^clientAz: readFrom does not go by zones; give "AZAffinity" or/);
  await refused(at, { readFrom: "preferReplica", clientAz: "one" }, /^clientAz: readFrom does not go by zones/);
  await refused(at, { readFrom: "AZAffinity", clientAz: 1 }, /^clientAz: 1 is not a string/);
  await refused(at, { readFrom: "AZAffinity", clientAz: "z".repeat(64) }, /^clientAz is too long/);
  await refused(at, { readFrom: "preferReplica", replicaLagMax: "1s" }, /^replicaLagMax: "1s" is not milliseconds/);
  await refused(at, { readFrom: "preferReplica", replicaLagMax: 99 }, /^replicaLagMax is too short; expected 100 ms or more/);
  await refused(at, { readFrom: "preferReplica", subscriptionsMax: 32 },
    /^blockingConnectionsMax and subscriptionsMax are too large together/);
  await refused(at, { readFrom: "preferReplica",
    clientSideCache: new ClientSideCache({ maxCacheKb: 64, broadcastPrefixes: ["user:"] }) },
  /^the clientSideCache has broadcastPrefixes, and readFrom names replicas; expected a clientSideCache without/);
});

test("a bridge and a unix socket lead to no replicas, also with a transport of the caller's", async () => {
  const options = { readFrom: "preferReplica" };
  for (const address of ["ws://127.0.0.1:1", "wss://127.0.0.1:1"]) {
    const why = /^readFrom: a bridge leads to one server, and replicas have addresses of their own; give "primary"/;
    await refused(address, options, why);
    await refused(address, { ...options, transport: connectTcp }, why);
  }
  await refused("unix:///nowhere", options, /^readFrom: a unix socket leads to one server/);
});

test("reads go to the replicas in turn, and are counted where they are executed", async () => {
  const client = await Client.connect(world.address, replicasFirst);
  await readsAll(client, world.replicas);
  const reads = await countReads(client, world.servers, 200);
  assert.equal(reads.reduce((sum, each) => sum + each), 200);
  const { replicas, replicasProblem, ...rest } = client.topology();
  assert.deepEqual(rest, { kind: "standalone", primary: serverAt(world.primary.port), sentinels: [], nodes: [] });
  assert.equal(replicasProblem, undefined);
  assert.equal(replicas.length, 2);
  for (const [index, { port }] of world.replicas.entries()) {
    const known = replicas.find(({ address }) => address === serverAt(port));
    assert(reads[index + 1] > 0);
    assert(known.reads >= reads[index + 1]);
    assert.equal(known.inFlight, 0);
    assert.equal(known.zone, undefined);
    assert(known.latency > 0);
  }
  const { replicas: counted } = client.getStatistics();
  assert(counted.reads >= reads[1] + reads[2]);
  assert.deepEqual([counted.readsMoved, counted.leftOut], [0, 0]);
  assert(counted.rounds > 0);
  await client.close();
  assert.equal(client.getStatistics().replicas.reads, counted.reads);
  assert.equal(client.topology().replicas.length, 2);
});

test("by default the primary answers everything", async () => {
  const client = await Client.connect(world.address, { ...patient, readFrom: "primary", replicaLagMax: 1 });
  assert.deepEqual(await countReads(client, world.servers, 20), [20, 0, 0]);
  assert.deepEqual(client.topology().replicas, []);
  assert.deepEqual(client.getStatistics().replicas, { reads: 0, readsMoved: 0, readsBehind: 0, rounds: 0, leftOut: 0 });
  await client.close();
});

test("with a cache, a replica's answer is kept, and a write of the client is seen at once", async () => {
  const clientSideCache = new ClientSideCache({ maxCacheKb: 256, enableMetrics: true });
  const client = await Client.connect(world.address, { ...replicasFirst, clientSideCache });
  await readsAll(client, world.replicas);
  const reads = await countReads(client, world.servers, 50);
  assert.deepEqual([reads[0], reads[1] + reads[2]], [0, 1]);
  for (let round = 0; round < 300; ++round) {
    const key = `kept:${round % 5}`;
    void client.set(key, `${round}`);
    const seen = await Promise.all([client.get(key), client.mget([key, "ship"])]);
    assert.deepEqual(seen, [`${round}`, [`${round}`, "Early"]]);
    assert.equal(await client.get(key), `${round}`);
  }
  await ask(world.primary.port, "SET", "kept:0", "another");
  await until(async () => await client.get("kept:0") === "another");
  await ask(world.primary.port, "SET", "kept:0", "last");
  await clientSideCache.barrier();
  assert.equal(await client.get("kept:0"), "last");
  assert(clientSideCache.getStatistics().hits >= 49);
  await client.close();
});

test("a read behind a write of the same client sees it, wherever it is answered", async () => {
  const client = await Client.connect(world.address, { ...replicasFirst, replicaLagMax: 100 });
  await readsAll(client, world.replicas);
  for (let round = 0; round < 500; ++round) {
    const key = `own:${round % 7}`;
    switch (round % 3) {
      case 0: void client.set(key, `${round}`); break;
      case 1: void client.transaction((all) => [all.set(key, `${round}`)]); break;
      default: await client.exclusive((own) => own.set(key, `${round}`));
    }
    const seen = await Promise.all([client.get(key), client.mget([key, "ship"]), client.get("ship")]);
    assert.deepEqual(seen, [`${round}`, [`${round}`, "Early"], "Early"]);
  }
  // A key that was written is read from replicas again, once they are known to have it.
  const own = () => Promise.all(world.replicas.map((each) => callsOf(each, "strlen"))).then(([a, b]) => a + b);
  const from = await own();
  await until(async () => {
    assert.equal(await client.strlen("own:1"), 3);
    return await own() > from;
  });
  const { reads, readsBehind } = client.getStatistics().replicas;
  assert(reads > 0 && readsBehind > 0, `${reads} ${readsBehind}`);
  await client.close();
});

test("writes, scripts and commands that block go to the primary", async () => {
  const client = await Client.connect(world.address, replicasFirst);
  await readsAll(client, world.replicas);
  const element = client.blpop(["none"], 0);
  assert.equal(await client.rpush("none", ["one"]), 1);
  assert.deepEqual(Object.values(await element), ["none", "one"]);
  assert.equal(await client.command(["EVAL", "return redis.call('GET', KEYS[1])", "1", "ship"]), "Early");
  assert.deepEqual(await client.transaction((all) => [all.get("ship")]), ["Early"]);
  for (const each of world.replicas) assert.equal(await callsOf(each, "eval"), 0);
  await client.close();
});

test("the replicas in the client's zone come first", async () => {
  const options = { ...patient, readFrom: "AZAffinity", clientAz: "two" };
  const client = await Client.connect(world.address, options);
  await readsAll(client, world.replicas);
  const zoneOf = ({ port }) => client.topology().replicas.find(({ address }) => address === serverAt(port)).zone;
  await until(() => world.replicas.every((each) => zoneOf(each) !== undefined));
  assert.deepEqual(world.replicas.map(zoneOf), ["one", "two"]);
  const [, near, far] = await countReads(client, world.servers, 50);
  assert.equal(near, 0);
  assert(far > 0);
  await client.close();
  // Where no replica is in the zone, all are read in turn.
  const elsewhere = await Client.connect(world.address, { ...options, clientAz: "three" });
  await readsAll(elsewhere, world.replicas);
  const reads = await countReads(elsewhere, world.servers, 50);
  assert(reads[1] > 0 && reads[2] > 0, `${reads}`);
  await elsewhere.close();
});

test("AZAffinityReplicasAndPrimary prefers a primary in the zone to replicas that are not", async (t) => {
  const own = await startReplicated({ replicas: 1, zones: ["home", "away"] });
  t.after(own.stop);
  const client = await Client.connect(own.address,
    { ...patient, readFrom: "AZAffinityReplicasAndPrimary", clientAz: "home" });
  await client.set("ship", "Early");
  await readsAll(client, own.replicas);
  const reads = await countReads(client, own.servers, 20);
  assert.deepEqual(reads, [20, 0]);
  await client.close();
});

test("lowestLatency reads from all that answer", async () => {
  const client = await Client.connect(world.address, { ...patient, readFrom: "lowestLatency" });
  await readsAll(client, world.replicas);
  const reads = await countReads(client, world.servers, 50);
  assert.equal(reads.reduce((sum, each) => sum + each), 50);
  await client.close();
});

test("RESP2, a database, prefixes and a codec are the same at replicas", async () => {
  const turned = (bytes) => Uint8Array.from(bytes, (each) => each ^ 1);
  const codec = { encode: (value) => turned(Buffer.from(value)), decode: turned };
  for (const protocol of [2, 3]) {
    const client = await Client.connect(`${world.address}/3`, { ...replicasFirst, protocol, keyPrefix: `p${protocol}:`, codec });
    await client.set("hidden", "value");
    await readsAll(client, world.replicas);
    await until(async () => {
      assert.equal(await client.get("hidden"), "value");
      return client.getStatistics().replicas.reads > 5;
    });
    await client.close();
  }
});

test("a large read has its words at the replica", async () => {
  const client = await Client.connect(world.address, replicasFirst);
  await readsAll(client, world.replicas);
  const keys = Array.from({ length: 40 }, (_, i) => `${"k".repeat(4000)}${i}`);
  for (let i = 0; i < 10; ++i) assert.deepEqual(await client.mget([...keys, "ship"]), [...keys.map(() => null), "Early"]);
  assert(client.getStatistics().replicas.reads > 0);
  await client.close();
});

test("a user who may not ask for INFO reads from the primary, and the topology says why", async (t) => {
  const own = await startReplicated({ replicas: 1 });
  t.after(own.stop);
  await ask(own.primary.port, "ACL", "SETUSER", "jane", "on", ">salt", "~*", "&*", "+@all", "-info");
  const client = await Client.connect(own.address.replace("://", "://jane:salt@"), replicasFirst);
  await until(() => client.topology().replicasProblem !== undefined);
  const { replicas, replicasProblem } = client.topology();
  assert.deepEqual(replicas, []);
  assert.match(replicasProblem, /^the user may not run INFO/);
  await client.set("ship", "Early");
  assert.deepEqual(await countReads(client, own.servers, 10), [10, 0]);
  await client.close();
});

test("the client logs in at the replicas with the same credentials", async (t) => {
  const own = await startReplicated({ replicas: 1, options: ["--requirepass", "salt", "--primaryauth", "salt"] });
  t.after(own.stop);
  const client = await Client.connect(own.address, { ...replicasFirst, credentials: async () => ({ password: "salt" }) });
  await readsAll(client, own.replicas);
  assert.equal(await client.get("nothing"), null);
  await client.close();
});

test("with TLS the replicas are reached with TLS", async (t) => {
  const certificates = makeCertificates();
  t.after(certificates.remove);
  const own = await startReplicated({ replicas: 1, certificates });
  t.after(own.stop);
  const client = await Client.connect(`valkeys://127.0.0.1:${own.primary.tlsPort}`,
    { ...replicasFirst, tls: { ca: certificates.ca } });
  const [{ tlsPort }] = own.replicas;
  await readsAll(client, [{ port: tlsPort }]);
  assert.equal(await client.get("nothing"), null);
  await client.close();
});

test("a caller's transport opens the connections to replicas, and its words are in the topology", async () => {
  const opened = [];
  const refusedPort = world.replicas[0].port;
  const transport = (address, events, options) => {
    opened.push(address);
    if (address.port === refusedPort) throw new Error("no way to that one");
    return connectTcp(address, events, options);
  };
  const client = await Client.connect(world.address, { ...replicasFirst, transport, transportName: "own" });
  await readsAll(client, world.replicas.slice(1));
  await until(() => client.topology().replicas.some(({ problem }) => problem !== undefined));
  const { state, problem } = client.topology().replicas.find(({ address }) => address === serverAt(refusedPort));
  assert(["lost", "connecting"].includes(state), state);
  assert.match(problem, /no connection could be made: no way to that one/);
  const { port } = world.replicas[1];
  assert.deepEqual(opened.find((each) => each.port === port),
    { protocol: "valkey", host: "127.0.0.1", port, href: `valkey://127.0.0.1:${port}` });
  assert.equal(client.getStatistics().lastProblem, "none");
  await client.close();
});

// Each of these ends servers of its own.

// Reads in several lanes until it is stopped, and keeps the errors.
const readOn = (client) => {
  let answered = 0;
  let isStopped = false;
  const failures = [];
  const read = async () => {
    while (!isStopped) {
      try {
        assert.equal(await client.get("ship"), "Early");
        ++answered;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const lanes = Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(read));
  return {
    failures,
    get answered() { return answered; },
    stop: async () => {
      isStopped = true;
      await lanes;
    },
  };
};

const startOwn = async (t, options = {}) => {
  const own = await startReplicated();
  t.after(async () => {
    // A process that hangs does not end.
    for (const { pid } of own.servers) {
      try {
        process.kill(pid, "SIGCONT");
      } catch {}
    }
    await own.stop();
  });
  const client = await Client.connect(own.address, { ...replicasFirst, ...options });
  await client.set("ship", "Early");
  await readsAll(client, own.replicas);
  return { own, client };
};

test("a replica that is killed loses no call, and the other one is read", async (t) => {
  const { own, client } = await startOwn(t);
  const load = readOn(client);
  await until(() => load.answered > 200);
  const [victim, other] = own.replicas;
  process.kill(victim.pid, "SIGKILL");
  await until(() => stateOf(client, victim) !== "ready");
  const from = await callsOf(other, "get");
  await until(async () => await callsOf(other, "get") > from + 200);
  await load.stop();
  assert.deepEqual(load.failures, []);
  // It is lost until the primary has noticed, too, and names it no longer.
  await until(async () => {
    await client.get("ship");
    return stateOf(client, victim) === undefined;
  });
  assert.equal(stateOf(client, other), "ready");
  await client.close();
});

test("a replica that hangs loses no call, gets no more, and is read again when it goes on", async (t) => {
  const { own, client } = await startOwn(t, { requestTimeout: 4000 });
  const load = readOn(client);
  await until(() => load.answered > 200);
  const [victim, other] = own.replicas;
  const known = ({ port }) => client.topology().replicas.find(({ address }) => address === serverAt(port));
  process.kill(victim.pid, "SIGSTOP");
  // The reads that it has go on to the primary when half of their time has passed.
  await until(() => known(victim).readsMoved > 0);
  assert.equal(known(victim).state, "suspect");
  assert.match(known(victim).problem, /^the replica owes an answer/);
  const before = known(victim).reads;
  const from = load.answered;
  await until(() => load.answered > from + 500);
  assert.equal(known(victim).reads, before);
  assert.equal(stateOf(client, other), "ready");
  process.kill(victim.pid, "SIGCONT");
  await until(() => known(victim).state === "ready");
  const { reads } = known(victim);
  await until(() => known(victim).reads > reads + 100);
  await load.stop();
  assert.deepEqual(load.failures, []);
  await client.close();
});

test("with sentinels the replicas are those of the primary that they name, also behind a failover", async (t) => {
  const own = await startWatched({ replicas: 2 });
  t.after(own.stop);
  await own.ready();
  const client = await Client.connect(own.address, replicasFirst);
  const old = client.server;
  const others = () => own.servers.filter(({ port }) => serverAt(port) !== client.server);
  await client.set("ship", "Early");
  await readsAll(client, others());
  assert.equal(client.topology().kind, "sentinel");
  const connected = new Promise((resolve) => { client.once("connected", resolve); });
  const load = readOn(client);
  assert.match(await ask(own.sentinels[0].port, "SENTINEL", "FAILOVER", "fleet"), /^\+OK/);
  await connected;
  await load.stop();
  // Those that were in flight at the old primary.
  for (const { code } of load.failures) assert.match(code, /^lost_/);
  assert.notEqual(client.server, old);
  // The old primary becomes a replica much later.
  const still = others().filter(({ port }) => serverAt(port) !== old);
  await readsAll(client, still);
  const [reads] = await countReads(client, still, 50);
  assert(reads > 0);
  await client.close();
});
