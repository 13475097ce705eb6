// The tracing channel plimsoll:command.

import assert from "node:assert/strict";
import { tracingChannel } from "node:diagnostics_channel";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;

before(async () => { server = await startServer(); });
after(() => server.stop());

test("subscribers hear of each request, with the attributes of OpenTelemetry, and nobody else pays", async () => {
  const client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000, database: 2 });
  const heard = [];
  const channel = tracingChannel("plimsoll:command");
  const listener = {
    start: (context) => { heard.push(["start", context]); },
    end: () => {},
    asyncStart: () => {},
    asyncEnd: (context) => { heard.push(["end", context]); },
    error: (context) => { heard.push(["error", context]); },
  };
  await client.set("unheard", "1");
  channel.subscribe(listener);
  await client.set("key", "value");
  await client.command(["client", "getname"]);
  await client.lpush("key", "element").catch(() => {});
  const both = client.transaction();
  both.get("key");
  both.get("key");
  await both.exec();
  await client.exclusive((own) => own.get("key"));
  channel.unsubscribe(listener);
  await client.get("key");
  const named = heard.map(([what, context]) => `${what} ${context["db.operation.name"]}`);
  assert.deepEqual(named, ["start SET", "end SET", "start CLIENT GETNAME", "end CLIENT GETNAME", "start LPUSH",
    "error LPUSH", "end LPUSH", "start MULTI", "end MULTI", "start GET", "end GET"]);
  const { error, result, ...attributes } = heard[5][1];
  assert.deepEqual(attributes, { "db.system.name": "redis", "db.operation.name": "LPUSH", "db.namespace": "2",
    "server.address": "127.0.0.1", "server.port": server.port });
  assert.equal(error.code, "WRONGTYPE");
  assert.equal(heard[7][1]["db.operation.batch.size"], 2);
  assert(!JSON.stringify(heard).includes("element"), "arguments are no attributes");
  await client.close();
});
