#include "plimsoll/wasm/translate.h"

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/wasm/linear_memory.h"
#include "plimsoll/wasm/milliseconds.h"

namespace plimsoll::wasm {
namespace {

template <class Number>
double number(Number value) {
  return static_cast<double>(value);
}

// An error without text stands for none.
double problem_number(const Error& problem) {
  return *problem.what != '\0' ? number(problem.code) + 1 : 0;
}

PlimsollPoolStatistics to_abi(const PoolStatistics& pool) {
  return {.limit = number(pool.limit),
          .used = number(pool.used),
          .peak = number(pool.peak),
          .refused = number(pool.refused),
          .waiting = number(pool.waiting)};
}

struct NamedTime {
  double value;
  const char* otherwise;
};

struct NamedChoice {
  std::uint32_t value;
  std::uint32_t most;
  const char* otherwise;
};

// A double represents every whole number below this.
constexpr double whole_numbers_end = 9007199254740992.0;

bool is_whole(double number) { return number >= 0 && number < whole_numbers_end; }

Error invalid(const char* what, const char* expected) {
  return Error{.code = ErrorCode::invalid_option, .what = what, .expected = expected};
}

Status validate(std::initializer_list<NamedTime> times) {
  for (const NamedTime& time : times) {
    if (!is_time(time.value)) return invalid(time.otherwise, time_expected);
  }
  return {};
}

Status validate(std::initializer_list<NamedChoice> choices) {
  for (const NamedChoice& choice : choices) {
    if (choice.value <= choice.most) continue;
    return Error{.code = ErrorCode::invalid_option,
                 .what = choice.otherwise,
                 .value = choice.value,
                 .limit = choice.most};
  }
  return {};
}

std::size_t to_size(double number) {
  return number >= static_cast<double>(SIZE_MAX) ? SIZE_MAX : static_cast<std::size_t>(number);
}

}  // namespace

PlimsollOptions to_abi(const ClientOptions& options, const ReplicaOptions& replicas,
                       const ClusterOptions& cluster) {
  return {.request_timeout = to_milliseconds(options.request_timeout),
          .connect_timeout = to_milliseconds(options.connect_timeout),
          .close_timeout = to_milliseconds(options.close_timeout),
          .reconnect_wait_min = to_milliseconds(options.reconnect_wait_min),
          .reconnect_wait_max = to_milliseconds(options.reconnect_wait_max),
          .health_check_interval = to_milliseconds(options.health_check_interval),
          .tombstone_age_max = to_milliseconds(options.tombstone_age_max),
          .random_seed = static_cast<double>(options.random_seed),
          .replica_lag_max = to_milliseconds(replicas.lag_max),
          .inflight_requests_limit = static_cast<std::uint32_t>(options.inflight_requests_limit),
          .inflight_overflow = static_cast<std::uint32_t>(options.inflight_overflow),
          .waiters_max = static_cast<std::uint32_t>(options.waiters_max),
          .reply_bytes_max = static_cast<std::uint32_t>(options.reply_bytes_max),
          .reconnect_attempts_max = options.reconnect_attempts_max,
          .read_resends_max = options.read_resends_max,
          .database = options.database,
          .resp2 = options.protocol == Protocol::resp2,
          .no_evict = options.no_evict,
          .no_touch = options.no_touch,
          .blocking_connections_max = options.blocking_connections_max,
          .subscriptions_max = options.subscriptions_max,
          .subscription_messages_max = options.subscription_messages_max,
          .subscription_overflow = static_cast<std::uint32_t>(options.subscription_overflow),
          .cache = 0,
          .seeds_count = options.seeds_count,
          .primary_only = options.primary_only,
          .sentinel = 0,
          .read_from = static_cast<std::uint32_t>(replicas.read_from),
          .topology = plimsoll_topology_standalone,
          .redirects_max = cluster.redirects_max,
          .cross_slot_writes = static_cast<std::uint32_t>(cluster.cross_slot_writes),
          .reach = static_cast<std::uint32_t>(cluster.reach)};
}

Result<ClientOptions> from_abi(const PlimsollOptions& from) {
  if (const Status valid = validate({
          NamedTime{from.request_timeout, "request_timeout is not a time"},
          NamedTime{from.connect_timeout, "connect_timeout is not a time"},
          NamedTime{from.close_timeout, "close_timeout is not a time"},
          NamedTime{from.reconnect_wait_min, "reconnect_wait_min is not a time"},
          NamedTime{from.reconnect_wait_max, "reconnect_wait_max is not a time"},
          NamedTime{from.health_check_interval, "health_check_interval is not a time"},
          NamedTime{from.tombstone_age_max, "tombstone_age_max is not a time"},
          NamedTime{from.replica_lag_max, "replica_lag_max is not a time"},
      });
      !valid) {
    return valid.error();
  }
  if (const Status valid = validate({
          NamedChoice{from.inflight_overflow, 1, "inflight_overflow is not one of the choices"},
          NamedChoice{from.read_resends_max, UINT8_MAX, "read_resends_max is too large"},
          NamedChoice{from.resp2, 1, "resp2 is neither no nor yes"},
          NamedChoice{from.no_evict, 1, "no_evict is neither no nor yes"},
          NamedChoice{from.no_touch, 1, "no_touch is neither no nor yes"},
          NamedChoice{from.seeds_count, seeds_max, "seeds_count is too large"},
          NamedChoice{from.primary_only, 1, "primary_only is neither no nor yes"},
          NamedChoice{from.sentinel, 1, "sentinel is neither no nor yes"},
          NamedChoice{from.read_from, static_cast<std::uint32_t>(ReadFrom::lowest_latency),
                      "read_from is not one of the choices"},
          NamedChoice{from.topology, plimsoll_topology_cluster,
                      "topology is not one of the choices"},
          NamedChoice{from.reach, plimsoll_reach_unix_socket, "reach is not one of the choices"},
          NamedChoice{from.redirects_max, redirects_limit, "redirects_max is too large"},
          NamedChoice{from.cross_slot_writes, 1, "cross_slot_writes is neither refuse nor split"},
          NamedChoice{from.subscription_overflow,
                      static_cast<std::uint32_t>(OverflowPolicy::pause_reading),
                      "subscription_overflow is not one of the choices"},
      });
      !valid) {
    return valid.error();
  }
  if (!is_whole(from.random_seed)) {
    return invalid("random_seed is out of range", "a number from 0, below 2^53");
  }
  ClientOptions options;
  options.request_timeout = to_duration(from.request_timeout);
  options.connect_timeout = to_duration(from.connect_timeout);
  options.close_timeout = to_duration(from.close_timeout);
  options.reconnect_wait_min = to_duration(from.reconnect_wait_min);
  options.reconnect_wait_max = to_duration(from.reconnect_wait_max);
  options.health_check_interval = to_duration(from.health_check_interval);
  options.tombstone_age_max = to_duration(from.tombstone_age_max);
  options.random_seed = static_cast<std::uint64_t>(from.random_seed);
  options.inflight_requests_limit = from.inflight_requests_limit;
  options.inflight_overflow = static_cast<OnLimit>(from.inflight_overflow);
  options.waiters_max = from.waiters_max;
  options.reply_bytes_max = from.reply_bytes_max;
  options.reconnect_attempts_max = from.reconnect_attempts_max;
  options.read_resends_max = static_cast<std::uint8_t>(from.read_resends_max);
  options.database = from.database;
  options.protocol = from.resp2 == 1 ? Protocol::resp2 : Protocol::resp3;
  options.no_evict = from.no_evict == 1;
  options.no_touch = from.no_touch == 1;
  options.seeds_count = static_cast<std::uint8_t>(from.seeds_count);
  options.primary_only = from.primary_only == 1;
  options.blocking_connections_max = from.blocking_connections_max;
  options.subscriptions_max = from.subscriptions_max;
  options.subscription_messages_max = from.subscription_messages_max;
  options.subscription_overflow = static_cast<OverflowPolicy>(from.subscription_overflow);
  return options;
}

ReplicaOptions replicas_from_abi(const PlimsollOptions& from) {
  return {.read_from = static_cast<ReadFrom>(from.read_from),
          .zone = {},
          .lag_max = to_duration(from.replica_lag_max)};
}

ClusterOptions cluster_from_abi(const PlimsollOptions& from) {
  return {.redirects_max = static_cast<std::uint8_t>(from.redirects_max),
          .cross_slot_writes = static_cast<CrossSlotWrites>(from.cross_slot_writes),
          .replicas = replicas_from_abi(from),
          .seed_hosts = {},
          .reach = static_cast<ClusterOptions::Reach>(from.reach)};
}

PlimsollCacheOptions to_abi(const cache::CacheOptions& options) {
  return {.bytes_max = static_cast<double>(options.bytes_max),
          .entries_max = static_cast<double>(options.entries_max),
          .entry_ttl = to_milliseconds(options.entry_ttl),
          .coherence_lease = to_milliseconds(options.coherence_lease),
          .seed = static_cast<double>(options.seed),
          .eviction_policy = static_cast<std::uint32_t>(options.eviction_policy),
          .mode = static_cast<std::uint32_t>(options.mode),
          .server_ttl_cap = options.server_ttl_cap,
          .cache_nil = options.cache_nil,
          .opt_in = 0,
          .only_commands_count = 0,
          .only_key_prefixes_count = 0,
          .module_reads_count = 0,
          .broadcast_prefixes_count = 0};
}

Result<HostedCacheOptions> from_abi(const PlimsollCacheOptions& from,
                                    std::span<const std::string_view> words) {
  if (const Status valid = validate({
          NamedTime{from.entry_ttl, "entry_ttl is not a time"},
          NamedTime{from.coherence_lease, "coherence_lease is not a time"},
      });
      !valid) {
    return valid.error();
  }
  if (const Status valid = validate({
          NamedChoice{from.eviction_policy, static_cast<std::uint32_t>(cache::EvictionPolicy::lfu),
                      "eviction_policy is not one of the choices"},
          NamedChoice{from.mode, static_cast<std::uint32_t>(cache::CacheMode::ttl),
                      "mode is not one of the choices"},
          NamedChoice{from.server_ttl_cap, 1, "server_ttl_cap is neither no nor yes"},
          NamedChoice{from.cache_nil, 1, "cache_nil is neither no nor yes"},
          NamedChoice{from.opt_in, 1, "opt_in is neither no nor yes"},
      });
      !valid) {
    return valid.error();
  }
  if (!is_whole(from.bytes_max)) return invalid("bytes_max is out of range", "a number of bytes");
  if (!is_whole(from.entries_max)) return invalid("entries_max is out of range", "a number");
  if (!is_whole(from.seed)) return invalid("seed is out of range", "a number from 0, below 2^53");
  const std::uint64_t named = std::uint64_t{from.only_commands_count} +
                              from.only_key_prefixes_count + from.module_reads_count +
                              from.broadcast_prefixes_count;
  if (named != words.size()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "the lists of the cache's options are not what is staged",
                 .value = named,
                 .limit = words.size()};
  }
  const auto take = [&words](std::uint32_t count) {
    const auto taken = words.first(count);
    words = words.subspan(count);
    return taken;
  };
  HostedCacheOptions options;
  options.cache.bytes_max = to_size(from.bytes_max);
  options.cache.entries_max = to_size(from.entries_max);
  options.cache.entry_ttl = to_duration(from.entry_ttl);
  options.cache.coherence_lease = to_duration(from.coherence_lease);
  options.cache.seed = static_cast<std::uint64_t>(from.seed);
  options.cache.eviction_policy = static_cast<cache::EvictionPolicy>(from.eviction_policy);
  options.cache.mode = static_cast<cache::CacheMode>(from.mode);
  options.cache.server_ttl_cap = from.server_ttl_cap == 1;
  options.cache.cache_nil = from.cache_nil == 1;
  options.cache.filter.only_commands = take(from.only_commands_count);
  options.cache.filter.only_key_prefixes = take(from.only_key_prefixes_count);
  options.cache.filter.module_reads = take(from.module_reads_count);
  options.broadcast_prefixes = take(from.broadcast_prefixes_count);
  options.opt_in = from.opt_in == 1;
  return options;
}

