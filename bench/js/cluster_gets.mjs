// What a client reads from three primaries, beside its peers: GETs of 100 bytes, of keys in all slots.

import { startNodes } from "../../js/test/package/cluster.mjs";
import { inRounds, latency, throughput } from "./measure.mjs";

const keysCount = 10_000;
const key = (i) => `user:${(i * 7919) % keysCount}:profile`;
const rounds = 5;
const timeout = 30_000;

/** `wanted`: name -> connect(cluster, { timeout, limit }). */
export const measureGets = async (wanted, show) => {
  const cluster = await startNodes();
  try {
    const clients = {};
    for (const [name, connect] of Object.entries(wanted)) clients[name] = await connect(cluster, { timeout, limit: 10_000 });
    const [filler] = Object.values(clients);
    const value = "v".repeat(100);
    for (let i = 0; i < keysCount; i += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, j) => filler.set(key(i + j), value)));
    }
    for (const concurrent of [100, 1000]) {
      const get = (client) => async (i) => {
        if (await client.get(key(i)) !== value) throw new Error(`${key(i)} has another value`);
      };
      show(`GET at three primaries, ${concurrent} in flight: thousands a second, CPU and latencies in microseconds`,
        await inRounds(clients, rounds, async (client) => ({
          ...await throughput(get(client), concurrent, 100_000),
          ...await latency(get(client), concurrent, 25_000),
        })));
    }
    await Promise.all(Object.values(clients).map((client) => client.close()));
  } finally {
    await cluster.stop();
  }
};
