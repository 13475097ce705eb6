// ./dev bench page [--json] [--seconds N] [--minutes N]: the demo's page in Chromium, on all that
// ./dev demo starts. How soon it is there; how evenly it draws while its worker reads 50,000 times a
// second, beside itself at rest; what a cached read costs in it; and what it holds after minutes.

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";

import { footprintOf } from "../../js/demo/test/footprint.mjs";
import { open, panelOf, snapshotOf, startVisit, untilConnected, untilSays,
  untilSnapshot } from "../../js/demo/test/visit.mjs";
import { median } from "../js/measure.mjs";
import { watchFrames } from "./frames.mjs";
import { countReads, startLoad } from "./load.mjs";
import { watchThreads } from "./threads.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  seconds: { type: "string", default: "10" },
  minutes: { type: "string", default: "0.5" },
} });
const phase = 1000 * Number(options.seconds);
const minutes = Number(options.minutes);
const visitsCount = 5;
const looksCount = 10;
const brisk = /50,000 a second/;
const fastest = /as fast as it goes/;

const say = (text) => { if (!options.json) console.log(text); };
const shown = (value) => typeof value === "number" ? Number(value.toFixed(2)) : value;
const row = (name, figures) => {
  const parts = Object.entries(figures).map(([of, value]) => `${of} ${shown(value)}`);
  say(`  ${name.padEnd(24)} ${parts.join("  ")}`);
  if (options.json) console.log(JSON.stringify({ row: name, ...figures }));
};
const goal = (what, value, bound, met) => {
  say(`  ${met ? "met   " : "MISSED"} ${what}: ${shown(value)} (${bound})`);
  if (options.json) console.log(JSON.stringify({ goal: what, value, bound, met }));
};

const measureStart = async (visit) => {
  say("\nfrom the address to \"Connected\", milliseconds");
  const times = [];
  for (let each = 0; each < visitsCount; ++each) {
    const { page, close } = await open(visit);
    await untilConnected(page);
    times.push(await page.evaluate(() => globalThis.connectedAt));
    await close();
  }
  row(`${visitsCount} first visits`, { median: median(times), slowest: Math.max(...times) });
  goal("interactive", median(times), "at most 1000 ms", median(times) <= 1000);
};

const costOfHits = async (page) => {
  const table = panelOf(page, "The cache").getByRole("region", { name: "Times of reads" });
  const row = table.getByRole("row", { name: /^hits/ });
  await untilSays(row, /^hits\d\d,\d{3}/);  // enough of them since the replay began
  const [count, half, most] = await row.getByRole("cell").allTextContents();
  return { hits: count, "half are below": half, "90 % below": most };
};

// Beside others the worker gets less of the processors than it could use: what a read takes of them says
// more than how many there were.
const underLoad = async (page, threads) => {
  const counted = await countReads(page);
  threads();
  const frames = await watchFrames(page, phase);
  const shares = threads();
  const reads = await counted();
  return { ...frames, ...reads, ...shares, workerMicrosecondsPerRead: (1e6 * shares.workerRan) / reads.readsPerSecond };
};

const measureFrames = async (page, browser) => {
  say(`\nframes and long tasks of the page's thread, ${phase / 1000} s each, milliseconds; shares of a processor`);
  const threads = await watchThreads(browser);
  const rest = { ...await watchFrames(page, phase), ...threads() };
  row("at rest", rest);
  const rows = { rest };
  for (const [name, speed] of [["50,000 a second", brisk], ["as fast as it goes", fastest]]) {
    const load = await startLoad(page, speed);
    rows[name] = await underLoad(page, threads);
    row(name, rows[name]);
    if (speed === fastest) row("a cached read", await costOfHits(page));
    await load.stop();
  }
  row("at rest again", await watchFrames(page, phase));
  const busy = rows["50,000 a second"];
  const ratio = busy.framesPerSecond / rest.framesPerSecond;
  goal("frames a second under load, of those at rest", ratio, "at least 0.9", ratio >= 0.9);
  goal("long tasks under load", busy.longTasks, `at most those at rest, ${rest.longTasks}, and 2 a minute more`,
    busy.longTasks <= rest.longTasks + (2 * phase) / 60_000);
  goal("reads a second", busy.readsPerSecond, "at least 45,000", busy.readsPerSecond >= 45_000);
};

const watchMinutes = async (page) => {
  say(`\n${minutes} minutes at 50,000 reads a second: bytes, after garbage was collected`);
  const load = await startLoad(page, brisk);
  const look = await footprintOf(page);
  const looks = [];
  for (let each = 0; each <= looksCount; ++each) {
    const begun = await snapshotOf(page);
    looks.push(await look());
    row(`${((minutes * each) / looksCount).toFixed(2)} min`, looks.at(-1));
    if (each === looksCount) break;
    await new Promise((resolve) => { setTimeout(resolve, (60_000 * minutes) / looksCount); });
    await untilSnapshot(page, ({ at }) => at > begun.at);
  }
  await load.stop();
  // The first look is at what has just begun to be used.
  const [, first] = looks;
  for (const [what, bound] of [["pageHeap", 2 ** 20], ["workerHeap", 2 ** 20], ["wasmHighWater", 0], ["nodes", 100]]) {
    const grown = looks.at(-1)[what] - first[what];
    goal(`growth of ${what}`, grown, `at most ${bound}`, grown <= bound);
  }
};

// In the page: when it says for the first time that it is connected, by the clock of its navigation.
const noteConnected = () => {
  new MutationObserver(() => {
    if (globalThis.connectedAt !== undefined) return;
    if (document.getElementById("state")?.textContent.startsWith("Connected")) globalThis.connectedAt = performance.now();
  }).observe(document, { subtree: true, childList: true, characterData: true });
};

const visit = await startVisit({ everyPage: noteConnected });
try {
  say(`${cpus()[0].model}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Chromium ${visit.browser.version()}`);
  if (options.json) console.log(JSON.stringify({ cores: cpus().length, load: loadavg()[0], chromium: visit.browser.version() }));
  await measureStart(visit);
  const { page } = await open(visit);
  await untilConnected(page);
  await untilSnapshot(page, () => true);
  await measureFrames(page, visit.browser);
  await watchMinutes(page);
} finally {
  await visit.stop();
}
