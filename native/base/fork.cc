#include "plimsoll/native/base/fork.h"

#include <pthread.h>

#include <atomic>

namespace plimsoll::native {
namespace {

std::atomic<std::uint64_t> generation{0};

// Runs before main(), and so before there is anything to inherit.
[[maybe_unused]] const int registered =
    ::pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

std::uint64_t fork_generation() { return generation.load(std::memory_order_relaxed); }

}  // namespace plimsoll::native
