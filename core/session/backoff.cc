#include "plimsoll/core/session/backoff.h"

#include "plimsoll/core/base/random.h"

namespace plimsoll::inline v0 {

Duration Backoff::next() {
  const auto most = static_cast<std::uint64_t>(ceiling_.count());
  ceiling_ = ceiling_ > wait_max_ / 2 ? wait_max_ : ceiling_ * 2;
  return Duration(static_cast<Duration::rep>(Random(draw_++).below(most) + 1));
}

}  // namespace plimsoll::inline v0
