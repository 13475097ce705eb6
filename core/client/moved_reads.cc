#include "plimsoll/core/client/moved_reads.h"

#include <utility>

namespace plimsoll::inline v0 {

// A read with a short timeout leaves before others that were sent earlier. Then those behind its
// place go one place further, the last one into a place that was added.
void MovedReads::add(RequestId from, RequestId to) {
  Read carried{.from = from, .to = to};
  const bool is_last = reads_.empty() || reads_.back().from < from;
  const Read last = is_last ? carried : reads_.back();
  if (reads_.push_back(last) != Queue<Read>::Push::accepted || is_last) return;
  reads_.for_each_from_bound([from](const Read& each) { return each.from < from; },
                             [&carried](Read& each) {
                               std::swap(each, carried);
                               return true;
                             });
}

std::optional<RequestId> MovedReads::find(RequestId from) {
  const Read* const found =
      reads_.lower_bound([from](const Read& each) { return each.from < from; });
  if (found == nullptr || found->from != from) return std::nullopt;
  return found->to;
}

bool MovedReads::has_left(std::uint64_t incarnation) {
  const std::uint64_t wanted = incarnation % request_ids::Incarnation::values_count;
  const Read* const found = reads_.lower_bound(
      [wanted](const Read& each) { return request_ids::incarnation_of(each.from) < wanted; });
  return found != nullptr && request_ids::incarnation_of(found->from) == wanted;
}

}  // namespace plimsoll::inline v0
