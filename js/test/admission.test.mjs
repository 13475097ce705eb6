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
