// ./dev demo as somebody types it: how it ends, and that nothing is left of it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";

import { shortWalk } from "./visit.mjs";

const root = join(import.meta.dirname, "../../..");
const demo = join(import.meta.dirname, "../stack/demo.mjs");
const clusterDemo = join(import.meta.dirname, "../stack/cluster.mjs");

let folder;
before(() => { folder = mkdtempSync(join(tmpdir(), "plimsoll-command-")); });
after(() => rmSync(folder, { recursive: true }));

const started = [];
afterEach(() => { for (const child of started.splice(0)) child.kill("SIGTERM"); });

const start = (program, args, environment = {}) => {
  const child = spawn(program, args, { cwd: root, stdio: "pipe",
    env: { ...process.env, TMPDIR: folder, ...environment } });
  started.push(child);
  const said = { out: "", error: "" };
  child.stdout.on("data", (text) => { said.out += text; });
  child.stderr.on("data", (text) => { said.error += text; });
  const ended = once(child, "close").then(([status]) => ({ status, ...said }));
  const says = async (words) => {
    while (!words.test(said.out)) {
      const over = await Promise.race([once(child.stdout, "data").then(() => undefined), ended]);
      assert.equal(over, undefined, `it ended without ${words}`);
    }
  };
  return { child, ended, says };
};

/** All that has to do with the test's folder, [pid, command line]: it is named there, or is where they run. */
const found = () => readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    const where = readlinkSync(`/proc/${pid}/cwd`);
    return `${words} ${where}`.includes(folder) ? [[Number(pid), words]] : [];
  } catch {
    return [];  // it has ended meanwhile, or is somebody else's
  }
});

const processes = () => found().map(([, words]) => words);

/** The one that runs this program. */
const pidOf = (name) => found().find(([, words]) => words.split(" ")[0].endsWith(name))[0];

const assertNothingLeft = () => {
  assert.deepEqual(processes(), []);
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith("plimsoll-demo-")), []);
};

test("without a terminal it walks, sees that the page answers, and ends", async () => {
  const { status, out, error } = await start("./dev", ["demo", "--once", ...shortWalk]).ended;
  assert.equal(status, 0, error);
  assert.match(out, /^demo: [\d,]+ replies and [\d,]+ closures checked, 0 wrong$/m);
  assert.match(out, /^page +\d+ files answer, and the server through http:\/\/127\.0\.0\.1:\d+$/m);
  assertNothingLeft();
});

test("in a terminal it serves the page until Ctrl-C, and that is no failure", async () => {
  // Some shells stay between, and make 130 of every Ctrl-C.
  const words = ["exec", process.execPath, demo, ...shortWalk].join(" ");
  const { child, ended, says } = start("script", ["-qec", words, "/dev/null"]);
  await says(/Ctrl-C ends it all/);
  assert.ok(processes().some((words) => words.includes("valkey-server")));
  child.stdin.write("\x03");
  const { status, out } = await ended;
  assert.equal(status, 0, out);
  assert.match(out, /^page +http:\/\/127\.0\.0\.1:\d+\/#token=\S+&trouble=\S+\r?$/m);
  assertNothingLeft();
});

for (const name of ["plimsoll-bridge", "valkey-server"]) {
  test(`where ${name} is gone the page ends, and the command says which it was`, async () => {
    const words = ["exec", process.execPath, demo, ...shortWalk].join(" ");
    const { ended, says } = start("script", ["-qec", words, "/dev/null"]);
    await says(/Ctrl-C ends it all/);
    process.kill(pidOf(name), "SIGKILL");
    const { status, out } = await ended;
    assert.equal(status, 1, out);
    assert.match(out, new RegExp(`^demo: \\S*${name} ended \\(SIGKILL\\):\r?$`, "m"));
    // Its last words.
    assert.match(out, name === "valkey-server" ? /Ready to accept connections/ : /listening on ws:/);
    assertNothingLeft();
  });
}

test("where the server is gone during the walk, that is what is said", async () => {
  const { ended, says } = start(process.execPath, [demo, "--once"]);
  await says(/^server /m);
  process.kill(pidOf("valkey-server"), "SIGKILL");
  const { status, error } = await ended;
  assert.equal(status, 1);
  assert.match(error, /^demo: \S*valkey-server ended \(SIGKILL\):$/m);
  assertNothingLeft();
});

test("Ctrl-C before there is a page ends it as one expects of a command", async () => {
  const { child, ended, says } = start(process.execPath, [demo, "--once"]);
  await says(/^server /m);
  child.kill("SIGINT");
  assert.equal((await ended).status, 130);
  assertNothingLeft();
});

test("a walk that finds a wrong file is a failure, and there is no page", async () => {
  const { status, out } = await start(process.execPath, [demo, "--status", "/nowhere"]).ended;
  assert.equal(status, 1);
  assert.match(out, /\/nowhere: No such file/);
  assert.doesNotMatch(out, /^page/m);
  assertNothingLeft();
});

test("a port that is taken is named", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address();
  const { status, error } = await start(process.execPath, [demo, "--port", `${port}`]).ended;
  taken.close();
  assert.equal(status, 1);
  assert.match(error, new RegExp(`^demo: .*${port}.*in use`, "ms"));
  assertNothingLeft();
});

test("a port that is no number is refused before anything starts", async () => {
  const { status, error } = await start(process.execPath, [demo, "--port", "high"]).ended;
  assert.equal(status, 1);
  assert.equal(error, "demo: --port: expected 0 to 65535, found 'high'\n");
});

test("without a valkey-server it says how to get one", async () => {
  const { status, error } =
    await start(process.execPath, [demo], { VALKEY_SERVER: "/nowhere/valkey-server" }).ended;
  assert.equal(status, 1);
  assert.match(error, /^demo: there is no \/nowhere\/valkey-server: \.\/dev setup demo /);
  assertNothingLeft();
});

/** The nodes that the cluster's demo has named, all six of which are to be gone. */
const assertNoNodes = async (out) => {
  const ports = [...out.matchAll(/[ABC][12] at 127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  assert.equal(ports.length, 6);
  for (const port of ports) {
    const socket = connect(port, "127.0.0.1");
    await assert.rejects(once(socket, "connect"), { code: "ECONNREFUSED" });
  }
};

test("the walk in a cluster goes through all that is done to it, and its page answers", async () => {
  const small = ["--slots", "3", "--callers", "3", "--reads", "500"];
  const { status, out, error } = await start("./dev", ["demo", "--cluster", "--once", ...small]).ended;
  assert.equal(status, 0, error);
  assert.match(out, /^demo: [\d,]+ replies and [\d,]+ closures checked, [\d,]+ lists compared, 0 wrong$/m);
  assert.match(out, /^page +\d files answer, and show 6 nodes$/m);
  await assertNoNodes(out);
});

test("Ctrl-C before the end of the walk in a cluster leaves no node", async () => {
  const { child, ended, says } = start(process.execPath, [clusterDemo]);
  await says(/^calm /m);
  child.kill("SIGINT");
  const { status, out } = await ended;
  assert.equal(status, 130, out);
  assert.match(out, /^demo: stopped: interrupted; /m);
  await assertNoNodes(out);
});

test("without a valkey-server the cluster's demo says what is missing", async () => {
  const { status, out } = await start(process.execPath, [clusterDemo],
    { VALKEY_SERVER: "/nowhere/valkey-server" }).ended;
  assert.equal(status, 1);
  assert.match(out, /^demo: .*\/nowhere\/valkey-server/m);
});
