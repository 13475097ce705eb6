// node memory.mjs CONTENDER PORT REQUESTS: what a process of its own holds with 100,000 cached values,
// before and after so many requests more. In MiB, as JSON.

import { configure } from "../../js/dist/node.js";
import { caching } from "./contenders.mjs";

const [name, port, requests] = process.argv.slice(2);
const count = 100_000;
const rss = () => {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 1024 ** 2;
};

configure({ memoryLimit: "32 MiB" });
const client = await caching[name](Number(port));
const key = (i) => `user:${i % count}:profile`;
const readAll = async (total) => {
  let next = 0;
  const loop = async () => {
    while (next < total) await client.get(key(next++ * 7919));
  };
  await Promise.all(Array.from({ length: 100 }, loop));
};
await readAll(count);
await readAll(count);
const first = rss();
await readAll(Number(requests));
console.log(JSON.stringify({ rss: first, after: rss() }));
process.exit(0);
