// The bridge as it is released, as a service, and what examples/bridge says of that: the configuration
// is served, and the command lines of the unit and the container are given to the binary.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Client } from "plimsoll";
import { WebSocket } from "ws";

import { readExample } from "./bridge_examples.mjs";
import { makeToken, runBridge } from "./bridge.mjs";
import { startServer } from "./server.mjs";

const password = "correct horse";
const installedBinary = "/usr/local/bin/plimsoll-bridge";
const configFolder = "/etc/plimsoll-bridge";

let folder;
let binary;
let token;

// As an administrator does it, below `folder`.
before(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-service-"));
  execFileSync("tar", ["-xzf", process.env.PLIMSOLL_BRIDGE_PACKAGE, "-C", folder]);
  binary = join(folder, "package", "bin", "linux-x64", "plimsoll-bridge");
  mkdirSync(join(folder, configFolder), { recursive: true });
  const at = (name) => join(folder, configFolder, name);
  const made = makeToken(binary, "page");
  token = made.token;
  writeFileSync(at("tokens"), `${made.line}\n`);
  writeFileSync(at("page.password"), `${password}\n`);
  writeFileSync(at("bridge.toml"), readExample("bridge.toml",
    [["/run/credentials/plimsoll-bridge.service/page.password", at("page.password")]]));
});

after(() => rmSync(folder, { recursive: true }));

const config = () => join(folder, configFolder, "bridge.toml");

// A command line of an example, checked by the binary with the files that were made here.
const check = ([program, ...args]) => {
  assert.equal(program, installedBinary);
  const here = args.map((each) => each.replace(configFolder, join(folder, configFolder)));
  return spawnSync(binary, [...here, "--check"], { encoding: "utf8" });
};

test("--check says that a configuration is fine, or what is wrong with it", () => {
  const run = (...args) => spawnSync(binary, ["--check", "--config", config(), ...args],
    { encoding: "utf8" });
  const fine = run();
  assert.deepEqual([fine.status, fine.stdout, fine.stderr], [0, "the configuration is valid\n", ""]);
  const wrong = run("--listen", "nowhere", "--origin", "shop");
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /^plimsoll-bridge: --listen: .*\nplimsoll-bridge: --origin: /);
  const unknown = run("--allow", "nosuchcommand");
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /nosuchcommand/);
});

test("the configuration serves a page's user, and no more than it says", async () => {
  const [, words] = /^# +ACL SETUSER (.+)$/m.exec(readExample("bridge.toml", []));
  const user = words.split(" ").map((word) => word.replace("PASSWORD", password));
  const server = await startServer(["--user", ...user]);
  const bridge = await runBridge(binary, ["--config", config(), "--listen", "127.0.0.1:0",
    "--metrics", "127.0.0.1:0", "--upstream", `main=${server.address}`], /^listening on .+$/m);
  const owner = await Client.connect(server.address);
  await owner.set("public:ship", "Great Eastern");
  const page = await Client.connect(bridge.address, { WebSocket, token });
  assert.equal(await page.get("public:ship"), "Great Eastern");
  const news = await page.subscribe("news:ships");
  await owner.publish("news:ships", "she floats");
  assert.equal((await news.next()).value.message, "she floats");
  news.close();
  await assert.rejects(page.get("private:ship"),
    { name: "ServerError", code: "refused_by_bridge", executed: "no", message: /^GET: key 'private:ship' / });
  await assert.rejects(page.set("public:ship", "sunk"), { name: "ServerError" });
  await page.close();
  await owner.close();
  assert.equal(await bridge.stop(), 0);
  await server.stop();
});

const settingsOfUnit = () => {
  const settings = {};
  for (const line of readExample("plimsoll-bridge.service", []).split("\n")) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) settings[name] = value;
  }
  return settings;
};

test("the unit starts the bridge with options that it has, and limits that fit the configuration", () => {
  const settings = settingsOfUnit();
  const { status, stderr } = check(settings.ExecStart.split(" "));
  assert.equal(stderr, "");
  assert.equal(status, 0);
  const inConfig = (pattern) => Number(pattern.exec(readExample("bridge.toml", []))[1].replace("_", ""));
  const connectionsMax = inConfig(/^\[limits\]\nconnections_max = (\S+)/m);
  assert(Number(settings.LimitNOFILE) > 2 * connectionsMax);
  const drainSeconds = inConfig(/^drain_timeout = "(\d+) s"/m);
  assert(Number.parseInt(settings.TimeoutStopSec, 10) > drainSeconds);
  const [credential] = settings.LoadCredential.split(":");
  readExample("bridge.toml", [[`/run/credentials/plimsoll-bridge.service/${credential}`, ""]]);
});

test("systemd finds nothing wrong with the unit", () => {
  const file = join(folder, "plimsoll-bridge.service");
  writeFileSync(file, readExample("plimsoll-bridge.service", [[installedBinary, binary]]));
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
});

test("the container has what the binary needs, and starts it with options that it has", () => {
  const text = readExample("Containerfile", []);
  const words = (name) => JSON.parse(new RegExp(`^${name} (\\[.*\\])$`, "m").exec(text)[1]);
  const { status, stderr } = check([...words("ENTRYPOINT"), ...words("CMD")]);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  const needed = [...execFileSync("objdump", ["-p", binary], { encoding: "utf8" })
    .matchAll(/^ *NEEDED +(\S+)$/gm)].map(([, name]) => name);
  const copied = [...text.matchAll(/\/lib(?:64|\/x86_64-linux-gnu)\/([\w.-]+\.so\.\d)\b/g)]
    .map(([, name]) => name);
  assert.deepEqual(copied.sort(), needed.sort());
  assert.match(text, /^USER 65532/m);
});
