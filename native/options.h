#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/native/result.h"

namespace plimsoll::native {

/// How a client behaves. Every field has a default that suits a server process.
///
/// Not an aggregate on purpose: `co_await connect(url, {.password = p})` would compile, and gcc 12
/// would copy the strings bit by bit into the coroutine and free them twice. Set fields one by one.
struct Options {
  Options() {}  // NOLINT(modernize-use-equals-default): a defaulted one leaves an aggregate

  /// The process-wide memory line: "64 MiB", "512 KB", a raw count of bytes. Empty: whatever the
  /// process has already, or 64 MiB. All clients of a process share one line: asking for another
  /// value than the one in force is an error.
  std::string memory_limit;

  /// Requests that are sent or waiting to be, at a time; more are rejected_by_limit.
  std::size_t inflight_requests_limit = 1000;

  /// How long a request may take, waiting included; zero: for ever.
  std::chrono::nanoseconds request_timeout = std::chrono::milliseconds(250);

  /// How long connect() goes on trying, handshake included, before it fails.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(2);

  /// How long close() waits for replies that are owed.
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(1);

  /// Replies of more bytes are skipped as they stream past (reply_too_large).
  std::size_t reply_bytes_max = 512 * 1024 * 1024;

  /// Who to be, where the address does not say. A password alone is the default user's.
  std::string username;
  std::string password;

  /// What CLIENT LIST shows.
  std::string client_name;

  /// Which database to use, where the address does not say.
  std::uint32_t database = 0;
};

/// Where a server listens.
struct Endpoint {
  enum class Kind : std::uint8_t { tcp, unix_socket };
  Kind kind = Kind::tcp;
  std::string host;  // tcp: a name or an address
  std::uint16_t port = 6379;
  std::string path;  // unix_socket

  /// "127.0.0.1:6379", "[::1]:6379", "unix:/run/valkey.sock": for messages.
  std::string to_string() const;
};

/// An address and what it says about the client.
struct Target {
  Endpoint endpoint;
  Options options;
};

/// Reads "valkey://[user[:password]@]host[:port][/database]" ("redis://" is the same), or
/// "unix:///path/to/socket[?database=N]", over `options`, which hold for what it does not say.
/// Percent escapes are decoded in user and password. invalid_option names the part that is wrong;
/// secrets are never in the message.
Result<Target> parse_url(std::string_view url, Options options);

}  // namespace plimsoll::native
