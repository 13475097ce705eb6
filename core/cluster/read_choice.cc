#include "plimsoll/core/cluster/read_choice.h"

#include <algorithm>

namespace plimsoll::inline v0 {
namespace {

// Latencies that differ by less than this, or by less than a quarter, are the same: otherwise the
// noise of a local network would send all reads to one of several equal servers.
constexpr Duration latency_noise = std::chrono::microseconds(100);

// The index, in turn, among those for which `fits` is true; read_at_primary if there is none.
template <class Fits>
std::size_t take_turn(std::span<const ReadCandidate> replicas, std::uint32_t& turn, Fits&& fits) {
  std::uint32_t count = 0;
  for (const ReadCandidate& each : replicas) count += fits(each) ? 1u : 0u;
  if (count == 0) return read_at_primary;
  std::uint32_t left = turn++ % count;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (fits(replicas[i]) && left-- == 0) return i;
  }
  return read_at_primary;
}

// A server that was not measured yet is asked, so that it will be. The primary counts as one of
// them: its turn is the first.
std::size_t choose_fastest(std::span<const ReadCandidate> replicas, const ReadCandidate& primary,
                           std::uint32_t& turn) {
  Duration least = primary.latency;
  for (const ReadCandidate& each : replicas) {
    if (each.may_answer) least = std::min(least, each.latency);
  }
  const Duration most = std::max(least + least / 4, least + latency_noise);
  const auto is_fast = [most](const ReadCandidate& each) { return each.latency <= most; };
  std::uint32_t count = is_fast(primary) ? 1 : 0;
  for (const ReadCandidate& each : replicas) count += each.may_answer && is_fast(each) ? 1u : 0u;
  std::uint32_t left = turn++ % count;
  if (is_fast(primary) && left-- == 0) return read_at_primary;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (replicas[i].may_answer && is_fast(replicas[i]) && left-- == 0) return i;
  }
  return read_at_primary;
}

}  // namespace

std::size_t choose_reader(ReadFrom from, std::span<const ReadCandidate> replicas,
                          const ReadCandidate& primary, std::uint32_t& turn) {
  const auto may_answer = [](const ReadCandidate& each) { return each.may_answer; };
  const auto is_near = [](const ReadCandidate& each) { return each.may_answer && each.is_near; };
  switch (from) {
    case ReadFrom::primary: return read_at_primary;
    case ReadFrom::prefer_replica: return take_turn(replicas, turn, may_answer);
    case ReadFrom::lowest_latency: return choose_fastest(replicas, primary, turn);
    case ReadFrom::az_affinity:
    case ReadFrom::az_affinity_replicas_and_primary: break;
  }
  const std::size_t near = take_turn(replicas, turn, is_near);
  if (near != read_at_primary) return near;
  const bool prefers_primary = from == ReadFrom::az_affinity_replicas_and_primary;
  if (prefers_primary && primary.is_near) return read_at_primary;
  return take_turn(replicas, turn, may_answer);
}

}  // namespace plimsoll::inline v0
