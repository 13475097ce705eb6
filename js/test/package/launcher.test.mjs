// The npm package plimsoll-bridge, packed, installed into an empty folder and run as a user does.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { Client } from "plimsoll";
import { WebSocket } from "ws";

import { runBridge } from "./bridge.mjs";
import { startServer } from "./server.mjs";

let server;
let folder;
let command;
let installed;

before(async () => {
  server = await startServer();
  folder = mkdtempSync(join(tmpdir(), "plimsoll-launcher-"));
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--offline",
    process.env.PLIMSOLL_BRIDGE_PACKAGE], { cwd: folder });
  installed = join(folder, "node_modules", "plimsoll-bridge");
  command = join(folder, "node_modules", ".bin", "plimsoll-bridge");
});

after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const importInstalled = (name) => import(pathToFileURL(join(installed, name)));
const atServer = () => ["--listen", "127.0.0.1:0", "--upstream", server.address];
const connect = ({ address, token }) => Client.connect(address, { token, WebSocket });

test("publint finds nothing", () => {
  const { status, stdout } = spawnSync(process.execPath,
    ["node_modules/publint/src/cli.js", "--strict", installed], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

test("one command prints an address and a token, and serves until it is told to end", async () => {
  const bridge = await runBridge(command, atServer());
  const client = await connect(bridge);
  await client.set("ship", "Great Eastern");
  assert.equal(await client.get("ship"), "Great Eastern");
  const lost = new Promise((resolve) => { client.on("disconnected", resolve); });
  const status = bridge.stop("SIGTERM");
  assert.match((await lost).message, /\(1001/);
  await client.close();
  assert.equal(await status, 0);
});

test("two of them have tokens of their own", async () => {
  const bridges = [await runBridge(command, atServer()), await runBridge(command, atServer())];
  const [first, second] = bridges;
  await assert.rejects(connect({ address: first.address, token: second.token }),
    { name: "ConnectionError" });
  for (const each of bridges) assert.equal(await each.stop("SIGINT"), 0);
});

test("signals reach the binary, and what ends it ends the launcher", async () => {
  const bridge = spawn(command, atServer(), { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(bridge, "exit");
  await once(bridge.stdout, "data");
  bridge.kill("SIGUSR1");
  const [metrics] = await Promise.race([once(bridge.stderr, "data"), ended]);
  assert.match(`${metrics}`, /^# (HELP|TYPE) plimsoll_bridge/);
  bridge.kill("SIGUSR2");
  assert.deepEqual(await ended, [null, "SIGUSR2"]);
});

test("wrong arguments are the binary's to refuse", () => {
  const run = (...args) => spawnSync(command, args, { encoding: "utf8" });
  const unknown = run("--upstraem", "valkey://127.0.0.1");
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /^plimsoll-bridge: --upstraem is not an option/);
  const word = run("extra");
  assert.equal(word.status, 2);
  assert.match(word.stderr, /^plimsoll-bridge: an argument does not belong to any option; --help lists/);
  const name = run("--make-token", "a b");
  assert.deepEqual([name.status, name.stdout], [2, ""]);
  assert.match(name.stderr, /^plimsoll-bridge: --make-token: a profile's name is 1 to 64 letters, digits, - _ and \./);
  const missing = run("--config", join(folder, "nothing.toml"));
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /nothing\.toml: No such file/);
});

test("npx runs it", () => {
  const { status, stdout } = spawnSync("npx", ["--offline", "plimsoll-bridge", "--make-token", "page"],
    { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(stdout, /^token: \S+\nline for the tokens file: \S/);
});

test("local use is meant where nothing else is said", async () => {
  const { withLocalUse } = await importInstalled("arguments.mjs");
  const here = ["--upstream", "valkey://127.0.0.1:6379"];
  assert.deepEqual(withLocalUse([]), ["--local", ...here]);
  assert.deepEqual(withLocalUse(["--local"]), [...here, "--local"]);
  assert.deepEqual(withLocalUse(["--upstream=unix:///s"]), ["--local", "--upstream=unix:///s"]);
  for (const args of [["--config", "f"], ["--config=f"], ["--token-file", "f"], ["--make-token", "p"],
    ["--check"], ["--help"], ["-h"], ["--version"]]) {
    assert.deepEqual(withLocalUse(args), args);
  }
});

test("of shared libraries the binary needs glibc's alone, of the version that the launcher asks for",
  async () => {
    const { binaryOf, thisPlatform } = await importInstalled("binary.mjs");
    const binary = binaryOf(thisPlatform());
    const said = execFileSync("objdump", ["-p", binary], { encoding: "utf8" });
    const needed = [...said.matchAll(/^ *NEEDED +(\S+)$/gm)].map(([, name]) => name);
    assert.deepEqual(needed.sort(), ["ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6"]);
    const minor = Math.max(...[...said.matchAll(/ GLIBC_2\.(\d+)$/gm)].map(([, each]) => Number(each)));
    const linux = { platform: "linux", arch: "x64" };
    assert.equal(binaryOf({ ...linux, glibc: `2.${minor}` }), binary);
    assert.throws(() => binaryOf({ ...linux, glibc: `2.${minor - 1}` }), /needs glibc 2\.\d+ or later/);
  });

test("where no binary would run, it says so and what to do", async () => {
  const { binaryOf } = await importInstalled("binary.mjs");
  assert.throws(() => binaryOf({ platform: "darwin", arch: "arm64" }),
    /no binary for darwin-arm64 in this package, but for linux-x64\. .*docs\/bridge\.md/);
  assert.throws(() => binaryOf({ platform: "linux", arch: "x64" }), /another C library\. /);
});

test("static binaries are chosen by architecture, and ask for no C library", async () => {
  const { binaryOf } = await importInstalled("binary.mjs");
  const platforms = { "linux-x64": {}, "linux-arm64": {} };
  for (const arch of ["x64", "arm64"]) {
    assert.equal(binaryOf({ platform: "linux", arch }, platforms),
      join(realpathSync(installed), "bin", `linux-${arch}`, "plimsoll-bridge"));
    assert.throws(() => binaryOf({ platform: "freebsd", arch }, platforms),
      new RegExp(`no binary for freebsd-${arch} in this package, but for linux-x64, linux-arm64\\. `));
  }
  assert.throws(() => binaryOf({ platform: "linux", arch: "riscv64" }, platforms),
    /no binary for linux-riscv64 /);
});

test("the licences of what is linked into the binary are in the package", () => {
  const notices = readFileSync(join(installed, "THIRD_PARTY_NOTICES"), "utf8");
  for (const each of ["OpenSSL", "tomlplusplus", "JSON", "CLI11", "xxHash"]) {
    assert(notices.toLowerCase().includes(each.toLowerCase()), each);
  }
  assert.match(readFileSync(join(installed, "LICENSE"), "utf8"), /Apache License/);
  assert.match(readFileSync(join(installed, "NOTICE"), "utf8"), /^Plimsoll\n/);
});

test("the files in it are those of packaging/npm/plimsoll-bridge.files", async () => {
  const { readList } = await import(join(process.env.PLIMSOLL_NPM, "complete.mjs"));
  const listed = readList(readFileSync(join(process.env.PLIMSOLL_NPM, "plimsoll-bridge.files"), "utf8"));
  const packed = execFileSync("tar", ["-tzf", process.env.PLIMSOLL_BRIDGE_PACKAGE], { encoding: "utf8" });
  assert.deepEqual(packed.trim().split("\n").map((path) => path.replace(/^package\//, "")).sort(), listed.sort());
});
