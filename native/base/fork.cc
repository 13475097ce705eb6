#include "plimsoll/native/base/fork.h"

#include <pthread.h>

namespace plimsoll::inline v0::native {
namespace detail {

std::atomic<std::uint64_t> fork_count{0};

}  // namespace detail

namespace {

// Registered before main(), and so before any object exists that a child could inherit.
[[maybe_unused]] const int registered = ::pthread_atfork(
    nullptr, nullptr, [] { detail::fork_count.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

}  // namespace plimsoll::inline v0::native
