#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/temporary_directory.h"

// A server that answers each command with bytes that were prepared for its name. It has no thread:
// the caller's one thread gives it its turns, so what client and server do happens in one order,
// whatever else the machine does.

namespace plimsoll::bench {

class ScriptedServer {
 public:
  enum class Listens : std::uint8_t { on_unix_socket, on_tcp };

  /// Listens, and knows the answers to a handshake; on TCP also to a client of a cluster, of which
  /// this server owns all slots. Throws std::system_error.
  explicit ScriptedServer(Listens listens = Listens::on_unix_socket);

  std::string url() const;

  /// Answers each command of this name, in capital letters, with `reply` from now on.
  void answer(const std::string& command, std::string reply);

  /// Accepts who waits, reads all that has arrived, and answers as much as the sockets take. Ends
  /// the process at a command without an answer.
  void serve();

  /// Sends these bytes on the newest connection, in the next serve().
  void send(std::string_view bytes);

 private:
  struct Connection {
    testing::Descriptor socket;
    std::string received = {};
    std::string unsent = {};
  };

  void accept_all();
  void read_all(Connection& connection);
  void answer_all(Connection& connection);

  const Listens listens_;
  testing::TemporaryDirectory directory_;
  testing::Descriptor listener_;
  std::map<std::string, std::string, std::less<>> replies_;
  std::vector<Connection> connections_;
};

}  // namespace plimsoll::bench
