// Values as JSON and compressed, a consumer group, and metrics: node streams.mjs valkey://127.0.0.1:6379

import { Client, StreamReader, compression, metricsText } from "plimsoll";

const address = globalThis.process?.argv[2] ?? "valkey://127.0.0.1:6379";
const client = await Client.connect(address, { codec: compression(), keyPrefix: "fleet:" });

// A large value is compressed on its way, and parsed on its way back.
const ships = Array.from({ length: 500 }, (_, number) => ({ number, name: "Great Eastern" }));
await client.set("ships", JSON.stringify(ships));
const found = await client.get("ships", { as: "json" });
console.log(found.length, found[499].name);

// Two commands that the server executes together, and their replies with their types.
const [visits] = await client.transaction((all) => [all.incr("visits"), all.expire("visits", 60)]);
console.log(typeof visits);

// Each order comes to one consumer of the group, and again until it is acknowledged.
await client.del(["orders"]);
for (let order = 1; order <= 3; ++order) await client.xadd("orders", { order: JSON.stringify({ order }) });
const reader = new StreamReader(client, { group: "billing", consumer: "billing-1", streams: "orders",
  createGroup: true, begin: "0", as: "json" });
let billed = 0;
for await (const { streams } of reader) {
  for (const part of streams) {
    for (const { fields } of part.entries) billed += fields?.order.order ?? 0;  // null: deleted meanwhile
    await reader.ack(part);
  }
  if (billed === 6) break;
}
console.log(`${billed} billed`);

console.log(metricsText([client]).match(/plimsoll_client_ready\{.*\} 1/) !== null);
await client.close();
