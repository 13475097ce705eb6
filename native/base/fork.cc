#include "plimsoll/native/base/fork.h"

#include <pthread.h>

#include <atomic>

namespace plimsoll::native {
namespace {

std::atomic<std::uint64_t> forks{0};

// Runs before main(), and so before there is anything to inherit.
[[maybe_unused]] const int registered =
    ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

std::uint64_t current_fork_count() { return forks.load(std::memory_order_relaxed); }

}  // namespace plimsoll::native
