// Arguments that are too long, and callers that have no stack left: their calls fail, and no other client does, as far
// as that can be.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, CoreError, LimitError } from "../.build/index.js";
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

// Calls `act` where a recursion has come to the end of the stack, and a few more times on the way back.
const atTheEnd = (act) => {
  let left = 40;
  const go = () => {
    try {
      go();
    } catch (error) {
      if (!(error instanceof RangeError) || left-- <= 0) throw error;
      act();
    }
  };
  try {
    go();
  } catch (error) {
    assert(error instanceof RangeError, String(error));
  }
};

test("a call where the stack ends fails, or ends all clients; it leaves none half done", async () => {
  for (const call of [
    () => client.set("key", "value"),
    () => client.command(["SET", "key", "value"]),
    () => client.get("key"),
    () => client.set("key", "v".repeat(100_000)),
    () => client.transaction((all) => [all.set("key", "value")]),
  ]) {
    await connectBoth();
    let failed = false;
    for (let round = 0; round < 20 && !failed; ++round) {
      const started = [];
      atTheEnd(() => {
        const reply = call();
        reply.catch(() => {});
        started.push(reply);
      });
      const outcomes = await Promise.allSettled(started);
      for (const { status, reason } of outcomes) {
        if (status === "fulfilled" || reason instanceof RangeError) continue;
        assert(reason instanceof CoreError, String(reason));
        failed = true;
      }
      const pong = await other.ping().catch((error) => error);
      failed ||= pong instanceof CoreError;
      if (!failed) assert.equal(pong, "PONG");
    }
    if (failed) {
      await assert.rejects(other.ping(), CoreError);
      await assert.rejects(client.ping(), CoreError);
      continue;
    }
    await client.close();
    await other.close();
  }
  await connectBoth();
  assert.equal(await client.ping(), "PONG");
  await client.close();
  await other.close();
});

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
