#include "plimsoll/core/client/side_fences.h"

#include <utility>

#include "plimsoll/core/commands/written.h"

namespace plimsoll::inline v0 {

SideFences::~SideFences() {
  if (are_some_unknown_) cache_.end_write_of_all();
  for (; !writes_.empty(); writes_.pop_front()) end(writes_.front());
}

void SideFences::begin(const CommandView& command, RequestId id) {
  bool all_named = true;
  const commands::Written written = commands::keys_written(command, [&](std::string_view key) {
    if (!all_named) return;
    const cache::Cache::Fence fence = cache_.begin_write(key);
    all_named = remember({.id = id, .fence = fence, .of_all = false});
    if (!all_named) cache_.end_write(fence);
  });
  if (written == commands::Written::nothing) return;
  if (all_named && written == commands::Written::keys) return;
  // The command may write any key, or there is no room to remember its keys. So all keys are fenced
  // until it is over; without room even for its id, until no side connection has a request.
  if (!remember({.id = id, .fence = {}, .of_all = true})) {
    if (std::exchange(are_some_unknown_, true)) return cache_.poison_all();
  }
  cache_.begin_write_of_all();
}

void SideFences::follow(const SideConnections& sides) {
  if (writes_.empty() && !are_some_unknown_) return;
  writes_.erase_if([&](const Write& write) {
    if (!sides.is_answered(write.id)) return false;
    end(write);
    return true;
  });
  if (are_some_unknown_ && sides.none_is_under_way()) {
    are_some_unknown_ = false;
    cache_.end_write_of_all();
  }
}

}  // namespace plimsoll::inline v0
