// Metrics for Prometheus.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { Client, ClientSideCache, CoreError, metricsClientsMax, metricsText, readMetrics } from "../.build/index.js";
import { currentCore } from "../.build/core/core.js";
import { addressOf, readAddress } from "../.build/address.js";
import { startServer } from "./package/server.mjs";

let server;
const clients = [];

const connect = async (options) => {
  const client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000, ...options });
  clients.push(client);
  return client;
};

before(async () => { server = await startServer(); });
after(async () => {
  for (const client of clients) await client.close();
  await server.stop();
});

const sample = /^(plimsoll_[a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\d+)$/;

const samplesOf = (text) => {
  const found = new Map();
  for (const line of text.trimEnd().split("\n")) {
    if (line.startsWith("#")) continue;
    const [, name, labels = "", value] = sample.exec(line) ?? assert.fail(line);
    found.set(labels === "" ? name : `${name}{${labels}}`, Number(value));
  }
  return found;
};

test("each metric has its help and type before its samples, and is documented with the same words", async () => {
  const clientSideCache = new ClientSideCache({ maxCacheKb: 64 });
  const client = await connect({ clientSideCache, clientName: 'a"name"\\' });
  await client.set("k", "v");
  await client.get("k");
  assert.equal(client.cached("k"), "v");
  const text = metricsText([client], [clientSideCache]);
  const samples = samplesOf(text);
  const of = (name) => [...samples].find(([each]) => each.startsWith(`${name}{`))?.[1];
  assert.equal(of("plimsoll_client_requests_submitted_total"), 2);
  assert.equal(of("plimsoll_client_ready"), 1);
  assert.equal(of("plimsoll_cache_hits_total"), 1);
  assert.equal(of("plimsoll_cache_entries"), 1);
  assert(samples.get("plimsoll_memory_used_bytes") > 0);
  assert(samples.get('plimsoll_pool_used_bytes{pool="cache"}') > 0);
  assert.match(text, /client_name="a\\"name\\"\\\\"/);
  assert.match(text, /plimsoll_client_info\{.*server="127\.0\.0\.1:\d+".*state="ready".*cache="tracking"/);

  const documents = ["observability", "javascript"]
    .map((name) => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8")).join("\n");
  const known = new Map([...documents.matchAll(/^\| `(plimsoll_[a-z_]+)` \| (\w+) \| [^|]*\| (.*) \|$/gm)]
    .map(([, name, type, help]) => [name, { type, help }]));
  assert(known.size > 50);
  const helps = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$/gm)];
  assert.equal(helps.length, text.match(/^# TYPE/gm).length);
  for (const [, name, help, type] of helps) {
    const documented = known.get(name) ?? assert.fail(`${name} is in no table`);
    assert.equal(type, documented.type, name);
    if (!/_limit_bytes$/.test(name)) assert.equal(help, documented.help, name);  // pools do not lend here
  }
});

test("the number of clients is bounded, and one that has ended keeps its counts", async () => {
  const client = await connect();
  await client.ping();
  await client.close();
  assert.equal(metricsText([client]).match(/^plimsoll_client_requests_completed_total.* 1$/gm).length, 1);
  const many = await Promise.all(Array.from({ length: metricsClientsMax + 9 }, () => Client.connect(server.address,
    { lazyConnect: true })));
  assert.equal(metricsText(many).match(/^plimsoll_client_requests_completed_total.* 0$/gm).length, metricsClientsMax);
});

test("a client or a cache that is given twice is shown once", async () => {
  const cache = new ClientSideCache({ maxCacheKb: 64 });
  const client = await connect({ clientSideCache: cache });
  const namesOf = (text) => [...samplesOf(text).keys()];
  const twice = metricsText([client, client], [cache, cache]);
  assert.deepEqual(namesOf(twice), namesOf(metricsText([client], [cache])));
  assert.equal(twice.match(/^plimsoll_(client_ready|cache_entries)\{/gm).length, 2);
});

test("what is no list of clients or caches is refused", async () => {
  const client = await connect();
  for (const [given, message] of [
    [[client], /^metrics: got an object \(Client\); give a list of clients, \[client\]$/],
    [[[{}]], /^metrics: got an object \(Object\); give a list of clients/],
    [[[], new ClientSideCache({ maxCacheKb: 64 })], /^metrics: got an object \(ClientSideCache\); give a list of caches/],
    [[[], [client]], /^metrics: got an object \(Client\); give a list of caches/],
  ]) {
    for (const read of [metricsText, readMetrics]) {
      assert.throws(() => read(...given), { name: "ConfigurationError", message });
    }
  }
});

const sum = (name) => readMetrics().find((metric) => metric.name === `plimsoll_${name}`).samples[0].value;

test("sums count all clients, those that have ended too, and gauges those that live", async () => {
  const [clientsBefore, openBefore] = [sum("clients"), sum("connections")];
  const [submitted, completed, failed] = ["submitted", "completed", "failed"]
    .map((each) => sum(`requests_${each}_total`));
  const first = await connect();
  const second = await connect();
  await Promise.all([first.ping(), first.ping(), second.ping()]);
  const done = () => [sum("requests_submitted_total") - submitted, sum("requests_completed_total") - completed,
    sum("requests_failed_total") - failed];
  assert.deepEqual(done(), [3, 3, 0]);
  assert.equal(sum("clients"), clientsBefore + 2);
  assert.equal(sum("clients_ready"), sum("clients"));
  const subscription = await first.subscribe("news");
  assert.equal(sum("subscriptions"), 1);
  assert.equal(sum("connections"), openBefore + 3);
  subscription.close();
  await first.close();
  assert.deepEqual(done(), [4, 4, 0]);  // SUBSCRIBE as well, on a connection of its own
  assert.equal(sum("clients"), clientsBefore + 1);
  await second.ping();
  assert.deepEqual(done(), [5, 5, 0]);
  await second.close();
  assert.deepEqual(done(), [5, 5, 0]);
  assert.equal(sum("clients"), clientsBefore);
});

test("clients that are given and live are shown, and the others are counted", async () => {
  const [shown, other] = [await connect(), await connect()];
  const notShown = (...given) => readMetrics(given)
    .find(({ name }) => name === "plimsoll_clients_not_shown").samples[0].value;
  const all = notShown();
  assert(all >= 2);
  assert.equal(notShown(shown, shown), all - 1);
  assert.equal(notShown(shown, other), all - 2);
  await other.close();
  assert.equal(notShown(shown, other), all - 2);
  assert.equal(await Client.connect(server.address, { lazyConnect: true }).then(() => notShown()), all - 1);
});

test("a counter that was read does not fall when the core fails, nor when it works again", async () => {
  const client = await connect();
  await client.ping();
  const before = sum("requests_completed_total");
  assert(before > 0);
  assert(currentCore().fail(new Error("by a test")) instanceof CoreError);
  assert.equal(sum("clients"), 0);
  assert.equal(sum("requests_completed_total"), before);
  const next = await connect();
  await next.ping();
  assert.equal(sum("requests_completed_total"), before + 1);
});

test("a client whose function of credentials fails has a problem, until it gives some", async () => {
  let gives = true;
  const client = await connect({ username: "default", credentials: () => {
    if (!gives) throw new Error("none today");
    return { password: "any", lifetime: 50 };
  } });
  const problem = () => readMetrics([client]).find(({ name }) => name === "plimsoll_client_problem").samples[0];
  assert.deepEqual(problem().labels.kind, "credentials");
  assert.equal(problem().value, 0);
  const failed = new Promise((resolve) => { client.once("credentialsRefused", resolve); });
  gives = false;
  await failed;
  assert.equal(problem().value, 1);
  gives = true;
  while (problem().value === 1) await new Promise(setImmediate);
});

test("the dashboard asks for what this client has, or for what only the native client is said to have", () => {
  const read = (path) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");
  const asked = new Set(read("grafana/plimsoll.json").match(/\bplimsoll_[a-z_]+/g));
  assert(asked.size > 40);
  const own = new Set(readMetrics().map(({ name }) => name));
  const page = read("observability.md");
  const [table] = /^\| only natively \|[^]*?\n\n/m.exec(page);
  const native = new Set([...table.matchAll(/^\|[^|]*/gm)].flatMap(([cell]) => cell.match(/\bplimsoll_[a-z_]+/g) ?? []));
  for (const name of asked) assert(own.has(name) || native.has(name), `${name} is nowhere`);
  for (const name of native) assert(!own.has(name), `${name} is not native only`);
  const all = [...page.matchAll(/^\| `(plimsoll_[a-z_]+)` \|/gm)].map(([, name]) => name);
  for (const name of all) assert(own.has(name) || native.has(name), `${name} is said to be here as well`);
});

test("an address is shown without what may be secret", () => {
  for (const [address, shown] of [["wss://user:pw@bridge/x?token=t", "wss://bridge/x"],
    ["valkey://user:pw@[::1]:7000/3", "valkey://[::1]:7000"], ["unix://user:pw@/run/s?database=1", "unix:///run/s"]]) {
    assert.equal(addressOf(readAddress(address).address), shown);
  }
});
