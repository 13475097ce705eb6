#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing {

/// A connection to a server that takes bytes and gives bytes.
class RawConnection {
 public:
  explicit RawConnection(const std::string& socket_path)
      : socket_(connect_to(unix_address(socket_path))) {}

  /// The bytes of all replies to whole commands. Throws where the server does not answer.
  std::string exchange(std::string_view commands) {
    // Its reply is known, and so where the others end.
    constexpr std::string_view last = "*2\r\n$4\r\nECHO\r\n$9\r\n<the end>\r\n";
    constexpr std::string_view last_reply = "$9\r\n<the end>\r\n";
    send(commands);
    send(last);
    std::string replies;
    while (!replies.ends_with(last_reply)) receive(replies);
    replies.resize(replies.size() - last_reply.size());
    return replies;
  }

 private:
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("the server takes nothing");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void receive(std::string& replies) {
    const auto limit = test_timeout(std::chrono::milliseconds(10'000));
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
    pollfd wanted{.fd = socket_.number(), .events = POLLIN, .revents = 0};
    std::array<char, 65536> piece;
    if (::poll(&wanted, 1, static_cast<int>(milliseconds)) <= 0) {
      throw std::runtime_error("the server does not answer; so far: " + replies);
    }
    const ssize_t count = ::recv(socket_.number(), piece.data(), piece.size(), 0);
    if (count <= 0) throw std::runtime_error("the server has gone; so far: " + replies);
    replies.append(piece.data(), static_cast<std::size_t>(count));
  }

  Descriptor socket_;
};

}  // namespace plimsoll::testing
