// Where errors say that they come from: the call, and who awaited it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;
let client;

before(async () => {
  server = await startServer();
  client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000 });
  await client.set("text", "no list");
});
after(async () => {
  await client.close();
  await server.stop();
});

// Two functions of a program's own.
const useCase = async (call) => { await call(); };
const handler = async (call) => { await useCase(call); };

const framesOf = async (call) => {
  const error = await handler(call).then(() => assert.fail("resolved"), (thrown) => thrown);
  const [first, ...frames] = error.stack.split("\n");
  assert(first.startsWith(`${error.name}: ${error.message}`), error.stack);
  return frames.map((line) => line.trim());
};

const calls = {
  "a reply": () => client.lpush("text", ["1"]),
  "bytes that are no text": async () => {
    await client.set("bytes", Uint8Array.of(0xff));
    await client.get("bytes");
  },
  "a time limit": () => client.blpop("empty", 0, { timeout: 5 }),
  "a wrong argument": () => client.get(7),
  "a wrong option": () => client.get("text", { timeout: "soon" }),
  "an unknown option": () => client.get("text", { tmeout: 1 }),
  "half of a letter": () => client.get("\ud800"),
  "a command by its words": () => client.command(["GET"]),
  "one of several": () => Promise.all([client.get("text"), client.lpush("text", ["1"])]),
  "an exclusive connection": () => client.exclusive((own) => own.lpush("text", ["1"])),
};

for (const [name, call] of Object.entries(calls)) {
  test(`the stack of an error names the functions that awaited the call: ${name}`, async () => {
    const frames = await framesOf(call);
    const handled = frames.findIndex((line) => line.includes("handler"));
    assert(handled > 0, frames.join("\n"));
    assert(frames.slice(0, handled).some((line) => line.includes("useCase")), frames.join("\n"));
    const ours = frames.filter((line) => line.includes("/.build/"));
    assert(ours.length <= 1, frames.join("\n"));
  });
}

test("an error of a decoder's keeps the stack that it had", async () => {
  const parse = () => { throw new RangeError("here"); };
  const frames = await framesOf(() => client.get("text", { as: parse }));
  assert(frames[0].includes("parse"), frames.join("\n"));
});

test("an abort's reason is the cause, before the call and in the middle of it", async () => {
  const reason = new Error("the user has left");
  const abort = new AbortController();
  const waits = client.blpop("empty", 0, { signal: abort.signal });
  await client.ping();
  abort.abort(reason);
  const isOfReason = (error) => error.name === "CancelledError" && error.cause === reason;
  await assert.rejects(waits, isOfReason);
  await assert.rejects(client.get("text", { signal: abort.signal }), isOfReason);
});

test("where stacks may not be limited, errors have them all the same", async () => {
  const { stackTraceLimit } = Error;
  for (const change of [{ writable: false }, { writable: true }]) {
    Object.defineProperty(Error, "stackTraceLimit", change);
    const frames = await framesOf(calls["a reply"]);
    assert(frames.some((line) => line.includes("useCase")), frames.join("\n"));
    assert.equal(Error.stackTraceLimit, stackTraceLimit);
  }
});
