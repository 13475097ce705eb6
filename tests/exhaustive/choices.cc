#include "plimsoll/tests/exhaustive/choices.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::exhaustive {

std::size_t Choices::choose(std::size_t count) {
  PLIMSOLL_CHECK(count > 0);
  if (depth_ == path_.size()) path_.push_back({.chosen = 0, .count = count});
  // A run that is not decided by its choices alone would not come this way again.
  PLIMSOLL_CHECK(path_[depth_].count == count);
  return path_[depth_++].chosen;
}

bool Choices::next_run() {
  path_.resize(depth_);
  depth_ = 0;
  while (!path_.empty() && path_.back().chosen + 1 == path_.back().count) path_.pop_back();
  if (path_.empty()) return false;
  ++path_.back().chosen;
  return true;
}

}  // namespace plimsoll::exhaustive
