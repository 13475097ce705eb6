// The pages docs/getting_started_*.md about the npm packages lead from an empty folder to a first reply, as they
// stand. Only what belongs to a machine is changed: addresses, and the token that a bridge has made.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync,
  writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";

const { version } = JSON.parse(readFileSync("node_modules/plimsoll/package.json", "utf8"));
const tarballs = [resolve(`plimsoll-${version}.tgz`), process.env.PLIMSOLL_BRIDGE_PACKAGE];
const tools = join(realpathSync("node_modules/esbuild"), "..");

let server;
const folders = [];

before(async () => { server = await startServer(); });

after(async () => {
  await server?.stop();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** `text` with `new` where `old` stands, which has to be there. */
const replace = (text, old, other) => {
  assert.ok(text.includes(old), `the page has no longer ${old}`);
  return text.replaceAll(old, other);
};

/** A folder that is empty but for the tarballs, with the files of a page, and the page's commands, block by block. */
const follow = (name) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-page-"));
  folders.push(folder);
  for (const tarball of tarballs) copyFileSync(tarball, join(folder, basename(tarball)));
  const page = readFileSync(`getting_started_${name}.md`, "utf8");
  const commands = [];
  for (const [, file, language, text] of page.matchAll(/(?:^`([\w./]+)`[^\n]*:\n\n)?^```(\w+)\n(.*?)^```$/gms)) {
    if (language === "sh") commands.push(text);
    if (file === undefined) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return { folder, commands };
};

/** Changes a file of a page's folder. */
const change = (folder, file, old, other) =>
  writeFileSync(join(folder, file), replace(readFileSync(join(folder, file), "utf8"), old, other));

/**
 * Starts commands of a page. They lead a process group, since a shell starts others.
 *
 * said(pattern) resolves to the match once what they printed matches; without a pattern, to all that they
 * printed, once they have ended well.
 */
const start = (commands, folder) => {
  const child = spawn("bash", ["-ec", commands],
    { cwd: folder, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const said = async (pattern) => {
    let output = "";
    for await (const text of child.stdout) {
      output += text;
      const match = pattern?.exec(output);
      if (match) return match;
    }
    const [status] = await ended;
    assert.equal(status, 0, output);
    assert.equal(pattern, undefined, `it ended, and printed no ${pattern}:\n${output}`);
    return output;
  };
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGTERM");
    await ended;
  };
  return { said, stop };
};

const run = (commands, folder) => start(commands, folder).said();

/** Installs what a page says: the tarballs really, and tools of the registry as links to those that we have. */
const install = async (command, folder) => {
  const words = command.trim().split(" ");
  const ours = words.filter((word) => word.startsWith("./"));
  const others = words.slice(2).filter((word) => !word.startsWith("./"));
  assert.deepEqual(words.slice(0, 2), ["npm", "install"]);
  await run(`npm install --offline --no-audit --no-fund ${ours.join(" ")}`, folder);
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  for (const tool of others) {
    symlinkSync(join(tools, tool), join(folder, "node_modules", tool));
    symlinkSync(`../${tool}/bin/${tool}`, join(folder, "node_modules/.bin", tool));
  }
};

const bridgeAnswers = /listening on ws:\/\/(127\.0\.0\.1:\d+)\/.*^token: (\S+)$/ms;

/** Starts the bridge of a page on a port that is free. */
const startBridge = async (command, folder) => {
  const words = `${replace(command, "valkey://127.0.0.1:6379", server.address).trimEnd()} --listen 127.0.0.1:0`;
  const { said, stop } = start(words, folder);
  const [, at, token] = await said(bridgeAnswers);
  return { at, token, stop };
};

test("docs/getting_started_node.md leads to a first reply", async () => {
  const { folder, commands: [installation, start] } = follow("node");
  change(folder, "ship.mjs", "valkey://127.0.0.1:6379", server.address);
  await install(installation, folder);
  assert.equal(await run(start, folder), "Great Eastern\n");
});

test("docs/getting_started_edge.md leads to a first reply of a worker", async () => {
  const { folder, commands: [installation, startOfBridge, serve, ask] } = follow("edge");
  const here = `127.0.0.1:${await holdPort()}`;
  await install(installation, folder);
  const bridge = await startBridge(startOfBridge, folder);
  try {
    change(folder, "worker.capnp", "127.0.0.1:8380", bridge.at);
    change(folder, "worker.capnp", "127.0.0.1:8787", here);
    const worker = start(replace(serve, "the-token-of-the-bridge", bridge.token), folder);
    try {
      // It says nothing once it listens.
      const asking = replace(ask, "curl", "curl --silent --retry 100 --retry-connrefused --retry-delay 1");
      assert.equal(await run(replace(asking, "127.0.0.1:8787", here), folder), "Great Eastern\n");
    } finally {
      await worker.stop();
    }
  } finally {
    await bridge.stop();
  }
});

test("docs/getting_started_browser.md leads to a page that shows a first reply", async () => {
  const { folder, commands: [installation, start] } = follow("browser");
  await install(installation, folder);
  const bridge = await startBridge(start, folder);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://${bridge.at}/#${bridge.token}`);
    await page.getByText("Great Eastern").waitFor({ timeout: 60_000 });
  } finally {
    await browser.close();
    await bridge.stop();
  }
});
