// Each button of trouble: what the page says came of it, and what the server says did.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { commandCounts, idsOf, infoField, resetCounters } from "./behind.mjs";
import { watchResident } from "./resident.mjs";
import { nextSnapshot, open, panelOf, startVisit, untilConnected, untilSays } from "./visit.mjs";

const within = 120_000;
const highWaterBeyondLine = 2 * 1024 ** 2;
// What the browser has not collected of messages that are over, mostly: it takes its time where others
// want the processors, too.
const residentBeyondLine = 256 * 1024 ** 2;
// Besides, 100,000 promises and errors with their stacks, which are the caller's, and values that are the
// page's: 5 KiB each.
const residentBeyondLineInBursts = 768 * 1024 ** 2;


let visit;
let opened;
let panel;
let growthOfBrowser;
let beyondLine;
before(async () => { visit = await startVisit(); });
after(() => visit?.stop());
beforeEach(async () => {
  opened = await open(visit);
  await untilConnected(opened.page);
  panel = panelOf(opened.page, "Trouble");
  await resetCounters(visit.server);
  growthOfBrowser = await watchResident(visit.browser);
  beyondLine = residentBeyondLine;
});

// Whatever was done, the line held, and the console has nothing to show.
afterEach(async () => {
  const { memory } = await nextSnapshot(opened.page);
  assert.ok(memory.peak <= memory.limit, `${memory.peak} of ${memory.limit}`);
  assert.ok(memory.highWater <= memory.limit + highWaterBeyondLine, `${memory.highWater}`);
  const growth = growthOfBrowser();
  assert.ok(growth <= memory.limit + beyondLine, `the browser has grown by ${growth} bytes`);
  assert.deepEqual(opened.faults, []);
  await opened.close();
});

/** Presses a button and reads what the page says in the end. */
const make = async (button, choice) => {
  if (choice !== undefined) await panel.getByLabel(choice.of).selectOption(choice.as);
  await panel.getByRole("button", { name: button }).click();
  const said = await untilSays(panel.getByRole("status"), /took|did not come about/, { within });
  assert.match(said, /the line held: /);
  return said;
};

/** The number in front of these words; 0 where they do not come. */
const count = (said, words) =>
  Number(new RegExp(`([\\d,]+) ${words}`).exec(said)?.[1].replaceAll(",", "") ?? 0);

const burst = "Send 100,000 requests at once";

test("a burst of which most is refused: the server has run what was answered, and no more", async () => {
  beyondLine = residentBeyondLineInBursts;
  const said = await make(burst, { of: "Beyond the limit", as: "refuse" });
  const replies = count(said, "repl(?:y|ies)");
  const refused = count(said, "LimitError, executed: no");
  assert.equal(replies + refused, 100_000, said);
  assert.ok(replies > 0 && refused > 0, said);
  assert.equal((await commandCounts(visit.server))("set"), replies);
});

test("a burst of which those ask again that find no room is answered whole", async () => {
  beyondLine = residentBeyondLineInBursts;
  const said = await make(burst, { of: "Beyond the limit", as: "again" });
  assert.equal(count(said, "repl(?:y|ies)"), 100_000, said);
  assert.equal((await commandCounts(visit.server))("set"), 100_000);
});

for (const overflow of ["drop-oldest", "drop-newest", "pause-reading"]) {
  test(`a slow consumer with ${overflow}: all was published, and the pushes pool held`, async () => {
    const said = await make("Publish 20,000 messages", { of: "Beyond the room for them", as: overflow });
    assert.equal((await commandCounts(visit.server))("publish"), 20_000);
    assert.ok(count(said, "messages") > 0, said);
    const facts = await panel.getByRole("row", { name: /Slow consumer/ }).textContent();
    const isPausing = overflow === "pause-reading";
    assert.equal(count(said, "messages dropped") > 0, !isPausing, said);
    assert.match(facts, isPausing ? /reading was paused: yes/ : /reading was paused: no/);
    const { pools } = (await nextSnapshot(opened.page)).memory;
    assert.ok(pools.pushes.peak > 0 && pools.pushes.peak <= pools.pushes.limit, JSON.stringify(pools.pushes));
  });
}

test("a reply that cannot fit streams past, and the connection goes on", async () => {
  const said = await make("Ask for a huge reply");
  assert.equal(count(said, "ReplyTooLargeError, executed: yes"), 1, said);
  assert.ok(count(said, "repl(?:y|ies)") >= 1, said);
  const row = panel.getByRole("row", { name: /A reply that cannot fit/ });
  assert.match(await row.textContent(), /PING after it: PONG/);
  const { memory } = await nextSnapshot(opened.page);
  assert.ok(Number(await infoField(visit.server, "stats", "total_net_output_bytes")) > memory.limit);
});

test("what streams past a line of 64 MiB does not pile up in the browser either", async () => {
  await opened.page.getByRole("slider", { name: "Memory line" }).press("End");
  await make("Ask for a huge reply");
  const { memory } = await nextSnapshot(opened.page);
  assert.ok(Number(await infoField(visit.server, "stats", "total_net_output_bytes")) > 4 * memory.limit);
});

test("a cut connection was cut, and is another one now", async () => {
  const before = Math.max(...await idsOf(visit.server, "demo-reader"));
  const said = await make("Cut the connection");
  const counts = await commandCounts(visit.server);
  assert.equal(counts("client|kill"), 1);
  const now = await idsOf(visit.server, "demo-reader");
  assert.ok(Math.max(...now) > before && !now.includes(before), `${now}, after ${before}`);
  assert.ok(count(said, "repl(?:y|ies)") > 0, said);
  const facts = await panel.getByRole("row", { name: /Cut the connection/ }).textContent();
  assert.match(facts, /new connections: [1-9]/);
  assert.match(facts, /and right after the loss: 0/);
});

test("a stalled server was stalled, and who waited too long is told", async () => {
  const said = await make("Stall the server");
  assert.equal((await commandCounts(visit.server))("client|pause"), 1);
  assert.ok(count(said, "TimeoutError") > 0, said);
  assert.ok(count(said, "repl(?:y|ies)") > 0, said);
});
