#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/tracked_connection.h"
#include "plimsoll/core/resp/value.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// How a client comes back to a server that remembers what it has read: a bridge that says so in
/// its reply to HELLO (docs/bridge-protocol.md, "Coming back"). What was read stays in the cache,
/// and is not served, until the server has told what has changed meanwhile.
///
///   nameless --take_answer()--> counting --handle_lost()--> lost --take_answer()--> counting
///      ^                           |                         |
///      +--- forget(), or an answer that is none --------------+
///
/// The server gives the connection a name, and both count the invalidations behind it. So the
/// client can say which was the last that it has got, and messages carry no numbers. It may have
/// got a reply, and not the invalidation right behind it: that one is counted as missed.
class Resumption {
 public:
  static constexpr std::size_t name_bytes_max = 64;

  /// Sends the question whose answer is for take_answer(). False: there is no room for it.
  bool ask(Session& session, TrackedConnection& connection, cache::Cache& cache);

  /// The answer has come, or an error in its place. Returns whether the client has heard of all that
  /// it has missed since handle_lost().
  bool take_answer(const Session& session, const std::optional<Value>& answer);
  /// What the answer proves: the server has answered behind all that happened before this.
  const TrackedConnection::Staged& staged() const { return staged_; }
  RequestId question() const { return question_; }

  /// Somebody has asked for a proof while the client was lost, and was told that nothing is served
  /// that would need one: then this has to be proved before anything is.
  void want_proof(cache::Mark mark) { wanted_ = mark; }
  cache::Mark wanted() const { return wanted_; }

  /// An invalidation has come.
  void count() {
    if (state_ == State::counting) ++number_;
  }

  /// Whether the connection has a name, so that its end is not the end of what it vouches for.
  bool is_counting() const { return state_ == State::counting; }
  void handle_lost(Instant now) {
    state_ = State::lost;
    until_ = after(now, memory_);
    wanted_ = 0;
  }
  /// Whether the client may come back.
  bool is_lost() const { return state_ == State::lost; }
  /// When the server has forgotten the client for certain; `never` if it is not lost.
  Instant until() const { return is_lost() ? until_ : never; }

  void forget() { state_ = State::nameless; }

 private:
  enum class State : std::uint8_t { nameless, counting, lost };

  State state_ = State::nameless;
  std::uint8_t name_size_ = 0;
  std::array<char, name_bytes_max> name_{};
  std::uint64_t number_ = 0;  // of the last invalidation that has come
  Duration memory_{};         // how long the server remembers
  Instant until_ = never;
  RequestId question_ = 0;
  std::uint64_t pushes_skipped_ = 0;  // when the question was sent
  cache::Mark wanted_ = 0;
  TrackedConnection::Staged staged_{Instant::min(), 0};
};

}  // namespace plimsoll::inline v0
