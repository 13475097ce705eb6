// docs/faq.md: the errors that it shows are those that the client throws.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";

import { Client, configure } from "../.build/index.js";

import { holdPort } from "./package/ports.mjs";
import { startServer } from "./package/server.mjs";

configure({ memoryLimit: "2 MiB" });
const server = await startServer();
const client = await Client.connect(server.address);
after(async () => {
  await client.close();
  await server.stop();
});

const withoutDigits = (text) => text.replaceAll(/\d+/g, "N");
const shown = [...readFileSync(new URL("../../docs/faq.md", import.meta.url), "utf8")
  .matchAll(/^ {4}(\w+Error: .*)$/gm)].map(([, text]) => withoutDigits(text));

// Each call fails. A timeout of 100 ms passes because nothing will ever answer.
const calls = {
  "a server that is slower than the deadline": () => client.blpop(["nothing"], 0, { timeout: 100 }),
  "a request beyond the memory line": () => client.set("large", "x".repeat(3_000_000)),
  "a port where nobody listens": async () => Client.connect(`valkey://127.0.0.1:${await holdPort()}`),
  "TLS to a port without": () => Client.connect(server.address.replace("valkey:", "valkeys:"), { connectTimeout: 100 }),
  "a wrong password": () => Client.connect(server.address.replace("//", "//somebody:wrong@")),
  "WATCH on a shared connection": () => client.command(["WATCH", "key"]),
  "WAIT on a shared connection": () => client.wait(1, 100),
  "a protocol that is none": () => Client.connect("http://127.0.0.1"),
  "a client after its end": async () => {
    const ended = await Client.connect(server.address);
    await ended.close();
    return ended.get("key");
  },
  "a command for another type": async () => {
    await client.set("text", "1");
    return client.lpush("text", ["2"]);
  },
};

const provoked = new Set();
for (const [name, call] of Object.entries(calls)) {
  test(`the page has what ${name} is answered`, async () => {
    const error = await call().then(() => assert.fail("nothing was refused"), (reason) => reason);
    const text = withoutDigits(`${error.name}: ${error.message}`);
    assert(shown.includes(text), text);
    provoked.add(text);
  });
}

test("the page shows no other error", () => {
  assert.deepEqual(shown.filter((text) => !provoked.has(text)), []);
});
