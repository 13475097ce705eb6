// ./dev bench js [--json] [--rounds N] [--scale X] [--only TEXT]: this package beside its peers, on a
// server of their own on loopback, in turn, medians of rounds.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { brotliCompressSync } from "node:zlib";

import { Client, configure } from "../../js/dist/node.js";
import { startServer } from "../../js/test/package/server.mjs";
import { caching, plain } from "./contenders.mjs";
import { goals, judge } from "./goals.mjs";
import { inRounds, latency, median, throughput } from "./measure.mjs";
import { measureRefused } from "./refused.mjs";

const { values: options } = parseArgs({ options: {
  json: { type: "boolean", default: false },
  rounds: { type: "string", default: "5" },
  scale: { type: "string", default: "1" },
  only: { type: "string", default: "" },
} });
const rounds = Number(options.rounds);
const scale = Number(options.scale);
const times = (count) => Math.max(1000, Math.round(count * scale));

configure({ memoryLimit: "64 MiB" });
const server = await startServer();
const keysCount = 10_000;
const key = (i) => `user:${(i * 7919) % keysCount}:profile`;
const rows = {};

const say = (text) => { if (!options.json) console.log(text); };
const show = (name, row) => {
  rows[name] = row;
  say(`\n${name}`);
  for (const [contender, numbers] of Object.entries(row)) {
    const shown = Object.entries(numbers).map(([of, number]) => `${of} ${number.toFixed(2)}`);
    say(`  ${contender.padEnd(28)} ${shown.join("  ")}`);
    if (options.json) console.log(JSON.stringify({ row: name, contender, ...numbers }));
  }
};

const connectAll = async (contenders) => Object.fromEntries(await Promise.all(
  Object.entries(contenders).map(async ([name, connect]) => [name, await connect(server.port)])));
const closeAll = (clients) => Promise.all(Object.values(clients).map((client) => client.close()));

const fill = async () => {
  const client = await Client.connect(server.address, { requestTimeout: 0 });
  const value = "v".repeat(100);
  for (let i = 0; i < 100_000; i += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, j) => client.set(`user:${i + j}:profile`, value)));
  }
  await client.hset("hash", Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`field${i}`, `value ${i}`])));
  await client.set("large", "v".repeat(1024 ** 2));
  await client.close();
};

const wanted = (name) => name.includes(options.only);

const measurePlain = async () => {
  const clients = await connectAll(plain);
  for (const [concurrent, total] of [[1, 5000], [100, 100_000], [1000, 100_000]]) {
    const name = `get, ${concurrent} concurrent`;
    if (!wanted(name)) continue;
    show(name, await inRounds(clients, rounds, async (client) => ({
      ...await throughput((i) => client.get(key(i)), concurrent, times(total)),
      ...await latency((i) => client.get(key(i)), concurrent, times(total / 4)),
    })));
  }
  const sixteen = Array.from({ length: 1000 }, (_, i) =>
    Array.from({ length: 16 }, (_, j) => key(16 * i + j)));
  const others = {
    "mget of 16, 100 concurrent": [100, 20_000, (client) => (i) => client.mget(sixteen[i % 1000])],
    "hgetall of 20, 100 concurrent": [100, 20_000, (client) => () => client.hgetall("hash")],
    "get of 1 MiB, 10 concurrent": [10, 1000, (client) => () => client.get("large")],
  };
  for (const [name, [concurrent, total, operation]] of Object.entries(others)) {
    if (!wanted(name)) continue;
    show(name, await inRounds(clients, rounds,
      (client) => throughput(operation(client), concurrent, times(total))));
  }
  await closeAll(clients);
};

const measureCached = async () => {
  const name = "cached get, 100 concurrent";
  if (!wanted(name)) return;
  const clients = await connectAll(caching);
  show(name, await inRounds(clients, rounds,
    (client) => throughput((i) => client.get(key(i)), 100, times(300_000))));
  const { plimsoll } = clients;
  const door = [];
  for (let round = 0; round < rounds; ++round) {
    for (let i = 0; i < keysCount; ++i) await plimsoll.get(key(i));
    const total = times(300_000);
    const begin = performance.now();
    for (let i = 0; i < total; ++i) plimsoll.door(key(i));
    door.push(total / (performance.now() - begin));
  }
  show("cached, the synchronous door",
    { plimsoll: { kops: median(door) }, awaited: { kops: rows[name].plimsoll.kops } });
  await closeAll(clients);
};

const child = (program, ...args) => execFileSync(process.execPath,
  ["--expose-gc", `${import.meta.dirname}/${program}`, ...args.map(String)],
  { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

const measureProcesses = () => {
  const name = "resident memory, 100,000 cached";
  if (wanted(name)) {
    show(name, Object.fromEntries(["plimsoll", "node-redis"].map((contender) =>
      [contender, JSON.parse(child("memory.mjs", contender, server.port, times(10_000_000)))])));
  }
  if (!wanted("startup")) return;
  const of = (how) => median(Array.from({ length: 9 }, () =>
    Number(child("startup.mjs", how, server.port))));
  const [tcp, plimsoll] = [of("tcp"), of("plimsoll")];
  show("startup, milliseconds to the first reply",
    { plimsoll: { ms: plimsoll, over: plimsoll - tcp }, "a bare connection": { ms: tcp } });
};

const measureSizes = () => {
  if (!wanted("size")) return;
  const folder = `${import.meta.dirname}/../../js`;
  const [{ size }] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json"],
    { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const module = brotliCompressSync(readFileSync(`${folder}/dist/core/core.wasm`)).length;
  show("size, KiB", { plimsoll: { module: module / 1024, tarball: size / 1024 } });
};

try {
  say(`${cpus()[0].model}, ${cpus().length} cores; Node ${process.version}`);
  await fill();
  const refused = "refused, 100 concurrent";
  if (wanted(refused)) {
    show(refused, await measureRefused(server.port, key, rounds, times(100_000)));
  }
  await measureCached();
  await measurePlain();
  measureProcesses();
  measureSizes();
  say("");
  for (const goal of goals) {
    const said = judge(goal, rows);
    if (said === undefined) continue;
    const bound = goal.least !== undefined ? `at least ${goal.least}` : `at most ${goal.most}`;
    const against = goal.against === undefined ? ""
      : ` of ${goal.against === "all" ? "the best peer" : goal.against.join(" or ")}`;
    say(`${said.met ? "met   " : "MISSED"} ${goal.row}: ${goal.of} ${said.ratio.toFixed(2)}` +
      `${against} (${bound})`);
    if (options.json) console.log(JSON.stringify({ goal, ...said }));
  }
} finally {
  await server.stop();
}
process.exit(0);