std::optional<Error> close_error(std::uint32_t reason) {
  switch (reason) {
    case plimsoll_close_not_opened:
      return Error{.code = ErrorCode::connect_failed, .what = "no connection could be made"};
    case plimsoll_close_ended:
      return Error{.code = ErrorCode::connection_lost, .what = "the server closed the connection"};
    case plimsoll_close_broken:
      return Error{.code = ErrorCode::connection_lost, .what = "the connection broke"};
    case plimsoll_close_tls_failed:
      return Error{.code = ErrorCode::tls_failed, .what = "the TLS handshake failed"};
    case plimsoll_close_certificate:
      return Error{.code = ErrorCode::certificate_invalid,
                   .what = "the server's certificate was not accepted"};
    case plimsoll_close_token:
      return Error{.code = ErrorCode::authentication_failed,
                   .what = "the bridge does not take this token"};
    case plimsoll_close_forbidden:
      return Error{.code = ErrorCode::permission_denied,
                   .what = "the bridge does not let this token reach this upstream"};
    case plimsoll_close_no_upstream:
      return Error{.code = ErrorCode::invalid_option,
                   .what = "the bridge has no upstream of this name"};
    default: return std::nullopt;
  }
}

PlimsollEvent to_abi(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::ready: return plimsoll_event_ready;
    case Event::Kind::completed: return plimsoll_event_completed;
    case Event::Kind::failed: return plimsoll_event_failed;
    case Event::Kind::pushed: return plimsoll_event_pushed;
    case Event::Kind::queueing_failed: return plimsoll_event_queueing_failed;
    case Event::Kind::credentials_refused: return plimsoll_event_credentials_refused;
    case Event::Kind::admitted: return plimsoll_event_admitted;
    case Event::Kind::disconnected: return plimsoll_event_disconnected;
    case Event::Kind::closed: return plimsoll_event_closed;
  }
  return plimsoll_event_none;
}

