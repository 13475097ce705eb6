// ./dev bench bridge churn [--json] [--count N] [--seed N] [--at-once N]: clients that come and go at
// random points, with the server's connections killed now and then, and what is left of them: nothing.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { startServer } from "../../js/test/package/server.mjs";
import { comeAndGo, points, randomFrom } from "./churner.mjs";
import { startBridge } from "./proxies.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  count: { type: "string", default: "100000" },
  seed: { type: "string", default: "1" },
  "at-once": { type: "string", default: "16" },
} });
const count = Number(options.count);
const atOnce = Number(options["at-once"]);

// What the process may keep of the churn: the allocator's pages, the coroutines' recycled frames,
// and 16,384 addresses that are remembered at most (here one).
const rssGrowthMax = 2 * 1024 ** 2;

const ask = async (port, line) => {
  const socket = connect(port, "127.0.0.1");
  socket.write(`${line}\r\n`);
  let text = "";
  for await (const bytes of socket) {
    text += bytes;
    const size = /^\$(\d+)\r\n/.exec(text);
    if (size === null ? text.endsWith("\r\n") : text.length >= size[0].length + Number(size[1]) + 2) break;
  }
  return text;
};

const metric = (text, name) =>
  Number(new RegExp(`^plimsoll_bridge_${name} (\\S+)$`, "m").exec(text)[1]);

const stateOf = async (bridge, server) => {
  const metrics = await (await fetch(`http://127.0.0.1:${bridge.metricsPort}/metrics`)).text();
  const clients = await ask(server.port, "INFO clients");
  return {
    connections: metric(metrics, "connections"),
    relays: metric(metrics, "relays"),
    memory: metric(metrics, "memory_used_bytes"),
    descriptors: readdirSync(`/proc/${bridge.pid}/fd`).length,
    clients: Number(/connected_clients:(\d+)/.exec(clients)[1]),
    rss: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${bridge.pid}/status`, "utf8"))[1]) * 1024,
    upgrades: metric(metrics, "upgrades_total"),
    losses: metric(metrics, "upstream_losses_total"),
  };
};

// fetch() keeps a connection to the metrics open, and ends some while later: a descriptor more or less
// says nothing.
const isAtRest = ({ connections, relays }) => connections === 0 && relays === 0;

const settled = async (bridge, server) => {
  for (let attempt = 0; attempt < 300; ++attempt) {
    const state = await stateOf(bridge, server);
    if (isAtRest(state)) return state;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  return stateOf(bridge, server);
};

const churn = async (bridge, server, total, random, tally) => {
  const names = Object.keys(points);
  let left = total;
  const one = async () => {
    while (left > 0) {
      const i = left--;
      const point = names[Math.floor(random() * names.length)];
      if (i % 500 === 0) await ask(server.port, "CLIENT KILL TYPE normal");
      const way = await comeAndGo(random, bridge, point);
      tally[point][way] = (tally[point][way] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
};

const newTally = () => Object.fromEntries(Object.keys(points).map((point) => [point, {}]));

const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-churn-"));
const server = await startServer(["--maxclients", "1000"]);
const bridge = await startBridge(server.port, folder, process.env.PLIMSOLL_BRIDGE);
const say = (text) => { if (!options.json) console.log(text); };
let isClean = true;
try {
  await ask(server.port, "SET k v");
  await ask(server.port, "EVAL \"return redis.call('SET','large',string.rep('v',900000))\" 0");
  const random = randomFrom(Number(options.seed));
  // What is set up once is not what a client leaves.
  await churn(bridge, server, Math.min(count, 2000), random, newTally());
  const before = await settled(bridge, server);
  const tally = newTally();
  const began = performance.now();
  await churn(bridge, server, count, random, tally);
  const seconds = (performance.now() - began) / 1000;
  const after = await settled(bridge, server);
  say(`${cpus()[0].model}, ${cpus().length} cores\n`);
  say(`${count} connections, ${atOnce} at a time, seed ${options.seed}, ${seconds.toFixed(0)} s; ` +
    `${after.upgrades - before.upgrades} WebSockets, ${after.losses - before.losses} lost with ` +
    "the server's connection\n");
  const ways = ["close frame", "end", "reset", "told to go"];
  say(`  ${"went".padEnd(22)}${ways.map((way) => way.padStart(12)).join("")}`);
  for (const [point, counts] of Object.entries(tally)) {
    say(`  ${point.padEnd(22)}${ways.map((way) => `${counts[way] ?? 0}`.padStart(12)).join("")}`);
    if (options.json) console.log(JSON.stringify({ point, ...counts }));
  }
  say(`\n  ${"left".padEnd(22)}${"before".padStart(12)}${"after".padStart(12)}`);
  const goals = [
    ["connections", "as before", after.connections === before.connections],
    ["relays", "as before", after.relays === before.relays],
    ["memory", "as before", after.memory === before.memory],
    ["descriptors", "as before", after.descriptors <= before.descriptors],
    ["clients", "as before", after.clients === before.clients],
    ["rss", `at most ${rssGrowthMax / 1024 ** 2} MiB more`, after.rss - before.rss <= rssGrowthMax],
  ];
  for (const [what, bound, met] of goals) {
    isClean &&= met;
    say(`  ${what.padEnd(22)}${`${before[what]}`.padStart(12)}${`${after[what]}`.padStart(12)}` +
      `  ${met ? "met   " : "MISSED"} ${bound}`);
    if (options.json) console.log(JSON.stringify({ what, before: before[what], after: after[what], bound, met }));
  }
} finally {
  bridge.stop();
  await server.stop();
  rmSync(folder, { recursive: true });
}
process.exit(isClean ? 0 : 1);
