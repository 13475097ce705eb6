#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/value.h"
#include "plimsoll/core/session/handshake_verdict.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/core/session/server_mode.h"

// Prepares a new connection before any request. The commands are HELLO 3 with AUTH and the client's
// name (in RESP2: AUTH, CLIENT SETNAME, CLIENT ID and, if the server's mode matters, HELLO 2, which
// the server need not know), CLIENT SETINFO twice, CLIENT NO-EVICT and CLIENT NO-TOUCH, SELECT, ACL
// WHOAMI if a cache needs the user, CLIENT TRACKING, and PING, which a loading server refuses
// although it accepts the rest. All are sent in one write.
//
// Invariants:
//  - Requests wait until the whole handshake is answered. Behind a refused AUTH or SELECT they
//    would run as another user, or in another database.
//  - Steps are answered in the order of `Step`. A step that the options do not want is skipped.

namespace plimsoll::inline v0 {

/// Whether the server reports changes of the keys that a connection reads.
struct Tracking {
  enum class State : std::uint8_t {
    off,      ///< the server was not asked to, or there is no connection
    tracked,  ///< the server reports changes
    refused   ///< the server does not report changes: `error` says why
  };
  State state = State::off;
  Error error{};
};

class Handshake {
 public:
  using Verdict = HandshakeVerdict;

  /// Whether to ask the server for the connection's user (ACL WHOAMI).
  enum class AskUser : std::uint8_t { no, yes };

  /// Encodes the handshake into a block charged to `connections`. Returns false if the account
  /// refuses the charge.
  bool start(Account& connections, const SessionOptions& options, AskUser ask_user = AskUser::no,
             ModeWanted mode_wanted = ModeWanted::any);

  /// Frees the encoded commands. Call it once the transport is done with them.
  void release_bytes() { bytes_.reset(); }

  std::string_view unsent() const;
  void handle_written(std::size_t bytes);

  /// Handles the next reply. After `retry`, `odd` and `refused` error() says what was wrong.
  Verdict handle_reply(const Value& reply);
  const Error& error() const { return *error_; }

  /// The server's id for this connection, for CLIENT UNBLOCK; 0 if the server did not give it.
  std::uint64_t client_id() const { return client_id_; }

  /// The server's mode, as far as its handshake has said.
  ServerMode mode() const { return mode_; }

  /// Whether the next reply answers ACL WHOAMI. That reply may be an error.
  bool is_user_next() const { return step_ == Step::user; }

  /// False if the server refused the handshake's PING.
  bool may_ping() const { return may_ping_; }

  /// The outcome of TrackingOptions. Valid once the handshake is done.
  Tracking tracking() const;
  /// Whether HELLO has said that of all replies only that to PING proves that all invalidations of
  /// what happened before have come: a bridge says so that has several servers behind it
  /// (docs/bridge-protocol.md).
  bool proves_by_ping() const { return proves_by_ping_; }
  /// How long the server remembers a client whose connection was lost, and what it has missed, as
  /// HELLO has said: such a bridge takes CLIENT TRACKING RESUME. Zero: it does not.
  Duration resumes_within() const { return std::chrono::seconds(resume_seconds_); }
  bool is_tracked() const { return tracked_ == Tracked::yes; }

  /// In the order in which the commands are sent.
  enum class Step : std::uint8_t {
    hello,
    auth,
    client_name,
    client_id,
    mode,
    lib_name,
    lib_version,
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
  Verdict judge_mode();
  Verdict refuse(const Value& reply);
  Verdict handle_tracking_reply(const Value& reply);
  Verdict go_on();

  // Why the server does not track. One byte, not an Error, because each connection keeps its
  // handshake.
  enum class Tracked : std::uint8_t { off, yes, without_resp3, unknown, forbidden, refused };
  static const Error& error_of(Tracked tracked);

  Block bytes_;
  std::size_t written_ = 0;
  Step step_ = Step::done;
  Tracked tracked_ = Tracked::off;
  bool tracking_required_ : 1 = false;
  bool primary_only_ : 1 = false;
  bool is_replica_ : 1 = false;
  bool wants_sentinel_ : 1 = false;
  bool wants_resp3_ : 1 = true;
  bool may_ping_ : 1 = true;
  bool proves_by_ping_ : 1 = false;
  ServerMode mode_ : 4 = ServerMode::unknown;
  ModeWanted mode_wanted_ : 4 = ModeWanted::any;
  std::uint16_t resume_seconds_ = 0;
  std::uint16_t steps_left_ = 0;  // one bit for each step after step_
  std::uint64_t client_id_ = 0;
  static constexpr Error not_refused{};
  const Error* error_ = &not_refused;  // or one of the constants in refusals.h
};

}  // namespace plimsoll::inline v0
