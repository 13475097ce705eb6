#include "plimsoll/bench/budget/scripted_server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <utility>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

constexpr int backlog = 256;

// Reads one command from the front of `bytes`; its name, or nothing while it is not whole.
class CommandReader {
 public:
  explicit CommandReader(std::string_view bytes) : rest_(bytes) {}

  bool read() {
    std::size_t words = 0;
    if (!read_number('*', words) || words == 0) return false;
    for (std::size_t i = 0; i < words; ++i) {
      std::size_t size = 0;
      if (!read_number('$', size) || rest_.size() < size + 2) return false;
      if (i == 0) name_ = rest_.substr(0, size);
      rest_.remove_prefix(size + 2);
    }
    return true;
  }

  std::string_view name() const { return name_; }
  std::string_view rest() const { return rest_; }

 private:
  bool read_number(char type, std::size_t& number) {
    const std::size_t end = rest_.find("\r\n");
    if (end == std::string_view::npos) return false;
    if (rest_[0] != type) fail("the server has read no command", rest_.substr(0, end));
    std::from_chars(rest_.data() + 1, rest_.data() + end, number);
    rest_.remove_prefix(end + 2);
    return true;
  }

  std::string_view rest_;
  std::string_view name_;
};

}  // namespace

ScriptedServer::ScriptedServer(Listens listens)
    : listens_(listens),
      replies_{{"HELLO", "%1\r\n$5\r\nproto\r\n:3\r\n"},
               {"CLIENT", "+OK\r\n"},
               {"ACL", "$7\r\ndefault\r\n"},
               {"PING", "+PONG\r\n"}} {
  if (listens == Listens::on_tcp) {
    listener_ = testing::bind_tcp(0);
    const int flags = testing::checked(fcntl(listener_.number(), F_GETFL), "fcntl");
    testing::checked(fcntl(listener_.number(), F_SETFL, flags | O_NONBLOCK), "fcntl");
    replies_["CLUSTER"] = "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:" +
                          std::to_string(testing::port_of(listener_)) + "\r\n$40\r\n" +
                          std::string(40, '1') + "\r\n";
  } else {
    listener_ = testing::Descriptor(
        testing::checked(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
    const testing::ServerAddress address = testing::unix_address(directory_.path() + "/socket");
    testing::checked(
        bind(listener_.number(), reinterpret_cast<const sockaddr*>(&address.storage), address.size),
        "bind");
  }
  testing::checked(listen(listener_.number(), backlog), "listen");
}

std::string ScriptedServer::url() const {
  if (listens_ == Listens::on_unix_socket) return "unix://" + directory_.path() + "/socket";
  return "valkey+cluster://127.0.0.1:" + std::to_string(testing::port_of(listener_));
}

void ScriptedServer::answer(const std::string& command, std::string reply) {
  replies_[command] = std::move(reply);
}

void ScriptedServer::serve() {
  accept_all();
  for (Connection& connection : connections_) {
    if (!connection.socket.open()) continue;
    read_all(connection);
    answer_all(connection);
  }
}

void ScriptedServer::send(std::string_view bytes) { connections_.back().unsent += bytes; }

void ScriptedServer::accept_all() {
  for (;;) {
    testing::Descriptor socket(
        accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.open()) return;
    connections_.push_back({.socket = std::move(socket)});
  }
}

void ScriptedServer::read_all(Connection& connection) {
  char room[65536];
  for (;;) {
    const ssize_t got = recv(connection.socket.number(), room, sizeof room, 0);
    if (got < 0) return;  // EAGAIN: that was all
    if (got == 0) return connection.socket.close();
    connection.received.append(room, static_cast<std::size_t>(got));
  }
}

void ScriptedServer::answer_all(Connection& connection) {
  std::string_view received = connection.received;
  for (CommandReader reader(received); reader.read(); reader = CommandReader(received)) {
    const auto reply = replies_.find(reader.name());
    if (reply == replies_.end()) fail("the server has no answer to", reader.name());
    connection.unsent += reply->second;
    received = reader.rest();
  }
  connection.received.erase(0, connection.received.size() - received.size());
  if (!connection.socket.open() || connection.unsent.empty()) return;
  const ssize_t sent = ::send(connection.socket.number(), connection.unsent.data(),
                              connection.unsent.size(), MSG_NOSIGNAL);
  if (sent > 0) connection.unsent.erase(0, static_cast<std::size_t>(sent));
}

}  // namespace plimsoll::bench
