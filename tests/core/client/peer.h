#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/tests/core/commands/wire.h"

// A scripted server: reads requests from bytes, and answers each as its script says.

namespace plimsoll::testing {

/// What valkey-server 8.0 answers to HELLO 3.
extern const std::string hello_reply;

/// The same of a bridge that has several servers, or a cache, behind it.
extern const std::string hello_reply_of_bridge;

/// The same of one that remembers clients whose connection was lost.
extern const std::string hello_reply_of_remembering_bridge;

/// The answers to HELLO, both CLIENT SETINFO and PING.
extern const std::string handshake_replies;

/// "$4\r\nship\r\n".
std::string bulk_reply(std::string_view bytes);

class Peer {
 public:
  using Script = std::function<std::string(const Words& request)>;

  /// Answers with default_reply().
  Peer();

  /// Sets the script for further requests; it returns the answer, or "" for no answer.
  void set_script(Script script) { script_ = std::move(script); }

  /// Answers handshakes, ECHO, PING and SET as a server does, and everything else with an error.
  static std::string default_reply(const Words& request);

  /// Takes bytes from the client. Bytes that are not a request fail the test.
  void handle_bytes(std::string_view bytes);

  /// Returns the answers that were not taken yet.
  std::string take_output() { return std::exchange(output_, {}); }

  /// The complete requests of all connections so far.
  const std::vector<Words>& requests() const { return requests_; }

  /// The connection is gone: forgets incomplete requests and answers that were not taken.
  void reset();

 private:
  Script script_;
  std::string input_;
  std::string output_;
  std::vector<Words> requests_;
};

}  // namespace plimsoll::testing
