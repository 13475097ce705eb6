// ./dev bench cluster [--json] [--moves N] [--only TEXT] [--scenario NAME]: this package and its peers on clusters of
// their own on loopback. "order": what one caller pushes to one list while its slot moves shows whether the order is
// kept. "loss": a primary that is killed, or frozen, shows how long calls fail behind its election. "cache": what
// client-side caches save, and whether they are right while slots move and primaries are replaced. "frozen": what the
// other primaries still do while one says nothing, and a crowd wants that one. "gets": reads a second. "reshard": what
// callers notice while valkey-cli moves slots. "storm": what a thousand clients ask when a primary is replaced.

import { parseArgs } from "node:util";

import { GlideClusterClient, Logger } from "@valkey/valkey-glide";
import { Cluster } from "ioredis";
import { createCluster } from "redis";

import { Client, configure } from "../../js/dist/node.js";
import { slotOf, startNodes } from "../../js/test/package/cluster.mjs";
import { measureCaches } from "./cluster_cache.mjs";
import { measureFrozen } from "./cluster_frozen.mjs";
import { measureGets } from "./cluster_gets.mjs";
import { measureReshard } from "./cluster_reshard.mjs";
import { measureStorm } from "./cluster_storm.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  moves: { type: "string", default: "40" },
  only: { type: "string", default: "" },
  scenario: { type: "string", multiple: true, default: ["order", "loss", "cache", "frozen", "gets", "reshard", "storm"] },
} });
const moves = Number(options.moves);

// A thousand clients of a cluster, each with its table of slots, are more than the usual line holds.
configure({ memoryLimit: "224 MiB" });

// A line for each call that fails would be thousands.
Logger.setLoggerConfig("off");

// A call that fails may take this long: what comes back later than that is found late.
const requestTimeout = 500;

const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

const seedsOf = (cluster) => cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));

const ioredis = (more) => async (cluster, { timeout }) => {
  const client = new Cluster(seedsOf(cluster), { ...more, redisOptions: { commandTimeout: timeout } });
  client.on("error", () => {});
  await client.ping();
  return {
    push: (key, value) => client.rpush(key, value),
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    close: async () => client.disconnect(),
  };
};

/** name -> connect(cluster, options). What a client tells about its connections is no failure: its calls tell all.
    `timeout`: of each call. `limit`: of calls at a time, where the client has one; undefined: its own. */
const contenders = {
  "plimsoll": async (cluster, { timeout, limit }) => {
    const client = await Client.connect(cluster.address,
      { requestTimeout: timeout, ...limit === undefined ? {} : { inflightRequestsLimit: limit } });
    return {
      push: (key, value) => client.rpush(key, [value]),
      set: (key, value) => client.set(key, value),
      get: (key) => client.get(key),
      close: () => client.close(),
    };
  },
  "ioredis": ioredis({}),
  "node-redis": async (cluster, { timeout }) => {
    const client = createCluster({ rootNodes: seedsOf(cluster).map((socket) => ({ socket })),
      defaults: { RESP: 3, commandOptions: { timeout } } });
    client.on("error", () => {});
    await client.connect();
    return {
      push: (key, value) => client.rPush(key, value),
      set: (key, value) => client.set(key, value),
      get: (key) => client.get(key),
      close: async () => client.destroy(),
    };
  },
  "valkey-glide": async (cluster, { timeout, limit }) => {
    const client = await GlideClusterClient.createClient({ addresses: seedsOf(cluster), requestTimeout: timeout,
      ...limit === undefined ? {} : { inflightRequestsLimit: limit } });
    return {
      push: (key, value) => client.rpush(key, [value]),
      set: (key, value) => client.set(key, value),
      get: (key) => client.get(key),
      close: async () => client.close(),
    };
  },
};

// Pushes 1, 2, 3... and awaits none of them before the next, a hundred at a time, until it is stopped.
const pushOn = (client, key) => {
  const window = 100;
  let pushed = 0;
  let failed = 0;
  let pending = 0;
  let isStopped = false;
  let wake = () => {};
  const push = () => {
    ++pending;
    client.push(key, `${++pushed}`).catch(() => { ++failed; }).finally(() => {
      --pending;
      wake();
    });
  };
  const loop = (async () => {
    while (!isStopped || pending > 0) {
      while (!isStopped && pending < window) push();
      if (pending > 0) await new Promise((resolve) => { wake = resolve; });
    }
  })();
  return {
    stop: async () => {
      isStopped = true;
      wake();
      await loop;
      return { pushed, failed };
    },
  };
};

// A limit beyond what these scenarios need.
const usual = { timeout: requestTimeout, limit: 10_000 };

