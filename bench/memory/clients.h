#pragma once

// What the parts want of our client; failures end the process.

#include <chrono>
#include <string>

#include "plimsoll/client.h"

namespace plimsoll::bench {

/// Nothing times out that ends at all.
native::Options patient_options();

native::Client connect_to(const std::string& url, const native::Options& options);

/// Waits until `done`, which is asked again and again; ends the process after `limit`, saying what
/// it waited for.
template <class Done>
void wait_until(const char* what, Done&& done,
                std::chrono::seconds limit = std::chrono::seconds(60));

namespace detail {
/// A moment's sleep. False: the time is over.
bool pause_before(std::chrono::steady_clock::time_point end);
[[noreturn]] void fail_waiting(const char* what);
}  // namespace detail

template <class Done>
void wait_until(const char* what, Done&& done, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (!detail::pause_before(end)) detail::fail_waiting(what);
  }
}

}  // namespace plimsoll::bench
