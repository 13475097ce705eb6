// Metrics for Prometheus.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { Client, ClientSideCache, metricsClientsMax, metricsText } from "../.build/index.js";
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

test("the number of clients is bounded, one that has ended keeps its counts, and nonsense is refused", async () => {
  const client = await connect();
  await client.ping();
  await client.close();
  const samples = samplesOf(metricsText(Array.from({ length: metricsClientsMax + 9 }, () => client)));
  assert.equal([...samples].filter(([name]) => name.startsWith("plimsoll_client_ready")).length, 1);
  const text = metricsText(Array.from({ length: metricsClientsMax + 9 }, () => client));
  assert.equal(text.match(/^plimsoll_client_requests_completed_total.* 1$/gm).length, metricsClientsMax);
  assert.throws(() => metricsText([{}]), TypeError);
  assert.throws(() => metricsText([], [{}]), TypeError);
});

test("an address is shown without what may be secret", () => {
  for (const [address, shown] of [["wss://user:pw@bridge/x?token=t", "wss://bridge/x"],
    ["valkey://user:pw@[::1]:7000/3", "valkey://[::1]:7000"], ["unix://user:pw@/run/s?database=1", "unix:///run/s"]]) {
    assert.equal(addressOf(readAddress(address).address), shown);
  }
});
