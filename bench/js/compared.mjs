// node --expose-gc compared.mjs CLIENT HOST PORT: one client in a process of its own, as bench/compared/worker.h says.
// Time limits and checks are off for all, and limits on requests are above the burst, or the burst would compare
// defaults; plimsoll has its memory line of 64 MiB all the same.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [name, host, port] = process.argv.slice(2);
const keysCount = 1000;
const hour = 3_600_000;

const versionIn = (folder) => JSON.parse(readFileSync(new URL(`${folder}/package.json`, import.meta.url), "utf8")).version;

const clients = {
  plimsoll: async () => {
    const { Client } = await import("../../js/dist/node.js");
    const client = await Client.connect(`valkey://${host}:${port}`, { requestTimeout: 0, healthCheckInterval: 0 });
    return { version: versionIn("../../js"), set: (key, value) => client.set(key, value) };
  },
  ioredis: async () => {
    const { Redis } = await import("ioredis");
    const client = new Redis({ host, port: Number(port), maxRetriesPerRequest: null });
    return { version: versionIn("node_modules/ioredis"), set: (key, value) => client.set(key, value) };
  },
  "node-redis": async () => {
    const { createClient } = await import("redis");
    const client = createClient({ url: `redis://${host}:${port}`, commandOptions: { timeout: 0 } });
    client.on("error", (problem) => {
      throw problem;
    });
    await client.connect();
    return { version: versionIn("node_modules/redis"), set: (key, value) => client.set(key, value) };
  },
  "valkey-glide": async () => {
    const { GlideClient } = await import("@valkey/valkey-glide");
    const client = await GlideClient.createClient({
      addresses: [{ host, port: Number(port) }], requestTimeout: hour, inflightRequestsLimit: 10_000_000,
    });
    return { version: versionIn("node_modules/@valkey/valkey-glide"), set: (key, value) => client.set(key, value) };
  },
};

const connect = clients[name];
if (connect === undefined) throw new Error(`no client ${name}: expected one of ${Object.keys(clients).join(", ")}`);
const { version, set } = await connect();

/** A string of its own, whole, as in a program that has something to say. */
const valueOf = (number, bytes) => {
  const value = Buffer.alloc(bytes, "v");
  value.write(String(number));
  return value.toString("latin1");
};

/** What finds no room is called again once another call has been answered. Any other failure ends the process. */
const burst = (requests, bytes) => new Promise((resolve, reject) => {
  const refused = [];
  const outcome = { answered: 0, refused: 0 };
  let underWay = 0;
  const request = (number) => {
    ++underWay;
    set(`burst:${number % keysCount}`, valueOf(number, bytes)).then(() => {
      --underWay;
      if (++outcome.answered === requests) resolve(outcome);
      if (refused.length > 0) request(refused.pop());
    }, (problem) => {
      --underWay;
      if (problem.code !== "rejected_by_limit" || underWay === 0) return reject(problem);
      ++outcome.refused;
      refused.push(number);
    });
  };
  for (let number = 0; number < requests; ++number) request(number);
});

await burst(1, 1);
console.log(`ready ${version}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [word, requests, bytes] = line.split(" ");
  if (word !== "burst") throw new Error(`expected burst REQUESTS BYTES, got ${line}`);
  const { answered, refused } = await burst(Number(requests), Number(bytes));
  globalThis.gc?.();
  console.log(`done ${answered} ${refused}`);
}
process.exit(0);
