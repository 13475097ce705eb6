#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/native/observe/observed.h"
#include "plimsoll/native/observe/prometheus_text.h"

// One row for each metric: its name after "plimsoll_", its description, and where its value comes
// from. Tests compare docs/observability.md and the dashboard's expressions with these rows.

namespace plimsoll::inline v0::native::detail {

inline constexpr MetricType gauge = MetricType::gauge;
inline constexpr MetricType counter = MetricType::counter;

template <class Source>
struct Row {
  std::string_view name;
  MetricType type;
  std::string_view help;
  std::uint64_t (*value)(const Source& source);
};

// Metrics of the process.
inline constexpr Row<Observed> process_rows[] = {
    {"memory_limit_bytes", gauge,
     "The memory line in force: above the target until enough memory is released",
     [](const Observed& all) -> std::uint64_t { return all.memory.limit; }},
    {"memory_target_bytes", gauge, "The memory line that was set",
     [](const Observed& all) -> std::uint64_t { return all.memory.target; }},
    {"memory_used_bytes", gauge, "Bytes charged to the line",
     [](const Observed& all) -> std::uint64_t { return all.memory.used; }},
    {"memory_peak_bytes", gauge, "The most bytes charged to the line so far",
     [](const Observed& all) -> std::uint64_t { return all.memory.peak; }},
    {"process_resident_bytes", gauge, "Resident memory of the whole process",
     [](const Observed& all) { return all.resident_bytes; }},
    {"process_anonymous_bytes", gauge,
     "Resident memory that no file backs: heap, stacks, mapped pages",
     [](const Observed& all) { return all.anonymous_bytes; }},
    {"clients", gauge, "Clients of this process",
     [](const Observed& all) -> std::uint64_t { return all.memory.clients; }},
    {"clients_ready", gauge, "Clients whose main connection is ready",
     [](const Observed& all) -> std::uint64_t { return all.clients.clients_ready; }},
    {"clients_not_shown", gauge, "Clients without metrics of their own, because there are too many",
     [](const Observed& all) -> std::uint64_t { return all.clients.clients_left_out; }},
    {"connections", gauge, "Open connections, including those in the RESP handshake",
     [](const Observed& all) -> std::uint64_t { return all.memory.connections; }},
    {"name_lookups", gauge, "Names of hosts that are looked up, or wait for their turn",
     [](const Observed& all) -> std::uint64_t { return all.memory.name_lookups; }},
    {"requests_in_flight", gauge, "Requests of all clients that are sent or waiting to be sent",
     [](const Observed& all) -> std::uint64_t { return all.clients.in_flight; }},
    {"requests_waiting", gauge, "Requests of all clients that wait for room",
     [](const Observed& all) -> std::uint64_t { return all.clients.waiting; }},
    {"blocking_connections", gauge,
     "Side connections for commands that block and for exclusive use",
     [](const Observed& all) -> std::uint64_t { return all.clients.blocking_connections; }},
    {"subscriptions", gauge, "Open subscriptions of all clients",
     [](const Observed& all) -> std::uint64_t { return all.clients.subscriptions; }},
    {"caches_not_shown", gauge, "Caches without metrics of their own, because there are too many",
     [](const Observed& all) -> std::uint64_t { return all.clients.caches_left_out; }},
    {"metrics_scrapes_total", counter, "Scrapes of these metrics",
     [](const Observed& all) { return all.scrapes; }},
    {"metrics_refused_total", counter,
     "Connections for scrapes that were closed because there were too many",
     [](const Observed& all) { return all.scrapes_refused; }},
    {"give_back_asked_total", counter, "Times that the allocator was asked to give memory back",
     [](const Observed& all) -> std::uint64_t { return all.memory.give_back.asked; }},
    {"give_back_returned_bytes_total", counter,
     "Bytes that came back to the system when the allocator was asked",
     [](const Observed& all) -> std::uint64_t { return all.memory.give_back.returned_bytes; }},
    {"container_limit_bytes", gauge, "The tightest memory limit around the process; 0: unknown",
     [](const Observed& all) -> std::uint64_t { return all.memory.container.limit; }},
    {"container_high_bytes", gauge, "The tightest memory.high around the process; 0: none",
     [](const Observed& all) -> std::uint64_t { return all.memory.container.high; }},
    {"container_usage_bytes", gauge,
     "Memory of the cgroup with the least headroom, including the page cache",
     [](const Observed& all) -> std::uint64_t { return all.memory.container.usage; }},
    {"container_headroom_bytes", gauge,
     "Bytes until the limit or memory.high of that cgroup; 0 if its usage is above",
     [](const Observed& all) -> std::uint64_t {
       return static_cast<std::uint64_t>(std::max<std::int64_t>(all.memory.container.headroom, 0));
     }},
    {"container_oom_kills_total", counter,
     "Processes that the kernel has killed for lack of memory in the cgroups around this process",
     [](const Observed& all) -> std::uint64_t { return all.memory.container.events.oom_kill; }},
    {"line_is_auto", gauge, "1 if the line follows the container (memory_limit = \"auto\")",
     [](const Observed& all) -> std::uint64_t { return all.memory.container.is_auto ? 1 : 0; }},
    {"line_lowered_total", counter, "Times that the line was lowered to follow the container",
     [](const Observed& all) -> std::uint64_t { return all.memory.container.lowered; }},
    {"line_raised_total", counter, "Times that the line was raised to follow the container",
     [](const Observed& all) -> std::uint64_t { return all.memory.container.raised; }},
};

// Metrics of a pool.
inline constexpr Row<PoolStatistics> pool_rows[] = {
    {"pool_share_bytes", gauge, "Bytes that the pool is guaranteed",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.share; }},
    {"pool_limit_bytes", gauge,
     "The pool's limit in force: less while it lends, more while it borrows",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.limit; }},
    {"pool_target_bytes", gauge, "The value that the pool's limit is moving to",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.target; }},
    {"pool_used_bytes", gauge, "Bytes charged to the pool",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.used; }},
    {"pool_peak_bytes", gauge, "The most bytes charged to the pool so far",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.peak; }},
    {"pool_waiting", gauge, "Requests or readers that wait for memory of the pool",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.waiting; }},
    {"pool_refused_total", counter, "Charges that the pool refused",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.refused; }},
    {"pool_accounts", gauge, "Accounts of the pool",
     [](const PoolStatistics& pool) -> std::uint64_t { return pool.accounts; }},
};

