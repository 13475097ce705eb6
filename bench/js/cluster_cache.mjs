// What client-side caches serve in a cluster, all clients side by side at the same nodes: how often a read older than
// an acknowledged write comes back while slots move, owners are replaced and a frozen one wakes up; and what the
// caches save while nothing happens.

import { readFileSync } from "node:fs";

import { ClientSideCache as GlideCache, GlideClusterClient } from "@valkey/valkey-glide";
import { Cluster } from "ioredis";
import { createCluster } from "redis";

import { Client, ClientSideCache } from "../../js/dist/node.js";
import { startNodes, tagOf } from "../../js/test/package/cluster.mjs";

const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

const seedsOf = (cluster) => cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));

const versionOf = (folder) =>
  JSON.parse(readFileSync(new URL(`${folder}/package.json`, import.meta.url), "utf8")).version;

const requestTimeout = 500;
const cacheKb = 16_384;

/** Milliseconds of Plimsoll's coherence_lease here: the frozen primary stays so for longer. */
export const lease = 2000;

const ioredis = async (cluster) => {
  const client = new Cluster(seedsOf(cluster), { redisOptions: { commandTimeout: requestTimeout } });
  client.on("error", () => {});
  await client.ping();
  return client;
};

// GLIDE's hashes are lists.
const pairsOf = (hash) => Object.fromEntries(hash.map(({ field, value }) => [field, value]));

// Contender -> connect(cluster). Each is set up as its own documentation says for a cache in a cluster.
const contenders = {
  [`plimsoll ${versionOf("../../js")}`]: async (cluster) => {
    const client = await Client.connect(cluster.address, { requestTimeout, inflightRequestsLimit: 10_000,
      clientSideCache: new ClientSideCache({ maxCacheKb: cacheKb, coherenceLeaseMs: lease }) });
    return { get: (key) => client.get(key), hgetall: (key) => client.hgetall(key), close: () => client.close() };
  },
  [`node-redis ${versionOf("node_modules/redis")}`]: async (cluster) => {
    const client = createCluster({ rootNodes: seedsOf(cluster).map((socket) => ({ socket })),
      defaults: { RESP: 3, commandOptions: { timeout: requestTimeout } }, RESP: 3,
      clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: "LRU" } });
    client.on("error", () => {});
    await client.connect();
    return { get: (key) => client.get(key), hgetall: (key) => client.hGetAll(key),
      close: async () => client.destroy() };
  },
  [`valkey-glide ${versionOf("node_modules/@valkey/valkey-glide")}, serverAssisted`]: async (cluster) => {
    const client = await GlideClusterClient.createClient({ addresses: seedsOf(cluster),
      inflightRequestsLimit: 10_000, requestTimeout,
      clientSideCache: GlideCache.create(cacheKb, 0, { serverAssisted: true }) });
    return { get: (key) => client.get(key), hgetall: async (key) => pairsOf(await client.hgetall(key)),
      close: async () => client.close() };
  },
  // It has no cache: what anybody reads who asks the nodes each time.
  [`ioredis ${versionOf("node_modules/ioredis")}, no cache`]: async (cluster) => {
    const client = await ioredis(cluster);
    return { get: (key) => client.get(key), hgetall: (key) => client.hgetall(key),
      close: async () => client.disconnect() };
  },
};

/** Keys of some slots, what has been written to them, and when: a key's value is the number of its writes, and 0
    stands for a key that is missing. */
class Keys {
  #all = new Map();

  /** Strings and hashes of a slot: those that are there from the beginning, and those that are missing then. */
  add(slot, { present, missing }) {
    const tag = tagOf(slot);
    for (const isHash of [false, true]) {
      for (const [count, writes] of [[present, 1], [missing, 0]]) {
        for (let i = 0; i < count; ++i) {
          const name = `${tag}${isHash ? "hash" : "string"}${writes}:${i}`;
          this.#all.set(name, { name, slot, isHash, wasMissing: writes === 0, writes: 0, writtenAt: undefined });
        }
      }
    }
  }

  all() {
    return [...this.#all.values()];
  }

  of(slot) {
    return this.all().filter((key) => key.slot === slot);
  }

  async fill(cluster) {
    for (const key of this.all().filter(({ wasMissing }) => !wasMissing)) {
      await this.#write(cluster, await cluster.ownerOf(key.slot), key);
    }
  }

  /** Writes what is in the slot at its owner, which may still have to learn that it is it. */
  async change(cluster, owner, slot) {
    for (const key of this.of(slot)) {
      await this.#write(cluster, owner, key);
      key.writtenAt = performance.now();
    }
  }

  /** What was written counts as written now. */
  count() {
    for (const key of this.all().filter(({ writtenAt }) => writtenAt !== undefined)) key.writtenAt = performance.now();
  }

  async #write(cluster, owner, key) {
    const value = key.writes + 1;
    const words = key.isHash ? ["HSET", key.name, "v", value] : ["SET", key.name, value];
    while (await cluster.tryToAsk(owner, ...words) instanceof Error) await sleep(2);
    key.writes = value;
  }
}

