// Whose data it is: what one user has read is not served to another who shares its cache.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Client, ClientSideCache } from "plimsoll";
import { WebSocket as GivenWebSocket } from "ws";

import { makeToken, runBridge } from "./bridge.mjs";
import { startServer } from "./server.mjs";

const WebSocket = globalThis.WebSocket ?? GivenWebSocket;
const program = process.env.PLIMSOLL_BRIDGE;
const refused = /NOPERM|not allowed|allowed prefix/;

let server;
let other;
let folder;
let bridge;
let administrator;
const tokens = {};
const clients = [];

const open = async (address, options) => {
  const client = await Client.connect(address, { requestTimeout: 0, connectTimeout: 10_000, ...options });
  clients.push(client);
  return client;
};

before(async () => {
  server = await startServer();
  other = await startServer();
  administrator = await open(server.address);
  await administrator.set("secret", "gold");
  await administrator.set("public", "tin");
  for (const [user, rights] of [["rich", ["~*"]], ["poor", ["~public"]], ["clerk", ["~*"]]]) {
    await administrator.command(["ACL", "SETUSER", user, "on", `>${user}`, ...rights, "+@all"]);
  }
  const stranger = await open(other.address);
  await stranger.set("secret", "lead");
  folder = mkdtempSync(join(tmpdir(), "plimsoll-users-"));
  // The last two are one user of the server's, of whom the bridge lets one read less.
  const profiles = { rich: ["rich", ""], poor: ["poor", ""],
    senior: ["clerk", ""], junior: ["clerk", 'key_prefixes = ["public"]'] };
  const lines = [];
  let config = "";
  for (const [profile, [user, rules]] of Object.entries(profiles)) {
    const made = makeToken(program, profile);
    tokens[profile] = made.token;
    lines.push(made.line);
    writeFileSync(join(folder, `${user}.password`), user, { mode: 0o600 });
    config += `[profiles.${profile}]\nusername = "${user}"\npassword_file = "${user}.password"\n` +
      `allow = ["@all"]\n${rules}\n`;
  }
  writeFileSync(join(folder, "tokens"), lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  writeFileSync(join(folder, "bridge.toml"), `
    listen = ["127.0.0.1:0"]
    tokens_file = "tokens"
    [upstreams.main]
    url = "${server.address}"
    ${config}
    [limits]
    upgrades_per_second_per_address = 1000
  `);
  bridge = await runBridge(program, ["--config", join(folder, "bridge.toml")], /listening on .+$/m);
});

after(async () => {
  for (const client of clients) await client.close();
  await bridge.stop();
  await server.stop();
  await other.stop();
  rmSync(folder, { recursive: true });
});

const modes = { tracking: { mode: "tracking" }, ttl: { mode: "ttl", entryTtlMs: 3_600_000 } };
const makeCache = (mode) => new ClientSideCache({ maxCacheKb: 1024, ...modes[mode] });
const as = (profile, clientSideCache) =>
  open(bridge.address, { token: tokens[profile], WebSocket, clientSideCache });

for (const mode of Object.keys(modes)) {
  test(`two tokens of two users share a cache, and no replies: ${mode}`, async () => {
    const cache = makeCache(mode);
    const rich = await as("rich", cache);
    const poor = await as("poor", cache);
    assert.equal(await rich.get("secret"), "gold");
    await assert.rejects(poor.get("secret"), refused);
    assert.equal(await rich.get("secret"), "gold");
    assert.equal(cache.getStatistics().hits, 1);
    assert.equal(cache.getStatistics().sources, 2);
  });

  test(`two tokens of one user, of whom one may read less: ${mode}`, async () => {
    const cache = makeCache(mode);
    const senior = await as("senior", cache);
    const junior = await as("junior", cache);
    assert.equal(await senior.get("secret"), "gold");
    await assert.rejects(junior.get("secret"), refused);
  });
}

test("clients that come one behind the other find what the same user has left, by time", async () => {
  const cache = makeCache("ttl");
  const rich = await as("rich", cache);
  assert.equal(await rich.get("secret"), "gold");
  await rich.close();
  const poor = await as("poor", cache);
  await assert.rejects(poor.get("secret"), refused);
  await poor.close();
  const again = await as("rich", cache);
  assert.equal(await again.get("secret"), "gold");
  assert.equal(cache.getStatistics().hits, 1);
});

test("a token function that comes with another user's takes nothing along", async () => {
  const cache = makeCache("ttl");
  let profile = "rich";
  const client = await open(bridge.address,
    { token: () => tokens[profile], WebSocket, clientSideCache: cache, reconnectWaitMax: 20 });
  assert.equal(await client.get("secret"), "gold");
  assert.equal(await client.get("secret"), "gold");
  profile = "poor";
  const reconnected = new Promise((resolve) => client.on("connected", resolve));
  await administrator.command(["CLIENT", "KILL", "TYPE", "normal"]);
  await reconnected;
  await assert.rejects(client.get("secret"), refused);
  assert.equal(await client.get("public"), "tin");
});

// To whichever server `ports` says now, whatever the address is.
const tunnelTo = (port) => (_address, events) => {
  const socket = connectSocket(port, "127.0.0.1");
  let over = false;
  socket.on("connect", () => events.opened());
  socket.on("data", (bytes) => { if (!over) events.data(bytes); });
  socket.on("drain", () => events.drained());
  socket.on("error", () => {});
  socket.on("close", () => { if (!over) events.closed(); });
  return {
    canPause: true,
    write: (bytes) => socket.write(bytes.slice()),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => { over = true; socket.destroy(); },
  };
};

test("transports of the caller's own with one address share nothing, unless they are named alike", async () => {
  const cache = makeCache("tracking");
  const through = (port, transportName) => open("valkey://server.invalid",
    { transport: tunnelTo(port), transportName, clientSideCache: cache });
  const here = await through(server.port);
  const there = await through(other.port);
  const alsoHere = await through(server.port);
  assert.equal(await here.get("secret"), "gold");
  assert.equal(await there.get("secret"), "lead");
  assert.equal(await alsoHere.get("secret"), "gold");
  assert.equal(cache.getStatistics().hits, 0);
  const named = await through(server.port, "here");
  const alsoNamed = await through(server.port, "here");
  assert.equal(await named.get("secret"), "gold");
  assert.equal(await alsoNamed.get("secret"), "gold");
  assert.equal(cache.getStatistics().hits, 1);
});

test("a right that is refused drops what that user has read, on all clients", async () => {
  const cache = makeCache("tracking");
  await administrator.command(["ACL", "SETUSER", "guest", "on", ">guest", "~*", "+@all"]);
  const options = { username: "guest", password: "guest", clientSideCache: cache };
  const [first, second] = [await open(server.address, options), await open(server.address, options)];
  assert.equal(await first.get("secret"), "gold");
  await administrator.command(["ACL", "SETUSER", "guest", "resetkeys", "~public"]);
  await assert.rejects(second.get("other"), refused);
  await assert.rejects(first.get("secret"), refused);
});

test("an awaited write is seen by other users of the cache", async () => {
  const cache = makeCache("tracking");
  const rich = await open(server.address,
    { username: "rich", password: "rich", clientSideCache: cache });
  const clerk = await open(server.address,
    { username: "clerk", password: "clerk", clientSideCache: cache });
  for (let i = 0; i < 200; ++i) {
    await clerk.get("counter");
    await rich.set("counter", `${i}`);
    assert.equal(await clerk.get("counter"), `${i}`);
  }
});
