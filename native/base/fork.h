#pragma once

#include <cstdint>

namespace plimsoll::native {

/// How many forks lie between the first process and this one. A process must not use what it
/// inherited over a fork (threads that it does not have, sockets and an epoll set that it shares
/// with the parent), so an object that owns such things remembers the count it was made at.
std::uint64_t current_fork_count();

}  // namespace plimsoll::native
