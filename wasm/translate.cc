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

bool has_bytes(const Node& node) {
  return !node.split && !is_aggregate(node.type) && node.type != Type::null &&
         node.type != Type::boolean && node.type != Type::integer;
}

}  // namespace

PlimsollOptions to_abi(const ClientOptions& options) {
  return {.request_timeout = to_milliseconds(options.request_timeout),
          .connect_timeout = to_milliseconds(options.connect_timeout),
          .close_timeout = to_milliseconds(options.close_timeout),
          .inflight_requests_limit = static_cast<std::uint32_t>(options.inflight_requests_limit),
          .reply_bytes_max = static_cast<std::uint32_t>(options.reply_bytes_max),
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
  if (!is_time(from.request_timeout) || !is_time(from.connect_timeout) ||
      !is_time(from.close_timeout)) {
    return Error{.code = ErrorCode::invalid_option,
                 .what = "request_timeout, connect_timeout or close_timeout is not a time",
                 .expected = time_expected};
  }
  options.request_timeout = to_duration(from.request_timeout);
  options.connect_timeout = to_duration(from.connect_timeout);
  options.close_timeout = to_duration(from.close_timeout);
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
      return Error{.code = ErrorCode::lost_in_doubt, .what = "the server closed the connection"};
    case plimsoll_close_broken:
      return Error{.code = ErrorCode::lost_in_doubt, .what = "the connection broke"};
    default: return std::nullopt;
  }
}

PlimsollEvent to_abi(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::ready: return plimsoll_event_ready;
    case Event::Kind::completed: return plimsoll_event_completed;
    case Event::Kind::failed: return plimsoll_event_failed;
    case Event::Kind::pushed: return plimsoll_event_pushed;
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
          .bytes_written = static_cast<double>(counters.bytes_written)};
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
