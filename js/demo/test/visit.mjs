// A visitor of the demo: the whole stack with its keys, a browser, and pages that listen for whatever a
// console would show.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { Client } from "plimsoll";
import { chromium } from "playwright-core";

import { startStack } from "../stack/stack.mjs";
import { walk } from "../stack/walk.mjs";

// What is installed alone: the page needs no more, and no test waits for the rest.
export const shortWalk = ["--lists", "/nowhere", "--visits", "0", "--burst", "0"];

/** How long a test waits for what the page is to show. */
const patience = 120_000;
const pollInterval = 50;
const snapshotInterval = 100;  // as the worker has it

/**
 * The stack, a browser, and a client of Valkey's own port to see behind the page. `everyPage` runs in
 * each page before its own scripts.
 */
export const startVisit = async ({ everyPage } = {}) => {
  const parts = [];
  const stop = async () => { for (const part of parts.splice(0).reverse()) await part(); };
  try {
    const stack = await startStack();
    parts.push(() => stack.stop());
    assert.equal(await walk(stack, shortWalk, { output: "ignore" }), 0);
    const server = await Client.connect(stack.server.address, { requestTimeout: 10_000 });
    parts.push(() => server.close());
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--js-flags=--expose-gc"],
    });
    parts.push(() => browser.close());
    return { stack, server, browser, everyPage, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

// In the page: what the worker told last is globalThis.lastSnapshot, whatever the page makes of it.
const keepSnapshots = () => {
  globalThis.Worker = class extends Worker {
    constructor(...how) {
      super(...how);
      this.addEventListener("message", ({ data }) => {
        if (data.news === "snapshot") globalThis.lastSnapshot = data.value;
      });
    }
  };
};

/** What the worker told last: the figures themselves. */
export const snapshotOf = (page) => page.evaluate(() => globalThis.lastSnapshot);

/**
 * A page of the demo. `faults` has what its console would show as an error, its policy's violations
 * among them; `asked` the addresses that it has asked for.
 */
export const open = async ({ browser, stack, everyPage }, { address = stack.page, ...context } = {}) => {
  const opened = await browser.newContext(context);
  const page = await opened.newPage();
  page.setDefaultTimeout(patience);
  const faults = [];
  const asked = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  await page.addInitScript(keepSnapshots);
  if (everyPage !== undefined) await page.addInitScript(everyPage);
  opened.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  await page.goto(address);
  return { page, faults, asked, close: () => opened.close() };
};

/** The line that says how the page stands to the server. */
export const stateOf = (page) => page.getByRole("status").first();

/** Waits until a locator's text matches, and says what it was last if it never does. */
export const untilSays = async (locator, expected, { within = patience } = {}) => {
  const deadline = Date.now() + within;
  let said;
  do {
    said = await locator.textContent();
    if (expected.test(said)) return said;
    await pause(pollInterval);
  } while (Date.now() < deadline);
  return assert.fail(`expected ${expected}, the page says '${said}'`);
};

export const untilConnected = (page) => untilSays(stateOf(page), /^Connected/);

/** A panel by its heading. */
export const panelOf = (page, name) => page.getByRole("region", { name, exact: true });

/** Waits until what the worker told last is as it should be. */
export const untilSnapshot = async (page, is) => {
  const deadline = Date.now() + patience;
  for (let last; Date.now() < deadline;) {
    last = await snapshotOf(page);
    if (last !== undefined && is(last)) return last;
    await pause(pollInterval);
  }
  return assert.fail(`no snapshot is as expected: ${is}`);
};

/** What the worker tells after whatever it does just now. */
export const nextSnapshot = async (page) => {
  const { at } = await snapshotOf(page);
  return untilSnapshot(page, (now) => now.at > at + snapshotInterval);
};