// Metrics of pages of one size.
inline constexpr Row<PageStatistics> page_rows[] = {
    {"pages_live_bytes", gauge, "Pages in use",
     [](const PageStatistics& pages) -> std::uint64_t { return pages.live; }},
    {"pages_free_bytes", gauge, "Free pages that are kept for reuse",
     [](const PageStatistics& pages) -> std::uint64_t { return pages.pooled; }},
    {"pages_returned_bytes_total", counter, "Pages given back to the system",
     [](const PageStatistics& pages) -> std::uint64_t { return pages.returned; }},
};

// Metrics of all clients, including those that have ended; and, with client_ in the name, of each
// client.
inline constexpr Row<ClientTotals> total_rows[] = {
    {"requests_submitted_total", counter, "Requests that the client accepted",
     [](const ClientTotals& all) { return all.submitted; }},
    {"requests_rejected_total", counter, "Requests that were rejected before they were sent",
     [](const ClientTotals& all) { return all.rejected; }},
    {"requests_waited_total", counter, "Requests that had to wait for room",
     [](const ClientTotals& all) { return all.waited; }},
    {"waiters_refused_total", counter,
     "Requests that could not wait because the limits of the waiters were reached; also counted as "
     "rejected",
     [](const ClientTotals& all) { return all.waiters_refused; }},
    {"requests_completed_total", counter, "Requests that got their reply",
     [](const ClientTotals& all) { return all.counters.completed; }},
    {"requests_failed_total", counter, "Requests that ended with an error, the server's included",
     [](const ClientTotals& all) { return all.counters.failed; }},
    {"requests_resent_total", counter, "Reads that were sent again on a new connection",
     [](const ClientTotals& all) { return all.counters.requests_resent; }},
    {"pushes_total", counter, "Pushes on main connections (invalidations)",
     [](const ClientTotals& all) { return all.counters.pushed; }},
    {"replies_skipped_total", counter, "Replies that did not fit and were skipped",
     [](const ClientTotals& all) { return all.counters.replies_skipped; }},
    {"pushes_skipped_total", counter, "Pushes that did not fit and were skipped",
     [](const ClientTotals& all) { return all.counters.pushes_skipped; }},
    {"read_bytes_total", counter, "Bytes of RESP read from servers on main connections",
     [](const ClientTotals& all) { return all.counters.bytes_read; }},
    {"written_bytes_total", counter, "Bytes of RESP written to servers on main connections",
     [](const ClientTotals& all) { return all.counters.bytes_written; }},
    {"connections_ready_total", counter, "Main connections that became ready",
     [](const ClientTotals& all) { return all.counters.connections; }},
    {"connections_lost_total", counter, "Main connections that were lost after they were ready",
     [](const ClientTotals& all) { return all.counters.connections_lost; }},
    {"connections_dead_total", counter,
     "Lost main connections that were dropped because the server showed no sign of life",
     [](const ClientTotals& all) { return all.counters.connections_dead; }},
    {"connection_attempts_failed_total", counter, "Attempts to open a main connection that failed",
     [](const ClientTotals& all) { return all.counters.attempts_failed; }},
    {"health_checks_total", counter, "PINGs sent to check a connection",
     [](const ClientTotals& all) { return all.counters.health_checks; }},
    {"replica_reads_total", counter, "Reads that were sent to replicas",
     [](const ClientTotals& all) { return all.replica_reads; }},
    {"replica_reads_moved_total", counter,
     "Reads that went on from a replica to another server, without an answer",
     [](const ClientTotals& all) { return all.replica_reads_moved; }},
    {"replica_reads_behind_total", counter,
     "Reads that were sent to the primary because no replica was proved to have what they must see",
     [](const ClientTotals& all) { return all.replica_reads_behind; }},
    {"cluster_moved_total", counter,
     "Requests that went on to another node of a cluster after MOVED",
     [](const ClientTotals& all) { return all.cluster_moved; }},
    {"cluster_asked_total", counter, "Requests that went on to another node of a cluster after ASK",
     [](const ClientTotals& all) { return all.cluster_asked; }},
    {"cluster_sent_again_total", counter,
     "Requests that a node of a cluster could not run, or never got whole, and that were sent "
     "again",
     [](const ClientTotals& all) { return all.cluster_sent_again; }},
    {"cluster_views_total", counter, "How often a node of a cluster has said who owns which slot",
     [](const ClientTotals& all) { return all.cluster_views; }},
    {"cluster_scattered_total", counter,
     "Requests that went to several nodes or slots of a cluster, in parts",
     [](const ClientTotals& all) { return all.cluster_scattered; }},
    {"cluster_parts_total", counter, "The parts of these requests that were sent",
     [](const ClientTotals& all) { return all.cluster_parts; }},
    {"cluster_share_reached_total", counter,
     "Requests that met a node of a cluster with its share of inflight_requests_limit or of memory",
     [](const ClientTotals& all) { return all.cluster_share_reached; }},
};

