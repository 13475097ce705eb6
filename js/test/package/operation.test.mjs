// The bridge as it is operated without anything in front that has TLS: with TLS of its own, to its
// clients and to its server, behind a proxy that hands TCP on, and with tokens that come and go.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import * as plimsoll from "plimsoll";
import { WebSocket } from "ws";

import { cases, runCase } from "./behaviour/all.mjs";
import { until } from "./behaviour/check.mjs";
import { makeToken, runBridge, startAdministration } from "./bridge.mjs";
import { startTcpHaproxy } from "./proxies.mjs";
import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";
import { makeCertificates } from "./tls.mjs";

plimsoll.configure({ memoryLimit: "32 MiB" });

const clientAddress = "127.0.0.2";
const program = process.env.PLIMSOLL_BRIDGE;

let certificates;
let server;
let administration;
let folder;
let bridge;
let front;
let ports;
let tokens;
let issuerKey;
let Socket;

const writeTokens = (all) =>
  writeFileSync(join(folder, "tokens"), all.map(({ line }) => `${line}\n`).join(""));

// An issuer's key: its public half, and a token that it has signed.
const makeIssuerKey = (kid) => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const text = `${encode({ alg: "RS256", kid })}.${encode({ exp: 4102444800, profile: "page" })}`;
  const signature = sign("sha256", Buffer.from(text), privateKey).toString("base64url");
  return { jwk: { ...publicKey.export({ format: "jwk" }), kid }, token: `${text}.${signature}` };
};

const writeKeys = (all) => {
  writeFileSync(join(folder, "keys.new"), JSON.stringify({ keys: all.map(({ jwk }) => jwk) }));
  renameSync(join(folder, "keys.new"), join(folder, "keys.json"));
};

const address = () => `wss://127.0.0.1:${ports.port}/`;

before(async () => {
  certificates = makeCertificates();
  const tlsPort = await holdPort();
  server = await startServer(certificates.optionsFor(tlsPort));
  administration = await startAdministration(server.port);
  folder = mkdtempSync(join(tmpdir(), "plimsoll-operation-"));
  tokens = [makeToken(program, "page"), makeToken(program, "page")];
  writeTokens(tokens);
  issuerKey = makeIssuerKey("the first");
  writeKeys([issuerKey]);
  writeFileSync(join(folder, "ca.crt"), certificates.ca);
  ports = { port: await holdPort(), metricsPort: await holdPort() };
  const direct = `
    listen = ["127.0.0.1:0"]
    tokens_file = "tokens"
    [tls]
    certificate_file = "${certificates.certificateFile}"
    key_file = "${certificates.keyFile}"
    [upstreams.main]
    url = "valkeys://localhost:${tlsPort}"
    ca_file = "ca.crt"
    [profiles.page]
    allow = ["@all"]
    databases = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    channel_prefixes = [""]
    [[jwt_keys]]
    jwks_file = "keys.json"
    [limits]
    request_bytes_max = "16 MiB"
    upgrades_per_second_per_address = 1000
  `;
  writeFileSync(join(folder, "direct.toml"), direct);
  writeFileSync(join(folder, "behind.toml"), `
    metrics = "127.0.0.1:${ports.metricsPort}"
    proxy_protocol = true
    trusted_proxies = ["127.0.0.1"]
    behind_proxy = true
    access_log = "access.log"
    ${direct.replace("127.0.0.1:0", `127.0.0.1:${ports.port}`)}
  `);
  const listening = /listening on .+$/m;
  bridge = await runBridge(program, ["--config", join(folder, "direct.toml")], listening);
  const behind = await runBridge(program, ["--config", join(folder, "behind.toml")], listening);
  front = await startTcpHaproxy(ports);
  const stopFront = front.stop;
  front.stop = async () => { await stopFront(); await behind.stop(); };
  Socket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { ca: certificates.ca, localAddress: clientAddress });
    }
  };
});

after(async () => {
  await front.stop();
  await bridge.stop();
  administration.closeAllConnections();
  administration.close();
  await server.stop();
  certificates.remove();
  rmSync(folder, { recursive: true });
});

for (const way of ["over TLS of its own", "behind haproxy that hands TCP on"]) {
  for (const each of Object.keys(cases)) {
    test(`${way}: ${each}`, async () => runCase(plimsoll, each, {
      address: way === "over TLS of its own" ? bridge.address : front.address,
      addressOfNobody: `wss://127.0.0.1:${await holdPort()}`,
      options: { WebSocket: Socket, token: tokens[0].token },
      administration: `http://127.0.0.1:${administration.address().port}/`,
    }));
  }
}

test("the header of the PROXY protocol says who connected", async () => {
  const lines = () => readFileSync(join(folder, "access.log"), "utf8").trim().split("\n")
    .map((line) => JSON.parse(line));
  await until(() => lines().some(({ status }) => status === 101));
  assert(lines().filter(({ status }) => status === 101).every((line) => line.address === clientAddress));
});

test("whoever does not come through the proxy gets no answer", async () => {
  const socket = new Socket(address(), ["resp"]);
  const [error] = await once(socket, "error");
  assert.match(error.message, /socket disconnected|socket hang up|ECONNRESET/);
});

test("SIGHUP takes in new tokens, and ends the connections of those that are gone", async () => {
  const options = { WebSocket: Socket, reconnectAttemptsMax: 0 };
  const [staying, leaving] = await Promise.all(tokens.map(({ token }) =>
    plimsoll.Client.connect(bridge.address, { ...options, token })));
  const closed = new Promise((resolve) => { leaving.on("closed", resolve); });
  const fresh = makeToken(program, "page");
  writeTokens([tokens[0], fresh]);
  bridge.signal("SIGHUP");
  assert.match((await closed).message, /1008 token withdrawn/);
  const arriving = await plimsoll.Client.connect(bridge.address, { ...options, token: fresh.token });
  assert.equal(await arriving.echo("new"), "new");
  assert.equal(await staying.echo("old"), "old");

  // What is wrong changes nothing.
  writeFileSync(join(folder, "tokens"), "no token\n");
  bridge.signal("SIGHUP");
  assert.equal(await arriving.echo("still"), "still");
  await Promise.all([staying, arriving].map((client) => client.close()));
  writeTokens(tokens);
});

test("an issuer's keys are rotated without a signal", async () => {
  const options = { WebSocket: Socket, reconnectAttemptsMax: 0 };
  const connect = ({ token }) => plimsoll.Client.connect(bridge.address, { ...options, token });
  const leaving = await connect(issuerKey);
  const closed = new Promise((resolve) => { leaving.on("closed", resolve); });
  const next = makeIssuerKey("the next one");
  writeKeys([issuerKey, next]);
  const staying = await connect(next);
  assert.equal(await leaving.echo("old"), "old");
  writeKeys([next]);
  assert.match((await closed).message, /1008 token withdrawn/);
  await assert.rejects(connect(issuerKey), /401/);
  assert.equal(await staying.echo("new"), "new");

  // A set that is cut changes nothing.
  writeFileSync(join(folder, "keys.json"), '{"keys":[');
  const arriving = await connect(next);
  assert.equal(await arriving.echo("still"), "still");
  await Promise.all([staying, arriving].map((client) => client.close()));
});
