// The line for commands, and the programs to copy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { commandCounts, resetCounters } from "./behind.mjs";
import { open, panelOf, startVisit, untilConnected, untilSays } from "./visit.mjs";

const root = join(import.meta.dirname, "../../..");

let visit;
let opened;
let panel;
let input;
before(async () => { visit = await startVisit(); });
after(() => visit?.stop());
beforeEach(async () => {
  opened = await open(visit, { permissions: ["clipboard-read", "clipboard-write"] });
  await untilConnected(opened.page);
  panel = panelOf(opened.page, "Try it");
  input = panel.getByRole("combobox", { name: "Command" });
  await resetCounters(visit.server);
});
afterEach(async () => {
  assert.deepEqual(opened.faults, []);
  await opened.close();
});

/** Sends a line by the keyboard; what stands above all answers then. */
const send = async (line, expected) => {
  await input.fill(line);
  await input.press("Escape");
  await input.press("Enter");
  return untilSays(panel.getByRole("list", { name: "Replies" }).getByRole("listitem").first(), expected);
};

test("what is set is on the server, and what is read twice is asked once", async () => {
  await send('SET sailing "Cutty Sark"', /^SET sailing.*OK/);
  assert.equal(await visit.server.get("sailing"), "Cutty Sark");
  await resetCounters(visit.server);
  await send("GET sailing", /GET sailing\s*not from the cache.*Cutty Sark/);
  await send("GET sailing", /GET sailing\s*from the cache, in .*Cutty Sark/);
  assert.equal((await commandCounts(visit.server))("get"), 1);
});

test("a nested reply is drawn as what it is", async () => {
  await visit.server.hset("hold", { rum: "12" });
  await send("HGETALL hold", /map of 1rum: 12/);
});

test("a mistake, an error of the server's and what the bridge refuses are told apart", async () => {
  await send('GET "open', /The quote " at character 5 is never closed/);
  await visit.server.set("text", "x");
  await send("LRANGE text 0 -1", /WRONGTYPE/);
  await send("CONFIG GET maxmemory", /CONFIG GET is not allowed/);
  assert.equal((await commandCounts(visit.server))("config|get"), 0);
});

test("names are completed from what the server says of its commands", async () => {
  await panel.page().waitForFunction(() => globalThis.lastSnapshot !== undefined);
  await input.pressSequentially("hgeta");
  await panel.getByRole("option", { name: /HGETALL/ }).waitFor();
  await input.press("ArrowDown");
  await input.press("Enter");
  assert.equal(await input.inputValue(), "HGETALL ");
  await panel.getByText("Returns all fields and values in a hash").waitFor();
});

test("a line that was sent comes back by arrow up", async () => {
  await send("PING", /PONG/);
  await input.press("ArrowUp");
  assert.equal(await input.inputValue(), "PING");
});

test("each example has a reply", async () => {
  const examples = panel.getByRole("group", { name: "Commands to try" }).getByRole("button");
  const lines = await examples.allTextContents();
  assert.ok(lines.length > 4);
  for (const [index, line] of lines.entries()) {
    await examples.nth(index).click();
    await panel.getByLabel(`Reply to ${line}`, { exact: true }).first().waitFor();
  }
});

test("programs are copied as they are in the repository", async () => {
  await panel.getByText("npm, in Node, Deno or Bun").click();
  await panel.getByRole("button", { name: "Copy: npm, in Node, Deno or Bun" }).click();
  await panel.getByText("Copied: npm, in Node, Deno or Bun").waitFor();
  const copied = await opened.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, readFileSync(join(root, "js/examples/quickstart.mjs"), "utf8"));
});
