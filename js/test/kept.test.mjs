// What a call was given is what is sent, also where the call waits first and its caller uses the array of bytes again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, ClientSideCache, defineScript } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

const calls = 3000;  // three times inflightRequestsLimit

let server;
let client;

before(async () => {
  server = await startServer();
  client = await Client.connect(server.address);
});
after(async () => {
  await client.close();
  await server.stop();
});

// An array that says another text with each call of its function.
const scratch = () => {
  const bytes = Buffer.alloc(8);
  return (number) => {
    bytes.write(String(number).padStart(8, "0"));
    return bytes;
  };
};

const numbers = Array.from({ length: calls }, (_, number) => number);

const checkStored = async (prefix = "") => {
  const names = numbers.map((number) => String(number).padStart(8, "0"));
  assert.deepEqual(await client.mget(names.map((name) => prefix + name)), names);
  await client.flushall();
};

test("of calls that wait for room", async () => {
  const key = scratch();
  const value = scratch();
  await Promise.all(numbers.map((number) => client.set(key(number), value(number))));
  await checkStored();
  await Promise.all(numbers.map((number) => client.command(["SET", key(number), value(number)])));
  await checkStored();
});

test("of calls that wait for room, with a prefix, a codec and a cache", async () => {
  const codec = { encode: (value) => value, decode: (stored) => stored };
  const changing = await Client.connect(server.address, { keyPrefix: "p:", codec,
    clientSideCache: new ClientSideCache({ maxCacheKb: 64 }) });
  const key = scratch();
  const value = scratch();
  await Promise.all(numbers.map((number) => changing.set(key(number), value(number))));
  await checkStored("p:");
  await changing.close();
});

test("of batches and transactions, which are sent later", async () => {
  for (const queue of [client.batch(), client.transaction()]) {
    const key = scratch();
    const value = scratch();
    for (const number of numbers) queue.set(key(number), value(number));
    await queue.exec();
    await checkStored();
  }
});

test("of scripts, whose text may have to be sent", async () => {
  const store = defineScript({ lua: "return redis.call('SET', KEYS[1], ARGV[1])", keys: 1 });
  const key = scratch();
  const value = scratch();
  await Promise.all(numbers.map((number) => store.run(client, [key(number)], [value(number)])));
  await checkStored();
});
