#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Everything that can go wrong in a world, each with a name for the command line and a counter. A
// seed has none of them, a few, or all.

namespace plimsoll::sim {

enum class Fault : std::uint8_t {
  // The network.
  latency,             ///< a connection is slow to arrive, unevenly
  narrow,              ///< it carries few bytes a second
  splits,              ///< its bytes come in crumbs
  small_buffers,       ///< its sockets hold little
  reset,               ///< it is gone, with what was on its way
  orderly_close,       ///< the server ends it behind its last reply
  half_close,          ///< the server ends its direction and goes on reading
  silence,             ///< the server's machine is gone, and nothing says so for long
  blackhole,           ///< nothing arrives for a while, then all of it
  refused_connect,     ///< no connection to be had for a while
  slow_connect,        ///< connections take long to be made
  unanswered_connect,  ///< nobody answers an attempt

  // The servers.
  restart,          ///< ends all connections, keeps its data
  data_loss,        ///< the same, and is empty afterwards
  loading,          ///< LOADING for a while
  stall,            ///< does nothing for a while
  slow_server,      ///< takes long for each command
  extra_reply,      ///< one that nobody asked for
  truncated_reply,  ///< the connection ends in the middle of one
  garbage,          ///< bytes that are not RESP
  oversized_reply,  ///< larger than what is accepted
  error_reply,      ///< in place of the reply
  stray_push,       ///< one that nobody subscribed to
  kick,             ///< CLIENT KILL
  max_clients,      ///< no room for new connections for a while
  wrong_password,   ///< the password is another one for a while
  busy,             ///< BUSY for a while
  primary_down,     ///< MASTERDOWN for a while
  protected_mode,   ///< DENIED for a while
  no_permission,    ///< NOPERM for a while
  old_protocol,     ///< no RESP3 for a while
  no_database,      ///< SELECT is refused for a while

  // Memory and time.
  refused_memory,    ///< the allocator has none, now and then
  refused_segments,  ///< it has no segments, but blocks
  refused_blocks,    ///< it has no blocks, but segments
  squeezed_memory,   ///< somebody else uses up a pool for a while
  tight_limit,       ///< the line is barely enough
  moved_line,        ///< the line and the shares are changed while all is in use
  dry_replies,       ///< the replies pool stays full for long: clients live on the reserve
  time_jump,         ///< nobody runs for a while, as if the machine slept

  // The users.
  cancel,          ///< of requests at any stage
  short_deadline,  ///< that is over about when the reply comes
  read_pause,      ///< nobody takes results for a while
  hoarding,        ///< replies are kept until there is no room for more
  flood,           ///< of messages, more than listeners take
  visitors,        ///< some clients come late, and go early
  kept_replies,    ///< that are released much later
  burst,           ///< of more requests than there is room for
  shutdown,        ///< close() at any moment
  abort,           ///< abort() at any moment
  freeze,          ///< one client does not run for a while
  rotation,        ///< servers have new passwords, and forget old ones a while later
  dead_address,    ///< clients have several addresses, some without a server

  // Groups of a primary, replicas and sentinels. Only worlds with a group have these.
  failover,            ///< SENTINEL FAILOVER: the old primary goes on taking writes for a while
  primary_killed,      ///< with the writes that no replica has yet
  primary_frozen,      ///< is replaced, wakes up and does what it was asked before
  old_primary_back,    ///< one that was killed takes writes until it is told that it is a replica
  sentinel_killed,     ///< for a while
  sentinel_frozen,     ///< for a while
  cut_from_sentinels,  ///< one client cannot reach one of them, or any, for a while
  late_sentinel,       ///< goes on naming the old primary for long
  late_primary,        ///< the new one is LOADING, or says that it is a replica, for a while
  replica_lags,        ///< the primary's writes do not get to it for long
  replica_loading,     ///< it is LOADING for a while
  replica_link_down,   ///< its link to the primary is: MASTERDOWN, or it answers with what it has
  replica_cut,         ///< a connection to it ends with a read in flight
  replica_frozen,      ///< it does nothing for a while
  replica_restarted,   ///< with what it had a while before: it has to catch up
  replica_unlisted,    ///< the primary does not name it for a while
  replica_promoted,    ///< at once, while it is read
  info_refused,        ///< INFO is, by the primary or one replica, for a while

  // Clusters. Only worlds with a cluster have these.
  slot_migrated,       ///< key by key: ASK, then MOVED
  slot_called_off,     ///< the move of one is, and its keys go back
  source_told_first,   ///< of the end of a move: both sides say MOVED to the other one
  slot_moved_at_once,  ///< with all of its keys
  slot_unserved,       ///< nobody has the slot for a while
  slot_taken_over,     ///< its keys are left at the former owner, which drops them
  handover,            ///< CLUSTER FAILOVER
  node_killed,         ///< with the writes that no replica has yet
  node_frozen,         ///< is replaced, wakes up and does what it was asked before
  node_cut,            ///< it takes writes for a while, then says CLUSTERDOWN, and PONG
  late_gossip,         ///< one server hears of everything late
  odd_view,            ///< CLUSTER SLOTS is empty, has holes or no names, or is refused
};

inline constexpr std::size_t faults_count = static_cast<std::size_t>(Fault::odd_view) + 1;

/// Those that come first can strike in worlds without a group.
inline constexpr std::size_t faults_without_group_count = static_cast<std::size_t>(Fault::failover);

/// Because of which somebody may be refused memory.
inline constexpr std::array memory_faults = {
    Fault::refused_memory,  Fault::refused_segments, Fault::refused_blocks,
    Fault::squeezed_memory, Fault::tight_limit,      Fault::dry_replies,
    Fault::moved_line,      Fault::hoarding,         Fault::flood};

/// "reset", "half_close"...
const char* name(Fault fault);

class FaultSet {
 public:
  static FaultSet all() {
    FaultSet set;
    set.bits_.set();
    return set;
  }

  FaultSet() = default;

  /// "all", "none", or names with commas between; empty where one is unknown.
  static std::optional<FaultSet> parse(std::string_view names);

  bool has(Fault fault) const { return bits_[static_cast<std::size_t>(fault)]; }
  bool has_any(std::span<const Fault> faults) const {
    return std::any_of(faults.begin(), faults.end(), [this](Fault each) { return has(each); });
  }
  void add(Fault fault) { bits_.set(static_cast<std::size_t>(fault)); }
  void remove(Fault fault) { bits_.reset(static_cast<std::size_t>(fault)); }
  bool empty() const { return bits_.none(); }

  /// As parse() reads it.
  std::string names() const;

  friend bool operator==(const FaultSet&, const FaultSet&) = default;

 private:
  std::bitset<faults_count> bits_;
};

}  // namespace plimsoll::sim
