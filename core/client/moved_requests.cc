#include "plimsoll/core/client/moved_requests.h"

#include <utility>

namespace plimsoll::inline v0 {

// A request with a short timeout leaves before others that were sent earlier. Then those behind its
// place go one place further, the last one into a place that was added.
void MovedRequests::add(RequestId from, RequestId to) {
  Moved carried{.from = from, .to = to};
  const bool is_last = requests_.empty() || requests_.back().from < from;
  const Moved last = is_last ? carried : requests_.back();
  if (requests_.push_back(last) != Queue<Moved>::Push::accepted || is_last) return;
  requests_.for_each_from_bound([from](const Moved& each) { return each.from < from; },
                                [&carried](Moved& each) {
                                  std::swap(each, carried);
                                  return true;
                                });
}

std::optional<RequestId> MovedRequests::find(RequestId from) {
  const Moved* const found =
      requests_.lower_bound([from](const Moved& each) { return each.from < from; });
  if (found == nullptr || found->from != from) return std::nullopt;
  return found->to;
}

bool MovedRequests::has_left(RequestId first) {
  const Moved* const found =
      requests_.lower_bound([first](const Moved& each) { return each.from < first; });
  return found != nullptr && found->from - first < request_ids::Number::values_count;
}

}  // namespace plimsoll::inline v0
