// What a visitor meets when something is missing: each says what to do, and mends by itself where it can.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startStack } from "../stack/stack.mjs";
import { open, panelOf, startVisit, stateOf, untilConnected, untilSays } from "./visit.mjs";

let visit;
before(async () => { visit = await startVisit(); });
after(() => visit?.stop());

test("without a token the page says where one comes from", async () => {
  const { page, faults, close } = await open(visit, { address: visit.stack.origin });
  await untilSays(stateOf(page), /token .*\.\/dev demo/);
  assert.deepEqual(faults, []);
  await close();
});

test("a wrong token is said to be refused", async () => {
  const { page, close } = await open(visit, { address: `${visit.stack.origin}/#token=nobody` });
  await untilSays(stateOf(page), /^No connection: .*(refused|token)/);
  await close();
});

test("without the second token the server cannot be broken, and the page says why", async () => {
  const { page, close } = await open(visit,
    { address: `${visit.stack.origin}/#token=${visit.stack.token}` });
  await untilConnected(page);
  const trouble = panelOf(page, "Trouble");
  await trouble.getByRole("button", { name: "Ask for a huge reply" }).and(page.locator(":enabled")).waitFor();
  for (const name of ["Cut the connection", "Stall the server"]) {
    const button = trouble.getByRole("button", { name });
    assert.ok(await button.isDisabled());
    await trouble.getByRole("group", { name }).getByText(/\.\/dev demo starts one/).waitFor();
  }
  await close();
});

test("a reload, and one behind a link within the page, keep the token", async () => {
  const { page, close } = await open(visit);
  await untilConnected(page);
  await page.getByRole("link", { name: "The cache" }).click();
  await page.reload();
  await untilConnected(page);
  await close();
});

test("where the bridge is gone, the page says so, and what to do if it was ended", async () => {
  const other = await startStack();
  const { page, close } = await open({ ...visit, stack: other });
  await untilConnected(page);
  process.kill(other.bridge.pid, "SIGKILL");
  assert.match((await other.fallen).message, /plimsoll-bridge ended \(SIGKILL\)/);
  await untilSays(stateOf(page), /^The connection is lost.*If \.\/dev demo has ended, start it again/);
  await close();
  await other.stop();
});

test("a server that goes is said to have gone, and the page comes back with it", async () => {
  const { page, close } = await open(visit);
  await untilConnected(page);
  await visit.stack.server.stop();
  await untilSays(stateOf(page), /connection|server|lost|again/i);
  assert.doesNotMatch(await stateOf(page).textContent(), /^Connected/);
  await visit.stack.server.start();
  await untilConnected(page);
  await close();
});
