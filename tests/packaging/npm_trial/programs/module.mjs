import { Client } from "plimsoll";

const client = await Client.connect(process.argv[2]);
await client.set("door", "a module");
console.log(await client.get("door"));
await client.close();
