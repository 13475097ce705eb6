#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "plimsoll/core/base/random.h"
#include "plimsoll/core/base/time.h"

namespace plimsoll::inline v0 {

/// When a client of a cluster asks a node who owns which slot: one question at a time, and never
/// so often that the questions of many clients become a load of their own.
class ViewSchedule {
 public:
  /// Between two questions, if requests show that the last answer is out of date.
  static constexpr Duration interval = std::chrono::seconds(1);
  /// The same while requests wait for the successor of a node that is lost, or says nothing; and on
  /// average between all questions, whatever becomes of them.
  static constexpr Duration urgent_interval = std::chrono::milliseconds(200);
  /// So many questions may come before their time, because those before them were in vain.
  static constexpr int early_max = 2;
  /// Without a reason: so often on average, a fifth more or less.
  static constexpr Duration idle_interval = std::chrono::seconds(60);
  /// Some time after it has learnt the owner of one slot, a client asks for all: not before other
  /// nodes have heard the news, and within this time by lot, since all clients learn it at once
  /// when a node is replaced.
  static constexpr Duration some_time_min = std::chrono::seconds(1);
  static constexpr Duration some_time_max = std::chrono::seconds(10);
  /// After so many redirections it does not wait: they have cost the nodes more than a view does.
  static constexpr int redirections_max = 64;
  /// A node that has not answered within this time is not waited for.
  static constexpr Duration answer_max = std::chrono::seconds(1);
  /// After a question in vain: at first, and at most.
  static constexpr Duration failed_wait_min = std::chrono::milliseconds(50);
  static constexpr Duration failed_wait_max = std::chrono::seconds(2);

  explicit ViewSchedule(std::uint64_t random_seed) : random_(random_seed) {}

  enum class Need : std::uint8_t { normal, urgent };
  void want(Instant now, Need need) {
    const Duration wait = need == Need::urgent ? urgent_interval : interval;
    const Instant earliest = asked_at_ == Instant::min() ? now : after(asked_at_, wait);
    due_at_ = std::min(due_at_, std::max({now, earliest, not_before_, free_at_}));
  }

  /// A node has redirected a request. Returns true if a view is wanted at once, and not some time
  /// later: of this node, since it knows more of it than others.
  bool handle_redirection(Instant now) {
    if (++redirections_ >= redirections_max) {
      want(now, Need::normal);
      return true;
    }
    want_some_time(now);
    return false;
  }
  /// What a view would say is not needed now, but should be known.
  void want_some_time(Instant now) {
    if (some_time_at_ == never) draw_some_time(now);
  }
  /// A node in doubt has a successor: a view is wanted some time from now, and what was wanted some
  /// time before is put off until then. Otherwise many of the clients that have lost the node would
  /// ask in the second in which they all find its successor, when not all nodes have heard of it.
  void handle_successor(Instant now) { draw_some_time(now); }

  bool is_asking() const { return is_asking_; }
  bool is_due(Instant now) const { return !is_asking_ && now >= next(); }
  bool is_unanswered(Instant now) const { return is_asking_ && now - asked_at_ >= answer_max; }
  /// When is_due() or is_unanswered() becomes true.
  Instant next() const {
    return is_asking_ ? after(asked_at_, answer_max) : std::min(due_at_, some_time_at_);
  }

  void begin(Instant now) {
    asked_at_ = now;
    redirections_ = 0;
    some_time_at_ = never;
    free_at_ = std::max(free_at_, now - early_max * urgent_interval) + urgent_interval;
    is_asking_ = true;
    due_at_ = never;
  }
  void handle_view(Instant now) {
    is_asking_ = false;
    failed_wait_ = failed_wait_min;
    due_at_ =
        std::min(due_at_, after(now, idle_interval * 4 / 5 + idle_interval * 2 / 5 * draw() / 256));
  }
  /// No answer, or none that counts; or nobody could be asked.
  void handle_failure(Instant now) {
    is_asking_ = false;
    not_before_ = after(now, failed_wait_min / 2);
    due_at_ = std::max(free_at_, after(now, failed_wait_ / 2 + failed_wait_ / 2 * draw() / 256));
    some_time_at_ = never;  // due_at_ comes first; if nobody could be asked, this has passed
    failed_wait_ = std::min(2 * failed_wait_, failed_wait_max);
  }

 private:
  // From 0 to 255.
  int draw() { return static_cast<int>(random_.next() >> 24); }
  void draw_some_time(Instant now) {
    constexpr Duration by_lot = some_time_max - some_time_min;
    some_time_at_ = after(now, some_time_min + by_lot * draw() / 256);
  }

  SmallRandom random_;
  bool is_asking_ = false;
  int redirections_ = 0;  // since the last question
  Instant asked_at_ = Instant::min();
  Instant due_at_ = never;
  Instant some_time_at_ = never;
  Instant not_before_ = Instant::min();  // not soon after a failure: while nobody can
                                         // be asked, what waits wants it again at each turn
  Instant free_at_ = Instant::min();  // A view sets failed_wait_ back: this bounds the questions of
                                      // a client whose every second node has no view to give.
  Duration failed_wait_ = failed_wait_min;
};

}  // namespace plimsoll::inline v0
