#pragma once

#include <cstddef>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0 {

/// The fences of one client's writes on side connections, from submit until they are answered.
/// Requests of several connections end in any order, so unlike WriteFences this looks at all of
/// them.
class SideFences {
 public:
  /// The most keys that are fenced one by one. Beyond it all keys are fenced.
  static constexpr std::size_t keys_max = 256;

  SideFences(cache::Cache& cache, Account& requests) : cache_(cache), writes_(requests, keys_max) {}
  ~SideFences();
  SideFences(const SideFences&) = delete;
  SideFences& operator=(const SideFences&) = delete;

  /// Fences the keys of a command that was submitted as `id`, if it may write.
  void begin(const CommandView& command, RequestId id);

  /// Call this after anything that may have changed the side connections' state.
  void follow(const SideConnections& sides);

 private:
  struct Write {
    RequestId id;
    cache::Cache::Fence fence;
    bool of_all;
  };

  bool remember(const Write& write) {
    return writes_.push_back(write) == Queue<Write>::Push::accepted;
  }
  void end(const Write& write) {
    write.of_all ? cache_.end_write_of_all() : cache_.end_write(write.fence);
  }

  cache::Cache& cache_;
  Queue<Write> writes_;
  bool are_some_unknown_ = false;  // writes_ had no room for some that are under way
};

}  // namespace plimsoll::inline v0
