// Whoever sees little, or has no mouse, gets all of the page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { open, panelOf, startVisit, untilConnected, untilSays } from "./visit.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tabsMax = 200;

let visit;
before(async () => { visit = await startVisit(); });
after(() => visit?.stop());

/** What axe has to say against the page as it is, a line for each element. */
const violations = async (page) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run());
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`));
};

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing, ${colorScheme}, before and after there are tables`, async () => {
    const { page, close } = await open(visit, { colorScheme });
    await untilConnected(page);
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Replay Package walk" }).click();
    await page.getByRole("progressbar").and(page.locator("[value='1']")).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Stall the server" }).click();
    await untilSays(panelOf(page, "Trouble").getByRole("status"), /took/, { within: 60_000 });
    assert.deepEqual(await violations(page), []);
    await close();
  });
}

test("at 360 pixels everything that can be shown fits, and axe finds nothing", async () => {
  const { page, close } = await open(visit, { viewport: { width: 360, height: 800 } });
  await untilConnected(page);
  await page.getByRole("button", { name: "Replay Package walk" }).click();
  await page.getByRole("progressbar").and(page.locator("[value='1']")).waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Stall the server" }).click();
  await untilSays(panelOf(page, "Trouble").getByRole("status"), /took/, { within: 60_000 });
  const beside = panelOf(page, "Side by side");
  await beside.getByLabel("Requests at once").selectOption("10000");
  await beside.getByRole("button", { name: "Run both" }).click();
  await untilSays(beside.getByRole("status"), /the naive client had/, { within: 60_000 });
  const line = page.getByRole("combobox", { name: "Command" });
  await page.getByRole("button", { name: "HGETALL package:bash:fields" }).click();
  await page.getByLabel("Reply to HGETALL package:bash:fields").waitFor();
  await line.pressSequentially("hget");
  await page.getByRole("option", { name: /HGETALL/ }).waitFor();
  assert.deepEqual(await violations(page), []);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `${wide} pixels`);
  await close();
});

test("who wants no motion gets none", async () => {
  for (const [reducedMotion, expected] of [["no-preference", /[1-9]/], ["reduce", /^0s$/]]) {
    const { page, close } = await open(visit, { reducedMotion });
    await untilConnected(page);
    const duration = await page.locator(".water").first().evaluate((water) =>
      getComputedStyle(water).transitionDuration);
    assert.match(duration, expected, reducedMotion);
    await close();
  }
});

/** What has the focus: its role or element, and its name as far as it is told simply. */
const focused = (page) => page.evaluate(() => {
  const { tagName, type, name, textContent, ariaLabel } = document.activeElement;
  return `${tagName} ${type ?? ""} ${ariaLabel ?? ""}${name ?? ""}${textContent}`;
});

test("Tab comes by every control in the order of the page, with a focus that shows", async () => {
  const { page, close } = await open(visit);
  await untilConnected(page);
  // Of a group of radio buttons, the one that is checked.
  const expected = await page.evaluate(() =>
    [...document.querySelectorAll("a[href], button, input, select, textarea")]
      .filter((each) => !each.disabled && each.checkVisibility() && (each.type !== "radio" || each.checked))
      .map((each, index) => each.dataset.place = String(index)));
  assert.ok(expected.length > 15);
  const came = [];
  for (let tab = 0; tab < tabsMax && came.length < expected.length; ++tab) {
    await page.keyboard.press("Tab");
    const { place, outline } = await page.evaluate(() => ({
      place: document.activeElement.dataset.place,
      outline: getComputedStyle(document.activeElement).outlineStyle,
    }));
    if (place === undefined) continue;  // what scrolls has the focus, too
    assert.notEqual(outline, "none", await focused(page));
    came.push(place);
  }
  assert.deepEqual(came, expected);
  await close();
});

test("buttons, choices and the line are operated by keys alone", async () => {
  const { page, close } = await open(visit);
  await untilConnected(page);
  await page.getByRole("radio", { name: "LRU" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("button", { name: "Replay Package walk" }).focus();
  await page.keyboard.press("Enter");
  const status = panelOf(page, "The cache").getByRole("status").filter({ hasText: "Package walk" });
  await untilSays(status, /^Package walk, LFU: done/, { within: 60_000 });
  const stall = page.getByRole("button", { name: "Stall the server" });
  await stall.focus();
  await page.keyboard.press("Space");
  await untilSays(panelOf(page, "Trouble").getByRole("status"), /took/, { within: 60_000 });
  assert.ok(await stall.evaluate((button) => button === document.activeElement), "the focus stays");
  await close();
});
