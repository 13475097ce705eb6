// ./dev bench bridge [--json] [--rounds N] [--scale X]: the bridge beside websockify and haproxy, which
// carries plain TCP: GET of 100 bytes, one request at a time on each of 1, 100 and 1,000 connections.
//
// What a proxy adds to one request at a time is measured with each process at its place: generator and
// server on one core, of which one waits while the other works, the proxies on another. Elsewhere the
// system moves them about, which costs more than any proxy.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { startServer } from "../../js/test/package/server.mjs";
import { median } from "../js/measure.mjs";
import { openPeer } from "./peer.mjs";
import { startProxies } from "./proxies.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  rounds: { type: "string", default: "5" },
  scale: { type: "string", default: "1" },
} });
const rounds = Number(options.rounds);
const valueBytes = 100;

/** All threads of a process on these cores: a list as taskset(1) has it. */
const place = (pid, cores) => execFileSync("taskset", ["-acp", cores, `${pid}`]);

const run = async (proxy, connections, total) => {
  const peers = [];
  for (let i = 0; i < connections; ++i) peers.push(await openPeer(proxy, valueBytes));
  await Promise.all(peers.map((peer) => peer.ask()));
  const latencies = new Float64Array(total);
  let next = 0;
  const cpu = proxy.cpu();
  const begin = performance.now();
  await Promise.all(peers.map(async (peer) => {
    while (next < total) {
      const i = next++;
      const asked = performance.now();
      await peer.ask();
      latencies[i] = (performance.now() - asked) * 1000;
    }
  }));
  const took = performance.now() - begin;
  const spent = proxy.cpu() - cpu;
  for (const peer of peers) peer.close();
  latencies.sort();
  return { kops: total / took, cpu: spent / total, p50: latencies[total >> 1] };
};

const measure = async (everyone, connections, total) => {
  const proxies = Object.fromEntries(Object.entries(everyone).filter(([, { connectionsMax }]) =>
    connectionsMax === undefined || connections <= connectionsMax));
  const all = Object.fromEntries(Object.keys(proxies).map((name) => [name, []]));
  for (let round = -1; round < rounds; ++round) {
    for (const [name, proxy] of Object.entries(proxies)) {
      const said = await run(proxy, connections, total);
      if (round >= 0) all[name].push(said);
    }
  }
  return Object.fromEntries(Object.entries(all).map(([name, said]) => [name,
    Object.fromEntries(["kops", "cpu", "p50"].map((key) =>
      [key, median(said.map((each) => each[key]))]))]));
};

const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-bridge-"));
const server = await startServer(["--maxclients", "10000"]);
const proxies = await startProxies(server.port, folder, process.env.PLIMSOLL_BRIDGE);
const say = (text) => { if (!options.json) console.log(text); };
try {
  execFileSync("valkey-cli", ["-p", `${server.port}`, "set", "k", "v".repeat(valueBytes)]);
  say(`${cpus()[0].model}, ${cpus().length} cores`);
  const isPlaced = cpus().length > 1;
  for (const [connections, total] of [[1, 10_000], [100, 60_000], [1000, 60_000]]) {
    const alone = isPlaced && connections === 1;
    const everywhere = `0-${cpus().length - 1}`;
    for (const pid of [process.pid, server.pid]) place(pid, alone ? "0" : everywhere);
    for (const { pid } of Object.values(proxies)) {
      if (pid !== undefined) place(pid, alone ? "1" : everywhere);
    }
    const row = await measure(proxies, connections, Math.round(total * Number(options.scale)));
    say(`\nget of ${valueBytes} bytes, ${connections} connections: thousands a second, microseconds`);
    for (const [name, { kops, cpu, p50 }] of Object.entries(row)) {
      say(`  ${name.padEnd(16)} ${kops.toFixed(1).padStart(8)}  cpu ${cpu.toFixed(2).padStart(7)}  ` +
        `p50 ${p50.toFixed(1).padStart(8)}`);
      if (options.json) console.log(JSON.stringify({ connections, contender: name, kops, cpu, p50 }));
    }
    const { "plimsoll-bridge": ours, websockify, haproxy, none } = row;
    const added = (ours.p50 - none.p50) / (haproxy.p50 - none.p50);
    const goals = [
      ...(websockify === undefined ? [] : [["throughput of websockify",
        ours.kops / websockify.kops, "at least 3", ours.kops >= 3 * websockify.kops]]),
      ["CPU of haproxy", ours.cpu / haproxy.cpu, "at most 1.5", ours.cpu <= 1.5 * haproxy.cpu],
      ...(alone ? [["added p50 of haproxy", added, "at most 1.3", added <= 1.3]] : []),
    ];
    for (const [what, ratio, bound, met] of goals) {
      say(`  ${met ? "met   " : "MISSED"} ${ratio.toFixed(2)} of the ${what} (${bound})`);
      if (options.json) console.log(JSON.stringify({ connections, goal: what, ratio, bound, met }));
    }
  }
} finally {
  for (const proxy of Object.values(proxies)) proxy.stop();
  await server.stop();
  rmSync(folder, { recursive: true });
}
process.exit(0);
