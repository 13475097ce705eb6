// Goes through the npm packages' doors as a user does: publishes the tarballs to a registry of its own, installs
// them from there in an empty folder, and uses them there. ./dev package npm-try calls it.
//
//   node trial.mjs TARBALL...

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startServer } from "../../../js/test/package/server.mjs";
import { startRegistry } from "./registry.mjs";

const programs = fileURLToPath(new URL("programs", import.meta.url));
const tools = fileURLToPath(new URL("../../../js/node_modules", import.meta.url));
const tarballs = process.argv.slice(2).map((path) => resolve(path));

const say = (words) => console.error(`npm-try: ${words}`);

// npm with nothing of this machine's or user's configuration: only what is said here.
const npmOf = (scratch, registry) => {
  const settings = join(scratch, "npmrc");
  // npm publishes nothing without a token. This registry takes any.
  writeFileSync(settings, `registry=${registry.address}\n${registry.address.replace("http:", "")}:_authToken=any\n` +
    `cache=${join(scratch, "cache")}\naudit=false\nfund=false\nupdate-notifier=false\n`);
  const kept = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_config_"));
  const env = { ...Object.fromEntries(kept), npm_config_userconfig: settings, npm_config_globalconfig: "/dev/null" };
  const run = promisify(execFile);
  return { env, run: async (folder, ...words) => (await run("npm", words, { cwd: folder, env })).stdout };
};

// The seconds that `act` takes.
const timed = async (act) => {
  const begun = performance.now();
  await act();
  return ((performance.now() - begun) / 1000).toFixed(1);
};

const runProgram = async (folder, name, server) => {
  const { stdout } = await promisify(execFile)(process.execPath, [name, server.address], { cwd: folder });
  return stdout.trim();
};

const compile = async (folder) => {
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({
    compilerOptions: { strict: true, target: "es2022", module: "nodenext", typeRoots: [join(tools, "@types")],
      types: ["node"] },
    files: ["typed.mts"],
  }));
  await promisify(execFile)(process.execPath, [join(tools, "typescript/bin/tsc"), "-p", folder]);
};

// The bridge as npx runs it, in a process group that ends with it.
const startBridge = async (folder, env, server) => {
  const bridge = spawn("npx", ["plimsoll-bridge", "--listen", "127.0.0.1:0", "--upstream", server.address],
    { cwd: folder, env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  for await (const text of bridge.stdout) {
    said += text;
    if (/^token: .+$/m.test(said)) break;
  }
  const stop = async () => {
    const ended = once(bridge, "exit");
    try {
      process.kill(-bridge.pid, "SIGTERM");
    } catch {
      return;  // it has ended by itself
    }
    if (bridge.exitCode === null && bridge.signalCode === null) await ended;
  };
  const [, address] = /listening on (ws:\S+)/.exec(said) ?? [];
  const [, token] = /^token: (.+)$/m.exec(said) ?? [];
  if (token === undefined) {
    await stop();
    throw new Error(`npx plimsoll-bridge does not start:\n${said}`);
  }
  return { address, token, stop };
};

const useBridge = async (folder, { address, token }) => {
  // Node 20 has no WebSocket of its own.
  const { WebSocket } = createRequire(join(tools, "any.cjs"))("ws");
  const { Client } = createRequire(join(folder, "any.cjs"))("plimsoll");
  const client = await Client.connect(address, { token, WebSocket });
  try {
    await client.set("door", "the bridge");
    return await client.get("door");
  } finally {
    await client.close();
  }
};

const tryAll = async (scratch, registry, server, defer) => {
  const npm = npmOf(scratch, registry);
  for (const tarball of tarballs) await npm.run(scratch, "publish", tarball);
  say(`published ${tarballs.length} packages to ${registry.address}`);

  const folder = join(scratch, "project");
  mkdirSync(folder);
  const seconds = await timed(async () => {
    await npm.run(folder, "install", "plimsoll");
    copyFileSync(join(programs, "module.mjs"), join(folder, "module.mjs"));
    assert.equal(await runProgram(folder, "module.mjs", server), "a module");
  });
  say(`an empty folder had its first reply ${seconds} s after npm install began`);
  assert.deepEqual(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")), ["plimsoll"]);
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  assert.match(lock.packages["node_modules/plimsoll"].integrity, /^sha512-/);

  copyFileSync(join(programs, "common.cjs"), join(folder, "common.cjs"));
  assert.equal(await runProgram(folder, "common.cjs", server), "CommonJS");
  copyFileSync(join(programs, "typed.mts"), join(folder, "typed.mts"));
  await compile(folder);
  assert.equal(await runProgram(folder, "typed.mjs", server), "TypeScript");
  say("modules, CommonJS and TypeScript work");

  const bridged = await timed(async () => {
    await npm.run(folder, "install", "plimsoll-bridge");
    const bridge = await startBridge(folder, npm.env, server);
    defer(bridge.stop);
    assert.equal(await useBridge(folder, bridge), "the bridge");
  });
  say(`npx plimsoll-bridge had a first reply through it ${bridged} s after npm install began`);
};

const main = async () => {
  if (tarballs.length !== 2) throw new Error("expected the tarballs of plimsoll and of plimsoll-bridge");
  const ends = [];
  const defer = (end) => ends.unshift(end);
  const endAll = async () => { for (const end of ends.splice(0)) await end(); };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => endAll().finally(() => process.exit(1)));
  try {
    const scratch = mkdtempSync(join(tmpdir(), "plimsoll-npm-trial-"));
    defer(() => rmSync(scratch, { recursive: true, force: true }));
    const server = await startServer();
    defer(server.stop);
    const registry = await startRegistry(scratch);
    defer(registry.stop);
    await tryAll(scratch, registry, server, defer);
  } finally {
    await endAll();
  }
};

await main();
