// How many questions about the topology the nodes of a cluster get from a thousand clients when a primary is replaced:
// with its consent (CLUSTER FAILOVER), and killed. Three primaries with a replica each; each client makes ten calls a second.

import { startNodes } from "../../js/test/package/cluster.mjs";

const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

const clientsCount = 1000;
const timeout = 30_000;
const keysCount = 10_000;

// CLUSTER SLOTS, SHARDS and NODES that a node has answered so far.
const askedOf = async (cluster, node) => {
  const told = await cluster.ask(node, "INFO", "commandstats");
  return [...told.matchAll(/cmdstat_cluster\|(?:slots|shards|nodes):calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
};

// The questions at each node that runs, less those of before.
const watch = async (cluster) => {
  const nodes = cluster.nodes.filter(({ isRunning }) => isRunning);
  const before = await Promise.all(nodes.map((node) => askedOf(cluster, node)));
  return async () => {
    const now = await Promise.all(nodes.map((node) => (node.isRunning ? askedOf(cluster, node) : 0)));
    return now.map((count, i) => (nodes[i].isRunning ? count - before[i] : 0));
  };
};

const measureOne = async (connect, harm) => {
  const cluster = await startNodes({ replicas: 1 });
  try {
    const clients = [];
    for (let i = 0; i < clientsCount; i += 50) {
      clients.push(...await Promise.all(Array.from({ length: 50 }, () => connect(cluster, { timeout }))));
    }
    const state = { errors: 0, isStopped: false };
    const load = Promise.all(clients.map(async (client) => {
      await sleep(100 * Math.random());
      while (!state.isStopped) {
        await client.get(`user:${Math.floor(Math.random() * keysCount)}`).catch(() => { ++state.errors; });
        await sleep(100);
      }
    }));
    await sleep(3000);
    const [old] = cluster.nodes;
    const replica = await cluster.replicaOf(old);
    const sinceHarm = await watch(cluster);
    state.errors = 0;
    if (harm === "kill") cluster.kill(old);
    const begun = performance.now();
    if (harm === "failOver") await cluster.failOver(replica);
    while (!(await cluster.ask(replica, "ROLE")).includes("master")) await sleep(2);
    const before = await sinceHarm();
    const served = performance.now() - begun;
    const since = await watch(cluster);
    await sleep(1000);
    const within = await since();
    await sleep(9000);
    const later = await since();
    state.isStopped = true;
    await Promise.race([load, sleep(2 * timeout)]);
    await Promise.race([Promise.all(clients.map((client) => client.close())), sleep(5000)]);
    return { "successor after (ms)": served, "at the most asked node until then": Math.max(...before),
      "in the second after": Math.max(...within), "in ten": Math.max(...later), errors: state.errors };
  } finally {
    await cluster.stop();
  }
};

/** `wanted`: name -> connect(cluster, { timeout }). */
export const measureStorm = async (wanted, show) => {
  for (const [harm, title] of [["failOver", "CLUSTER FAILOVER"], ["kill", "kill -9 of a primary"]]) {
    const row = {};
    for (const [name, connect] of Object.entries(wanted)) row[name] = await measureOne(connect, harm);
    show(`${title}, ${clientsCount} clients: questions about the topology at one node`, row);
  }
};
