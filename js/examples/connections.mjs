// Connections and what happens on them: node connections.mjs valkey://127.0.0.1:6379

import { Client } from "plimsoll";

const address = globalThis.process?.argv[2] ?? "valkey://127.0.0.1:6379";

// Asked for before each connection, and again before the end of the lifetime.
const credentials = async () => ({ username: "default", password: "a token", lifetime: 15 * 60_000 });

// Nothing is connected before the first call.
const client = await Client.connect(address, { lazyConnect: true, credentials, clientName: "shop" });
client.once("connected", () => console.log("connected"));
await client.set("stock", 3);

// Repeated until "stock" stands still between the reads and the transaction.
const replies = await client.transact("stock", async (own) => {
  const both = own.transaction();
  if (Number(await own.get("stock")) < 2) return both;  // with nothing in it
  both.decrby("stock", 2);
  both.incr("orders");
  return both;
});
console.log(`${replies[0]} left`);

// WAIT is about what was written on the same connection.
const copies = await client.exclusive(async (own) => {
  await own.set("order", "paid");
  return own.wait(0, 100);
});
console.log(`${copies} replicas`);

// Another client with the same options, but for these.
const other = await client.duplicate({ database: 1 });
console.log(await other.get("stock"));
await other.close();

// Where the runtime has tracing channels, each request can be followed.
const diagnostics = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel");
const names = [];
const listener = { start: (request) => { names.push(request["db.operation.name"]); }, end: () => {},
  asyncStart: () => {}, asyncEnd: () => {}, error: () => {} };
const channel = diagnostics?.tracingChannel?.("plimsoll:command");
channel?.subscribe(listener);
await client.del(["stock", "orders", "order"]);
channel?.unsubscribe(listener);
console.log(channel === undefined || names.join() === "DEL");

// `await using client = await Client.connect(address)` does this at the end of a block.
await client[Symbol.asyncDispose]();
console.log(client.getStatistics().state);
