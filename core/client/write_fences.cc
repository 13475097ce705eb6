#include "plimsoll/core/client/write_fences.h"

#include <algorithm>

#include "plimsoll/core/commands/written.h"

namespace plimsoll::inline v0 {

void WriteFences::begin(const CommandView& command, RequestId id) {
  bool all_named = true;
  const commands::Written written = commands::keys_written(command, [&](std::string_view key) {
    if (!all_named) return;
    const cache::Cache::Fence fence = cache_.begin_write(key);
    all_named = fences_.push_back({.id = id, .fence = fence}) == Queue<Written>::Push::accepted;
    if (!all_named) cache_.end_write(fence);
  });
  if (!all_named || written == commands::Written::anything) begin_all_instead(id);
}

// Not some by name and the others so: move() could not tell that there are others.
void WriteFences::begin_all_instead(RequestId id) {
  begin_all(id);
  while (!fences_.empty() && fences_.back().id == id) {
    cache_.end_write(fences_.back().fence);
    fences_.pop_back();
  }
}

// Even while all keys are fenced already, each such write must overtake the fetches under way
// (poison_all()): a read behind this write must not share a fetch that began before it. all_until_
// is one more than the id, because 0 is a valid id. A write for which nobody waits any more comes
// when others behind it have fenced all keys already.
void WriteFences::begin_all(RequestId id) {
  if (all_until_ == 0) {
    cache_.begin_write_of_all();
  } else {
    cache_.poison_all();
  }
  all_until_ = std::max(all_until_, id + 1);
}

// Which request has fenced all keys is remembered for the last one only. So one that has no fences
// of its own, and comes before that, may be another one.
void WriteFences::move(RequestId id, bool may_write, WriteFences& to, RequestId gone_as) {
  bool is_named = false;
  bool has_room = true;
  fences_.for_each_from_bound([id](const Written& each) { return each.id < id; },
                              [&](Written& each) {
                                if (each.id != id) return false;
                                is_named = true;
                                has_room = to.fences_.push_back({gone_as, each.fence}) ==
                                           Queue<Written>::Push::accepted;
                                each.has_moved = has_room;
                                return has_room;
                              });
  const bool may_have_all = !is_named && may_write && id < all_until_;
  if (may_have_all || !has_room) to.begin_all_instead(gone_as);
}

void WriteFences::end_those_before(RequestId answered_until) {
  while (!fences_.empty() && fences_.front().id < answered_until) {
    if (!fences_.front().has_moved) cache_.end_write(fences_.front().fence);
    fences_.pop_front();
  }
  if (all_until_ == 0 || all_until_ > answered_until) return;
  all_until_ = 0;
  cache_.end_write_of_all();
}

}  // namespace plimsoll::inline v0
