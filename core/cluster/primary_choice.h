#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cluster/node_address.h"

// Which server is the primary, by what sentinels say. Each sentinel has a vote: what it said last.
// An address that more than half of all known sentinels name is chosen at once. Otherwise every
// sentinel is waited for that may still answer, and an address is chosen that more than half of
// those that named one have named.
//
// A sentinel that announces a switch (+switch-master) knows of a vote of the majority before the
// others do: they go on naming the old primary until they hear of it, for up to two seconds. So an
// announcement outweighs all votes for a while. Announcements that arrive late do no harm: those of
// one sentinel arrive in order, so a late one is followed at once by what undoes it.

namespace plimsoll::inline v0 {

/// The id that a sentinel gives itself: 40 hex digits; all zero if it is not known.
using SentinelNodeId = std::array<char, 40>;

struct SentinelVote {
  enum class State : std::uint8_t {
    absent,   ///< cannot be asked now
    pending,  ///< is asked, or is being connected to
    said,     ///< names `primary`
    unknown   ///< watches no primary of this name
  };
  State state = State::absent;
  bool was_learned = false;  ///< another sentinel has named this one
  NodeAddress primary{};
  SentinelNodeId id{};
};

/// The last switch that a sentinel announced.
class SwitchAnnouncement {
 public:
  /// How long an announcement outweighs votes: longer than sentinels need to hear of a switch
  /// (SENTINEL_PUBLISH_PERIOD in Valkey's sentinel.c is 2 s).
  static constexpr Duration lifetime = std::chrono::seconds(5);

  /// `sentinel`: any number that names the one that announced it.
  void begin(std::uint32_t sentinel, const NodeAddress& primary, Instant now) {
    sentinel_ = sentinel;
    primary_ = primary;
    until_ = after(now, lifetime);
  }
  /// The same sentinel said something else since: `primary`.
  void handle_said(std::uint32_t sentinel, const NodeAddress& primary) {
    if (sentinel == sentinel_ && !(primary == primary_)) until_ = Instant::min();
  }
  /// The sentinel has another number from now on: there were two connections to it.
  void handle_renumbered(std::uint32_t from, std::uint32_t to) {
    if (sentinel_ == from) sentinel_ = to;
  }
  /// The sentinel, whose id this is, is not asked any more, and its number may become that of
  /// another one, which must not undo the announcement.
  void handle_gone(std::uint32_t sentinel, const SentinelNodeId& id) {
    if (sentinel_ != sentinel) return;
    sentinel_ = nobody;
    gone_id_ = id;
  }
  /// A sentinel with this id is asked, under this number. If it is the one that was gone, what it
  /// says counts again.
  void handle_back(std::uint32_t sentinel, const SentinelNodeId& id) {
    if (sentinel_ == nobody && id == gone_id_ && id != SentinelNodeId{}) sentinel_ = sentinel;
  }
  /// What was announced; null if it does not count any more.
  const NodeAddress* primary(Instant now) const { return now < until_ ? &primary_ : nullptr; }

  /// When it ends to count; `never` if it has ended.
  Instant until(Instant now) const { return now < until_ ? until_ : never; }

 private:
  static constexpr std::uint32_t nobody = UINT32_MAX;

  NodeAddress primary_;
  SentinelNodeId gone_id_{};
  std::uint32_t sentinel_ = nobody;
  Instant until_ = Instant::min();
};

struct PrimaryChoice {
  enum class Kind : std::uint8_t {
    pending,    ///< answers are due that matter
    chosen,     ///< `primary`, which lives as long as the votes and the announcement
    divided,    ///< the sentinels name several, and none has a majority
    unknown,    ///< none names one, and most know of no primary of this name
    unanswered  ///< none names one
  };
  Kind kind = Kind::pending;
  const NodeAddress* primary = nullptr;
};

/// `announced`: SwitchAnnouncement::primary(). `votes`: one for each sentinel. Of several that have
/// the same id, which is one sentinel with several addresses, the first that can be asked counts.
/// One without an id, because it has never answered, may be the same as one that was learned, under
/// another address, and is not counted twice.
PrimaryChoice choose_primary(std::span<const SentinelVote* const> votes,
                             const NodeAddress* announced);

}  // namespace plimsoll::inline v0
