#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "plimsoll/core/base/time.h"

// To which server a read goes, of those that may answer it.

namespace plimsoll::inline v0 {

/// Who answers reads. A write always goes to the primary, and so does a read that no replica may
/// answer. The names are those of Valkey GLIDE.
enum class ReadFrom : std::uint8_t {
  primary,         ///< the primary answers everything
  prefer_replica,  ///< the replicas in turn; the primary if there is none
  az_affinity,  ///< the replicas in the client's zone in turn; else other replicas, in turn; else
                ///< the primary
  az_affinity_replicas_and_primary,  ///< the replicas in the client's zone in turn; else the
                                     ///< primary if it is in that zone; else other replicas, in
                                     ///< turn; else the primary
  lowest_latency  ///< the servers that answer fastest, in turn, of the replicas and the primary
};

/// Whether it matters in which zone a server stands.
constexpr bool goes_by_zones(ReadFrom from) {
  return from == ReadFrom::az_affinity || from == ReadFrom::az_affinity_replicas_and_primary;
}

struct ReadCandidate {
  bool may_answer = false;  ///< it is ready, and has all that the read must see
  bool is_near = false;     ///< it is in the client's zone
  Duration latency{};       ///< of a round trip, smoothed; zero: not known yet
};

/// choose_reader() returns this for the primary.
inline constexpr std::size_t read_at_primary = SIZE_MAX;

/// Returns the index of a replica that may_answer, or read_at_primary. `turn` counts the choices of
/// one client, so that several that are equally good take turns.
std::size_t choose_reader(ReadFrom from, std::span<const ReadCandidate> replicas,
                          const ReadCandidate& primary, std::uint32_t& turn);

}  // namespace plimsoll::inline v0
