#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "plimsoll/core/base/result.h"
#include "plimsoll/wasm/instance.h"
#include "plimsoll/wasm/milliseconds.h"

// What all calls of abi.h do: check what the host said, hand it to the core, answer.

#ifdef __wasm__
#define PLIMSOLL_EXPORT(name) __attribute__((export_name(#name))) name
#else
#define PLIMSOLL_EXPORT(name) name
#endif

namespace plimsoll::wasm {

/// 2^53 - 1: up to here a double holds every integer.
inline constexpr double exact_max = 9007199254740991;

inline PlimsollOutbox& outbox() { return instance().outbox; }

/// Keeps the error for describe_error(), and answers what says so.
std::int32_t refuse(const Error& error);
std::int32_t refuse_argument(const char* what, const char* expected);
std::int32_t refuse_time();

inline std::int32_t answer(const Status& status) { return status ? 0 : refuse(status.error()); }

template <class Number>
std::int32_t answer(const Result<Number>& number) {
  return number ? static_cast<std::int32_t>(*number) : refuse(number.error());
}

/// What `call` answers about the client of that id.
template <class Call>
std::int32_t with(std::int32_t client, Call&& call) {
  HostedClient* const found = instance().clients.find(client);
  if (found != nullptr) return call(*found);
  return refuse_argument("there is no such client", "an id that plimsoll_create() gave");
}

/// The same with the time.
template <class Call>
std::int32_t with(std::int32_t client, double now, Call&& call) {
  if (!is_time(now)) return refuse_time();
  return with(client, [&](HostedClient& found) { return call(found, to_instant(now)); });
}

/// And after begin_call().
template <class Call>
std::int32_t tell(std::int32_t client, double now, Call&& call) {
  return with(client, now, [&](HostedClient& found, Instant at) {
    const Status free = found.begin_call();
    return free ? call(found, at) : refuse(free.error());
  });
}

/// A timeout as abi.h has it: below 0 the client's own, which is nothing here.
inline bool is_timeout(double timeout) { return timeout < 0 || is_time(timeout); }
inline std::optional<Duration> to_timeout(double timeout) {
  if (timeout < 0) return std::nullopt;
  return to_duration(timeout);
}

/// Ends what is staged when the call that takes it ends.
struct TakesStaged {
  TakesStaged() = default;
  TakesStaged(const TakesStaged&) = delete;
  TakesStaged& operator=(const TakesStaged&) = delete;
  ~TakesStaged() { staging.clear(); }

  Staging& staging = instance().line().staging;
};

}  // namespace plimsoll::wasm
