// What comes with a visit: headers, files, bytes, and how it looks.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { open, startVisit, untilConnected } from "./visit.mjs";

const firstVisitBytesMax = 250 * 1024;
const screenshots = join(import.meta.dirname, "../.screenshots");

let visit;
before(async () => { visit = await startVisit(); });
after(() => visit?.stop());

test("the page connects, and its console has nothing to show", async () => {
  const { page, faults, close } = await open(visit);
  await untilConnected(page);
  assert.deepEqual(faults, []);
  await close();
});

test("the page comes with a policy that allows nothing inline and nobody else", async () => {
  const { headers } = await fetch(visit.stack.origin);
  const policy = headers.get("content-security-policy");
  assert.match(policy, /default-src '(none|self)'/);
  assert.match(policy, /script-src [^;]*'wasm-unsafe-eval'/);
  assert.doesNotMatch(policy, /'unsafe-inline'|'unsafe-eval'|\*/);
  assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(headers.get("cross-origin-embedder-policy"), "require-corp");
});

test("all that the page asks for is of its own origin, and no address has a token", async () => {
  const { page, asked, close } = await open(visit);
  await untilConnected(page);
  const { host } = new URL(visit.stack.origin);
  assert.ok(asked.length >= 4, `${asked}`);
  for (const address of asked) {
    assert.equal(new URL(address).host, host);
    const sent = address.replace(/#.*/, "");
    assert.ok(!sent.includes(visit.stack.token) && !sent.includes(visit.stack.troubleToken));
  }
  assert.doesNotMatch(page.url(), /token/);
  await close();
});

test("a first visit loads less than 250 KiB, compressed", async (t) => {
  const context = await visit.browser.newContext();
  const page = await context.newPage();
  const responses = [];
  context.on("response", (response) => responses.push(response));
  await page.goto(visit.stack.page);
  await untilConnected(page);
  let sum = 0;
  for (const response of responses) {
    assert.equal(response.status(), 200, response.url());
    const headers = await response.allHeaders();
    assert.ok(Number(headers["content-length"]) > 0, response.url());
    sum += Number(headers["content-length"]);
    if (/\.(js|css)$/.test(response.url())) assert.equal(headers["content-encoding"], "br", response.url());
  }
  assert.ok(responses.some((response) => /worker/.test(response.url())));
  t.diagnostic(`a first visit: ${(sum / 1024).toFixed(1)} KiB in ${responses.length} answers`);
  assert.ok(sum < firstVisitBytesMax, `${sum} bytes`);
  await context.close();
});

for (const width of [360, 768, 1440]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`at ${width} pixels, ${colorScheme}, nothing is wider than the window`, async () => {
      const { page, close } = await open(visit, { viewport: { width, height: 900 }, colorScheme });
      await untilConnected(page);
      mkdirSync(screenshots, { recursive: true });
      await page.screenshot({ path: join(screenshots, `${width}-${colorScheme}.png`), fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} pixels`);
      await close();
    });
  }
}
