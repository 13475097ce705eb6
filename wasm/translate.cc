#include "plimsoll/wasm/translate.h"

#include "plimsoll/wasm/milliseconds.h"

namespace plimsoll::wasm {
namespace {

// The first `size` bytes of `staged`, which it cuts off there.
bool take_text(std::string_view& staged, std::size_t size, std::string_view& text) {
  if (size > staged.size()) return false;
  text = staged.substr(0, size);
  staged.remove_prefix(size);
  return true;
}

PlimsollPoolStatistics to_abi(const PoolStatistics& pool) {
  return {.limit = static_cast<double>(pool.limit),
          .used = static_cast<double>(pool.used),
          .peak = static_cast<double>(pool.peak),
          .refused = static_cast<double>(pool.refused)};
}

double linear_bytes() {
#ifdef __wasm__
  constexpr std::size_t page_bytes = 65536;
  return static_cast<double>(__builtin_wasm_memory_size(0) * page_bytes);
#else
  return 0;
#endif
}

struct NamedTime {
  double value;
  const char* otherwise;
};

// Doubles below this hold every whole number.
constexpr double whole_numbers_end = 9007199254740992.0;

bool has_bytes(const Node& node) {
  return !node.split && !is_aggregate(node.type) && node.type != Type::null &&
         node.type != Type::boolean && node.type != Type::integer;
}

}  // namespace

PlimsollOptions to_abi(const ClientOptions& options) {
  return {.request_timeout = to_milliseconds(options.request_timeout),
          .connect_timeout = to_milliseconds(options.connect_timeout),
          .close_timeout = to_milliseconds(options.close_timeout),
          .reconnect_wait_min = to_milliseconds(options.reconnect_wait_min),
          .reconnect_wait_max = to_milliseconds(options.reconnect_wait_max),
          .health_check_interval = to_milliseconds(options.health_check_interval),
          .tombstone_age_max = to_milliseconds(options.tombstone_age_max),
          .random_seed = static_cast<double>(options.random_seed),
          .inflight_requests_limit = static_cast<std::uint32_t>(options.inflight_requests_limit),
          .reply_bytes_max = static_cast<std::uint32_t>(options.reply_bytes_max),
          .reconnect_attempts_max = options.reconnect_attempts_max,
          .database = options.database,
          .username_size = 0,
          .password_size = 0,
          .client_name_size = 0};
}

Result<ClientOptions> from_abi(const PlimsollOptions& from, std::string_view staged) {
  ClientOptions options;
  const bool texts_are_staged = take_text(staged, from.username_size, options.username) &&
                                take_text(staged, from.password_size, options.password) &&
                                take_text(staged, from.client_name_size, options.client_name);
  if (!texts_are_staged) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "the texts of the options are more than what is staged"};
  }
  for (const NamedTime& time : {
           NamedTime{from.request_timeout, "request_timeout is not a time"},
           NamedTime{from.connect_timeout, "connect_timeout is not a time"},
           NamedTime{from.close_timeout, "close_timeout is not a time"},
           NamedTime{from.reconnect_wait_min, "reconnect_wait_min is not a time"},
           NamedTime{from.reconnect_wait_max, "reconnect_wait_max is not a time"},
           NamedTime{from.health_check_interval, "health_check_interval is not a time"},
           NamedTime{from.tombstone_age_max, "tombstone_age_max is not a time"},
       }) {
    if (is_time(time.value)) continue;
    return Error{
        .code = ErrorCode::invalid_option, .what = time.otherwise, .expected = time_expected};
  }
  if (!(from.random_seed >= 0 && from.random_seed < whole_numbers_end)) {
    return Error{.code = ErrorCode::invalid_option,
                 .what = "random_seed is out of range",
                 .expected = "a number from 0, below 2^53"};
  }
  // The door is to one connection.
  options.blocking_connections_max = 0;
  options.subscriptions_max = 0;
  options.request_timeout = to_duration(from.request_timeout);
  options.connect_timeout = to_duration(from.connect_timeout);
  options.close_timeout = to_duration(from.close_timeout);
  options.reconnect_wait_min = to_duration(from.reconnect_wait_min);
  options.reconnect_wait_max = to_duration(from.reconnect_wait_max);
  options.health_check_interval = to_duration(from.health_check_interval);
  options.tombstone_age_max = to_duration(from.tombstone_age_max);
  options.random_seed = static_cast<std::uint64_t>(from.random_seed);
  options.reconnect_attempts_max = from.reconnect_attempts_max;
  options.inflight_requests_limit = from.inflight_requests_limit;
  options.reply_bytes_max = from.reply_bytes_max;
  options.database = from.database;
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
    default: return std::nullopt;
  }
}

PlimsollEvent to_abi(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::ready: return plimsoll_event_ready;
    case Event::Kind::completed: return plimsoll_event_completed;
    case Event::Kind::failed: return plimsoll_event_failed;
    case Event::Kind::pushed: return plimsoll_event_pushed;
    case Event::Kind::queueing_failed:
    case Event::Kind::credentials_refused:
    case Event::Kind::admitted: return plimsoll_event_none;  // nothing leads to them here
    case Event::Kind::disconnected: return plimsoll_event_disconnected;
    case Event::Kind::closed: return plimsoll_event_closed;
  }
  return plimsoll_event_none;
}

PlimsollNode to_abi(const Node& node) {
  const bool has_integer = node.type == Type::integer || node.type == Type::boolean;
  return {.integer = has_integer ? node.integer : 0,
          .bytes = has_bytes(node) ? node.bytes : nullptr,
          .size = node.size,
          .type = static_cast<std::uint32_t>(node.type)};
}

PlimsollClientStatistics to_abi(const ClientStatistics& statistics) {
  const SessionCounters& counters = statistics.counters;
  const bool had_problem = counters.connections_lost + counters.attempts_failed > 0 ||
                           statistics.state == Session::State::closed;
  const double problem = static_cast<double>(statistics.last_problem.code) + 1;
  return {.state = static_cast<double>(statistics.state),
          .in_flight = static_cast<double>(statistics.in_flight),
          .submitted = static_cast<double>(statistics.submitted),
          .rejected = static_cast<double>(statistics.rejected),
          .completed = static_cast<double>(counters.completed),
          .failed = static_cast<double>(counters.failed),
          .pushed = static_cast<double>(counters.pushed),
          .replies_skipped = static_cast<double>(counters.replies_skipped),
          .pushes_skipped = static_cast<double>(counters.pushes_skipped),
          .bytes_read = static_cast<double>(counters.bytes_read),
          .bytes_written = static_cast<double>(counters.bytes_written),
          .connections = static_cast<double>(counters.connections),
          .connections_lost = static_cast<double>(counters.connections_lost),
          .connections_dead = static_cast<double>(counters.connections_dead),
          .attempts_failed = static_cast<double>(counters.attempts_failed),
          .health_checks = static_cast<double>(counters.health_checks),
          .last_problem = had_problem ? problem : 0};
}

PlimsollMemoryStatistics to_abi(const BudgetStatistics& statistics) {
  PlimsollMemoryStatistics out{.limit = static_cast<double>(statistics.limit),
                               .used = static_cast<double>(statistics.used),
                               .peak = static_cast<double>(statistics.peak),
                               .linear = linear_bytes(),
                               .pools = {}};
  for (std::size_t i = 0; i < plimsoll_pools_count; ++i) {
    out.pools[i] = to_abi(statistics.pools[i]);
  }
  return out;
}

}  // namespace plimsoll::wasm
