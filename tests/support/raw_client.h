#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::testing {

/// A reply in RESP2.
struct RawReply {
  char kind = '$';  ///< the byte with which it begins: + - : $ *
  std::string text{};
  std::vector<RawReply> elements{};

  bool is_error() const { return kind == '-'; }

  /// The text behind `name` in an array of names and values, as those of SENTINEL MASTER; empty if
  /// it is not there.
  std::string field(std::string_view name) const;
};

/// One connection to a server or a sentinel of this machine, in RESP2, past the client under test.
/// Unlike inline_command() it needs no QUIT, which sentinels do not know.
class RawClient {
 public:
  /// Throws std::runtime_error if nobody listens there.
  explicit RawClient(const ServerAddress& server);

  /// Sends one command. Throws std::runtime_error if the connection is lost, or if there is no
  /// reply within `limit`.
  RawReply ask(const std::vector<std::string>& words, std::chrono::milliseconds limit);

  void send(const std::vector<std::string>& words);

  /// The next reply, or message of a subscription; nothing if it does not come within `limit`.
  /// Throws std::runtime_error once the connection is lost.
  std::optional<RawReply> receive(std::chrono::milliseconds limit);

 private:
  std::optional<RawReply> parse(std::size_t& at) const;

  Descriptor socket_;
  std::string read_;
};

}  // namespace plimsoll::testing
