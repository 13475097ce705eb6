// Each control of the hull, the cache and the comparison does what it says: by what the page shows, and
// by what the server counts.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { commandCounts, resetCounters } from "./behind.mjs";
import { nextSnapshot, open, panelOf, startVisit, untilConnected, untilSays,
  untilSnapshot } from "./visit.mjs";

const within = 120_000;

let visit;
let opened;
let page;
before(async () => { visit = await startVisit(); });
after(() => visit?.stop());
beforeEach(async () => {
  opened = await open(visit);
  ({ page } = opened);
  await untilConnected(page);
  await resetCounters(visit.server);
});
afterEach(async () => {
  assert.deepEqual(opened.faults, []);
  await opened.close();
});

const statusOfReplay = () => panelOf(page, "The cache").getByRole("status")
  .filter({ hasText: /replayed|Package walk|Scan|Shifting/ });

const replay = async (title, { policy, speed } = {}) => {
  if (policy !== undefined) await page.getByRole("radio", { name: policy }).check();
  if (speed !== undefined) await page.getByRole("radio", { name: speed }).check();
  await page.getByRole("button", { name: `Replay ${title}` }).click();
};

/** What went to the server of all reads. */
const readsAsked = async () => {
  const counts = await commandCounts(visit.server);
  return counts("get") + counts("hgetall") + counts("smembers");
};

test("the line moves by the keyboard, and the core has it there", async () => {
  const slider = page.getByRole("slider", { name: "Memory line" });
  const answer = panelOf(page, "The hull").getByRole("status").filter({ hasText: /^The line/ });
  await slider.press("Home");
  await untilSays(answer, /^The line is at 1\.0 MiB/);
  await untilSnapshot(page, ({ memory }) => memory.limit <= 1.25 * 1024 ** 2);
  await slider.press("ArrowRight");
  await slider.press("End");
  await untilSays(answer, /^The line is at 64\.0 MiB/);
  await untilSnapshot(page, ({ memory }) => memory.limit === 64 * 1024 ** 2);
  await untilSays(page.getByLabel("bytes in use", { exact: true }), /of 64\.0 MiB/);
});

for (const policy of ["LRU", "LFU"]) {
  test(`a package walk under ${policy}: hits never reach the server`, async () => {
    await replay("Package walk", { policy });
    const said = await untilSays(statusOfReplay(), /done\./, { within });
    assert.match(said, new RegExp(`^Package walk, ${policy}: done`));
    const { lookups, hits } = (await nextSnapshot(page)).cache;
    assert.ok(hits > 0 && hits < lookups, said);
    assert.ok(await readsAsked() > 0);
    assert.ok(await readsAsked() <= lookups - hits, `${await readsAsked()} of ${lookups - hits} misses`);
    const row = panelOf(page, "The cache").getByRole("region", { name: "Replays" }).getByRole("row");
    assert.equal(await row.filter({ hasText: policy }).count(), 1);
  });
}

test("a scan beyond the cache evicts, below the line that was drawn before", async () => {
  await page.getByRole("slider", { name: "Memory line" }).press("Home");
  await replay("Scan", { policy: "LFU" });
  // Not to its end, which takes a quarter of a minute.
  const { memory } = await untilSnapshot(page, ({ cache }) => cache.evictions > 1000);
  assert.ok(memory.live <= memory.limit);
  await page.getByRole("button", { name: "Stop" }).click();
  await untilSays(statusOfReplay(), /stopped after [\d,]+ reads/, { within });
});

test("Stop ends a replay, and nothing is asked any more", async () => {
  await replay("Shifting popularity", { speed: /gentle/ });
  await untilSays(statusOfReplay(), /running/, { within });
  await page.getByRole("button", { name: "Stop" }).click();
  await untilSays(statusOfReplay(), /stopped after [\d,]+ reads/);
  const before = await nextSnapshot(page);
  const now = await nextSnapshot(page);
  assert.equal(now.cache.lookups, before.cache.lookups);
});

test("what another client writes is gone from the cache, and read anew", async () => {
  const cache = panelOf(page, "The cache");
  await cache.getByLabel("Value").fill("Cutty Sark");
  await cache.getByRole("button", { name: "Set", exact: true }).click();
  await untilSays(cache.getByRole("list", { name: "Invalidations" }),
    /demo:ship: cached as .*, gone from the cache after .*, then read as Cutty Sark\./);
  assert.equal(await visit.server.get("demo:ship"), "Cutty Sark");
  assert.ok((await nextSnapshot(page)).cache.invalidations > 0);
  assert.ok((await commandCounts(visit.server))("set") >= 1);
});

test("side by side, both have all their requests run, and one of them below its line", async () => {
  const beside = panelOf(page, "Side by side");
  await beside.getByLabel("Requests at once").selectOption("50000");
  await beside.getByRole("button", { name: "Run both" }).click();
  const said = await untilSays(beside.getByRole("status"), /naive client had|did not come about/, { within });
  assert.match(said, /^Plimsoll held [\d.]+ [KM]iB at most, below its line of [\d.]+ MiB/);
  const row = beside.getByRole("row", { name: /^Replies/ });
  assert.deepEqual(await row.getByRole("cell").allTextContents(), ["50,000", "50,000"]);
  assert.equal((await commandCounts(visit.server))("set"), 100_000);
});
