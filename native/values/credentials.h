#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

// Users and passwords that change: the client calls Options::credentials when it needs new ones.

namespace plimsoll::inline v0::native {

/// The user that the client is on the server, or the token that it shows to a bridge.
struct Credentials {
  /// Empty: the default user.
  std::string username = {};

  /// Must not be empty. For a bridge (ws://, wss://): the token, with no username.
  std::string password = {};

  /// How long new connections may use these credentials. The client asks for the next ones before
  /// that time is over (Options::credentials_refresh_before), and also sends those on open
  /// connections, except to a bridge, which gets a token only when a connection is opened. Zero:
  /// only connections that are being opened now use these; the client asks again before the next
  /// attempt.
  std::chrono::nanoseconds lifetime = {};
};

/// A client asks for credentials. Answer once, with succeed() or fail(), from any thread, now or
/// later. Copies are the same request. If the last copy is destroyed without an answer, the request
/// fails. Answers after the first one, and after the client's end, are ignored.
class CredentialsRequest {
 public:
  /// What the driver gets.
  struct Answer {
    Credentials credentials = {};
    std::string failure = {};  // empty: `credentials` is the answer
  };
  CredentialsRequest(boost::asio::any_io_executor executor, std::function<void(Answer)> deliver);

  /// Answers with credentials.
  void succeed(Credentials credentials) const;

  /// Answers that there are none. `why` becomes a part of error texts: put no secrets there.
  void fail(std::string_view why) const;

  /// The client's executor.
  const boost::asio::any_io_executor& get_executor() const;

 private:
  class State;

  std::shared_ptr<State> state_;
};

}  // namespace plimsoll::inline v0::native
