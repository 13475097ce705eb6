#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/value.h"
#include "plimsoll/core/session/handshake_verdict.h"
#include "plimsoll/core/session/options.h"

// The commands on a new connection before any request: HELLO 3 with AUTH and the client's name (for
// RESP2: AUTH, CLIENT SETNAME and CLIENT ID), CLIENT SETINFO twice, what the options want besides,
// SELECT, ACL WHOAMI if a cache needs the user, CLIENT TRACKING, and PING, which a server that is
// loading refuses although it takes the rest. All are sent in one write.
//
// Invariants:
//  - Requests wait until all of the handshake is answered. Behind a refused AUTH or SELECT they
//    would run as another user, or in another database.
//  - Steps are answered in the order of `Step`. A step that the options do not want is skipped.

namespace plimsoll {

/// Whether the server says what becomes of the keys that a connection reads.
struct Tracking {
  enum class State : std::uint8_t {
    off,      ///< it was not asked to, or there is no connection
    tracked,  ///< it does
    refused   ///< it does not: `error`
  };
  State state = State::off;
  Error error{};
};

class Handshake {
 public:
  using Verdict = HandshakeVerdict;

  /// Whether the server is asked which of its users this is.
  enum class AskUser : std::uint8_t { no, yes };

  /// Encodes the handshake into a block charged to `connections`; false where that is refused.
  bool start(Account& connections, const SessionOptions& options, AskUser ask_user = AskUser::no);

  /// Gives back the bytes: when the transport is done with them.
  void release_bytes() { bytes_.reset(); }

  std::string_view unsent() const;
  void handle_written(std::size_t bytes);

  /// The next reply. After `retry`, `odd` and `refused` error() says what was wrong.
  Verdict handle_reply(const Value& reply);
  const Error& error() const { return *error_; }

  /// By which the server knows this connection, for CLIENT UNBLOCK; 0: it did not say.
  std::uint64_t client_id() const { return client_id_; }

  /// The next reply is the server's word on which user this is, or that it does not say.
  bool is_user_next() const { return step_ == Step::user; }

  /// Whether the user may PING, as far as the server has said.
  bool may_ping() const { return may_ping_; }

  /// What came of TrackingOptions, once the handshake is done.
  Tracking tracking() const;
  bool is_tracked() const { return tracked_ == Tracked::yes; }

  /// In the order in which they are said, as far as they are.
  enum class Step : std::uint8_t {
    hello,
    auth,
    client_name,
    client_id,
    library_name,
    library_version,
    no_evict,
    no_touch,
    select,
    user,
    tracking,
    ping,
    done
  };

 private:
  void advance();
  bool read_hello(const Value& reply);
  Verdict refuse(const Value& reply);
  Verdict handle_tracking_reply(const Value& reply);
  Verdict go_on();

  // Why the server does not track, in a byte: handshakes are kept as long as connections.
  enum class Tracked : std::uint8_t { off, yes, without_resp3, unknown, forbidden, refused };
  static const Error& error_of(Tracked tracked);

  Block bytes_;
  std::size_t written_ = 0;
  Step step_ = Step::done;
  Tracked tracked_ = Tracked::off;
  bool tracking_required_ = false;
  bool may_ping_ = true;
  std::uint32_t steps_left_ = 0;  // a bit for each that follows
  std::uint64_t client_id_ = 0;
  static constexpr Error not_refused{};
  const Error* error_ = &not_refused;  // or one of the constants in refusals.h
};

}  // namespace plimsoll
