// The page of ./dev demo --cluster, in a browser: what it shows, and what its buttons do, by what the nodes say.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { startClusterStack } from "../stack/cluster-stack.mjs";
import { open, panelOf, stateOf, untilSays } from "./visit.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = join(import.meta.dirname, "../.screenshots");
const status = "Package: anchor\nStatus: install ok installed\nVersion: 1\nDepends: cable\n\n"
  + "Package: cable\nStatus: install ok installed\nVersion: 2\n";

let folder;
let stack;
let browser;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-cluster-"));
  writeFileSync(join(folder, "status"), status);
  const args = ["--status", join(folder, "status"), "--slots", "5", "--callers", "6", "--reads", "1000"];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  // The first test begins while the nodes start.
  stack = await startClusterStack({ args, output: "ignore" });
});
after(async () => {
  stack?.interrupt();
  await browser?.close();
  await stack?.ended;
  rmSync(folder, { recursive: true });
});

const visit = (context, everyPage) => open({ browser, stack, everyPage }, context);
const log = (page) => panelOf(page, "What has happened").getByRole("list", { name: "Events" });
const card = (page, name) => page.getByRole("listitem", { name: `Node ${name}` });
const stateNow = async () => (await fetch(`${stack.origin}/state`)).json();
const untilWalked = () => stack.until(({ walked }) => walked);
const untilIdle = () => stack.until(({ walked, doing }) => walked && doing === "");

/** What a node answers to one inline command. */
const ask = async (address, words) => {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host);
  socket.end(`${words}\r\n`);
  let text = "";
  for await (const piece of socket.setEncoding("utf8")) text += piece;
  return text;
};

/** A request as a page of somebody else's would send it. */
const send = async (path, { method = "GET", headers = {}, body = "" } = {}) => {
  const { port } = new URL(stack.origin);
  const sent = request({ host: "127.0.0.1", port, path, method, headers });
  sent.end(body);
  const [response] = await once(sent, "response");
  let text = "";
  for await (const piece of response.setEncoding("utf8")) text += piece;
  return { status: response.statusCode, text };
};

const order = (words, headers = {}) => send("/orders", {
  method: "POST", body: JSON.stringify({ order: words }),
  headers: { Origin: stack.origin, "Content-Type": "application/json", ...headers } });