PlimsollClientStatistics to_abi(const Client& client, std::size_t credit_bytes) {
  const ClientStatistics statistics = client.statistics();
  const SessionCounters& counters = statistics.counters;
  const bool had_problem = counters.connections_lost + counters.attempts_failed > 0 ||
                           statistics.state == Session::State::closed;
  const NearCache* const near = client.near_cache();
  return {.state = number(statistics.state),
          .in_flight = number(statistics.in_flight),
          .submitted = number(statistics.submitted),
          .rejected = number(statistics.rejected),
          .completed = number(counters.completed),
          .failed = number(counters.failed),
          .pushed = number(counters.pushed),
          .replies_skipped = number(counters.replies_skipped),
          .pushes_skipped = number(counters.pushes_skipped),
          .bytes_read = number(counters.bytes_read),
          .bytes_written = number(counters.bytes_written),
          .connections = number(counters.connections),
          .connections_lost = number(counters.connections_lost),
          .connections_dead = number(counters.connections_dead),
          .attempts_failed = number(counters.attempts_failed),
          .health_checks = number(counters.health_checks),
          .requests_resent = number(counters.requests_resent),
          .waiting = number(statistics.waiting),
          .waited = number(statistics.waited),
          .waiters_refused = number(statistics.waiters_refused),
          .blocking_connections = number(statistics.blocking_connections),
          .subscriptions = number(statistics.subscriptions),
          .cache_state =
              number(near != nullptr ? static_cast<int>(near->state()) : plimsoll_cache_none),
          .last_problem = had_problem ? number(statistics.last_problem.code) + 1 : 0,
          .credit_bytes = number(credit_bytes)};
}

