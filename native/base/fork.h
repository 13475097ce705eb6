#pragma once

#include <atomic>
#include <cstdint>

namespace plimsoll::inline v0::native {

namespace detail {
extern std::atomic<std::uint64_t> fork_count;
}

/// The fork count: how many forks lie between the first process and this one. A child of fork()
/// must not use some things that it inherited: threads that it does not have, sockets and an epoll
/// set that it shares with its parent. So an object that owns such things remembers the count at
/// which it was made, and does nothing if the count is another one now.
inline std::uint64_t current_fork_count() {
  return detail::fork_count.load(std::memory_order_relaxed);
}

}  // namespace plimsoll::inline v0::native
