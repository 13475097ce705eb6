// What callers notice while valkey-cli gives slots to another primary: errors, and how long their calls take beside calls
// at rest. Each client is alone with a cluster of its own of three primaries.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { slotOf, startNodes } from "../../js/test/package/cluster.mjs";
import { throughput } from "./measure.mjs";

const run = promisify(execFile);
const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

const callersCount = 32;
const slotsCount = 300;
const keysCount = 20_000;
const timeout = 30_000;
const key = (i) => `user:${i}:profile`;

const reshard = (cluster, from, to) => run("valkey-cli", ["--cluster", "reshard", from.address, "--cluster-from", from.id,
  "--cluster-to", to.id, "--cluster-slots", `${slotsCount}`, "--cluster-yes"]);

// One call after the other, of random keys: reads, and every fourth time a write.
const callOn = (client, state) => {
  const call = async () => {
    while (!state.isStopped) {
      const i = Math.floor(Math.random() * keysCount);
      const began = performance.now();
      await (Math.random() < 0.25 ? client.set(key(i), `${i}`) : client.get(key(i)).then((value) => {
        if (value !== `${i}`) ++state.wrong;
      })).then(() => state.taken.push(performance.now() - began), () => { ++state.errors; });
    }
  };
  return Promise.all(Array.from({ length: callersCount }, call));
};

const measureOne = async (connect) => {
  const cluster = await startNodes({ nodeTimeout: 30_000 });
  try {
    const client = await connect(cluster, { timeout });
    await throughput((i) => client.set(key(i), `${i}`), 100, keysCount);
    const state = { taken: [], errors: 0, wrong: 0, isStopped: false };
    const calling = callOn(client, state);
    const percentiles = () => {
      const taken = state.taken.sort((a, b) => a - b);
      state.taken = [];
      return { median: 1000 * taken[taken.length >> 1], p99: 1000 * taken[Math.floor(taken.length * 0.99)] };
    };
    await sleep(1000);
    percentiles();
    await sleep(3000);
    const rest = percentiles();
    const began = performance.now();
    // There and back, so that slots are left and come.
    const [from, to] = cluster.nodes;
    await reshard(cluster, from, to);
    await reshard(cluster, to, from);
    const seconds = (performance.now() - began) / 1000;
    const count = state.taken.length;
    const then = percentiles();
    state.isStopped = true;
    await calling;
    const moved = await cluster.ownerOf(slotOf(key(0)));
    if (moved === undefined) throw new Error("a slot has no owner any more");
    await Promise.race([client.close(), sleep(2000)]);
    return { errors: state.errors, wrong: state.wrong, "slots a second": 2 * slotsCount / seconds, "calls": count,
      "median at rest (us)": rest.median, "median then (us)": then.median, "p99 at rest (us)": rest.p99,
      "p99 then (us)": then.p99, "p99 in percent": 100 * then.p99 / rest.p99 };
  } finally {
    await cluster.stop();
  }
};

/** `wanted`: name -> connect(cluster, { timeout }). */
export const measureReshard = async (wanted, show) => {
  const row = {};
  for (const [name, connect] of Object.entries(wanted)) row[name] = await measureOne(connect);
  show(`valkey-cli moves ${slotsCount} slots there and back under the load of ${callersCount} callers`, row);
};
