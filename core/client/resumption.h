#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/tracked_connection.h"
#include "plimsoll/core/resp/value.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// How a client comes back to a server that remembers what it has read: a bridge that says so in
/// its reply to HELLO (docs/bridge-protocol.md, "Coming back"). What was read stays in the cache,
/// and is not served, until the server has told what has changed meanwhile.
///
///   nameless --handle_answer()--> counting --suspend_if_lost()--> lost --handle_answer()-->
///   counting
///      ^                             |                             |
///      +-- forget(), or an answer that is none --------------------+
///
/// The server gives the connection a name, and both count the invalidations behind it. So the
/// client can say which was the last that it has got, and messages carry no numbers. It may have
/// got a reply, and not the invalidation right behind it: that one is counted as missed.
///
/// While the client is lost, and until the server has answered on the next connection, there is no
/// generation (TrackedConnection), so nothing that is read is kept: if that connection is lost as
/// well, nobody knows of it.
class Resumption {
 public:
  static constexpr std::size_t name_bytes_max = 64;

  /// `connection` is that of `main`. All must outlive this object.
  Resumption(cache::Cache& cache, Session& main, TrackedConnection& connection)
      : cache_(cache), main_(main), connection_(connection) {}
  Resumption(const Resumption&) = delete;
  Resumption& operator=(const Resumption&) = delete;

  /// The session is ready, and its server tracks what it reads and remembers clients. Asks what was
  /// missed, or only for a name. False: there is no room for the question, and no generation.
  bool begin();
  /// The answer has come; none: an error, or it was skipped. Begins a generation, or resumes the
  /// one that was suspended. Returns whether entries may have gone out of reach.
  bool handle_answer(const std::optional<Value>& answer);

  /// Call this in front of TrackedConnection::follow(). Returns true if the connection was lost
  /// just now, and what it vouched for waits. Replies to what was asked there must not be kept any
  /// more.
  bool suspend_if_lost();

  /// An invalidation has come.
  void count() {
    if (state_ == State::counting) ++number_;
  }

  /// Somebody has asked for a proof while there was no generation, and was told that nothing is
  /// served that would need one. So what comes back has to be proved behind that.
  void want_proof(cache::Mark mark) { wanted_ = mark; }

  bool is_lost() const { return state_ == State::lost; }
  /// When the server has forgotten the client for certain; `never` if it is not lost.
  Instant until() const { return is_lost() ? until_ : never; }
  /// until() has come, also if the server's answer has not.
  void give_up();

  /// The client will not come back to what it has read.
  void forget() { state_ = State::nameless; }

 private:
  enum class State : std::uint8_t { nameless, counting, lost };

  bool ask();
  bool take(const std::optional<Value>& answer);

  cache::Cache& cache_;
  Session& main_;
  TrackedConnection& connection_;
  State state_ = State::nameless;
  std::uint8_t name_size_ = 0;
  std::array<char, name_bytes_max> name_{};
  std::uint64_t number_ = 0;          // of the last invalidation that has come
  Duration memory_{};                 // how long the server remembers
  Instant until_ = never;             // while the client is lost
  std::uint64_t pushes_skipped_ = 0;  // when the question was sent
  RequestId question_ = 0;
  TrackedConnection::Staged staged_{Instant::min(), 0};  // the question
  cache::Mark wanted_ = 0;
};

}  // namespace plimsoll::inline v0
