#include "plimsoll/demo/latencies.h"

#include <algorithm>
#include <bit>

namespace plimsoll::demo {

void Latencies::add(std::chrono::nanoseconds latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  ++buckets_[bucket_of(value)];
  ++count_;
}

std::chrono::nanoseconds Latencies::percentile(double share) const {
  const auto wanted = static_cast<std::size_t>(share * static_cast<double>(count_));
  std::size_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_count && count_ > 0; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= std::max<std::size_t>(wanted, 1)) {
      return std::chrono::nanoseconds(lowest_of(bucket));
    }
  }
  return {};
}

// A value below 2^(cut_bits + 1) is its own bucket; above that, its highest bits are: as many as
// cut_bits says, behind the leading one, with the exponent in front of them.
std::size_t Latencies::bucket_of(std::uint64_t value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= cut_bits + 1) return value;
  const unsigned shift = width - cut_bits - 1;
  return (std::size_t{shift} << cut_bits) + (value >> shift);
}

std::uint64_t Latencies::lowest_of(std::size_t bucket) {
  if (bucket < (std::size_t{2} << cut_bits)) return bucket;
  const auto shift = (bucket >> cut_bits) - 1;
  const auto leading = (bucket & ((std::size_t{1} << cut_bits) - 1)) + (std::size_t{1} << cut_bits);
  return std::uint64_t{leading} << shift;
}

}  // namespace plimsoll::demo
