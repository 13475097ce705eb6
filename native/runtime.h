#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/result.h"

// What the clients of a process share: the memory line, and a thread that serves those of them
// whose user brings no executor. Both start when they are first needed, and stay until the process
// ends, beyond static destruction; a child of fork() gets its own.

namespace plimsoll::native {

class Runtime {
 public:
  /// The process's own.
  static Runtime& get();

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// The memory line. `limit` (Options::memory_limit) draws it where this is the first call; later,
  /// invalid_option if it is neither empty nor the line in force.
  Result<Budget*> budget(std::string_view limit);

  /// The shared thread's, which this starts.
  boost::asio::any_io_executor executor();

 private:
  struct State;

  Runtime();
  ~Runtime() = delete;

  State* state_;
};

}  // namespace plimsoll::native
