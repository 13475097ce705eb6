#include "plimsoll/native/base/fork.h"

#include <pthread.h>

#include <atomic>

namespace plimsoll::native {
namespace {

std::atomic<std::uint64_t> forks{0};

// Registered before main(), and so before any object exists that a child could inherit.
[[maybe_unused]] const int registered =
    ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

std::uint64_t current_fork_count() { return forks.load(std::memory_order_relaxed); }

}  // namespace plimsoll::native
