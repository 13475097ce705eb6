#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/counted.h"
#include "plimsoll/native/memory_options.h"
#include "plimsoll/native/result.h"
#include "plimsoll/native/statistics.h"

// What the clients of a process share: the memory line, and a thread that serves those of them
// whose user brings no executor. Both start when they are first needed, and stay until the process
// ends, beyond static destruction; a child of fork() gets its own, with the line of its parent.

namespace plimsoll::native {

class Runtime {
 public:
  /// The process's own.
  static Runtime& get();

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// The memory line. `limit` (Options::memory_limit) draws it where nobody has; later,
  /// invalid_option if it is neither empty nor the line.
  Result<Budget*> budget(std::string_view limit);

  /// configure_memory(), set_memory_limit(), memory_statistics().
  Result<void> configure(const MemoryOptions& options);
  Result<void> set_memory_limit(std::string_view limit);
  MemoryStatistics memory_statistics();

  /// One more client, and one more open connection, for statistics.
  Counted count_client();
  Counted count_connection();

  /// The shared thread's, which this starts.
  boost::asio::any_io_executor executor();

 private:
  struct State;

  Runtime();
  ~Runtime() = delete;

  Result<Budget*> draw(const BudgetOptions& options);

  State* state_;
};

}  // namespace plimsoll::native
