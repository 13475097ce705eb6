#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/session/session.h"
#include "plimsoll/tests/sim/faults.h"

// What has happened over one world or many: each fault, each outcome, each way from one state of a
// session to another. A slice of seeds in which something never happened proves nothing about it.

namespace plimsoll::sim {

/// What users do besides single requests, and what comes of it.
enum class Deed : std::uint8_t {
  transaction_completed,
  transaction_refused,    ///< EXECABORT: nothing ran
  transaction_in_doubt,   ///< lost, or given up, after it was sent
  transaction_unsent,     ///< ended before it was sent
  transaction_committed,  ///< behind a WATCH
  transaction_conflict,   ///< a watched key had changed
  exclusive_lost,         ///< a connection for one user
  element_delivered,      ///< by a command that blocked
  wait_answered,          ///< with nothing, by the server itself
  wait_ended_early,       ///< by CLIENT UNBLOCK: nothing was taken
  element_saved,          ///< that had been taken for one who did not wait any more
  wait_in_doubt,          ///< lost, or cut
  blocking_set_full,
  subscribed,
  unsubscribed,
  message_delivered,
  message_of_several,  ///< told in one go with others
  message_dropped,     ///< for want of room
  newest_dropped,      ///< likewise, since it came last
  reading_paused,      ///< likewise: nothing is dropped
  gap_delivered,
  subscription_restored,  ///< a message came behind a gap
  request_admitted,       ///< that had waited for room
  waiter_gave_up,
  connection_awaited,          ///< by a command that blocks
  connection_awaited_in_vain,  ///< until its time was over, or it was cancelled
  line_lowered,                ///< below what was used
  line_raised,
  line_kept,       ///< the new one made no sense
  line_reached,    ///< the limit in force fell to where the line is
  share_exceeded,  ///< by borrowing
  pages_decayed,   ///< nobody had needed them
  credentials_changed,
  credentials_refused,
  cache_hit,               ///< of what a connection vouches for
  cache_hit_by_time,       ///< of what only time does
  proved_hit,              ///< behind a proof
  key_read,                ///< from the server, through a cache or not
  key_evicted,             ///< by the server
  user_changed,            ///< of a client with a cache
  own_name_hit,            ///< what the cache has for this user alone
  right_refused,           ///< to one who reads through a cache
  right_regained,          ///< and a hit of what was read since
  switch_heard,            ///< a sentinel announced another primary to a client
  majority_heard,          ///< most sentinels answered a client that the primary is another one
  primary_left,            ///< a client went from one primary to another
  ack_lost,                ///< a failover lost a write that was acknowledged
  ack_by_old_primary,      ///< a write, after the switch, of a client that had not heard of it
  replica_refused,         ///< a server said that it was a replica, to one who looked for a primary
  group_hit,               ///< a cached read in a group
  read_at_replica,         ///< a replica's answer
  read_own_at_replica,     ///< likewise, which had to have a write of the caller's
  read_bound_by_lag,       ///< likewise, a write that was older than lag_max
  read_moved,              ///< a replica did not answer it
  read_behind,             ///< the primary's answer, for no replica had what the caller has written
  reads_returned,          ///< to replicas, after the faults
  redirect_followed,       ///< MOVED, by a client of a cluster
  ask_followed,            ///< ASK
  sent_again,              ///< TRYAGAIN, CLUSTERDOWN, or a connection that was lost too early
  view_heard,              ///< CLUSTER SLOTS
  request_scattered,       ///< sent in parts
  cluster_hit,             ///< a cached read in a cluster
  keys_counted,            ///< EXISTS over several slots
  cluster_replica_read,    ///< a read that a replica of a cluster ran
  cluster_read_bound,      ///< it had to have a write that was older than lag_max
  cluster_read_moved,      ///< a replica of a cluster did not answer it
  cluster_read_behind,     ///< the owner's answer, for no replica had what the caller has written
  cluster_reads_returned,  ///< to replicas of a cluster, after the faults
  cluster_reader_hit,      ///< by a caller with a cache who reads from replicas of a cluster
  tracking_resumed,        ///< by a client that came back on another connection
  missed_news_told,        ///< likewise, and it had missed something
  tracking_not_resumed,    ///< the server had forgotten the client, or some of its news
  resumed_hit,             ///< of what was read before the connection was lost
};

inline constexpr std::size_t deeds_count = static_cast<std::size_t>(Deed::resumed_hit) + 1;
const char* name(Deed deed);

inline constexpr std::size_t states_count = static_cast<std::size_t>(Session::State::closed) + 1;
inline constexpr std::size_t executed_count = static_cast<std::size_t>(Executed::yes) + 1;

const char* name(Session::State state);

struct Coverage {
  std::array<std::uint64_t, faults_count> faults{};
  std::array<std::uint64_t, deeds_count> deeds{};

  /// By code and `executed`: what requests ended with, and what submit() refused them with.
  std::array<std::array<std::uint64_t, executed_count>, error_codes_count> outcomes{};
  /// Why there was no connection, and why clients closed, by code.
  std::array<std::uint64_t, error_codes_count> problems{};
  std::array<std::uint64_t, error_codes_count> ends{};
  std::array<std::array<std::uint64_t, states_count>, states_count> transitions{};

  std::uint64_t requests = 0;
  std::uint64_t completed = 0;
  std::uint64_t connections = 0;  // times a client was ready
  std::uint64_t clients = 0;
  std::uint64_t resent = 0;
  std::uint64_t health_checks = 0;
  std::uint64_t connections_dead = 0;
  std::uint64_t pushed = 0;

  void count(Deed deed, std::uint64_t times = 1) { deeds[static_cast<std::size_t>(deed)] += times; }
  void count(Fault fault) { ++faults[static_cast<std::size_t>(fault)]; }
  void count_outcome(const Error& error) {
    ++outcomes[static_cast<std::size_t>(error.code)][static_cast<std::size_t>(error.executed)];
  }
  void count_problem(ErrorCode code) { ++problems[static_cast<std::size_t>(code)]; }
  void count_end(ErrorCode code) { ++ends[static_cast<std::size_t>(code)]; }
  void count_transition(Session::State from, Session::State to) {
    ++transitions[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
  }

  /// How often the allocator had no memory.
  std::uint64_t refusals_by_source() const {
    std::uint64_t sum = 0;
    for (const Fault fault :
         {Fault::refused_memory, Fault::refused_segments, Fault::refused_blocks}) {
      sum += faults[static_cast<std::size_t>(fault)];
    }
    return sum;
  }

  /// Of a client that has ended.
  void count(const SessionCounters& counters);

  /// Whether `code` was seen anywhere.
  bool has(ErrorCode code) const;

  void add(const Coverage& other);
};

}  // namespace plimsoll::sim
