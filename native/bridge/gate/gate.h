#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/gate/held_bytes.h"
#include "plimsoll/native/bridge/gate/policy.h"
#include "plimsoll/native/bridge/gate/request_scanner.h"

// What a client of the bridge sends, on its way to the server: requests that the policy allows go
// on as they came, in place of the others the server gets a command that it answers with an error.
// No I/O. One for each connection; bounded by RequestLimits, and without memory of its own unless a
// request is there in part.

namespace plimsoll::bridge {

/// What came of bytes. All but `ok` end the connection: where requests begin is no longer known.
enum class GateOutcome : std::uint8_t {
  ok,
  protocol_error,  ///< no RESP array of bulk strings (1008)
  too_large,       ///< a request is beyond RequestLimits (1009)
  no_memory,       ///< the account refused what a request needs (1013)
};

/// Why, in short, as a reason to close with.
std::string_view reason_of(GateOutcome outcome);

struct GateStatistics {
  std::uint64_t allowed = 0;  ///< commands
  std::uint64_t refused = 0;
  std::uint64_t bytes_in = 0;   ///< up to what ended the connection
  std::uint64_t bytes_out = 0;  ///< those of refusals included

  std::uint64_t commands() const { return allowed + refused; }
};

class Gate {
 public:
  /// Takes what goes to the server.
  class Sink {
   public:
    /// Some whole commands, which live for the call.
    virtual void write(std::string_view commands) = 0;

   protected:
    ~Sink() = default;
  };

  /// The policy and the account have to outlive it.
  Gate(const Policy& policy, Account& account, const RequestLimits& limits = {})
      : policy_(policy), account_(account), scanner_(limits), held_(account) {}

  /// Takes the next bytes of the client. What they complete is written before it returns, also what
  /// comes before an error. After an error it takes nothing more, and says the same again.
  [[nodiscard]] GateOutcome feed(std::string_view piece, Sink& sink);

  /// Whether a request is there in part.
  bool is_amid_request() const { return !held_.empty(); }

  const GateStatistics& statistics() const { return statistics_; }

 private:
  bool pass(std::string_view request, Sink& sink);
  bool judge(std::string_view request, Verdict& verdict) const;
  void refuse(std::string_view reason, Sink& sink);
  void write(std::string_view commands, Sink& sink);
  GateOutcome fail(GateOutcome outcome);

  const Policy& policy_;
  Account& account_;
  RequestScanner scanner_;
  HeldBytes held_;        // of a request, what came in earlier pieces
  std::string_view run_;  // of the piece that is being fed, what is allowed and not written yet
  GateOutcome outcome_ = GateOutcome::ok;
  GateStatistics statistics_;
};

}  // namespace plimsoll::bridge
