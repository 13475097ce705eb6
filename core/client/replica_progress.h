#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/client/write_marks.h"
#include "plimsoll/core/cluster/replication_report.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Until when, and of which of the client's writes, a server is known to have everything.
struct ReplicationProof {
  std::uint64_t offset = 0;        ///< what the primary had run...
  Instant as_of = Instant::min();  ///< ... some time after this
  WriteMarks::Mark mark = 0;       ///< the client's last write that is in it
  cache::Mark asked_after = 0;     ///< with a near cache: drawn before the primary was asked
  bool is_owner =
      false;  ///< with one in a cluster: the primary has served a key in that round, too
};

/// The time of a round trip: each new one counts for a quarter.
class SmoothedLatency {
 public:
  void add(Duration sample) {
    value_ += value_ == Duration::zero() ? sample : (sample - value_) / 4;
  }
  Duration value() const { return value_; }  ///< zero: not known yet

 private:
  Duration value_{};
};

/// How much of its primary's history of writes a replica is known to have, and how it is asked.
struct ReplicaProgress {
  /// The wait before a server that was behind, or did not answer reads, is asked again; it doubles.
  static constexpr Duration ask_again_wait_min = std::chrono::milliseconds(5);
  static constexpr Duration ask_again_wait_max = std::chrono::seconds(1);

  /// The wait before a read that could not go on is tried again.
  static constexpr Duration move_again_wait = std::chrono::milliseconds(10);

  /// A server that owes the answer to such a question for so long gets no new reads, and neither
  /// does one that is_slow.
  static constexpr Duration suspect_after = std::chrono::seconds(1);

  // Why a replica answers no reads, as users are told it.
  static const Error is_silent;
  static const Error is_behind;

  /// What a read must see.
  struct Wanted {
    WriteMarks::Mark mark = 0;  ///< this write of the client
    cache::Mark after = 0;      ///< all that was acknowledged before this mark was drawn
  };
  bool is_proved() const { return proved.as_of != Instant::min(); }
  bool is_suspect(Instant now) const {
    return is_slow || (was_asked && now - asked_at > suspect_after);
  }
  /// Whether what it has is enough for a read at `now`.
  bool has(Instant now, Duration lag_max, const Wanted& wanted) const {
    return is_proved() && wanted.mark <= proved.mark && wanted.after <= proved.asked_after &&
           now - proved.as_of <= lag_max && !is_suspect(now);
  }

  /// What it has is not known any more.
  void forget_proof() { proved = target = {}; }
  /// Its connection is over.
  void forget_connection() {
    forget_proof();
    was_asked = is_slow = false;
    ask_again_at = never;
  }
  void ask_again_later(Instant now) {
    ask_again_at = after(now, ask_again_wait);
    ask_again_wait = std::min(2 * ask_again_wait, ask_again_wait_max);
  }
  /// It is about to be asked. What it was asked for and has not reached yet comes first, or one
  /// that is always a little behind would never be proved to have anything.
  void aim_at(const ReplicationProof& proof) {
    if (target.as_of <= proved.as_of) target = proof;
  }
  void note_asked(bool is_asked, Instant now) {
    was_asked = is_asked;
    is_asked ? void(asked_at = now) : ask_again_later(now);
  }
  /// It answers no reads until it has been asked again.
  void note_unfit(const Error& reason, Instant now) {
    forget_proof();
    problem = reason;
    ask_again_later(now);
  }
  /// Handles the answer to INFO replication. `proof`, `history`: what the primary has said last.
  void handle_report(const ReplicationReport& report, const ReplicationProof& proof,
                     const ReplicationId& history, Instant now);

  bool was_asked = false;  // INFO is under way
  bool is_slow = false;    // a read has left it because of its time, and it has said nothing since
  bool zone_is_known = false;
  Error problem{};  // why it does not answer reads
  ZoneName zone{};
  SmoothedLatency latency;
  ReplicationProof proved{};
  ReplicationProof target{};  // what it is asked for next
  Instant asked_at{};
  Instant ask_again_at = never;
  Duration ask_again_wait = ask_again_wait_min;
  std::uint64_t reads = 0;        // that it was sent
  std::uint64_t reads_moved = 0;  // of these, those that went on to another server
};

/// INFO replication, INFO server.
CommandView question_about_replication();
CommandView question_about_zone();

/// The answer to one of the two; nothing, if it is not understood.
std::optional<ReplicationReport> report_of(const Event& event);
/// Why an answer is no report.
const Error& problem_of_report(const Event& event);

/// Whether an error says that the server cannot answer reads at all now, not only this one.
bool is_about_server(ErrorCode code);

}  // namespace plimsoll::inline v0
