import { ClientSideCache, type CacheStatistics } from "./cache.js";
import { Client } from "./client.js";
import { described } from "./commands/problem.js";
import { pools } from "./core/abi.js";
import { ConfigurationError } from "./errors.js";
import { version } from "./generated/version.js";
import { type MemoryStatistics, type PoolStatistics, getMemoryStatistics, memoryTarget } from "./memory.js";
import type { ClientStatistics } from "./statistics.js";
import { type Totals, readTotals } from "./totals.js";

// Metrics, also in Prometheus's text format 0.0.4. The names are those of the native client, where both have a number:
// one dashboard shows both. docs/observability.md has them all.

/** How many clients, and caches, have metrics of their own: the first ones. */
export const metricsClientsMax = 64;

/** A number of a metric. Labels say whose it is: `{ client: "3", client_name: "orders" }`. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its numbers. A counter never falls. */
export interface Metric {
  /** "plimsoll_requests_submitted_total" */
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

type Type = Metric["type"];
type Row<Source> = readonly [name: string, type: Type, help: string, value: (source: Source) => number];

const memoryRows: readonly Row<MemoryStatistics>[] = [
  ["memory_limit_bytes", "gauge", "The memory line in force: above the target until enough memory is released",
    ({ limit }) => limit],
  ["memory_target_bytes", "gauge", "The memory line that was set", ({ limit }) => memoryTarget(limit)],
  ["memory_used_bytes", "gauge", "Bytes charged to the line", ({ live }) => live],
  ["memory_peak_bytes", "gauge", "The most bytes charged to the line so far", ({ peak }) => peak],
  ["wasm_memory_bytes", "gauge", "The WebAssembly memory, which never shrinks", ({ highWater }) => highWater],
  ["wasm_growths_refused_total", "counter", "Times that the WebAssembly memory could not grow",
    ({ growthsRefused }) => growthsRefused],
];

const poolRows: readonly Row<PoolStatistics>[] = [
  ["pool_limit_bytes", "gauge", "The most bytes that the pool may have", ({ limit }) => limit],
  ["pool_used_bytes", "gauge", "Bytes charged to the pool", ({ used }) => used],
  ["pool_peak_bytes", "gauge", "The most bytes charged to the pool so far", ({ peak }) => peak],
  ["pool_waiting", "gauge", "Requests or readers that wait for memory of the pool", ({ waiting }) => waiting],
  ["pool_refused_total", "counter", "Charges that the pool refused", ({ refused }) => refused],
];

const totalRows: readonly Row<Totals>[] = [
  ["clients", "gauge", "Clients of this process", ({ clients }) => clients],
  ["clients_ready", "gauge", "Clients whose main connection is ready", ({ clientsReady }) => clientsReady],
  ["connections", "gauge", "Open connections, including those in the RESP handshake",
    ({ connectionsOpen }) => connectionsOpen],
  ["requests_in_flight", "gauge", "Requests of all clients that are sent or waiting to be sent",
    ({ inFlight }) => inFlight],
  ["requests_waiting", "gauge", "Requests of all clients that wait for room", ({ waiting }) => waiting],
  ["blocking_connections", "gauge", "Side connections for commands that block and for exclusive use",
    ({ blockingConnections }) => blockingConnections],
  ["subscriptions", "gauge", "Open subscriptions of all clients", ({ subscriptions }) => subscriptions],
];

const clientRows: readonly Row<ClientStatistics>[] = [
  ["ready", "gauge", "1 while the client's main connection is ready", ({ state }) => state === "ready" ? 1 : 0],
  ["requests_in_flight", "gauge", "Requests of the client that are sent or waiting to be sent",
    ({ inFlight }) => inFlight],
  ["requests_waiting", "gauge", "Requests of the client that wait for room", ({ waiting }) => waiting],
  ["blocking_connections", "gauge", "The client's side connections for commands that block and for exclusive use",
    ({ blockingConnections }) => blockingConnections],
  ["subscriptions", "gauge", "The client's open subscriptions", ({ subscriptions }) => subscriptions],
  ["unread_bytes", "gauge", "Bytes that were received and wait for room", ({ unreadBytes }) => unreadBytes],
];

// Of all clients, and with client_ in the name of each.
const counterRows: readonly Row<ClientStatistics | Totals>[] = [
  ["requests_submitted_total", "counter", "Requests that the client accepted", ({ submitted }) => submitted],
  ["requests_rejected_total", "counter", "Requests that were rejected before they were sent",
    ({ rejected }) => rejected],
  ["requests_waited_total", "counter", "Requests that had to wait for room", ({ waited }) => waited],
  ["waiters_refused_total", "counter", "Requests that could not wait because the limits of the waiters were " +
    "reached; also counted as rejected", ({ waitersRefused }) => waitersRefused],
  ["requests_completed_total", "counter", "Requests that got their reply",
    ({ completed }) => completed],
  ["requests_failed_total", "counter", "Requests that ended with an error, the server's included",
    ({ failed }) => failed],
  ["requests_resent_total", "counter", "Reads that were sent again on a new connection",
    ({ requestsResent }) => requestsResent],
  ["pushes_total", "counter", "Pushes on main connections (invalidations)", ({ pushed }) => pushed],
  ["replies_skipped_total", "counter", "Replies that did not fit and were skipped",
    ({ repliesSkipped }) => repliesSkipped],
  ["pushes_skipped_total", "counter", "Pushes that did not fit and were skipped",
    ({ pushesSkipped }) => pushesSkipped],
  ["read_bytes_total", "counter", "Bytes of RESP read from servers on main connections",
    ({ bytesRead }) => bytesRead],
  ["written_bytes_total", "counter", "Bytes of RESP written to servers on main connections",
    ({ bytesWritten }) => bytesWritten],
  ["connections_ready_total", "counter", "Main connections that became ready", ({ connections }) => connections],
  ["connections_lost_total", "counter", "Main connections that were lost after they were ready",
    ({ connectionsLost }) => connectionsLost],
  ["connections_dead_total", "counter", "Lost main connections that were dropped because the server showed no " +
    "sign of life", ({ connectionsDead }) => connectionsDead],
  ["connection_attempts_failed_total", "counter", "Attempts to open a main connection that failed",
    ({ attemptsFailed }) => attemptsFailed],
  ["health_checks_total", "counter", "PINGs sent to check a connection", ({ healthChecks }) => healthChecks],
];

const cacheRows: readonly Row<CacheStatistics>[] = [
  ["committed_bytes", "gauge", "Bytes that the cache takes: entries, index, policy, expiry",
    ({ bytesCommitted }) => bytesCommitted],
  ["live_bytes", "gauge", "The part of the cache's bytes that entries take", ({ bytesLive }) => bytesLive],
  ["entries", "gauge", "Entries in the cache", ({ entries }) => entries],
  ["lookups_total", "counter", "Reads that were looked up in the cache", ({ lookups }) => lookups],
  ["hits_total", "counter", "Reads that the cache answered", ({ hits }) => hits],
  ["evictions_total", "counter", "Entries that were evicted to make room", ({ evictions }) => evictions],
  ["expirations_total", "counter", "Entries that expired", ({ expirations }) => expirations],
  ["invalidations_total", "counter", "Entries that a server or a write invalidated",
    ({ invalidations }) => invalidations],
  ["resumptions_total", "counter", "Lost connections whose entries are served again, except what has changed meanwhile",
    ({ resumptions }) => resumptions],
];

const skipped: readonly (readonly [reason: string, count: (cache: CacheStatistics) => number])[] = [
  ["too_large", ({ skippedTooLarge }) => skippedTooLarge],
  ["uncacheable", ({ skippedUncacheable }) => skippedUncacheable],
  ["overtaken", ({ skippedPoisoned }) => skippedPoisoned],
  ["being_written", ({ skippedFenced }) => skippedFenced],
  ["no_memory", ({ skippedNoMemory }) => skippedNoMemory],
  ["absent", ({ skippedAbsent }) => skippedAbsent],
];

const labelLettersMax = 128;

type Labels = Readonly<Record<string, string | number>>;

interface Shown<Source> { readonly labels: Labels; readonly source: Source }

/** A metric with a sample for each of the sources. */
const metric = <Source>(prefix: string, [name, type, help, value]: Row<Source>, shown: readonly Shown<Source>[]):
  Metric => ({ name: `plimsoll_${prefix}${name}`, type, help, samples: shown.map(({ labels, source }) => ({
  labels: Object.fromEntries(Object.entries(labels).map(([label, text]) =>
    [label, String(text).slice(0, labelLettersMax).replace(/[^ -~]/g, "?")])),
  value: value(source),
})) });

// Undefined where the runtime does not tell.
const residentBytes = (): number | undefined => {
  const host = (globalThis as { process?: { memoryUsage?: { rss?: () => number } } }).process;
  try {
    return host?.memoryUsage?.rss?.();
  } catch {
    return undefined;
  }
};

// Each of them once, as two samples of the same labels would be refused.
const distinct = <Of>(given: Iterable<Of>, kind: new (...args: never) => unknown, allowed: string): Of[] => {
  const refuse = (value: unknown): never => {
    throw new ConfigurationError("invalid_option", `metrics: got ${described(value)}; give ${allowed}`);
  };
  if (typeof given?.[Symbol.iterator] !== "function") refuse(given);
  const all = [...new Set(given)];
  for (const each of all) if (!(each instanceof kind)) refuse(each);
  return all;
};

/**
 * The metrics of all clients together, of the memory that they share, and of these clients and caches. Counters
 * of all clients include those that have ended; a client's are those of its whole life. Shows the first
 * metricsClientsMax clients and caches, each once. There are no keys, values, users or tokens in it. A metric that this
 * runtime does not have, or that nobody was given for, has no samples.
 * @throws ConfigurationError if a list has something else in it.
 */
export const readMetrics = (clients: Iterable<Client> = [], caches: Iterable<ClientSideCache> = []): Metric[] => {
  const ofClients = distinct(clients, Client as never, "a list of clients, [client]");
  const shownClients = ofClients.slice(0, metricsClientsMax).map((client) => {
    const { number, name, server, database } = client.described;
    return { labels: { client: number, client_name: name }, source: client.getStatistics(), server, database, client };
  });
  const ofCaches = distinct(caches, ClientSideCache, "a list of caches as the second argument, [cache]");
  const shownCaches = ofCaches.slice(0, metricsClientsMax).map((cache) =>
    ({ labels: { cache: cache.number }, source: cache.getStatistics(), cache }));
  const info = shownClients.map(({ labels, source, server, database }) =>
    ({ labels: { ...labels, server, database, state: source.state, cache: source.cacheState }, source }));
  const memory = getMemoryStatistics();
  const totals = readTotals();
  const ofAll = [{ labels: {}, source: totals }];
  const resident = residentBytes();
  const shownLiving = shownClients.filter(({ client }) => client.isLiving).length;
  const of = <Source>(rows: readonly Row<Source>[], shown: readonly Shown<Source>[], prefix = ""): Metric[] =>
    rows.map((row) => metric(prefix, row, shown));
  return [
    metric("", ["build_info", "gauge", "1; the label is the library's version", () => 1],
      [{ labels: { version }, source: undefined }]),
    ...of(memoryRows, [{ labels: {}, source: memory }]),
    metric("", ["process_resident_bytes", "gauge", "Resident memory of the whole process", (bytes) => bytes],
      resident === undefined ? [] : [{ labels: {}, source: resident }]),
    ...of(totalRows, ofAll),
    metric("", ["clients_not_shown", "gauge", "Clients without metrics of their own, because there are too many",
      ({ clients: count }) => count - shownLiving], ofAll),
    ...of(counterRows, ofAll),
    ...of(poolRows, pools.map((pool) => ({ labels: { pool }, source: memory.pools[pool] }))),
    metric("", ["client_info", "gauge", "1; the labels name the client's server and state", () => 1], info),
    ...of(clientRows, shownClients, "client_"),
    ...of(counterRows, shownClients, "client_"),
    metric("", ["client_problem", "gauge", "1 while the client has this problem",
      (client) => client.hasCredentialsProblem ? 1 : 0],
    shownClients.map(({ labels, client }) => ({ labels: { ...labels, kind: "credentials" }, source: client }))),
    metric("", ["cache_limit_bytes", "gauge", "The most bytes that the cache may take (max_cache_kb)",
      (cache) => cache.bytesMax], shownCaches.map(({ labels, cache }) => ({ labels, source: cache }))),
    ...of(cacheRows, shownCaches, "cache_"),
    metric("", ["cache_skipped_total", "counter", "Replies that the cache did not store", (count) => count],
      shownCaches.flatMap(({ labels, source }) =>
        skipped.map(([reason, count]) => ({ labels: { ...labels, reason }, source: count(source) })))),
  ];
};

const sampleLine = (name: string, { labels, value }: MetricSample): string => {
  const inside = Object.entries(labels)
    .map(([label, text]) => `${label}="${text.replace(/[\\"]/g, "\\$&")}"`).join(",");
  return `${name}${inside === "" ? "" : `{${inside}}`} ${value}`;
};

/**
 * What readMetrics() returns, in Prometheus's text format: the answer to GET /metrics of a program, with the type
 * "text/plain; version=0.0.4".
 *
 *     http.createServer((_, response) => response.end(metricsText([client], [cache]))).listen(9121, "127.0.0.1");
 */
export const metricsText = (clients: Iterable<Client> = [], caches: Iterable<ClientSideCache> = []): string =>
  readMetrics(clients, caches).map(({ name, type, help, samples }) =>
    [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((sample) => sampleLine(name, sample)), ""]
      .join("\n")).join("");
