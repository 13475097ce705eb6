#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/session/pipeline.h"

// The fences of one client's writes on one connection, from submit until the reply is parsed. They
// are in the order of the requests, so the fences of answered requests are in front. If there are
// too many keys, or no memory to remember them, all keys are fenced instead.

namespace plimsoll::inline v0 {

class WriteFences {
 public:
  /// The most keys that are fenced one by one at a time.
  static constexpr std::size_t keys_max = 4096;

  WriteFences(cache::Cache& cache, Account& requests)
      : cache_(cache), fences_(requests, keys_max) {}
  ~WriteFences() { end_all(); }
  WriteFences(const WriteFences&) = delete;
  WriteFences& operator=(const WriteFences&) = delete;

  bool empty() const { return fences_.empty() && all_until_ == 0; }

  /// Fences the keys of a command that was staged as `id`, if it may write. Ids must ascend.
  void begin(const CommandView& command, RequestId id);

  /// Fences all keys until the request `id` is answered. It need not be the last one.
  void begin_all(RequestId id);

  /// The request `id` has gone on, as `gone_as` on the connection of `to`, and so do its fences:
  /// the keys stay fenced until it is answered there. `may_write`: whether it may change anything.
  void move(RequestId id, bool may_write, WriteFences& to, RequestId gone_as);

  /// Calls `visit(Fence)` for each key of the request, until it returns false. Returns whether the
  /// request has fenced any by name.
  template <class Visit>
  bool for_each_key(RequestId id, Visit&& visit) {
    bool has_any = false;
    fences_.for_each_from_bound([id](const Written& each) { return each.id < id; },
                                [&](Written& each) {
                                  if (each.id != id) return false;
                                  has_any = true;
                                  return visit(each.fence);
                                });
    return has_any;
  }
  /// Whether this request, or one behind it, has fenced all keys.
  bool may_have_all(RequestId id) const { return id < all_until_; }

  /// Ends the fences of all requests before `answered_until`.
  void end_until(RequestId answered_until) {
    if (!empty()) end_those_before(answered_until);
  }
  void end_all() { end_until(UINT64_MAX); }

 private:
  struct Written {
    RequestId id;
    cache::Cache::Fence fence;
    bool has_moved = false;
  };

  void begin_all_instead(RequestId id);
  void end_those_before(RequestId answered_until);
  cache::Cache& cache_;
  Queue<Written> fences_;
  RequestId all_until_ = 0;  // all keys are fenced until all requests before this id are answered;
                             // 0: not all keys are fenced
};

}  // namespace plimsoll::inline v0
