import { Client, type ClientOptions } from "plimsoll";

const options: ClientOptions = { requestTimeout: 5000 };
const client: Client = await Client.connect(process.argv[2]!, options);
await client.set("door", "TypeScript");
const door: string | null = await client.get("door");
console.log(door);
await client.close();
