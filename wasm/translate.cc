#include "plimsoll/wasm/translate.h"

#include "plimsoll/core/client/near_cache.h"

// What a host is told.

namespace plimsoll::wasm {
namespace {

template <class Number>
double number(Number value) {
  return static_cast<double>(value);
}

PlimsollPoolStatistics to_abi(const PoolStatistics& pool) {
  return {.limit = number(pool.limit),
          .used = number(pool.used),
          .peak = number(pool.peak),
          .refused = number(pool.refused),
          .waiting = number(pool.waiting)};
}

double linear_bytes() {
#ifdef __wasm__
  constexpr std::size_t page_bytes = 65536;
  return static_cast<double>(__builtin_wasm_memory_size(0) * page_bytes);
#else
  return 0;
#endif
}

}  // namespace

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
          .entries = number(statistics.entries),
          .bytes_live = number(statistics.bytes_live),
          .bytes_committed = number(statistics.bytes_committed),
          .sources = number(statistics.sources),
          .sources_refused = number(statistics.sources_refused)};
}

PlimsollMemoryStatistics to_abi(const BudgetStatistics& statistics) {
  PlimsollMemoryStatistics out{.limit = number(statistics.limit),
                               .used = number(statistics.used),
                               .peak = number(statistics.peak),
                               .linear = linear_bytes(),
                               .pools = {}};
  for (std::size_t i = 0; i < plimsoll_pools_count; ++i) {
    out.pools[i] = to_abi(statistics.pools[i]);
  }
  return out;
}

}  // namespace plimsoll::wasm
