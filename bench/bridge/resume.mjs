// ./dev bench bridge resume [--json] [--seconds N] [--keys N]: a client with a cache of its own has read many keys, and loses
// its WebSocket for a while, in which others change one key in a hundred. What of its next thousand reads its cache answers,
// and how many of these are wrong: where the bridge remembers what it has read, and where each WebSocket has a connection of
// its own to the server, which tells nobody what was missed.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import { Client, ClientSideCache } from "../../js/dist/node.js";
import { WebSocket as GivenWebSocket } from "../../js/node_modules/ws/wrapper.mjs";
import { startCuttingProxy } from "../../js/test/package/cutting_proxy.mjs";
import { startServer } from "../../js/test/package/server.mjs";
import { randomFrom } from "./churner.mjs";
import { startBridge } from "./proxies.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  seconds: { type: "string", default: "30" },
  keys: { type: "string", default: "10000" },
} });
const WebSocket = globalThis.WebSocket ?? GivenWebSocket;
const keys = Array.from({ length: Number(options.keys) }, (_, i) => `key:${i}`);
const readsCount = 1000;
const changedEach = 100;  // one in so many
const hitRateMin = 0.95;  // of what it was before
const chunk = 500;

const say = (text) => { if (!options.json) console.log(text); };

const inChunks = async (all, act) => {
  for (let i = 0; i < all.length; i += chunk) await Promise.all(all.slice(i, i + chunk).map(act));
};

const metric = async ({ metricsPort }, name) => {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const row = new RegExp(`^plimsoll_bridge_${name}(?:\\{.*\\})? (\\S+)$`, "m").exec(text);
  return row === null ? 0 : Number(row[1]);
};

/** Reads at random, one after the other: which part the cache has answered, and how many are not the truth. */
const read = async (client, cache, truth, random) => {
  const before = cache.getStatistics().hits;
  let stale = 0;
  for (let i = 0; i < readsCount; ++i) {
    const key = keys[Math.floor(random() * keys.length)];
    if (await client.get(key) !== truth.get(key)) ++stale;
  }
  return { hitRate: (cache.getStatistics().hits - before) / readsCount, stale };
};

const measure = async (bridge, writer) => {
  const random = randomFrom(1);
  const truth = new Map(keys.map((key) => [key, "v".repeat(100)]));
  await inChunks([...truth], ([key, value]) => writer.set(key, value));
  const proxy = await startCuttingProxy(bridge.port);
  const clientSideCache = new ClientSideCache({ maxCacheKb: 16 * 1024 });
  const client = await Client.connect(`ws://127.0.0.1:${proxy.port}/main`, {
    WebSocket, token: bridge.webSocket.token, clientSideCache, requestTimeout: 60_000,
    reconnectWaitMin: 50, reconnectWaitMax: 200, connectTimeout: 10_000,
  });
  try {
    await inChunks(keys, (key) => client.get(key));
    const before = await read(client, clientSideCache, truth, random);
    const lost = new Promise((resolve) => { client.on("disconnected", resolve); });
    const again = new Promise((resolve) => { client.on("connected", resolve); });
    proxy.hold();
    proxy.reset();
    await lost;
    for (const key of keys.filter((_, i) => i % changedEach === 0)) {
      truth.set(key, "changed");
      await writer.set(key, "changed");
    }
    await pause(Number(options.seconds) * 1000);
    const away = await metric(bridge, "shared_tracking_away");
    proxy.release();
    await again;
    const after = await read(client, clientSideCache, truth, random);
    return { before, after, away };
  } finally {
    await client.close();
    proxy.stop();
  }
};

const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-resume-"));
const server = await startServer();
const writer = await Client.connect(server.address, { requestTimeout: 60_000 });
const kinds = {
  "a connection each": "",
  "shared, with a cache": 'share_connections = true\n[upstreams.main.cache]\nsize = "64 MiB"',
};
let isMet = true;
try {
  say(`${cpus()[0].model}, ${cpus().length} cores`);
  say(`${keys.length} keys are cached; ${options.seconds} s without a connection, one key in ${changedEach} changed\n`);
  say(`  ${"how the bridge reaches the server".padEnd(34)}${"hits before".padStart(12)}${"hits after".padStart(12)}` +
    `${"wrong".padStart(8)}${"bridge".padStart(12)}`);
  for (const [name, upstream] of Object.entries(kinds)) {
    const own = join(folder, name.replaceAll(/\W/g, "_"));
    mkdirSync(own);
    const bridge = await startBridge(server.port, own, process.env.PLIMSOLL_BRIDGE, { upstream });
    try {
      const { before, after, away } = await measure(bridge, writer);
      const ratio = after.hitRate / before.hitRate;
      const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${bridge.pid}/status`, "utf8"))[1]) / 1024;
      say(`  ${name.padEnd(34)}${before.hitRate.toFixed(3).padStart(12)}${after.hitRate.toFixed(3).padStart(12)}` +
        `${`${before.stale + after.stale}`.padStart(8)}${`${resident.toFixed(1)} MiB`.padStart(12)}`);
      const row = { name, hitRateBefore: before.hitRate, hitRateAfter: after.hitRate, ratio,
        stale: before.stale + after.stale, away, residentMiB: resident };
      if (upstream !== "") {
        row.met = ratio >= hitRateMin && row.stale === 0;
        isMet &&= row.met;
        say(`  ${row.met ? "met   " : "MISSED"} ${ratio.toFixed(3)} of the hits before (${hitRateMin}), none wrong`);
      }
      if (options.json) console.log(JSON.stringify(row));
    } finally {
      bridge.stop();
    }
  }
} finally {
  await writer.close();
  await server.stop();
  rmSync(folder, { recursive: true });
}
process.exitCode = isMet ? 0 : 1;
