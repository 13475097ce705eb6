#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/tests/core/commands/wire.h"

// A server by script: takes the bytes of requests, and says what its script says to each of them.

namespace plimsoll::testing {

/// What valkey-server 8.0 answers to HELLO 3.
extern const std::string hello_reply;

/// The answers to HELLO, both CLIENT SETINFO and PING.
extern const std::string handshake_replies;

/// "$4\r\nship\r\n".
std::string bulk_reply(std::string_view bytes);

class Peer {
 public:
  using Script = std::function<std::string(const Words& request)>;

  /// Answers with default_reply().
  Peer();

  /// What to answer from now on; "" is no answer.
  void set_script(Script script) { script_ = std::move(script); }

  /// A server that accepts every handshake and ECHO, PING and SET; an error to all else.
  static std::string default_reply(const Words& request);

  /// Bytes from the client. What is no request fails the test.
  void handle_bytes(std::string_view bytes);

  /// All that the client has to be sent.
  std::string take_output() { return std::exchange(output_, {}); }

  /// Requests that came whole, of all connections.
  const std::vector<Words>& requests() const { return requests_; }

  /// The connection is gone, and with it what was half said.
  void reset();

 private:
  Script script_;
  std::string input_;
  std::string output_;
  std::vector<Words> requests_;
};

}  // namespace plimsoll::testing
