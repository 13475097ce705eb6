// A request that waited for room, and for whose words there is no memory when it is let in: it fails
// alone, and what came in the same turn is told.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { currentCore } from "../.build/core/core.js";
import { Client } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;

before(async () => { server = await startServer(); });
after(() => server.stop());

test("what cannot be staged when it is let in fails with a LimitError, and nothing else does", async () => {
  const client = await Client.connect(server.address,
    { inflightRequestsLimit: 2, inflightOverflow: "wait", requestTimeout: 20_000 });
  const before = [client.ping(), client.get("nothing")];
  // Words that are too short to be deferred.
  const large = Array.from({ length: 50 }, () => "v".repeat(2000));
  const outcome = client.rpush("large", large);
  const behind = [client.ping(), client.echo("behind")];
  // From here on there is no memory for words that do not fit what is always there.
  const core = currentCore();
  const { calls } = core;
  core.calls = { ...calls, plimsoll_stage: (size) => calls.plimsoll_stage(size === 0 ? 0 : 2 ** 31) };
  assert.deepEqual(await Promise.all(before), ["PONG", null]);
  await assert.rejects(outcome, { name: "LimitError", executed: "no" });
  assert.deepEqual(await Promise.all(behind), ["PONG", "behind"]);
  core.calls = calls;
  const { inFlight, waiting } = client.getStatistics();
  assert.equal(inFlight + waiting, 0);
  assert.equal(await client.rpush("large", large), 50);
  await client.close();
});

test("transactions wait for room, in their places, whatever they have", async () => {
  const client = await Client.connect(server.address, { inflightRequestsLimit: 4, requestTimeout: 20_000 });
  const large = "x".repeat(1 << 20);  // its bytes are written where they are sent from, also after a wait
  const outcomes = Array.from({ length: 60 }, (_, i) => {
    if (i % 3 === 0) return client.rpush("order", String(i));
    const transaction = client.transaction();
    transaction.rpush("order", String(i));
    if (i % 20 === 1) transaction.set(`large ${i}`, large);
    return transaction.exec();
  });
  assert.ok(client.getStatistics().waiting > 0);
  await Promise.all(outcomes);
  assert.deepEqual(await client.lrange("order", 0, -1), Array.from({ length: 60 }, (_, i) => String(i)));
  assert.equal(await client.get("large 1"), large);
  const { inFlight, waiting } = client.getStatistics();
  assert.equal(inFlight + waiting, 0);
  await client.close();
});

test("a transaction that waits for room can be given up, and runs out of time", async () => {
  const client = await Client.connect(server.address, { inflightRequestsLimit: 1, requestTimeout: 20_000 });
  const other = await Client.connect(server.address);
  await other.command(["CLIENT", "PAUSE", "20000", "WRITE"]);
  const first = client.set("given up", "no");
  const stop = new AbortController();
  const stopped = client.transaction((all) => [all.set("given up", "yes")], { signal: stop.signal });
  const late = client.transaction((all) => [all.set("given up", "yes")], { timeout: 20 });
  const refused = assert.rejects(stopped, { name: "CancelledError", executed: "no" });
  await assert.rejects(late, { name: "TimeoutError", executed: "no" });
  stop.abort();
  await refused;
  await other.command(["CLIENT", "UNPAUSE"]);
  assert.equal(await first, true);
  assert.equal(await client.get("given up"), "no");
  await client.close();
  await other.close();
});

test("transactions that wait are paid for by the requests pool, which refuses them in the end", async () => {
  const client = await Client.connect(server.address, { inflightRequestsLimit: 1, requestTimeout: 20_000 });
  const other = await Client.connect(server.address);
  await other.command(["CLIENT", "PAUSE", "20000", "WRITE"]);
  const text = "x".repeat(100_000);
  const outcomes = [];
  for (let i = 0; i < 1000; ++i) outcomes.push(client.transaction((all) => [all.set("k", text)]));
  const settled = Promise.allSettled(outcomes);
  await other.command(["CLIENT", "UNPAUSE"]);
  const refused = (await settled).filter(({ status }) => status === "rejected").map(({ reason }) => reason);
  assert.ok(refused.length > 0 && refused.length < 1000, `${refused.length} were refused`);
  for (const { name, executed } of refused) assert.deepEqual([name, executed], ["LimitError", "no"]);
  assert.equal(await client.get("k"), text);
  await client.close();
  await other.close();
});
