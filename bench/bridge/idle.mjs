// ./dev bench bridge idle [--json] [--connections N]: what the bridge takes for connections that do nothing,
// without TLS and with it, and for clients that ask for 1 MiB each and do not read it.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { startServer } from "../../js/test/package/server.mjs";
import { makeCertificates } from "../../js/test/package/tls.mjs";
import { open, requestTo } from "./peer.mjs";
import { startBridge } from "./proxies.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  connections: { type: "string", default: "9000" },
} });

// This process's end of a connection with TLS takes far more memory than the bridge's.
const tlsConnectionsMax = 2000;

const residentBytes = (pid) =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

const metrics = async ({ metricsPort }) => {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return (name) => Number(new RegExp(`^plimsoll_bridge_${name} (\\d+)$`, "m").exec(text)[1]);
};

const openMany = async (bridge, count) => {
  const all = [];
  const atATime = 50;
  while (all.length < count) {
    const more = Math.min(atATime, count - all.length);
    all.push(...await Promise.all(Array.from({ length: more }, () => open(bridge))));
  }
  return all;
};

const closeMany = async (bridge, sockets) => {
  for (const socket of sockets) socket.destroy();
  while ((await metrics(bridge))("relays") > 0) await pause(100);
  await pause(1500);  // the bridge gives memory back once a second
};

const say = (what, value, bound, met) => {
  if (options.json) console.log(JSON.stringify({ what, value, bound, met }));
  else console.log(`  ${met === undefined ? "      " : met ? "met   " : "MISSED"} ${what}: ${value}` +
    (bound === undefined ? "" : ` (${bound})`));
};

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const idle = async (bridge, count, what, goal) => {
  await closeMany(bridge, await openMany(bridge, 10));
  const before = residentBytes(bridge.pid);
  const sockets = await openMany(bridge, count);
  const each = (residentBytes(bridge.pid) - before) / count;
  await closeMany(bridge, sockets);
  say(`${count} idle connections${what}, resident, each`, kib(each), `at most ${goal} KiB`,
    each <= goal * 1024);
  say("resident when they have gone, beside before", mib(residentBytes(bridge.pid) - before));
};

const stalled = async (bridge, count) => {
  const before = { rss: residentBytes(bridge.pid), descriptors: descriptors(bridge.pid) };
  const sockets = await openMany(bridge, count);
  for (const socket of sockets) {
    socket.pause();
    socket.write(requestTo(bridge));
  }
  const said = await metrics(bridge);
  const most = { used: 0, rss: 0 };
  for (let i = 0; i < 50; ++i) {
    await pause(100);
    most.used = Math.max(most.used, (await metrics(bridge))("memory_used_bytes"));
    most.rss = Math.max(most.rss, residentBytes(bridge.pid));
  }
  const limit = said("memory_limit_bytes");
  say(`${count} clients that do not read 1 MiB each, of the line`, mib(most.used),
    `at most ${mib(limit)}`, most.used <= limit);
  say("resident meanwhile", mib(most.rss));
  await closeMany(bridge, sockets);
  const left = descriptors(bridge.pid) - before.descriptors;
  say("descriptors left when they have gone", left, "0", left === 0);
  say("resident then, beside before", mib(residentBytes(bridge.pid) - before.rss));
};

const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-idle-"));
const server = await startServer(["--maxclients", "20000"]);
const certificates = makeCertificates();
const bridge = await startBridge(server.port, folder, process.env.PLIMSOLL_BRIDGE);
try {
  execFileSync("valkey-cli", ["-x", "-p", `${server.port}`, "set", "k"], { input: "v".repeat(2 ** 20) });
  // A relay has two descriptors, and the bridge some of its own. All clients have one address, so they get
  // nine tenths of the memory for connections.
  const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync(`/proc/${bridge.pid}/limits`, "utf8"))[1]);
  const count = Math.min(Number(options.connections), Math.floor((limit - 100) / 2));
  await idle(bridge, count, "", 12);
  await stalled(bridge, 1000);
  const overTls = await startBridge(server.port, folder, process.env.PLIMSOLL_BRIDGE, { config: `
    [tls]
    certificate_file = "${certificates.certificateFile}"
    key_file = "${certificates.keyFile}"` });
  try {
    await idle({ ...overTls, ca: certificates.ca }, Math.min(count, tlsConnectionsMax), " with TLS", 32);
  } finally {
    overTls.stop();
  }
} finally {
  bridge.stop();
  certificates.remove();
  await server.stop();
  rmSync(folder, { recursive: true });
}
process.exit(0);