PlimsollSubscriptionStatistics to_abi(const SubscriptionStatistics& statistics) {
  return {.names = number(statistics.names),
          .queued = number(statistics.queued),
          .queued_bytes = number(statistics.queued_bytes),
          .paused = number(statistics.paused),
          .received = number(statistics.received),
          .lost = number(statistics.lost),
          .gaps = number(statistics.gaps),
          .refused = number(statistics.refused)};
}

PlimsollSentinel to_abi(const Sentinels::Known& known, bool is_found, const Error* problem) {
  return {.seed = number(known.seed),
          .named_port = number(known.told != nullptr ? known.told->port() : 0),
          .primary_port = number(known.primary != nullptr ? known.primary->port() : 0),
          .is_connected = number(known.is_connected),
          .problem = problem != nullptr ? number(problem->code) + 1 : 0,
          .is_found = number(is_found)};
}

PlimsollReplica to_abi(const KnownReplica& known) {
  const ReplicaProgress& progress = known.progress;
  return {.port = number(known.address.port()),
          .state = number(known.state),
          .in_flight = number(known.session != nullptr ? known.session->callers_in_flight() : 0),
          .reads = number(progress.reads),
          .reads_moved = number(progress.reads_moved),
          .latency = to_milliseconds(progress.latency.value()),
          .problem = problem_number(*known.problem),
          .primary_port = number(known.primary != nullptr ? known.primary->port() : 0)};
}

