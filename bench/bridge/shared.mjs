// ./dev bench bridge shared [--json] [--rounds N] [--milliseconds N] [--sockets N] [--idle N] [--scenario NAME]: a crowd
// that reads through the bridge, where each WebSocket has a connection of its own to the server, where all share a few,
// and where the bridge's near cache answers. "load": GET of 100 bytes, 10,000 keys by Zipf's law, one request at a time
// on each of 100 WebSockets. "idle": what many cost that have asked once and do nothing. "threads": the load, at a bridge
// with one thread and at one with a thread for each core.
//
// The crowd is a process of its own (crowd.cc), which costs some 3 us a request: how busy it was is said beside each
// row. Where that is near 1, the row shows the crowd and not the bridge.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { startNodes } from "../../js/test/package/cluster.mjs";
import { startServer } from "../../js/test/package/server.mjs";
import { median } from "../js/measure.mjs";
import { open, requestTo } from "./peer.mjs";
import { startBridge } from "./proxies.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  rounds: { type: "string", default: "5" },
  milliseconds: { type: "string", default: "2000" },
  sockets: { type: "string", default: "100" },
  idle: { type: "string", default: "10000" },
  scenario: { type: "string", multiple: true, default: ["load", "idle", "threads"] },
} });
const keysCount = 10_000;
const valueBytes = 100;

const say = (text) => { if (!options.json) console.log(text); };
const tell = (row) => { if (options.json) console.log(JSON.stringify(row)); };

let isMet = true;
const judge = (scenario, what, ratio, bound, met) => {
  isMet &&= met;
  say(`  ${met ? "met   " : "MISSED"} ${what}: ${ratio.toFixed(3)} (${bound})`);
  tell({ scenario, goal: what, ratio, bound, met });
};

const limits = `
    connections_max = 12_000
    connections_per_address_max = 12_000
    upgrades_per_second_per_address = 12_000
    memory_limit = "512 MiB"
`;
const cache = '[upstreams.main.cache]\nsize = "64 MiB"';
const seedsOf = ({ nodes }) => JSON.stringify(nodes.slice(1).map(({ address }) => address));

const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-shared-"));
const start = (server, name, upstream, config = "") => {
  const own = join(folder, name.replaceAll(" ", "_"));
  mkdirSync(own);
  return startBridge(server, own, process.env.PLIMSOLL_BRIDGE, { config, upstream, limits });
};

/** Name -> { bridge, servers }: the processes that the bridge asks. */
const startAll = async (server, cluster) => {
  const toCluster = `topology = "cluster"\nseeds = ${seedsOf(cluster)}`;
  return {
    "a connection each": { bridge: await start(server.port, "own", ""), servers: [server] },
    "shared": { bridge: await start(server.port, "shared", "share_connections = true"), servers: [server] },
    "shared, cache": { bridge: await start(server.port, "cache", `share_connections = true\n${cache}`), servers: [server] },
    "cluster": { bridge: await start(cluster.nodes[0].port, "cluster", toCluster), servers: cluster.nodes },
    "cluster, cache": { bridge: await start(cluster.nodes[0].port, "cluster_cache", `${toCluster}\n${cache}`),
      servers: cluster.nodes },
  };
};

// One round of the crowd: thousands of requests a second, and microseconds of a request.
const load = ({ bridge, servers }) => {
  const watched = [bridge, ...servers].flatMap(({ pid }) => ["--watch", `${pid}`]);
  const said = JSON.parse(execFileSync(process.env.PLIMSOLL_CROWD, ["--port", `${bridge.port}`,
    "--token", bridge.webSocket.token, "--sockets", options.sockets, "--keys", `${keysCount}`,
    "--value-bytes", `${valueBytes}`, "--milliseconds", options.milliseconds, "--rounds", "1", ...watched],
  { encoding: "utf8" }));
  const [bridgeCpu, ...serverCpus] = said.cpu;
  return { kops: said.kops, server: serverCpus.reduce((sum, each) => sum + each, 0), bridge: bridgeCpu,
    crowd: said.own_cpu, busy: said.busy, p50: said.p50, p99: said.p99 };
};

// In turn, so that what disturbs a round disturbs all. The medians, by the ways' names.
const measureRounds = (scenario, ways) => {
  say(`\nGET of ${valueBytes} bytes, ${keysCount} keys by Zipf's law, ${options.sockets} WebSockets, one request at a ` +
    "time: thousands a second, microseconds of processor time a request, microseconds from request to reply");
  const all = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < Number(options.rounds); ++round) {
    for (const [name, way] of Object.entries(ways)) all[name].push(load(way));
  }
  const rows = Object.fromEntries(Object.entries(all).map(([name, rounds]) => [name,
    Object.fromEntries(Object.keys(rounds[0]).map((of) => [of, median(rounds.map((each) => each[of]))]))]));
  for (const [name, row] of Object.entries(rows)) {
    const { kops, server, bridge, crowd, busy, p50, p99 } = row;
    say(`  ${name.padEnd(30)} ${kops.toFixed(1).padStart(7)}  server ${server.toFixed(2).padStart(5)}  ` +
      `bridge ${bridge.toFixed(2).padStart(5)}  crowd ${crowd.toFixed(2).padStart(5)}, ${(100 * busy).toFixed(0)} % busy  ` +
      `p50 ${p50.toFixed(0).padStart(5)}  p99 ${p99.toFixed(0).padStart(5)}`);
    tell({ scenario, way: name, ...row });
  }
  return rows;
};