/** What a read by a client says of a key: the number of its writes. */
const read = async (client, { name, isHash }) =>
  Number((isHash ? (await client.hgetall(name)).v : await client.get(name)) ?? 0);

// Milliseconds between two looks at all keys.
const period = 20;

// Not every client ends a call by its timeout: after this time its read has failed.
const patience = 2 * requestTimeout;

/** Reads keys time and again by one client, one read of a key at a time, until it is stopped. */
class Reader {
  #client;
  #rows = new Map();
  #isStopped = false;
  #failed = 0;
  #loop;

  constructor(client, keys) {
    this.#client = client;
    for (const key of keys.all()) this.#rows.set(key, { reading: undefined, reads: 0, last: undefined, wrongFor: 0 });
    this.#loop = this.#readOn();
  }

  /** Returns when each key has been read so often. */
  async warm(reads) {
    while ([...this.#rows.values()].some((row) => row.reads < reads)) await sleep(period);
  }

  /** Counts anew. */
  forget() {
    this.#failed = 0;
    for (const row of this.#rows.values()) {
      row.wrongFor = 0;
      row.last = undefined;
    }
  }

  /** What has been read of the keys that were written. */
  result() {
    const isRecent = ({ last }) => last !== undefined && last.began > performance.now() - patience - 10 * period;
    const watched = [...this.#rows].filter(([key]) => key.writtenAt !== undefined);
    const heard = watched.filter(([, row]) => isRecent(row));
    const wrong = heard.filter(([, { last }]) => last.isWrong);
    const meanwhile = watched.filter(([, row]) => row.wrongFor > 0 && !(isRecent(row) && row.last.isWrong));
    return {
      "keys written": watched.length,
      "values wrong to the end": wrong.filter(([key]) => !key.wasMissing).length,
      "nil or empty to the end": wrong.filter(([key]) => key.wasMissing).length,
      "wrong for a while": meanwhile.length,
      "for at most ms": Math.max(0, ...meanwhile.map(([, { wrongFor }]) => wrongFor)),
      "no answer": watched.length - heard.length,
      "failed reads": this.#failed,
    };
  }

  async stop() {
    this.#isStopped = true;
    await this.#loop;
  }

  async #readOn() {
    while (!this.#isStopped) {
      const begin = performance.now();
      for (const [key, row] of this.#rows) {
        if (row.reading !== undefined && row.reading.began < begin - patience) {
          row.reading = undefined;
          ++this.#failed;
        }
        if (row.reading === undefined) this.#read(key, row);
      }
      await sleep(Math.max(1, period - (performance.now() - begin)));
    }
  }

  async #read(key, row) {
    const reading = { began: performance.now() };
    const { writes, writtenAt } = key;
    row.reading = reading;
    const value = await read(this.#client, key).catch(() => undefined);
    if (row.reading !== reading) return;
    row.reading = undefined;
    if (value === undefined) {
      ++this.#failed;
      return;
    }
    ++row.reads;
    if (writtenAt === undefined || writtenAt !== key.writtenAt) return;
    // Older than what had been acknowledged before the call. What is newer is right.
    row.last = { began: reading.began, isWrong: value < writes };
    if (row.last.isWrong) row.wrongFor = Math.max(row.wrongFor, reading.began - writtenAt);
  }
}

/** All that the clients have asked the primaries for since the counters were reset: [reads, all of it]. */
const countAsked = async (cluster) => {
  let reads = 0;
  let all = 0;
  for (const node of cluster.nodes) {
    for (const [, name, calls] of (await cluster.ask(node, "INFO", "commandstats"))
      .matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
      // What this benchmark asks, and what the nodes ask each other.
      if (["info", "replconf", "psync", "config|resetstat"].includes(name)) continue;
      all += Number(calls);
      if (["get", "hgetall"].includes(name)) reads += Number(calls);
    }
  }
  return [reads, all];
};

// Milliseconds of reads at rest.
const restTime = 2000;

// Reads in flight at rest.
const window = 100;

const measureRest = async (cluster, keys, connect) => {
  const client = await connect(cluster);
  const all = keys.all();
  const readSome = async (from) => {
    const reads = [];
    for (let i = 0; i < window; ++i) reads.push(read(client, all[(from + i) % all.length]));
    await Promise.all(reads);
  };
  for (let i = 0; i < 3 * all.length; i += window) await readSome(i);
  for (const node of cluster.nodes) await cluster.ask(node, "CONFIG", "RESETSTAT");
  let count = 0;
  const begin = performance.now();
  while (performance.now() < begin + restTime) {
    await readSome(count);
    count += window;
  }
  const seconds = (performance.now() - begin) / 1000;
  const [asked, requests] = await countAsked(cluster);
  await client.close();
  return { "reads a second": count / seconds, "served from memory, percent": 100 * (1 - asked / count),
    "requests at the nodes per 1,000 reads": 1000 * requests / count };
};

// Milliseconds from the last write until the clients are looked at.
const settling = 10_000;

// Has each client read all keys, `harm` change them, and looks at what they read.
const measureHarm = async (cluster, keys, wanted, harm) => {
  const clients = [];
  for (const connect of Object.values(wanted)) clients.push(await connect(cluster));
  const readers = clients.map((client) => new Reader(client, keys));
  for (const reader of readers) await reader.warm(5);
  for (const reader of readers) reader.forget();
  const results = async () => {
    await sleep(settling);
    return Object.fromEntries(Object.keys(wanted).map((name, i) => [name, readers[i].result()]));
  };
  await harm(results, readers);
  for (const reader of readers) await reader.stop();
  // Some clients do not close while a node is frozen, or at all.
  await Promise.race([Promise.all(clients.map((client) => client.close())), sleep(2000)]);
};

const slotsCount = 40;

// Slots of node 0 at the beginning, from `first` on.
const slotsFrom = (first) => Array.from({ length: slotsCount }, (_, i) => first + i);

// Slots of all nodes in which nothing is written.
const quietSlots = [3000, 8000, 13_000].flatMap((first) => Array.from({ length: 10 }, (_, i) => first + i));

const makeKeys = async (cluster, slots, kinds) => {
  const keys = new Keys();
  for (const slot of slots) keys.add(slot, kinds);
  for (const slot of quietSlots) keys.add(slot, { present: 1, missing: 1 });
  await keys.fill(cluster);
  return keys;
};

const makeRestKeys = async (cluster, kinds) => {
  const keys = new Keys();
  for (const slot of quietSlots) keys.add(slot, kinds);
  await keys.fill(cluster);
  return keys;
};

/** Runs all, and shows a row for each: show(title, {contender: {what: number}}). */
export const measureCaches = async (only, show) => {
  const wanted = Object.fromEntries(Object.entries(contenders).filter(([name]) => name.includes(only)));
  const cluster = await startNodes({ replicas: 1, nodeTimeout: 30_000 });
  const [first, second] = cluster.nodes;

  for (const [what, kinds] of [["all keys exist", { present: 20, missing: 0 }],
    ["one of ten keys is missing", { present: 18, missing: 2 }]]) {
    for (const node of cluster.nodes.slice(0, 3)) await cluster.ask(node, "FLUSHALL");
    const keys = await makeRestKeys(cluster, kinds);
    const row = {};
    for (const [name, connect] of Object.entries(wanted)) row[name] = await measureRest(cluster, keys, connect);
    show(`caches at rest, ${what}`, row);
  }

  const kindsOf = { "existing and missing keys": { present: 1, missing: 1 }, "missing keys alone": { present: 0, missing: 1 } };
  for (const [index, [what, kinds]] of Object.entries(kindsOf).entries()) {
    const slots = slotsFrom(100 + 100 * index);
    const keys = await makeKeys(cluster, slots, kinds);
    await measureHarm(cluster, keys, wanted, async (results) => {
      for (const slot of slots) {
        await cluster.moveSlot(slot, second);
        await keys.change(cluster, second, slot);
      }
      show(`caches while ${slots.length} slots with ${what} move, each written behind its move`, await results());
    });
  }

  const replaced = slotsFrom(500);
  const keysOfReplaced = await makeKeys(cluster, replaced, kindsOf["existing and missing keys"]);
  await measureHarm(cluster, keysOfReplaced, wanted, async (results) => {
    const replica = await cluster.replicaOf(first);
    await cluster.failOver(replica);
    for (const slot of replaced) await keysOfReplaced.change(cluster, replica, slot);
    show("caches after CLUSTER FAILOVER", await results());
  });
  await cluster.stop();

  const other = await startNodes({ replicas: 1 });
  const frozen = slotsFrom(500);
  const keysOfFrozen = await makeKeys(other, frozen, kindsOf["existing and missing keys"]);
  await measureHarm(other, keysOfFrozen, wanted, async (results, readers) => {
    const [owner] = other.nodes;
    const replica = await other.replicaOf(owner);
    other.freeze(owner);
    // A replica refuses writes until it has taken over.
    for (const slot of frozen) await keysOfFrozen.change(other, replica, slot);
    show("caches while the old owner is frozen (SIGSTOP), and the new one writes", await results());
    other.thaw(owner);
    keysOfFrozen.count();
    for (const reader of readers) reader.forget();
    show("caches after it has woken up", await results());
  });
  await other.stop();
};