PlimsollReplicasStatistics to_abi(const ReplicaCounters& counters, const Error& problem) {
  return {.reads = number(counters.reads),
          .reads_moved = number(counters.reads_moved),
          .reads_behind = number(counters.reads_behind),
          .rounds = number(counters.rounds),
          .left_out = number(counters.left_out),
          .problem = problem_number(problem)};
}

PlimsollClusterNode to_abi(const Cluster::Known& known) {
  const ClusterNode& node = known.node;
  return {.port = number(node.address.port()),
          .state = number(known.state),
          .slots = number(node.slots),
          .in_flight = number(node.session ? node.session->callers_in_flight() : 0),
          .problem = problem_number(node.problem)};
}

PlimsollClusterStatistics to_abi(const Cluster& cluster) {
  const ClusterCounters counters = cluster.counters();
  return {.moved = number(counters.moved),
          .asked = number(counters.asked),
          .sent_again = number(counters.sent_again),
          .views = number(counters.views),
          .views_refused = number(counters.views_refused),
          .nodes_left_out = number(counters.nodes_left_out),
          .scattered = number(counters.scattered),
          .parts = number(counters.parts),
          .parked = number(counters.parked),
          .slots_unserved = number(cluster.slots_unserved()),
          .problem = problem_number(cluster.problem()),
          .share_reached = number(counters.share_reached)};
}

PlimsollCacheStatistics to_abi(const cache::CacheStatistics& statistics) {
  return {.lookups = number(statistics.lookups),
          .hits = number(statistics.hits),
          .evictions = number(statistics.evictions),
          .expirations = number(statistics.expirations),
          .invalidations = number(statistics.invalidations),
          .skipped_too_large = number(statistics.skipped_too_large),
          .skipped_uncacheable = number(statistics.skipped_uncacheable),
          .skipped_poisoned = number(statistics.skipped_poisoned),
          .skipped_fenced = number(statistics.skipped_fenced),
          .skipped_no_memory = number(statistics.skipped_no_memory),
          .skipped_absent = number(statistics.skipped_absent),
          .entries = number(statistics.entries),
          .bytes_live = number(statistics.bytes_live),
          .bytes_committed = number(statistics.bytes_committed),
          .sources = number(statistics.sources),
          .sources_refused = number(statistics.sources_refused),
          .resumptions = number(statistics.resumptions)};
}

PlimsollMemoryStatistics to_abi(const BudgetStatistics& statistics) {
  PlimsollMemoryStatistics out{.limit = number(statistics.limit),
                               .used = number(statistics.used),
                               .peak = number(statistics.peak),
                               .linear = number(linear_memory_bytes()),
                               .pools = {},
                               .growths_refused = number(linear_memory_growths_refused())};
  for (std::size_t i = 0; i < plimsoll_pools_count; ++i) {
    out.pools[i] = to_abi(statistics.pools[i]);
  }
  return out;
}

}  // namespace plimsoll::wasm
