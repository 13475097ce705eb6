#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/memory_options.h"
#include "plimsoll/native/base/counted.h"
#include "plimsoll/native/container/notices.h"
#include "plimsoll/native/runtime/client_registry.h"
#include "plimsoll/result.h"
#include "plimsoll/statistics.h"

// What the clients of a process share: the memory line, and a thread that serves those of them
// whose user brings no executor. Both start when they are first needed, and stay until the process
// ends, beyond static destruction; a child of fork() gets its own, with the line of its parent.

namespace plimsoll::native {

namespace detail {
struct DrawnLine;
}

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

  /// A cache that yields as soon as the line is lowered.
  void add_cache(std::weak_ptr<cache::Cache> cache);

  /// A directory that stands in for the machine's root when the container is looked at. Before the
  /// line is drawn.
  void set_container_root(std::string root);

  /// One more client, and one more open connection, for statistics.
  Counted count_client();
  Counted count_connection();

  /// The clients themselves, and the caches, for those who look at all of them.
  ClientRegistry& clients();

  /// The shared thread's, which this starts.
  boost::asio::any_io_executor executor();

  /// A second thread's, which this starts: for what must not hold up requests. Looking at the
  /// container, handing memory back, reading files, answering who asks for figures.
  boost::asio::any_io_executor upkeep();

 private:
  struct State;

  Runtime();
  ~Runtime() = delete;

  Result<Budget*> draw(detail::DrawnLine wanted, container::Notices& notices);
  void give_back(container::Notices& notices);
  void watch_container(bool is_lower, container::Notices& notices);
  std::chrono::milliseconds look_at_container();
  void follow_container();
  void relieve();
  void yield();

  State* state_;
};

}  // namespace plimsoll::native
