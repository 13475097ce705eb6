// Replays in the page, one after the other, by the page's own buttons.

import { snapshotOf, untilSnapshot } from "../../js/demo/test/visit.mjs";

// In the page: presses a button whenever the replay before has come to its end.
const keepPressing = (button) => {
  const progress = document.querySelector("progress");
  // Until the worker has begun it would show the end of the one before.
  const press = () => {
    progress.value = 0;
    button.click();
  };
  press();
  globalThis.pressing = setInterval(() => { if (progress.value === 1) press(); }, 20);
};

/** Runs until stop() at this speed, as the page calls it. */
export const startLoad = async (page, speed) => {
  await page.getByRole("radio", { name: speed }).check();
  const { at } = await snapshotOf(page);
  await page.getByRole("button", { name: "Replay Package walk" }).evaluate(keepPressing);
  // What is compiled first is not what is measured.
  await untilSnapshot(page, (now) => now.at > at + 3000);
  const stop = async () => {
    await page.evaluate(() => clearInterval(globalThis.pressing));
    await page.getByRole("button", { name: "Stop" }).click();
  };
  return { stop };
};

/** Counts the reads of all caches in the page, of which each replay has a new one, until asked. */
export const countReads = async (page) => {
  await page.evaluate(() => {
    const counted = globalThis.counted = { reads: 0, hits: 0, before: globalThis.lastSnapshot.cache };
    const begun = performance.now();
    globalThis.counting = setInterval(() => {
      const { lookups, hits } = globalThis.lastSnapshot.cache;
      const isSame = lookups >= counted.before.lookups;
      counted.reads += lookups - (isSame ? counted.before.lookups : 0);
      counted.hits += hits - (isSame ? counted.before.hits : 0);
      counted.before = { lookups, hits };
      counted.took = performance.now() - begun;
    }, 50);
  });
  return () => page.evaluate(() => {
    clearInterval(globalThis.counting);
    const { reads, hits, took } = globalThis.counted;
    return { readsPerSecond: (1000 * reads) / took, hitRate: reads === 0 ? 0 : hits / reads };
  });
};