const measureMoves = async (cluster, name, connect) => {
  const client = await connect(cluster, usual);
  const key = `list of ${name}`;
  const slot = slotOf(key);
  const load = pushOn(client, key);
  await sleep(500);
  for (let i = 0; i < moves; ++i) {
    const from = await cluster.ownerOf(slot);
    await cluster.moveSlot(slot, cluster.nodes.find((each) => each !== from));
    await sleep(50);
  }
  const { pushed, failed } = await load.stop();
  await client.close();
  const values = (await cluster.ask(await cluster.ownerOf(slot), "LRANGE", key, 0, -1)).map(Number);
  const distinct = new Set(values).size;
  return { pushed, inversions: values.filter((value, i) => i > 0 && value < values[i - 1]).length, errors: failed,
    twice: values.length - distinct, missing: pushed - failed - distinct };
};

// Milliseconds behind the loss.
const limit = 15_000;

// Sets a key time and again until it has worked behind `lost`, or the limit is over: when it worked.
const firstSuccess = async (client, key, state) => {
  for (;;) {
    const begin = performance.now();
    // What began before the primary was lost may have been answered by it.
    const isBehind = state.lostAt !== undefined;
    // Not every client ends a call by its timeout.
    const set = client.set(key, "1").then(() => true, () => false);
    const has = await Promise.race([set, sleep(2 * requestTimeout)]) === true;
    if (has && isBehind) return performance.now();
    if (state.lostAt !== undefined && performance.now() > state.lostAt + limit) return Infinity;
    await sleep(Math.max(0, 2 - (performance.now() - begin)));
  }
};

// Milliseconds from the first reply of the new owner to each client's.
const measureLoss = async (harm) => {
  const cluster = await startNodes({ replicas: 1 });
  const key = "ship";
  const slot = slotOf(key);
  const old = await cluster.ownerOf(slot);
  const replica = await cluster.replicaOf(old);
  const clients = {};
  for (const [name, connect] of Object.entries(wanted)) clients[name] = await connect(cluster, usual);
  const state = {};
  const loops = Object.fromEntries(Object.entries(clients)
    .map(([name, client]) => [name, firstSuccess(client, key, state)]));
  await sleep(500);
  cluster[harm](old);
  state.lostAt = performance.now();
  const served = (async () => {
    while (await cluster.tryToAsk(replica, "SET", key, "1") !== "OK") await sleep(2);
    return performance.now();
  })();
  const servedAt = await served;
  const row = {};
  for (const [name, loop] of Object.entries(loops)) row[name] = { after: await loop - servedAt };
  // Some clients do not close while a node is frozen, or at all.
  if (harm === "freeze") cluster.thaw(old);
  await Promise.race([Promise.all(Object.values(clients).map((client) => client.close())), sleep(2000)]);
  await cluster.stop();
  return { served: servedAt - state.lostAt, row };
};

const show = (title, row) => {
  if (!options.json) console.log(`\n${title}`);
  const width = Math.max(...Object.keys(row).map((contender) => contender.length));
  for (const [contender, numbers] of Object.entries(row)) {
    if (options.json) {
      console.log(JSON.stringify({ row: title, contender, ...numbers }));
    } else {
      const shown = Object.entries(numbers).map(([of, number]) =>
        `${of} ${number === Infinity ? `more than ${limit}` : Math.round(number)}`);
      console.log(`  ${contender.padEnd(width)}  ${shown.join("  ")}`);
    }
  }
};

const among = (all) => Object.fromEntries(Object.entries(all).filter(([name]) => name.includes(options.only)));
const wanted = among(contenders);
const scenarios = {
  order: async () => {
    const cluster = await startNodes({ nodeTimeout: 30_000 });
    const row = {};
    for (const [name, connect] of Object.entries(wanted)) row[name] = await measureMoves(cluster, name, connect);
    await cluster.stop();
    show(`one caller, one list, ${moves} moves of its slot`, row);
  },
  loss: async () => {
    for (const [harm, title] of [["kill", "kill -9"], ["freeze", "SIGSTOP"]]) {
      const { served, row } = await measureLoss(harm);
      const then = `the new owner serves after ${Math.round(served)} ms`;
      show(`${title}: ${then}; milliseconds from then until a client's calls work`, row);
    }
  },
  cache: () => measureCaches(options.only, show),
  frozen: () => measureFrozen(wanted, show),
  gets: () => measureGets(among({ ...contenders, "ioredis, auto-pipelining": ioredis({ enableAutoPipelining: true }) }), show),
  reshard: () => measureReshard(wanted, show),
  storm: () => measureStorm(wanted, show),
};
for (const name of options.scenario) {
  if (scenarios[name] === undefined) {
    throw new Error(`no scenario ${name}: expected one of ${Object.keys(scenarios).join(", ")}`);
  }
}
for (const name of options.scenario) await scenarios[name]();
process.exit(0);
