#pragma once

#include <cstdint>

namespace plimsoll::native {

/// How many forks lie between the first process and this one. What a process inherits over a fork
/// (threads that are not there, sockets and an epoll set shared with the parent) must not be
/// touched: whoever holds such things remembers the generation in which they were made.
std::uint64_t fork_generation();

}  // namespace plimsoll::native
