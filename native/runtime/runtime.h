#pragma once

#include <chrono>
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

// What the clients of a process share: the memory line, and a thread that serves the clients whose
// user brings no executor. Both start when they are first needed, and stay until the process ends,
// even beyond static destruction. A child of fork() gets its own, with the line of its parent.

namespace plimsoll::inline v0::native {

namespace detail {
struct DrawnLine;
}

class CallerLoop;
class NameLookups;

class Runtime {
 public:
  /// Returns the process's runtime.
  static Runtime& get();

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Returns the memory line. If no line was drawn yet, draws it at `limit`
  /// (Options::memory_limit). Later a `limit` that is neither empty nor equal to the line is the
  /// error invalid_option.
  Result<Budget*> budget(std::string_view limit);

  /// configure_memory(), set_memory_limit(), memory_statistics().
  Result<void> configure(const MemoryOptions& options);
  Result<void> set_memory_limit(std::string_view limit);
  MemoryStatistics memory_statistics();

  /// Adds a cache, which will evict as soon as the line is lowered.
  void add_cache(std::weak_ptr<cache::Cache> cache);

  /// Sets the directory that replaces the machine's root when the container's limits are read. Call
  /// it before the line is drawn.
  void set_container_root(std::string root);

  /// Counts one more client, or one more open connection, for statistics.
  Counted count_client();
  Counted count_connection();

  /// Where clients look up the names of hosts.
  NameLookups& name_lookups();

  /// The registry of all clients and caches.
  ClientRegistry& clients();

  /// The executor of the shared thread. Starts that thread.
  boost::asio::any_io_executor executor();

  /// The executor of a second thread. Starts that thread. It is for work that must not delay
  /// requests: checking the container's memory, giving memory back, reading files, serving metrics.
  boost::asio::any_io_executor upkeep();

  /// The loop of the clients whose callers block. Starts its background thread.
  CallerLoop& caller_loop();

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

}  // namespace plimsoll::inline v0::native
