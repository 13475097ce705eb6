#pragma once

// A worker in a process of its own, with an allocator of its own, as the benchmark sees it: what it
// says of itself, and what the system says of it.

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "plimsoll/bench/burst/account.h"

namespace plimsoll::bench {

/// malloc's, or a library that is preloaded in its place.
struct Allocator {
  const char* name;
  const char* library;  ///< none: the C library's own
};

inline constexpr Allocator allocators[] = {{"glibc", ""},
                                           {"jemalloc", "libjemalloc.so.2"},
                                           {"mimalloc", "libmimalloc.so.2"},
                                           {"tcmalloc", "libtcmalloc_minimal.so.4"}};

/// Anonymous resident memory, in bytes, out of what /proc/PID/smaps_rollup says; 0: it says none.
std::size_t anonymous_bytes(const std::string& smaps_rollup);

class Subject {
 public:
  /// Starts this binary as a worker. Ends this process if that fails, or if the library is not
  /// loaded in it.
  Subject(const WorkerOptions& options, const Allocator& allocator);
  /// Ends the worker.
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  /// What it has said last. Ends this process if the worker has ended.
  const Account& account();
  /// Whether it has said anything yet: it is connected, and idle.
  bool is_ready();

  std::size_t anonymous_bytes() const;

 private:
  void start(const WorkerOptions& options, const Allocator& allocator);
  void read_lines();

  pid_t pid_ = 0;
  int input_ = -1;   // its standard input: it ends with that
  int output_ = -1;  // its standard output
  std::string unread_;
  Account account_;
  bool has_spoken_ = false;
};

}  // namespace plimsoll::bench
