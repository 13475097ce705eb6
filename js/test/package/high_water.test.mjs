// The WebAssembly memory cannot shrink, so what it once had, the process keeps: whatever sizes come and go,
// it stays within the line and 2 MiB.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { startServer } from "./server.mjs";

const rounds = process.env.PLIMSOLL_ROUNDS ?? "300";
const seed = process.env.PLIMSOLL_SEED ?? "1";

let server;
before(async () => { server = await startServer(); });
after(async () => { await server.stop(); });

const run = async (mebibytes) => {
  const { stdout } = await promisify(execFile)(process.execPath,
    ["high_water.program.mjs", server.address, `${mebibytes}`, rounds, seed]);
  return JSON.parse(stdout);
};

for (const mebibytes of [4, 16, 64]) {
  test(`values of random sizes on a line of ${mebibytes} MiB`, async () => {
    const { done, wrong, limit, highWater, peak, refused, growthsRefused } = await run(mebibytes);
    const found = JSON.stringify({ highWater, peak, refused, growthsRefused });
    assert(highWater <= limit + 2 * 1024 ** 2, found);
    assert(peak <= limit, found);
    assert.equal(wrong, 0);
    // Or nothing was tried: most of them fit.
    assert(done > 2 * Number(rounds), `${done} done, ${found}`);
    assert(peak > limit / 3, found);
  });
}
