// plimsoll/opentelemetry, with OpenTelemetry's own SDK and its exporter for Prometheus.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

import { Client, ClientSideCache, metricsText } from "../.build/index.js";
import { observeMetrics, traceCommands } from "../.build/opentelemetry.js";
import { startServer } from "./package/server.mjs";

let server;
let client;
const clientSideCache = new ClientSideCache({ maxCacheKb: 64 });
const contexts = new AsyncLocalStorageContextManager();

before(async () => {
  context.setGlobalContextManager(contexts.enable());
  server = await startServer();
  client = await Client.connect(server.address, { requestTimeout: 0, connectTimeout: 20_000, clientSideCache,
    clientName: "orders" });
});
after(async () => {
  await client.close();
  await server.stop();
  contexts.disable();
});

// Each sample of ours in Prometheus's text format, with its labels sorted, and with those of OpenTelemetry's left out.
const samplesOf = (text) => new Map([...text.matchAll(/^(plimsoll_\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
  ([, name, labels = "", value]) => [`${name}{${(labels.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [])
    .filter((label) => !label.startsWith("otel_scope_")).sort()}}`, Number(value)]));

const collecting = () => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ readers: [exporter] });
  const collect = async () => {
    const { resourceMetrics, errors } = await exporter.collect();
    assert.deepEqual(errors, []);
    return new PrometheusSerializer().serialize(resourceMetrics);
  };
  return { meter: provider.getMeter("plimsoll"), collect, end: () => provider.shutdown() };
};

test("an exporter for Prometheus says the same as metricsText(), by the same names", async () => {
  await client.set("ship", "Great Eastern");
  await client.get("ship");
  assert.equal(client.cached("ship"), "Great Eastern");
  const { meter, collect, end } = collecting();
  const [clients, caches] = [new Set(), [clientSideCache]];
  const stop = observeMetrics(meter, { clients, caches });
  assert(![...samplesOf(await collect()).keys()].some((name) => name.startsWith("plimsoll_client_ready")));
  clients.add(client);
  const exported = samplesOf(await collect());
  const own = samplesOf(metricsText(clients, caches));
  assert.deepEqual([...exported.keys()].sort(), [...own.keys()].sort());
  for (const [name, value] of own) {
    if (!name.startsWith("plimsoll_process_")) assert.equal(exported.get(name), value, name);
  }
  assert.equal(exported.get('plimsoll_cache_hits_total{cache="1"}'), 1);

  const asked = new Set(readFileSync(new URL("../../docs/grafana/plimsoll.json", import.meta.url), "utf8")
    .match(/\bplimsoll_requests_[a-z_]+/g));
  assert(asked.size > 5);
  for (const name of asked) assert(exported.has(`${name}{}`), name);

  await client.ping();
  const submitted = "plimsoll_requests_submitted_total{}";
  assert.equal(samplesOf(await collect()).get(submitted), exported.get(submitted) + 1);
  stop();
  await client.ping();
  assert.equal(samplesOf(await collect()).get(submitted), exported.get(submitted) + 1);  // the SDK keeps the last
  await end();
});

test("counters are counters for OpenTelemetry, and gauges are gauges", async () => {
  const { meter, collect, end } = collecting();
  observeMetrics(meter);
  const typesOf = (text) => [...text.matchAll(/^# TYPE (plimsoll_\w+) (\w+)$/gm)].map(([, ...each]) => each.join(" "));
  const exported = typesOf(await collect());
  assert(exported.includes("plimsoll_requests_submitted_total counter"));
  assert(exported.includes("plimsoll_requests_in_flight gauge"));
  const known = new Set(typesOf(metricsText()));
  for (const each of exported) assert(known.has(each), each);
  await end();
});

// What `act` leaves of spans.
const spansOf = async (act) => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("plimsoll");
  const stop = traceCommands(tracer);
  await act(tracer, stop);
  stop();
  const spans = exporter.getFinishedSpans();
  await provider.shutdown();
  return spans;
};

test("a request is a span below the one that is active, with the attributes of the conventions", async () => {
  let parent;
  const [get, transaction] = await spansOf(async (tracer) => {
    parent = tracer.startSpan("checkout");
    await context.with(trace.setSpan(context.active(), parent), () => client.get("secret:key"));
    await client.transaction((all) => [all.set("secret:key", "secret:value"), all.get("secret:key")]);
  });
  assert.equal(get.name, "GET");
  assert.equal(get.kind, 2);
  assert.equal(get.parentSpanContext.spanId, parent.spanContext().spanId);
  const attributes = { "db.system.name": "redis", "db.operation.name": "GET", "db.namespace": "0",
    "server.address": "127.0.0.1", "server.port": server.port };
  assert.deepEqual(get.attributes, attributes);
  assert.equal(get.status.code, 0);
  assert(get.ended);
  assert.equal(transaction.parentSpanContext, undefined);
  assert.deepEqual(transaction.attributes, { ...attributes, "db.operation.name": "MULTI",
    "db.operation.batch.size": 2 });
});

test("an error ends its span with codes, and with no text of the server or the caller", async () => {
  await client.set("secret:key", "secret:value");
  const spans = await spansOf(async () => {
    await assert.rejects(client.lpush("secret:key", "secret:value"), { code: "WRONGTYPE" });
    await assert.rejects(client.get("secret:key", { signal: AbortSignal.abort() }), { code: "cancelled" });
    await assert.rejects(client.get(7), TypeError);
  });
  const told = spans.map(({ attributes, status }) =>
    [attributes["error.type"], attributes["db.response.status_code"], status]);
  assert.deepEqual(told.slice(0, 2), [["WRONGTYPE", "WRONGTYPE", { code: 2 }], ["cancelled", undefined, { code: 2 }]]);
  for (const { attributes, events } of spans) assert(!JSON.stringify([attributes, events]).includes("secret"));
});

test("what is no tracer, no meter, or no list of clients is refused at the call", () => {
  for (const given of [undefined, null, {}, trace]) {
    assert.throws(() => traceCommands(given), { name: "ConfigurationError", message: /^traceCommands: .*startSpan\(\); / });
    assert.throws(() => observeMetrics(given), { name: "ConfigurationError", message: /^observeMetrics: .*Meter/ });
  }
  const { meter } = collecting();
  assert.throws(() => observeMetrics(meter, { clients: client }), { name: "ConfigurationError", message: /a list of clients/ });
});

test("after its end, traceCommands() makes no spans, and two of them make two", async () => {
  const spans = await spansOf(async (tracer, stop) => {
    const other = traceCommands(tracer);
    await client.ping();
    other();
    await client.ping();
    stop();
    await client.ping();
  });
  assert.deepEqual(spans.map(({ name }) => name), ["PING", "PING", "PING"]);
});
