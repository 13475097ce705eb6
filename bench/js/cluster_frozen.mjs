// What the primaries that are well still do while another one says nothing, and a crowd wants that one: its process is
// stopped, and more callers than a client takes requests (with its own limits) set a key of it. Nothing replaces it.

import { slotOf, startNodes } from "../../js/test/package/cluster.mjs";

const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

const callersOfEach = 32;  // one after the other, for each of the two primaries that are well
const crowdCount = 2000;
const measuredMilliseconds = 3000;
const timeout = 30_000;
// How long one of the crowd waits that was refused.
const againAfter = 1000;

// A key of each node.
const keysOf = async (cluster) => {
  const keys = new Map();
  for (let i = 0; keys.size < cluster.nodes.length; ++i) {
    const owner = await cluster.ownerOf(slotOf(`ship:${i}`));
    if (!keys.has(owner)) keys.set(owner, `ship:${i}`);
  }
  return cluster.nodes.map((node) => keys.get(node));
};

const measure = async (state) => {
  state.latencies = [];
  const began = performance.now();
  await sleep(measuredMilliseconds);
  const latencies = state.latencies.sort((a, b) => a - b);
  const seconds = (performance.now() - began) / 1000;
  return { perSecond: latencies.length / seconds, p99: latencies[Math.floor(latencies.length * 0.99)] ?? Infinity };
};

const measureOne = async (connect) => {
  const cluster = await startNodes({ nodeTimeout: 120_000 });
  const client = await connect(cluster, { timeout });
  const [frozen, ...well] = await keysOf(cluster);
  const state = { latencies: [], isStopped: false, failed: 0 };
  const call = async (key) => {
    while (!state.isStopped) {
      const began = performance.now();
      await client.set(key, "1").then(() => state.latencies.push(performance.now() - began),
        async () => {
          ++state.failed;
          await sleep(10);
        });
    }
  };
  const callers = well.flatMap((key) => Array.from({ length: callersOfEach }, () => call(key)));
  await client.set(frozen, "1");
  await sleep(1000);
  const before = await measure(state);
  cluster.freeze(cluster.nodes[0]);
  const want = async () => {
    while (!state.isStopped) await client.set(frozen, "1").catch(() => sleep(againAfter));
  };
  const crowd = Array.from({ length: crowdCount }, want);
  await sleep(2500);
  const then = await measure(state);
  state.isStopped = true;
  cluster.thaw(cluster.nodes[0]);
  await Promise.race([Promise.all([...callers, ...crowd]), sleep(5000)]);
  await Promise.race([client.close(), sleep(2000)]);
  await cluster.stop();
  return { "calls a second before": before.perSecond, "while frozen": then.perSecond,
    "percent": 100 * then.perSecond / before.perSecond, "p99 before (us)": 1000 * before.p99,
    "p99 while frozen (us)": 1000 * then.p99, "p99 in percent": 100 * then.p99 / before.p99, "failed": state.failed };
};

/** `wanted`: name -> connect(cluster, { timeout }). */
export const measureFrozen = async (wanted, show) => {
  const row = {};
  for (const [name, connect] of Object.entries(wanted)) row[name] = await measureOne(connect);
  show(`one of three primaries is frozen, and ${crowdCount} callers want it: what ${2 * callersOfEach} callers of the others get`, row);
};