// In the page: whatever its state, its chart and its cards have said stays in globalThis.said.
const keepWords = () => {
  globalThis.said = new Set();
  new MutationObserver(() => {
    for (const each of document.querySelectorAll("#state, .slots, .node")) {
      globalThis.said.add(`${each.ariaLabel ?? ""} ${each.textContent}`);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
};

test("while the walk goes on, the page shows the nodes, what is done to them, and what callers see", async () => {
  const { page, faults, asked, close } = await visit({}, keepWords);
  await card(page, "A1").waitFor();
  assert.ok(await page.getByRole("button", { name: "Move slots" }).isDisabled());
  await untilWalked();
  await untilSays(log(page), /A node was killed.*kill -9 of C1: C2 serves its slots after/);
  await untilSays(log(page), /A replica took over.*Slots moved/);
  await untilSays(card(page, "C1"), /replica of C2/);
  await untilSays(stateOf(page), /^0 wrong\. Nothing is done to the cluster now\.$/);
  const said = await page.evaluate(() => [...globalThis.said]);
  const expected = [/^Node A1 A1primary/, /^Node A2 A2replica of A1/, /^ 0 wrong\. Now: 5 slots from A1 to B1\.$/,
    /^Slots by owner: .* Moving: 5 slots from/, /^Node C1 C1dead/, /^Slots by owner: .*C1 \(dead\) [\d,]+/];
  for (const words of expected) assert.ok(said.some((each) => words.test(each)), `${words}`);
  assert.deepEqual(faults, []);
  for (const address of asked) assert.equal(new URL(address).origin, stack.origin);
  await close();
});

test("slots that are moved by the button are where the page says", async () => {
  await untilIdle();
  const { page, faults, close } = await visit();
  const before = await stateNow();
  await page.getByRole("button", { name: "Move slots" }).click();
  const moved = ({ news }) => news.at(-1).number > before.news.at(-1).number;
  const { slots, nodes } = await stack.until((state) => moved(state) && state.doing === "" && state.moving === null);
  assert.notDeepEqual(slots, before.slots);
  for (const [first, , owner] of slots) {
    const known = await ask(nodes[owner].address, "CLUSTER NODES");
    const [own] = known.split("\n").filter((line) => line.includes("myself"));
    assert.match(own, new RegExp(`master .*\\b${first}\\b`));
  }
  assert.deepEqual(faults, []);
  await close();
});

test("a node that is killed by its button is dead, and comes back by the other", async () => {
  await untilIdle();
  const { page, close } = await visit();
  const { address } = (await stateNow()).nodes.find(({ name }) => name === "B2");
  await card(page, "B2").getByRole("button", { name: "Kill: B2" }).click();
  await untilSays(card(page, "B2"), /dead/);
  await assert.rejects(ask(address, "PING"), { code: "ECONNREFUSED" });
  await untilIdle();
  // Now nobody could follow it.
  await card(page, "B1").getByRole("button", { name: "Kill: B1" }).click();
  await untilSays(log(page), /Refused.*kill B1: B1 has no replica that could follow it/);
  await card(page, "B2").getByRole("button", { name: "Start again: B2" }).click();
  await untilSays(card(page, "B2"), /replica of B1/);
  await untilSays(log(page), /A node is back.*B2 is back/);
  await card(page, "B2").getByRole("button", { name: "Take over: B2" }).click();
  await untilSays(card(page, "B2"), /primary/);
  assert.match(await ask(address, "ROLE"), /master/);
  await untilSays(stateOf(page), /^0 wrong\. Nothing/);
  await close();
});

test("the page comes with a policy that allows nothing inline and nobody else", async () => {
  const { headers } = await fetch(stack.page);
  assert.match(headers.get("content-security-policy"), /^default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(headers.get("content-security-policy"), /unsafe|\*/);
  assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
});

test("other pages and other names of this machine get nothing, and order nothing", async () => {
  const { news } = await stateNow();
  assert.equal((await send("/state", { headers: { Host: "example.com" } })).status, 403);
  assert.equal((await order("kill A1", { Origin: "http://example.com" })).status, 403);
  assert.equal((await order("kill A1", { Origin: "null" })).status, 403);
  assert.equal((await send("/orders", { method: "POST", body: '{"order":"kill A1"}' })).status, 403);
  assert.equal((await order("kill A1", { "Content-Type": "text/plain" })).status, 415);
  assert.equal((await send("/orders")).status, 405);
  assert.equal((await send("/../package.json")).status, 404);
  assert.deepEqual((await stateNow()).news, news);
});

test("what is no order is refused with what was expected", async () => {
  for (const words of ["kill D1", "kill", "move\nkill A1", "", 7]) {
    const { status: answered, text } = await order(words);
    assert.equal(answered, 400, words);
    assert.match(text, /^no order: expected "move", or kill, start or promote and a node/);
  }
  assert.equal((await order("x".repeat(1000))).status, 400);
});

for (const [width, colorScheme] of [[360, "light"], [768, "dark"], [1440, "light"], [1440, "dark"]]) {
  test(`at ${width} pixels, ${colorScheme}, everything fits, and axe finds nothing`, async () => {
    const { page, close } = await visit({ viewport: { width, height: 900 }, colorScheme });
    await untilSays(log(page), /The walk is done/);
    mkdirSync(screenshots, { recursive: true });
    await page.screenshot({ path: join(screenshots, `cluster-${width}-${colorScheme}.png`), fullPage: true });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), []);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${wide} pixels`);
    await close();
  });
}

test("after Ctrl-C the callers have found nothing wrong, no node is left, and the page says so", async () => {
  const { nodes } = await stateNow();
  const [, , , , directory] = (await ask(nodes[0].address, "CONFIG GET dir")).split("\r\n");
  assert.ok(existsSync(directory));
  const { page, close } = await visit();
  await untilSays(stateOf(page), /^0 wrong/);
  stack.interrupt();
  assert.equal(await stack.ended, 0);
  await untilSays(stateOf(page), /^Nobody answers\. If \.\/dev demo --cluster has ended/);
  for (const { address } of nodes) await assert.rejects(ask(address, "PING"), { code: "ECONNREFUSED" });
  assert.ok(!existsSync(directory));
  await close();
});
