#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/credentials.h"
#include "plimsoll/options.h"

// Asks Options::credentials when a driver needs some, one request at a time: before a connection is
// opened, unless there are some that last, and ahead of their end. What fails ahead of it is tried
// again after waits that grow; the connections that are there go on.
//
// All of it runs in the driver's turns.

namespace plimsoll::native {

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

  CredentialsSource(Owner& owner, boost::asio::any_io_executor executor, const Target& target,
                    std::uint64_t random_seed);

  /// Whether a connection may be opened with the last ones that were told.
  bool lasting() const;

  /// A connection waits: the owner is told when there are some, or why not.
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
  void report_failure(std::string why);

  // Whether a child of fork() has it, which must not touch it.
  bool inherited() const;

  Owner& owner_;
  const boost::asio::any_io_executor executor_;
  const Options& options_;
  const bool is_over_bridge_;
  const std::uint64_t fork_count_;
  boost::asio::steady_timer timer_;
  Backoff backoff_;
  State state_ = State::idle;
  Instant good_until_{};
  bool renews_ = false;   // they end, and others are to be there before
  bool refused_ = false;  // since the last answer
};

}  // namespace plimsoll::native