// Metrics of each client.
inline constexpr Row<ClientSnapshot> client_rows[] = {
    {"client_ready", gauge, "1 while the client's main connection is ready",
     [](const ClientSnapshot& client) -> std::uint64_t {
       return client.statistics.state == Session::State::ready ? 1 : 0;
     }},
    {"client_requests_in_flight", gauge,
     "Requests of the client that are sent or waiting to be sent",
     [](const ClientSnapshot& client) -> std::uint64_t { return client.statistics.in_flight; }},
    {"client_requests_waiting", gauge, "Requests of the client that wait for room",
     [](const ClientSnapshot& client) -> std::uint64_t { return client.statistics.waiting; }},
    {"client_requests_parked", gauge,
     "Requests of the client that wait for the owner of their slot in a cluster",
     [](const ClientSnapshot& client) -> std::uint64_t {
       return client.statistics.cluster.parked;
     }},
    {"client_blocking_connections", gauge,
     "The client's side connections for commands that block and for exclusive use",
     [](const ClientSnapshot& client) -> std::uint64_t {
       return client.statistics.blocking_connections;
     }},
    {"client_subscriptions", gauge, "The client's open subscriptions",
     [](const ClientSnapshot& client) -> std::uint64_t { return client.statistics.subscriptions; }},
};

