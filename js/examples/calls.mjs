// More than one command: a batch, a walk, a script, and keys with a prefix: node calls.mjs valkey://127.0.0.1:6379

import { Client, defineScript } from "plimsoll";

const address = globalThis.process?.argv[2] ?? "valkey://127.0.0.1:6379";
const client = await Client.connect(address, { keyPrefix: "fleet:" });

// All commands leave together. In place of a reply that failed is its error.
const batch = client.batch();
for (let i = 1; i <= 100; ++i) batch.set(`ship:${i}`, i % 10);
batch.incr("ship:1");
batch.lpush("ship:1", "a ship is no list");
const replies = await batch.exec();
console.log(`${replies.length} replies, ${replies.filter((reply) => reply instanceof Error).length} failed`);

// A page of the server's at a time; keys in replies have the prefix.
let count = 0;
for await (const keys of client.scan({ match: "fleet:ship:*", count: 50 })) count += keys.length;
console.log(`${count >= 100} that there are a hundred`);

// The script is sent once, and then runs by its name.
const unload = defineScript({
  lua: "return redis.call('DECRBY', KEYS[1], ARGV[1])",
  keys: 1,
  decode: Number,
});
await client.set("hold", 10);
console.log(await unload.run(client, "hold", 3), await unload.run(client, "hold", 3));

await client.close();
