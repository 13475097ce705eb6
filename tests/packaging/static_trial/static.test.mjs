// A static bridge as PLIMSOLL_BRIDGE_COMMAND, a JSON array of words: it serves a WebSocket over TLS, in front of a
// server that it reaches by name and over TLS. ./dev package bridge-static --try runs this for each architecture.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";

import { runBridge } from "../../../js/test/package/bridge.mjs";
import { holdPort } from "../../../js/test/package/ports.mjs";
import { startServer } from "../../../js/test/package/server.mjs";
import { makeCertificates } from "../../../js/test/package/tls.mjs";

const [command, ...words] = JSON.parse(process.env.PLIMSOLL_BRIDGE_COMMAND);
const file = words.at(-1) ?? command;

let certificates;
let folder;
let port;
let server;

before(async () => {
  certificates = makeCertificates();
  folder = mkdtempSync(join(tmpdir(), "plimsoll-static-"));
  writeFileSync(join(folder, "ca.crt"), certificates.ca);
  port = await holdPort();
  server = await startServer(certificates.optionsFor(port));
});

after(async () => {
  await server.stop();
  certificates.remove();
  rmSync(folder, { recursive: true });
});

/** Resolves to what the bridge has said, as one text, once it ends with `last`. */
const receive = (socket, last) => new Promise((resolve, reject) => {
  let said = "";
  socket.onmessage = ({ data }) => {
    said += Buffer.from(data).toString("latin1");
    if (said.endsWith(last)) resolve(said);
  };
  socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason}, after ${said}`));
});

test("it asks for no library and no loader, and lies where the system puts it", () => {
  const said = execFileSync("readelf", ["--wide", "--file-header", "--program-headers", "--dynamic", file],
    { encoding: "utf8" });
  assert.doesNotMatch(said, /INTERP|\(NEEDED\)/);
  assert.match(said, /Type: +DYN/);
  assert.doesNotMatch(said, /TEXTREL/);
  assert.match(said, /GNU_STACK .* RW +\w+$/m);
});

test("it has no path of the machine that built it", () => {
  const bytes = readFileSync(file).toString("latin1");
  const paths = bytes.match(/\/(?:home|root|tmp|work)\/[\w./-]+/g) ?? [];
  assert.deepEqual(paths, []);
});

test("it says its version, and what is wrong with its arguments", () => {
  const run = (...args) => spawnSync(command, [...words, ...args], { encoding: "utf8" });
  const { stdout, status } = run("--version");
  assert.equal(status, 0);
  const [first, second] = stdout.split("\n");
  assert.equal(first, `plimsoll-bridge ${process.env.PLIMSOLL_VERSION}`);
  assert.match(second, /^with OpenSSL 3\.0\.\d+ .*, Boost \d+\.\d+$/);
  const wrong = run("--upstraem", "valkey://127.0.0.1");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /^plimsoll-bridge: --upstraem is not an option/);
});

test("it carries requests between TLS and TLS, and drains when it is told to end", async () => {
  const config = join(folder, "bridge.toml");
  writeFileSync(config, `
    [tls]
    certificate_file = "${certificates.certificateFile}"
    key_file = "${certificates.keyFile}"
    [upstreams.default]
    url = "valkeys://localhost:${port}"
    ca_file = "${join(folder, "ca.crt")}"
  `);
  const bridge = await runBridge(command, [...words, "--local", "--listen", "127.0.0.1:0", "--config", config]);
  const { port: listening } = new URL(bridge.address);
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const tls = connect({ port: Number(listening), host: "127.0.0.1", servername: "localhost", ca: certificates.ca,
      minVersion: version, maxVersion: version });
    await once(tls, "secureConnect");
    assert.equal(tls.authorized, true);
    tls.destroy();
  }
  // Node's WebSocket takes no authority of ours, and the bridge's certificate has just been verified.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  const bearer = Buffer.from(bridge.token).toString("base64url");
  const socket = new WebSocket(bridge.address, ["resp", `bearer.${bearer}`]);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = ({ message, error }) => reject(error ?? new Error(message));
  });
  const value = "Great Eastern ".repeat(10_000);
  const said = receive(socket, "$5\r\nhello\r\n");
  socket.send(Buffer.from(`*3\r\n$3\r\nSET\r\n$4\r\nship\r\n$${value.length}\r\n${value}\r\n` +
    "*2\r\n$3\r\nGET\r\n$4\r\nship\r\n*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n"));
  assert.equal(await said, `+OK\r\n$${value.length}\r\n${value}\r\n$5\r\nhello\r\n`);
  const closed = new Promise((resolve) => { socket.onclose = ({ code }) => resolve(code); });
  const status = bridge.stop("SIGTERM");
  assert.equal(await closed, 1001);
  assert.equal(await status, 0);
});

test("it does not trust a server that no authority of the system vouches for", async () => {
  const bridge = await runBridge(command, [...words, "--local", "--listen", "127.0.0.1:0", "--upstream",
    `valkeys://localhost:${port}`]);
  const bearer = Buffer.from(bridge.token).toString("base64url");
  const socket = new WebSocket(bridge.address, ["resp", "plimsoll.refusal.v1", `bearer.${bearer}`]);
  const closed = new Promise((resolve) => { socket.onclose = ({ code }) => resolve(code); });
  assert.equal(await closed, 4502);
  assert.equal(await bridge.stop(), 0);
});
