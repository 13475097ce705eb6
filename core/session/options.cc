#include "plimsoll/core/session/options.h"

#include <algorithm>

#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {
namespace {

Error invalid(const char* what, const char* expected) {
  return Error{.code = ErrorCode::invalid_option, .what = what, .expected = expected};
}

// Checks names as the server does: printable ASCII without blanks.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// Servers refuse prefixes that overlap, because they would send a key's invalidation twice.
bool overlap(std::span<const std::string_view> prefixes) {
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    for (std::size_t j = 0; j < prefixes.size(); ++j) {
      if (i != j && prefixes[i].starts_with(prefixes[j])) return true;
    }
  }
  return false;
}

Status validate(const TrackingOptions& tracking, Protocol protocol) {
  using Method = TrackingOptions::Method;
  if (tracking.required && tracking.method == Method::off) {
    return invalid("tracking.required is set, and tracking.method is off", "a method");
  }
  if (tracking.required && protocol == Protocol::resp2) {
    return invalid(
        "tracking.required is set, as a cache in mode tracking does, and protocol is RESP2",
        "RESP3, or a cache in mode automatic or ttl");
  }
  if (!tracking.prefixes.empty() && tracking.method != Method::broadcast) {
    return invalid("tracking.prefixes are given, and tracking.method is not broadcast",
                   "broadcast, or no prefixes");
  }
  if (tracking.prefixes.size() > tracking_prefixes_max) {
    return invalid("tracking.prefixes are too many", "32 or less");
  }
  if (overlap(tracking.prefixes)) {
    return invalid("tracking.prefixes overlap", "none that begins with another");
  }
  if (tracking.silence_max < Duration::zero()) {
    return invalid("tracking.silence_max is negative", "a time, or zero for none");
  }
  return {};
}

Status validate_sentinel(const SessionOptions& options) {
  const SentinelOptions& sentinel = *options.sentinel;
  const std::string_view name = sentinel.primary_name;
  if (name.empty() || name.size() > primary_name_bytes_max || !is_printable(name)) {
    return invalid("the name of the primary is empty, too long, or has a special character",
                   "printable ASCII, as in the sentinels' `sentinel monitor`");
  }
  if (!sentinel.username.empty() && sentinel.password.empty()) {
    return invalid("sentinel_username is given without a password", "both, or neither");
  }
  if (options.seeds_count > sentinels_max) {
    return invalid("there are too many sentinels", "16 (sentinels_max) at most");
  }
  if (std::uint64_t{options.blocking_connections_max} + options.subscriptions_max + sentinels_max >=
      connections_max) {
    return invalid("blocking_connections_max and subscriptions_max are too large together",
                   "47 or less, because sentinels take 16 connections");
  }
  return {};
}

}  // namespace

Status validate(const SessionOptions& options) {
  if (options.inflight_requests_limit == 0) {
    return invalid("inflight_requests_limit is 0", "1 or more");
  }
  if (options.inflight_requests_limit > inflight_requests_limit_max) {
    return invalid("inflight_requests_limit is too large", "1,000,000,000 or less");
  }
  if (options.waiters_max == 0) {
    return invalid("waiters_max is 0", "1 or more; inflight_overflow says whether any wait");
  }
  if (options.waiters_max > waiters_max_limit) {
    return invalid("waiters_max is too large", "1,000,000,000 or less");
  }
  if (options.request_timeout < Duration::zero()) {
    return invalid("request_timeout is negative", "a time, or zero for none");
  }
  if (options.connect_timeout <= Duration::zero()) {
    return invalid("connect_timeout is not positive", "a time above zero");
  }
  if (options.reconnect_wait_min <= Duration::zero()) {
    return invalid("reconnect_wait_min is not positive", "a time above zero");
  }
  if (options.reconnect_wait_max < options.reconnect_wait_min) {
    return invalid("reconnect_wait_max is below reconnect_wait_min", "at least as much");
  }
  if (options.health_check_interval < Duration::zero()) {
    return invalid("health_check_interval is negative", "a time, or zero for no checks");
  }
  if (options.tombstone_age_max <= Duration::zero()) {
    return invalid("tombstone_age_max is not positive", "a time above zero");
  }
  if (options.read_resends_max > read_resends_limit) {
    return invalid("read_resends_max is too large", "31 or less");
  }
  if (std::uint64_t{options.blocking_connections_max} + options.subscriptions_max >=
      connections_max) {
    return invalid("blocking_connections_max and subscriptions_max are too large together",
                   "63 or less");
  }
  if (options.subscription_messages_max == 0) {
    return invalid("subscription_messages_max is 0", "1 or more");
  }
  if (options.seeds_count == 0 || options.seeds_count > seeds_max) {
    return invalid("there are no addresses, or too many", "1 to 64 (seeds_max)");
  }
  if (options.sentinel != nullptr) {
    if (const Status valid = validate_sentinel(options); !valid) return valid;
  }
  if (options.close_timeout < Duration::zero()) {
    return invalid("close_timeout is negative", "a time, or zero to wait for nothing");
  }
  if (!options.username.empty() && options.password.empty()) {
    return invalid("username is given without a password", "both, or neither");
  }
  if (!is_printable(options.client_name)) {
    return invalid("client_name has a blank or a special character", "printable ASCII");
  }
  if (options.reply_bytes_max < reply_bytes_max_min) {
    return invalid("reply_bytes_max is too small", "4096 bytes or more");
  }
  return validate(options.tracking, options.protocol);
}

}  // namespace plimsoll::inline v0
