// Arguments that are too long, and callers that have no stack left: their calls fail, and no other client does, as far
// as that can be.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { Client, LimitError } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;
let client;
let other;

before(async () => { server = await startServer(); });
after(() => server.stop());

const connectBoth = async () => {
  client = await Client.connect(server.address);
  other = await Client.connect(server.address);
};

const isTooLong = (error) => {
  assert(error instanceof LimitError, String(error));
  assert.match(error.message, /longer than the memory line can ever be/);
  return true;
};

test("words of gigabytes are refused", async () => {
  await connectBoth();
  // Memory that nobody has written to yet takes none.
  const long = new Uint8Array(2 ** 31 + 10);
  const half = long.subarray(0, 2 ** 30);
  await assert.rejects(client.set("key", half), isTooLong);
  await assert.rejects(client.set("key", long), isTooLong);
  await assert.rejects(client.get(long), isTooLong);
  await assert.rejects(client.mget([half, half, half, half, "key"]), isTooLong);
  await assert.rejects(client.exclusive((own) => own.set("key", long)), isTooLong);
  await assert.rejects(client.transaction((all) => [all.set("key", long)]), LimitError);
  await assert.rejects(client.subscribe([half, half, half, half, "news"]), isTooLong);
  assert.equal(await other.ping(), "PONG");
  await client.close();
  await other.close();
});

class Short extends Uint8Array {
  get length() { return 1; }
  get byteLength() { return 1; }
}
class Long extends Uint8Array {
  get length() { return 1_000_000; }
}

test("an array of bytes that lies about its length has the bytes that it has", async () => {
  await connectBoth();
  for (const size of [3, 5_000, 200_000]) {
    for (const Odd of [Short, Long]) {
      const value = new Odd(size).fill(7);
      await client.set(new Odd(size).fill(65), value);
      const key = new Uint8Array(size).fill(65);
      assert.deepEqual(await client.get(key, { as: "bytes" }), new Uint8Array(size).fill(7));
      await client.transaction((all) => [all.append(key, value)]);
      assert.equal(await client.strlen(key), 2 * size);
      await client.del(key);
    }
  }
  assert.equal(await other.ping(), "PONG");
  await client.close();
  await other.close();
});

// In a process of its own: how deep a call gets before the stack ends depends on what has run before.
const atTheEnd = `
  import { Client, CoreError } from ${JSON.stringify(new URL("../.build/index.js", import.meta.url))};
  const [, address, kind] = process.argv;
  const client = await Client.connect(address);
  const other = await Client.connect(address);
  const call = {
    set: () => client.set("key", "value"),
    words: () => client.command(["SET", "key", "value"]),
    long: () => client.set("key", "v".repeat(100_000)),
    transaction: () => client.transaction((all) => [all.set("key", "value")]),
  }[kind];
  const failures = [];
  const note = (error) => {
    if (!(error instanceof RangeError)) failures.push(error);
  };
  let calls;
  const go = (depth, round) => {
    try {
      go(depth + 1, round);
    } catch (error) {
      if (calls < 400 && error instanceof RangeError) {
        calls++;
        try {
          call().catch(note);
        } catch (ended) {
          throw ended;  // the next one is called from less deep
        }
      }
    }
  };
  for (let round = 0; round < 20; ++round) {
    calls = 0;
    go(0, round);
  }
  await new Promise((resolve) => { setImmediate(resolve); });
  await other.ping().catch(note);
  const next = await Client.connect(address);
  await next.ping();
  console.log(JSON.stringify(failures.map((error) => error instanceof CoreError ? error.message : String(error))));
  process.exit();
`;

for (const kind of ["set", "words", "long", "transaction"]) {
  test(`a call (${kind}) where the stack ends fails, or ends all clients; no other call goes on from there`, async () => {
    const { stdout } = await promisify(execFile)(process.execPath,
      ["--input-type=module", "--eval", atTheEnd, server.address, kind]);
    for (const message of JSON.parse(stdout)) {
      // A core that went on would fail later, by a fault in its memory.
      assert.match(message, /^the stack came to its end within the core|the core has failed, and all its clients with it: connect again$/);
    }
  });
}

test("a signal that many calls have has one listener", async () => {
  await connectBoth();
  const warnings = [];
  const note = (warning) => warnings.push(warning);
  process.on("warning", note);
  const abort = new AbortController();
  const waiting = Array.from({ length: 40 }, (_, number) =>
    client.blpop(`none:${number}`, 0, { signal: abort.signal, timeout: 0 }).catch((error) => error.name));
  await Promise.all(Array.from({ length: 40 }, () => client.ping(undefined, { signal: abort.signal })));
  abort.abort();
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["CancelledError"]));
  await new Promise((resolve) => { setImmediate(resolve); });
  process.off("warning", note);
  assert.deepEqual(warnings, []);
  await client.close();
  await other.close();
});
