// The first program, for Node, Deno and Bun alike: node quickstart.mjs valkey://127.0.0.1:6379

import { Client, ClientSideCache, configure } from "plimsoll";

const address = globalThis.process?.argv[2] ?? "valkey://127.0.0.1:6379";

configure({ memoryLimit: "16 MiB" }); // optional: one line for the process
const cache = new ClientSideCache({ maxCacheKb: 1024, entryTtlMs: 60_000 });
const client = await Client.connect(address, { clientSideCache: cache });

await client.set("ship", "Great Eastern", { ttl: 3600 });
console.log(await client.get("ship"));    // asks the server
console.log(await client.get("ship"));    // is served from memory
console.log(client.cached("ship"));       // the same, without waiting

await client.hset("ship:1", { name: "Great Eastern", built: 1858 });
console.log(await client.hgetall("ship:1"));

const both = client.transaction();
const count = both.incr("voyages");
both.expire("voyages", 60);
await both.exec();
console.log(`voyage ${await count}`);

const news = await client.subscribe("news");
await client.publish("news", "she floats");
for await (const { message, lost } of news) {
  console.log(message, lost);
  break;
}

console.log(`${client.getStatistics().memory.live} bytes in use`);
await client.close();
