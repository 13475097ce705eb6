#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

// Who to be, for those whose passwords do not last: Options::credentials is asked for them.

namespace plimsoll::native {

/// What a server is told about who this is.
struct Credentials {
  /// Empty: the default user.
  std::string username = {};

  /// For a bridge (ws://, wss://): the token, and no username.
  std::string password = {};

  /// For how long these may be used for new connections. Before it ends others are asked for, and
  /// the connections that are there get them too. Zero: for what is connected now; they are asked
  /// for again before the next attempt at a connection.
  std::chrono::nanoseconds lifetime = {};
};

/// A client asks for credentials: to be answered once, from any thread, now or later. A copy that
/// is the last one to go without an answer is an answer too: a failure. What comes after the first
/// answer, or after the client has ended, is ignored.
class CredentialsRequest {
 public:
  /// For the driver.
  struct Answer {
    Credentials credentials = {};
    std::string failure = {};  // empty: there are credentials
  };
  CredentialsRequest(boost::asio::any_io_executor executor, std::function<void(Answer)> deliver);

  void succeed(Credentials credentials) const;

  /// `why` goes into messages: no secrets.
  void fail(std::string_view why) const;

  /// The client's, on which it was asked.
  const boost::asio::any_io_executor& get_executor() const;

 private:
  class State;

  std::shared_ptr<State> state_;
};

}  // namespace plimsoll::native
