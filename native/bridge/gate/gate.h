#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/gate/held_bytes.h"
#include "plimsoll/native/bridge/gate/policy.h"
#include "plimsoll/native/bridge/gate/request_scanner.h"
#include "plimsoll/native/bridge/replies/answer.h"
#include "plimsoll/native/bridge/replies/kept_at_server.h"
#include "plimsoll/native/bridge/replies/reply_sizes.h"

// Filters what a client sends to the server. Requests that the policy allows pass unchanged. Each
// other request is replaced by a command that the server answers with an error, so replies stay in
// step with requests and the bridge need not insert any. No I/O; each relay has one.
//
//   bytes --> RequestScanner --the piece ends first--> HeldBytes, until the rest arrives
//                   |
//            a whole request
//                   v
//            Policy::judge() --allowed--> the request, as it came
//                   +---------refused---> a command of one word: "plimsoll-bridge: <reason>"
//
// A request for which the sink will never have room is refused like one that the policy does not
// allow. If the sink has no room now, feed() stops in front of the request, and begins with it the
// next time. GateOutcome is `ok` or `full` until the first error, which is final: feed() returns it
// from then on.
//
// Invariants:
// - The sink only ever gets whole commands, in the order in which the client sent them, and one
//   command for each request. A request that the policy has not seen as a whole never leaves.
// - Memory is held only while a request is incomplete, and RequestLimits bounds it.
// - After an error the gate accepts nothing: where the next request would begin is unknown, and a
//   wrong guess would let data be executed as commands (request smuggling).

namespace plimsoll::bridge {

/// Result of feed(). The errors end the connection, with the close code in parentheses.
enum class GateOutcome : std::uint8_t {
  ok,
  full,            ///< the sink has no room for the request that comes next
  protocol_error,  ///< not a RESP array of bulk strings (1008)
  too_large,       ///< a request is beyond RequestLimits (1009)
  no_memory,       ///< the account refused memory that a request needs (1013)
};

/// The reason that the close frame gives for `outcome`.
std::string_view reason_of(GateOutcome outcome);

struct GateStatistics {
  std::uint64_t allowed = 0;  ///< commands
  std::uint64_t refused = 0;
  std::uint64_t bytes_in = 0;   ///< up to the byte that ended the connection
  std::uint64_t bytes_out = 0;  ///< including the commands sent in place of refused ones

  std::uint64_t commands() const { return allowed + refused; }
};

class Gate {
 public:
  /// Receives the commands that go to the server.
  class Sink {
   public:
    /// Whether admit() would say `later` of any command. Nothing is looked at then: a client that
    /// has spent its rate would have the same long request judged again and again.
    virtual bool is_full() const { return false; }

    /// Whether the server may get this command: `now`, and then write() gets it before feed()
    /// returns, in this order; `later`; or not, because the server would keep too much for the
    /// client.
    virtual Room admit(const Passing&) { return Room::now; }

    /// Why not, behind the name of the command.
    virtual std::string why_not(Room) const { return {}; }

    /// Whether the server queues commands now, between MULTI and EXEC.
    virtual bool is_queueing() const { return false; }

    /// `commands` are one or more whole commands; the view is valid during the call.
    virtual void write(std::string_view commands) = 0;

   protected:
    ~Sink() = default;
  };

  /// The policy, the account and `sizes`, which computes fingerprints for Passing, must outlive the
  /// gate; without `sizes` there are none.
  Gate(const Policy& policy, Account& account, const RequestLimits& limits = {},
       const ReplySizes* sizes = nullptr, std::uint64_t server = 0)
      : policy_(policy),
        account_(account),
        sizes_(sizes),
        server_(server),
        scanner_(limits),
        held_(account) {}

  /// Takes the client's next bytes off `piece`: all of them, except if it returns `full`. Writes
  /// every request that they complete to `sink` before it returns, including those in front of an
  /// error. After an error it takes nothing and returns the same outcome again.
  [[nodiscard]] GateOutcome feed(std::string_view& piece, Sink& sink);

  /// Whether the gate holds the beginning of a request.
  bool is_amid_request() const { return !held_.empty(); }

  const GateStatistics& statistics() const { return statistics_; }

 private:
  GateOutcome pass(std::string_view part, Sink& sink);
  struct Judged;
  bool judge(std::string_view request, bool is_queueing, Judged& judged) const;
  void refuse(std::string_view reason, Sink& sink);
  void write(std::string_view commands, Sink& sink);
  GateOutcome fail(GateOutcome outcome);

  const Policy& policy_;
  Account& account_;
  const ReplySizes* const sizes_;
  const std::uint64_t server_;
  RequestScanner scanner_;
  HeldBytes held_;        // the part of a request that came in earlier pieces
  std::string_view run_;  // allowed bytes of the current piece, not written yet
  GateOutcome outcome_ = GateOutcome::ok;
  GateStatistics statistics_;
};

}  // namespace plimsoll::bridge
