// Under load nothing grows: not the page, not its worker, not WebAssembly's memory.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { footprintOf } from "./footprint.mjs";
import { open, startVisit, untilConnected, untilSnapshot } from "./visit.mjs";

const warmUp = 6000;
const watched = 15_000;
const replayPatience = 60_000;
const heapGrowthMax = 1024 ** 2;
const nodesGrowthMax = 100;

let visit;
before(async () => { visit = await startVisit(); });
after(() => visit?.stop());

/** Replays go on until the worker's clock is so much further. */
const load = async (page, milliseconds) => {
  const { at: begun } = await untilSnapshot(page, () => true);
  const button = page.getByRole("button", { name: "Replay Package walk" });
  const progress = page.getByRole("progressbar");
  let now = begun;
  while (now < begun + milliseconds) {
    // Until the worker has begun it shows the end of the one before.
    await progress.evaluate((bar) => { bar.value = 0; });
    await button.click();
    await progress.and(page.locator("[value='1']")).waitFor({ timeout: replayPatience });
    ({ at: now } = await untilSnapshot(page, () => true));
  }
};

test("15 seconds under load leave heaps, WebAssembly's memory and nodes as they were", async (t) => {
  const { page, faults, close } = await open(visit);
  await untilConnected(page);
  await load(page, warmUp);
  const look = await footprintOf(page);
  const before = await look();
  await load(page, watched);
  const now = await look();
  t.diagnostic(JSON.stringify({ before, now }));
  assert.ok(now.pageHeap <= before.pageHeap + heapGrowthMax, "the page's heap");
  assert.ok(now.workerHeap <= before.workerHeap + heapGrowthMax, "the worker's heap");
  assert.equal(now.wasmHighWater, before.wasmHighWater);
  assert.ok(now.nodes <= before.nodes + nodesGrowthMax, "nodes");
  assert.deepEqual(faults, []);
  await close();
});
