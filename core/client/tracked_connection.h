#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// A connection on which a server tells what happens to the keys that were read there: its member
/// in the cache, its generation (cache/generations.h), and the proofs that keep that alive.
///
/// A reply proves that all invalidations for what happened before its request was staged have
/// arrived. So this remembers when one request at a time (the probe) was staged, as a time and as a
/// mark; the reply to the probe proves the generation until then. If there are no requests, the
/// question is the probe.
///
///                     begin()                       note_request(), or the question
///   no generation ---------------> no probe ------------------------------------> probe under way
///        ^                          |  ^                                              |
///        |                          |  +-- its reply (proved), or it was lost --------+
///        +-- end(), follow() -------+
///
/// A generation that was suspended is none, until resume(): then it is the same one again.
///
/// Invariants:
///  - A generation vouches for entries only for coherence_lease after its last proof. If no probe
///    is under way, the question is sent after half of that time.
///  - With broadcasts, the server sends invalidations behind all replies of its turn. So a reply
///    proves only what was staged before the probe that came before it (`proved_before_`).
class TrackedConnection {
 public:
  /// `member` is the connection's number in `cache` (Cache::join()), which this leaves in the end.
  /// `question` is sent for a proof: encoded, without keys, and it outlives this object. Empty:
  /// there is none, unless set_question() gives one.
  TrackedConnection(cache::Cache& cache, std::uint32_t member, std::string_view question)
      : cache_(cache), member_(member), question_(question) {}
  ~TrackedConnection() { cache_.leave(member_); }
  TrackedConnection(const TrackedConnection&) = delete;
  TrackedConnection& operator=(const TrackedConnection&) = delete;

  /// The session is ready, and its server tracks what it reads. The session must live until end().
  void begin(Session& session);
  /// The same, but nothing is proved: whether the server has all changes is still to be found out.
  void begin_unproved(Session& session);
  /// Puts all that this connection vouches for out of reach, and what a suspended one has.
  void end();
  /// The same, but what is read from now on is vouched for again.
  void renew() {
    if (session_ != nullptr) begin(*session_);
  }
  void renew_unproved() {
    if (session_ != nullptr) begin_unproved(*session_);
  }
  /// Whether there is a generation.
  bool is_tracked() const { return session_ != nullptr; }
  /// The number in the cache, also without a generation.
  std::uint32_t number() const { return member_; }
  /// The number for tickets: Generations::untracked without a generation.
  std::uint32_t member() const { return is_tracked() ? member_ : cache::Generations::untracked; }

  enum class Change : std::uint8_t {
    none,
    ended,   ///< the generation: its connection is over, or closes
    unheard  ///< pushes were skipped, so any key may have changed
  };
  /// Call this after anything that may have changed the session's state.
  Change follow();

  /// Whether the session has another connection, or none. Call this in front of follow(). Then
  /// suspend() puts off the end of the generation: nothing of it is served until resume().
  bool has_lost_connection() const;
  void suspend();
  /// The session is ready again, and all that has changed since the generation was suspended has
  /// been told. Nothing is proved.
  void resume(Session& session);

  /// The server reported that all keys may have changed.
  cache::Cache::Change invalidate_all() { return cache_.invalidate_all(member_); }

  /// Whether the client reads the connection. While it lacks the memory to read, invalidations may
  /// lie unread, and nothing that the connection vouches for is served.
  void set_readable(bool readable) {
    is_readable_ = readable;
    if (is_tracked()) cache_.generations().set_readable(member_, readable);
  }

  // ---- Proofs.

  /// When something was staged.
  struct Staged {
    Instant at;
    cache::Mark mark;
  };
  /// Must be called before the request is staged. A caller with a lower mark has then called before
  /// the request was staged, so the reply is fresh enough for that caller.
  static Staged about_to_stage(cache::Cache& cache, Instant now) {
    return {now, cache.next_mark()};
  }

  /// A request was staged, and its reply would prove something.
  void note_request(RequestId id, const Staged& staged);
  /// The reply to a request has come.
  void handle_reply_to(RequestId id);
  /// The reply to a question has come: perhaps to one that was given up, and asked before the
  /// probe.
  void handle_answer() {
    const bool is_of_last = is_tracked() && asked_ < session_->answered_until();
    if (is_of_last && probe_ == asked_) handle_reply_to(asked_);
  }
  /// Something is proved apart from the probe.
  void prove_until(const Staged& staged);

  /// When to ask.
  Instant next_proof() const;
  void ask_for_proof(Instant now);

  /// Asks until all before `mark` is proved. Without a question the generation is renewed: nobody
  /// can say what it is worth.
  void want_proof(cache::Mark mark, Instant now);
  bool has_proved(cache::Mark mark) const {
    return !is_tracked() || cache_.generations().proved_mark(member_) >= mark;
  }

  /// Sets the question; it must live until the next call, or the end of this object. Empty: none.
  void set_question(std::string_view question) { question_ = question; }
  /// The question proves nothing, and is not asked again.
  void refuse_question();

 private:
  bool is_broadcast() const {
    return session_->options().tracking.method == TrackingOptions::Method::broadcast;
  }
  void use(Session& session);
  void forget_probe();
  void give_up_probe();
  void ask_again_if_wanted();

  cache::Cache& cache_;
  const std::uint32_t member_;
  bool is_suspended_ = false;
  bool is_readable_ = true;
  std::string_view question_;
  Session* session_ = nullptr;    // null without a generation
  std::uint64_t connection_ = 0;  // the generation's (SessionCounters::connections)
  std::uint64_t pushes_skipped_ = 0;
  std::optional<RequestId> probe_;  // its reply proves all until `probe_staged_`
  RequestId asked_ = 0;             // the last question
  Staged probe_staged_{Instant::min(), 0};
  Staged proved_before_{Instant::min(), 0};  // with broadcasts: what the next answer proves
  cache::Mark wanted_ = 0;                   // want_proof()
  Instant asked_at_ = Instant::min();
};

}  // namespace plimsoll::inline v0