struct Problem {
  std::string_view kind;
  std::string ClientSnapshot::* text;
};
inline constexpr Problem problems[] = {
    {"credentials", &ClientSnapshot::credentials_problem},
    {"tls", &ClientSnapshot::tls_problem},
    {"tracking", &ClientSnapshot::tracking_problem},
};

// Sums over a client's accounts in one pool.
struct Share {
  std::uint64_t used = 0;
  std::uint64_t waiting = 0;
};
inline constexpr Row<Share> share_rows[] = {
    {"client_pool_used_bytes", gauge, "Bytes of the pool that are charged to the client",
     [](const Share& share) { return share.used; }},
    {"client_pool_waiting", gauge,
     "Requests or readers of the client that wait for memory of the pool",
     [](const Share& share) { return share.waiting; }},
};

// Metrics of each client-side cache.
inline constexpr Row<CacheSnapshot> cache_rows[] = {
    {"cache_limit_bytes", gauge, "The most bytes that the cache may take (max_cache_kb)",
     [](const CacheSnapshot& cache) { return cache.bytes_max; }},
    {"cache_committed_bytes", gauge, "Bytes that the cache takes: entries, index, policy, expiry",
     [](const CacheSnapshot& cache) -> std::uint64_t { return cache.statistics.bytes_committed; }},
    {"cache_live_bytes", gauge, "The part of the cache's bytes that entries take",
     [](const CacheSnapshot& cache) -> std::uint64_t { return cache.statistics.bytes_live; }},
    {"cache_entries", gauge, "Entries in the cache",
     [](const CacheSnapshot& cache) -> std::uint64_t { return cache.statistics.entries; }},
    {"cache_lookups_total", counter, "Reads that were looked up in the cache",
     [](const CacheSnapshot& cache) { return cache.statistics.lookups; }},
    {"cache_hits_total", counter, "Reads that the cache answered",
     [](const CacheSnapshot& cache) { return cache.statistics.hits; }},
    {"cache_evictions_total", counter, "Entries that were evicted to make room",
     [](const CacheSnapshot& cache) { return cache.statistics.evictions; }},
    {"cache_expirations_total", counter, "Entries that expired",
     [](const CacheSnapshot& cache) { return cache.statistics.expirations; }},
    {"cache_invalidations_total", counter, "Entries that a server or a write invalidated",
     [](const CacheSnapshot& cache) { return cache.statistics.invalidations; }},
    {"cache_resumptions_total", counter,
     "Lost connections whose entries are served again, except what has changed meanwhile",
     [](const CacheSnapshot& cache) { return cache.statistics.resumptions; }},
};

struct Skipped {
  std::string_view reason;
  std::uint64_t cache::CacheCounters::* count;
};
inline constexpr Skipped skipped[] = {
    {"too_large", &cache::CacheCounters::skipped_too_large},
    {"uncacheable", &cache::CacheCounters::skipped_uncacheable},
    {"overtaken", &cache::CacheCounters::skipped_poisoned},
    {"being_written", &cache::CacheCounters::skipped_fenced},
    {"no_memory", &cache::CacheCounters::skipped_no_memory},
    {"absent", &cache::CacheCounters::skipped_absent},
};

}  // namespace plimsoll::inline v0::native::detail
