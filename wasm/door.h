#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/wasm/instance.h"
#include "plimsoll/wasm/milliseconds.h"

// What all calls of abi.h share: they check the host's arguments, call the core, and turn the
// result into an answer.

#ifdef __wasm__
#define PLIMSOLL_EXPORT(name) __attribute__((export_name(#name))) name
#else
#define PLIMSOLL_EXPORT(name) name
#endif

namespace plimsoll::wasm {

/// 2^53 - 1: a double represents every integer up to here.
inline constexpr double exact_max = 9007199254740991;

inline PlimsollOutbox& outbox() { return instance().outbox; }

/// Keeps the error for plimsoll_describe_error(). Returns the negative number to answer with.
std::int32_t refuse(const Error& error);
std::int32_t refuse_argument(const char* what, const char* expected);
std::int32_t refuse_time();

/// Writes `spans` to the outbox: at most plimsoll_spans_max.
void show_spans(std::span<const std::string_view> spans);

inline std::int32_t answer(const Status& status) { return status ? 0 : refuse(status.error()); }

template <class Number>
std::int32_t answer(const Result<Number>& number) {
  return number ? static_cast<std::int32_t>(*number) : refuse(number.error());
}

/// Returns the answer of `call(HostedClient&)` for the client with this id; refuses an unknown id.
template <class Call>
std::int32_t with(std::int32_t client, Call&& call) {
  HostedClient* const found = instance().clients.find(client);
  if (found != nullptr) return call(*found);
  return refuse_argument("there is no such client", "an id that plimsoll_create() gave");
}

/// The same with the time: `call(HostedClient&, Instant)`.
template <class Call>
std::int32_t with(std::int32_t client, double now, Call&& call) {
  if (!is_time(now)) return refuse_time();
  return with(client, [&](HostedClient& found) { return call(found, to_instant(now)); });
}

/// The same after HostedClient::begin_call().
template <class Call>
std::int32_t notify(std::int32_t client, double now, Call&& call) {
  return with(client, now, [&](HostedClient& found, Instant at) {
    const Status free = found.begin_call();
    return free ? call(found, at) : refuse(free.error());
  });
}

/// A timeout as abi.h defines it. Below 0 means the client's request_timeout, which is nullopt
/// here.
inline bool is_timeout(double timeout) { return timeout < 0 || is_time(timeout); }
inline std::optional<Duration> to_timeout(double timeout) {
  if (timeout < 0) return std::nullopt;
  return to_duration(timeout);
}

/// Discards the staged words at the end of the call that takes them.
struct TakesStaged {
  TakesStaged() = default;
  TakesStaged(const TakesStaged&) = delete;
  TakesStaged& operator=(const TakesStaged&) = delete;
  ~TakesStaged() { staging.clear(); }

  Staging& staging = instance().line().staging;
};

}  // namespace plimsoll::wasm
