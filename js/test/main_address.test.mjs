// What a client of one address says of its main connection, which a cluster may have led elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";

import { addressAt } from "../.build/address.js";
import { MainAddress } from "../.build/main-address.js";

const seed = addressAt("valkey", "seed", 6379);
const node = addressAt("valkey", "node", 7000);

test("the only address is told again when the client has come back to it", () => {
  const main = new MainAddress({ addresses: [seed] }, undefined, undefined, () => "none");
  assert.equal(main.address, seed);
  main.beginAttempt(0, node);
  assert.equal(main.address, node);
  main.beginAttempt(0, undefined);
  assert.equal(main.address, seed);
});

test("the transport's words about the only address stay for the next attempts at it", () => {
  const main = new MainAddress({ addresses: [seed] }, undefined, undefined, () => "none");
  main.beginAttempt(0, undefined);
  main.handleTrouble(new Error("refused"));
  main.beginAttempt(0, undefined);
  assert.equal(main.troubleOfAttempts(), "refused");
  main.handleReady();
  assert.equal(main.troubleOfAttempts(), "");
});
