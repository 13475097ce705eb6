#include "plimsoll/bench/pipeline/contender.h"

namespace plimsoll::bench {

std::vector<double> Ticks::gaps() const {
  std::vector<double> seconds;
  seconds.reserve(times_.size());
  for (std::size_t i = 1; i < times_.size(); ++i) {
    seconds.push_back(std::chrono::duration<double>(times_[i] - times_[i - 1]).count());
  }
  return seconds;
}

}  // namespace plimsoll::bench
