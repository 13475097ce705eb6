#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/tests/support/child_process.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::testing {

/// Where a server listens. A TCP port can be reached by all users of the machine: take one only
/// where TCP is the point.
enum class Listen {
  unix_socket,
  unix_socket_and_tcp,
  unix_socket_and_tls,  // TCP with TLS alone; the arguments are those of tls_arguments() go with it
};

struct ValkeyServerOptions {
  Listen listen = Listen::unix_socket;

  /// Server options as on its command line, such as {"--maxmemory", "1mb"}.
  std::vector<std::string> arguments = {};

  /// A program that takes the same options, such as redis-server. If empty, what
  /// PLIMSOLL_VALKEY_SERVER says, or else valkey-server.
  std::string program = {};
};

/// What a server finds when it comes back: nothing, or what it had saved (SAVE) or logged
/// ({"--appendonly", "yes", "--appendfsync", "no"}: all that it had answered; without the second
/// the log falls behind on a slow disk).
enum class Data { lost, kept };

/// A server of one's own: empty, without persistence, ready when the constructor returns, and gone
/// with this object, or with the thread that made it (see ChildProcess).
///
/// Where the server is harmed, give each test its own; otherwise one a suite will do. Its files
/// lie in a directory in /tmp, which only a killed test leaves behind.
class ValkeyServer {
 public:
  /// Throws std::runtime_error, with the server's last words, if it does not answer in ten
  /// seconds (test_timeout() scales them).
  explicit ValkeyServer(ValkeyServerOptions options = {});

  const std::string& socket_path() const { return socket_path_; }

  /// The port on 127.0.0.1, with TLS or without; 0 without TCP. It stays the same through
  /// restart().
  std::uint16_t port() const { return port_; }

  /// "valkey://127.0.0.1:PORT" with TCP, "valkeys://..." with TLS, else "unix://SOCKET_PATH".
  std::string url() const;

  /// The reply's bytes to one inline command, sent past the client under test. Throws
  /// std::runtime_error if the server does not answer.
  std::string ask(std::string_view inline_command) const;

  /// Lets the server fall silent with its connections open, and go on.
  void pause();
  void resume();

  /// Ends the server at once, as a crash would.
  void kill();

  /// Starts it again where it listened before; kills it before that if it runs. Throws as the
  /// constructor does.
  void restart(Data data = Data::lost);

  /// The same with its data; returns as soon as it says LOADING, which it does until
  /// finish_loading(). There must be some thousands of keys to load. It looks at its clients at
  /// each KiB: large values make it quick.
  void restart_loading();
  void finish_loading();

  /// From the next restart on: in place of ValkeyServerOptions::arguments.
  void set_arguments(std::vector<std::string> arguments) {
    options_.arguments = std::move(arguments);
  }

  pid_t pid() const { return process_ ? process_->pid() : -1; }

 private:
  bool start(std::string_view first_words);
  bool wait_until_it_says(std::string_view words);
  void forget_data();
  std::vector<std::string> command() const;
  std::runtime_error did_not_start() const;
  std::string last_words() const;

  ValkeyServerOptions options_;
  TemporaryDirectory directory_;
  std::string socket_path_;
  std::string log_path_;
  // Bound as long as this lives, and never listened on: the server, which sets SO_REUSEADDR,
  // listens on the same port, and while it is down nobody else is given it.
  Descriptor held_port_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace plimsoll::testing
