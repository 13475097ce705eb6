// How tests wait: for a condition, up to a limit that only a hung test reaches. It lies here because the tests of this
// folder are copied elsewhere without those of the folder above, which use it, too.

import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

// Longer than anything takes that works, on a busy machine; less than what a case may take (tools/testing/js_stage.py),
// so that a case which hangs says for what it waited.
const waitMsMax = 300_000;

/** Waits until `condition`, which may return a promise, is true. Asks again `everyMs` milliseconds after each answer.
    Rejects if `condition` throws or rejects. */
export const until = async (condition, everyMs = 5) => {
  const end = performance.now() + waitMsMax;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`this was not true within ${waitMsMax} ms: ${condition}`);
    await sleep(everyMs);
  }
};

/** The numbers from 0 to `count` - 1. */
export const numbered = (count) => Array.from({ length: count }, (_, index) => index);
