import { ClientSideCache, type CacheStatistics } from "./cache.js";
import { Client } from "./client.js";
import { pools } from "./core/abi.js";
import { type MemoryStatistics, type PoolStatistics, getMemoryStatistics } from "./memory.js";
import type { ClientStatistics } from "./statistics.js";

// Metrics in Prometheus's text format 0.0.4. The names are those of the native client, where both have a number:
// docs/observability.md.

/** How many clients, and caches, metricsText() shows: the first ones. */
export const metricsClientsMax = 64;

type Type = "gauge" | "counter";
type Row<Source> = readonly [name: string, type: Type, help: string, value: (source: Source) => number];

const memoryRows: readonly Row<MemoryStatistics>[] = [
  ["memory_limit_bytes", "gauge", "The memory line", ({ limit }) => limit],
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

const clientRows: readonly Row<ClientStatistics>[] = [
  ["ready", "gauge", "1 while the client's main connection is ready", ({ state }) => state === "ready" ? 1 : 0],
  ["requests_in_flight", "gauge", "Requests of the client that are sent or waiting to be sent",
    ({ inFlight }) => inFlight],
  ["requests_waiting", "gauge", "Requests of the client that wait for room", ({ waiting }) => waiting],
  ["blocking_connections", "gauge", "The client's side connections for commands that block and for exclusive use",
    ({ blockingConnections }) => blockingConnections],
  ["subscriptions", "gauge", "The client's open subscriptions", ({ subscriptions }) => subscriptions],
  ["unread_bytes", "gauge", "Bytes that were received and wait for room", ({ unreadBytes }) => unreadBytes],
  ["requests_submitted_total", "counter", "Requests that the client accepted", ({ submitted }) => submitted],
  ["requests_rejected_total", "counter", "Requests that were rejected before they were sent",
    ({ rejected }) => rejected],
  ["requests_waited_total", "counter", "Requests that had to wait for room", ({ waited }) => waited],
  ["waiters_refused_total", "counter", "Requests that could not wait because the limits of the waiters were " +
    "reached; also counted as rejected", ({ waitersRefused }) => waitersRefused],
  ["requests_completed_total", "counter", "Requests on main connections that received their reply",
    ({ completed }) => completed],
  ["requests_failed_total", "counter", "Requests on main connections that ended with an error",
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
];

const skipped: readonly (readonly [reason: string, count: (cache: CacheStatistics) => number])[] = [
  ["too_large", ({ skippedTooLarge }) => skippedTooLarge],
  ["uncacheable", ({ skippedUncacheable }) => skippedUncacheable],
  ["overtaken", ({ skippedPoisoned }) => skippedPoisoned],
  ["being_written", ({ skippedFenced }) => skippedFenced],
  ["no_memory", ({ skippedNoMemory }) => skippedNoMemory],
];

const labelLettersMax = 128;

type Labels = Readonly<Record<string, string | number>>;

const labelsOf = (labels: Labels): string => Object.entries(labels).map(([name, value]) => {
  const plain = String(value).slice(0, labelLettersMax).replace(/[^ -~]/g, "?");
  return `${name}="${plain.replace(/[\\"]/g, "\\$&")}"`;
}).join(",");

interface Shown<Source> { readonly labels: Labels; readonly source: Source }

/** A metric with a sample for each of the sources. */
const metric = <Source>(prefix: string, [name, type, help, value]: Row<Source>,
  shown: readonly Shown<Source>[]): string[] => {
  const full = `plimsoll_${prefix}${name}`;
  const samples = shown.map(({ labels, source }) => {
    const inside = labelsOf(labels);
    return `${full}${inside === "" ? "" : `{${inside}}`} ${value(source)}`;
  });
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...samples];
};

/**
 * The metrics of these clients and caches, and of the memory that all clients share, in Prometheus's text format:
 * the answer to GET /metrics of a program, with the type "text/plain; version=0.0.4". Counters of a client are
 * those of its whole life. Shows the first metricsClientsMax clients and caches. There are no keys, values, users
 * or tokens in it.
 *
 *     http.createServer((_, response) => response.end(metricsText([client], [cache]))).listen(9121, "127.0.0.1");
 */
export const metricsText = (clients: Iterable<Client>, caches: Iterable<ClientSideCache> = []): string => {
  const memory = getMemoryStatistics();
  const shownClients = [...clients].slice(0, metricsClientsMax).map((client) => {
    if (!(client instanceof Client)) throw new TypeError("metricsText: give a list of clients, and a list of caches");
    const { number, name, server, database } = client.described;
    return { labels: { client: number, client_name: name }, source: client.getStatistics(), server, database };
  });
  const shownCaches = [...caches].slice(0, metricsClientsMax).map((cache) => {
    if (cache instanceof ClientSideCache) return { labels: { cache: cache.number }, source: cache.getStatistics() };
    throw new TypeError("metricsText: give a list of clients, and a list of caches");
  });
  const info = shownClients.map(({ labels, source, server, database }) =>
    ({ labels: { ...labels, server, database, state: source.state, cache: source.cacheState }, source }));
  const ofMemory = [{ labels: {}, source: memory }];
  const ofPools = pools.map((pool) => ({ labels: { pool }, source: memory.pools[pool] }));
  const ofReasons = shownCaches.flatMap(({ labels, source }) =>
    skipped.map(([reason, count]) => ({ labels: { ...labels, reason }, source: count(source) })));
  const lines = [
    ...memoryRows.flatMap((row) => metric("", row, ofMemory)),
    ...poolRows.flatMap((row) => metric("", row, ofPools)),
    ...metric("", ["client_info", "gauge", "1; the labels name the client's server and state", () => 1], info),
    ...clientRows.flatMap((row) => metric("client_", row, shownClients)),
    ...cacheRows.flatMap((row) => metric("cache_", row, shownCaches)),
    ...metric("", ["cache_skipped_total", "counter", "Replies that the cache did not store", (count) => count],
      ofReasons),
  ];
  return `${lines.join("\n")}\n`;
};
