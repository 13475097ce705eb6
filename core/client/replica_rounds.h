#pragma once

#include <algorithm>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/encoded_pieces.h"
#include "plimsoll/core/client/replica_progress.h"
#include "plimsoll/core/cluster/replication_report.h"
#include "plimsoll/core/memory/segment.h"

namespace plimsoll::inline v0 {

/// How often a round of questions takes place, while there are reads: a quarter of
/// ReplicaOptions::lag_max, between these two.
inline constexpr Duration replica_round_interval_min = std::chrono::milliseconds(100);
inline constexpr Duration replica_round_interval_max = std::chrono::seconds(1);

/// How soon one round may follow another, if a read waits for what it finds.
inline constexpr Duration replica_round_soon = std::chrono::milliseconds(100);

/// How soon the primary is asked again if it has refused to answer.
inline constexpr Duration replica_round_refused = std::chrono::seconds(5);

/// A read that may be longer than this goes to the primary: it must fit into EncodedPieces, to be
/// sent on to another server.
inline constexpr std::size_t replica_read_bytes_max =
    segment_capacity * (EncodedPieces::count_max - 1);
inline constexpr Error too_long_for_replica{.code = ErrorCode::rejected_by_limit,
                                            .what = "the read is too long for a replica"};

/// Rounds of questions how much of a primary's history of writes the servers have: when the primary
/// is asked, and what it has said.
class ReplicaRounds {
 public:
  explicit ReplicaRounds(Duration lag_max)
      : interval_(std::clamp(lag_max / 4, replica_round_interval_min, replica_round_interval_max)) {
  }

  Duration interval() const { return interval_; }
  /// A read that a replica might have answered.
  void note_read(Instant now) { read_at_ = now; }
  bool is_read(Instant now) const {
    return read_at_ != Instant::min() && now - read_at_ <= 2 * interval_;
  }

  /// There is to be a round, `wait` after the last one has begun. Returns whether it is due.
  bool want(Instant now, Duration wait) {
    if (was_asked_) return false;
    if (was_refused_) wait = replica_round_refused;
    const Instant since = began_at_ == Instant::min() ? now : after(began_at_, wait);
    due_at_ = std::min(due_at_, std::max(since, now));
    return is_due(now);
  }
  bool is_due(Instant now) const { return now >= due_at_; }
  Instant due_at() const { return due_at_; }
  void forget_due() { due_at_ = never; }
  bool was_asked() const { return was_asked_; }

  /// The primary is about to be asked. Its answer covers all that the client had sent it before:
  /// `proof` without an offset.
  void begin(const ReplicationProof& proof) {
    due_at_ = never;
    began_at_ = proof.as_of;
    asked_for_ = proof;
  }
  /// Whether it could be asked.
  void note_asked(bool is_asked, Instant now) {
    was_asked_ = is_asked;
    if (!is_asked) due_at_ = after(now, replica_round_soon);
  }
  /// Its connection is over, or another one is ready: it owes no answer.
  void forget_question() { was_asked_ = false; }
  /// What it has said counts no longer.
  void forget_proof() { proof_ = {}; }
  /// The numbers of writes have begun again (WriteMarks).
  void forget_marks() { proof_.mark = asked_for_.mark = 0; }

  /// In this round it has served a key.
  void note_owner() { asked_for_.is_owner = true; }
  /// It has answered.
  void note_answered() { was_asked_ = was_refused_ = false; }
  /// Whether an answer says what a primary says.
  static bool is_of_primary(const std::optional<ReplicationReport>& report) {
    return report && report->role == ReplicationReport::Role::primary && report->has_offset &&
           report->history != ReplicationId{};
  }
  /// Takes such an answer. Returns whether the history is another one than before, so that nothing
  /// counts any more that was proved by that one.
  bool take(const ReplicationReport& report, Instant now) {
    latency_.add(now - began_at_);
    const bool is_new = history_ != report.history;
    history_ = report.history;
    proof_ = asked_for_;
    proof_.offset = report.offset;
    return is_new;
  }
  /// It has said something else, and is asked again after a while.
  void note_refused(Instant now) {
    was_refused_ = true;
    due_at_ = after(now, replica_round_refused);
  }

  const ReplicationProof& proof() const { return proof_; }
  const ReplicationId& history() const { return history_; }
  Duration latency() const { return latency_.value(); }

 private:
  Duration interval_;
  bool was_asked_ = false;
  bool was_refused_ = false;
  ReplicationId history_{};       // the primary's
  ReplicationProof proof_{};      // what the primary has said last
  ReplicationProof asked_for_{};  // what it is asked for; its offset is not known yet
  SmoothedLatency latency_;
  Instant read_at_ = Instant::min();
  Instant began_at_ = Instant::min();
  Instant due_at_ = never;
};

}  // namespace plimsoll::inline v0
