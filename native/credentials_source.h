#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/native/credentials.h"
#include "plimsoll/native/options.h"

// Asks Options::credentials when a driver needs some, one request at a time: before a connection is
// opened, unless there are some that last, and ahead of their end. What fails ahead of it is tried
// again after waits that grow; the connections that are there go on.
//
// All of it runs in the driver's turns.

namespace plimsoll::native {

class Driver;

class CredentialsSource {
 public:
  CredentialsSource(Driver& driver, std::uint64_t random_seed);

  /// Whether a connection may be opened with the last ones that were told.
  bool lasting() const;

  /// A connection waits: Driver::handle_credentials() tells when there are some, or why not.
  void want();

  /// The server did not take the last ones.
  void handle_refused();

  /// The client is over.
  void stop();

 private:
  enum class State : std::uint8_t {
    idle,
    asking,   // no answer yet
    overdue,  // none in time, either: whoever wants some is told so at once
    over,
  };

  void ask();
  void handle_answer(CredentialsRequest::Answer answer);
  std::string_view problem_of(const Credentials& credentials) const;
  void handle_late();
  void renew_in(Duration wait);
  template <class Handler>
  void call_in(Duration wait, Handler handler);
  void tell_failure(std::string why);

  Driver& driver_;
  const Options& options_;
  boost::asio::steady_timer timer_;
  Backoff backoff_;
  State state_ = State::idle;
  Instant good_until_{};
  bool renews_ = false;   // they end, and others are to be there before
  bool refused_ = false;  // since the last answer
};

}  // namespace plimsoll::native
