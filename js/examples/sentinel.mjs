// A client that asks sentinels where its primary is: node sentinel.mjs valkey+sentinel://127.0.0.1:26379/mymaster

import { Client } from "plimsoll";

const address = globalThis.process?.argv[2] ?? "valkey+sentinel://127.0.0.1:26379/mymaster";

const client = await Client.connect(address, { requestTimeout: 1000 });
// After a failover, the same client is connected to another server.
client.on("connected", () => console.log(`connected to ${client.server}`));
console.log(await client.set("ship", "Great Eastern"), await client.get("ship"));

const { kind, primary, sentinels } = client.topology();
console.log(kind, primary === client.server);
for (const { address: sentinel, isConnected, primary: named, problem } of sentinels) {
  console.log(sentinel, isConnected ? `names ${named ?? "none"}` : problem);
}
await client.close();
