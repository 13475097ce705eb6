#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/credentials.h"
#include "plimsoll/native/base/strand.h"
#include "plimsoll/options.h"

// Calls Options::credentials when a driver needs credentials: before a connection is opened, unless
// the last ones still last, and before they end. If that renewal fails, asks again after waits that
// grow; open connections go on.
//
// Invariants:
//  - At most one request is without an answer: `asking` or `overdue`.
//  - One timer: in `idle` it is for the renewal, in `asking` for the answer that is late.
//  - Everything runs in the driver's turns, except CredentialsRequest's answer, which is posted to
//    them.
//
//           ask()           too late
//   idle ---------> asking ----------> overdue
//     ^               |                   |
//     +--- an answer -+-------------------+        stop(): any state -> over

namespace plimsoll::inline v0::native {

class CredentialsSource {
 public:
  /// The client that asks for credentials.
  class Owner {
   public:
    /// Keeps the owner, and this, alive while a handler waits.
    virtual std::shared_ptr<void> hold() = 0;

    virtual void handle_credentials(Credentials credentials) = 0;
    virtual void handle_no_credentials(const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  /// All handlers run in `strand`.
  CredentialsSource(Owner& owner, Strand& strand, const Target& target, std::uint64_t random_seed);

  /// Whether new connections may still use the last credentials.
  bool lasting() const;

  /// A connection waits for credentials. The owner gets handle_credentials(), or
  /// handle_no_credentials() with the reason.
  void want();

  /// The server refused the last credentials: asks for others after a wait.
  void handle_refused();

  /// The client has ended.
  void stop();

 private:
  enum class State : std::uint8_t {
    idle,
    asking,   // a request is without an answer
    overdue,  // and the answer is late: want() fails at once
    over,
  };

  void ask();
  void handle_answer(CredentialsRequest::Answer answer);
  std::string_view problem_of(const Credentials& credentials) const;
  void handle_late();
  void renew_in(Duration wait);
  template <class Handler>
  void call_in(Duration wait, Handler handler);
  void report_failure(std::string why);

  // Whether this is in a child of fork(), which must not touch it.
  bool inherited() const;

  Owner& owner_;
  Strand& strand_;
  const Options& options_;
  const bool is_over_bridge_;
  const std::uint64_t fork_count_;
  boost::asio::steady_timer timer_;
  Backoff backoff_;
  State state_ = State::idle;
  Instant good_until_{};
  bool renews_ = false;   // the last credentials have an end, and are renewed before it
  bool refused_ = false;  // the server refused the last credentials
};

}  // namespace plimsoll::inline v0::native