const measureLoad = async (ways) => {
  const rows = measureRounds("load", ways);
  const own = rows["a connection each"];
  const cached = rows["shared, cache"];
  judge("load", "requests a second with the cache, of those with a connection each", cached.kops / own.kops,
    "at least 3", cached.kops >= 3 * own.kops);
  judge("load", "the server's processor time a request, likewise", cached.server / own.server,
    "at most 0.1", cached.server <= 0.1 * own.server);
};

const residentBytes = (pid) => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

const ask = (port, ...words) => new Promise((resolve, reject) => {
  const socket = connect(port, "127.0.0.1", () => socket.write(`${words.join(" ")}\r\n`));
  socket.once("data", (bytes) => { socket.destroy(); resolve(bytes.toString()); });
  socket.once("error", reject);
});
const clientsOf = async (servers) => {
  let sum = 0;
  // Without the one that asks.
  for (const { port } of servers) sum += Number(/connected_clients:(\d+)/.exec(await ask(port, "INFO", "clients"))[1]) - 1;
  return sum;
};

const openUsed = async (bridge) => {
  const socket = await open(bridge);
  const answered = new Promise((resolve) => { socket.once("data", resolve); });
  socket.write(requestTo(bridge));
  await answered;
  return socket;
};

const relaysOf = async ({ metricsPort }) => {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/^plimsoll_bridge_relays (\d+)$/m.exec(text)[1]);
};

const measureIdle = async (ways) => {
  const count = Number(options.idle);
  say(`\n${count} WebSockets that have asked once`);
  for (const [name, { bridge, servers }] of Object.entries(ways)) {
    const sockets = [await openUsed(bridge)];
    const before = { rss: residentBytes(bridge.pid), clients: await clientsOf(servers) };
    const atATime = 50;
    while (sockets.length <= count) {
      const more = Math.min(atATime, count + 1 - sockets.length);
      sockets.push(...await Promise.all(Array.from({ length: more }, () => openUsed(bridge))));
    }
    const clients = await clientsOf(servers);
    const each = (residentBytes(bridge.pid) - before.rss) / count;
    for (const socket of sockets) socket.destroy();
    while (await relaysOf(bridge) > 0) await pause(100);
    say(`  ${name.padEnd(18)} ${`${clients}`.padStart(6)} connections at the server, of which ${clients - before.clients} ` +
      `are new; the bridge's memory, each ${(each / 1024).toFixed(1)} KiB`);
    tell({ scenario: "idle", way: name, sockets: count, connections: clients, bytesEach: each });
    if (name !== "a connection each") {
      judge("idle", `connections of ${name}`, clients, "at most 20", clients <= 20);
    }
  }
};

const measureThreads = async () => {
  const many = Math.max(2, cpus().length);
  const kinds = { "a connection each": "", "shared, cache": `share_connections = true\n${cache}` };
  const nameOf = (kind, threads) => `${kind}, ${threads} thread${threads === 1 ? "" : "s"}`;
  const started = {};
  try {
    for (const [kind, upstream] of Object.entries(kinds)) {
      for (const threads of [1, many]) {
        const name = nameOf(kind, threads);
        started[name] = { bridge: await start(server.port, name, upstream, `threads = ${threads}`), servers: [server] };
      }
    }
    const rows = measureRounds("threads", started);
    for (const kind of Object.keys(kinds)) {
      const one = rows[nameOf(kind, 1)];
      const all = rows[nameOf(kind, many)];
      const least = 0.9;
      const most = 1.1;
      judge("threads", `${kind}: the bridge's processor time a request with ${many} threads, of that with one`,
        all.bridge / one.bridge, `at most ${most}`, all.bridge <= most * one.bridge);
      // Crowd, bridge and server share the cores.
      const possible = 1000 * cpus().length / (one.bridge + one.server + one.crowd);
      judge("threads", `${kind}: requests a second with ${many} threads, of what the cores could serve`,
        all.kops / possible, `at least ${least}`, all.kops >= least * possible);
      say(`         ${kind}: requests a second with ${many} threads, of those with one: ${(all.kops / one.kops).toFixed(2)}`);
    }
  } finally {
    for (const { bridge } of Object.values(started)) bridge.stop();
  }
};

const scenarios = { load: measureLoad, idle: measureIdle, threads: measureThreads };
for (const name of options.scenario) {
  if (scenarios[name] === undefined) throw new Error(`no scenario ${name}: expected ${Object.keys(scenarios).join(", ")}`);
}
const server = await startServer(["--maxclients", "20000"]);
const cluster = await startNodes({ nodeTimeout: 60_000, options: ["--maxclients", "20000"] });
let ways = {};
try {
  ways = await startAll(server, cluster);
  say(`${cpus()[0].model}, ${cpus().length} cores`);
  for (const name of options.scenario) await scenarios[name](ways);
} finally {
  for (const { bridge } of Object.values(ways)) bridge.stop();
  await server.stop();
  await cluster.stop();
  rmSync(folder, { recursive: true });
}
process.exit(isMet ? 0 : 1);
