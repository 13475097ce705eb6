#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::testing {

/// The port behind the last colon of "127.0.0.1:9121".
inline std::uint16_t port_in(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

/// A connection to an HTTP server of this machine, which is told whatever a test likes.
class HttpPeer {
 public:
  explicit HttpPeer(std::uint16_t port) : socket_(connect_to(tcp_address(port))) {}

  /// At another IPv4 address of this machine.
  HttpPeer(const char* address, std::uint16_t port) : socket_(connect_to(at(address, port))) {}

  bool connected() const { return socket_.open(); }

  void say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // what it has said by now is what counts
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// All that the server says until it closes. Throws where it does not.
  std::string hear() {
    std::string heard;
    std::array<char, 65536> piece;
    for (;;) {
      pollfd wanted{.fd = socket_.number(), .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, static_cast<int>(patience().count())) <= 0) {
        throw std::runtime_error("the server neither answers nor closes; so far: " + heard);
      }
      const ssize_t count = ::recv(socket_.number(), piece.data(), piece.size(), 0);
      if (count <= 0) return heard;
      heard.append(piece.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  static ServerAddress at(const char* address, std::uint16_t port) {
    ServerAddress server = tcp_address(port);
    auto& there = reinterpret_cast<sockaddr_in&>(server.storage);
    checked(::inet_pton(AF_INET, address, &there.sin_addr), "inet_pton");
    return server;
  }

  Descriptor socket_;
};

/// The whole answer to a request with this line.
inline std::string ask_http(std::uint16_t port, std::string_view line) {
  HttpPeer peer(port);
  if (!peer.connected()) return {};
  peer.say(std::string(line) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return peer.hear();
}

/// The body of an answer.
inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == answer.npos ? std::string() : answer.substr(end + 4);
}

}  // namespace plimsoll::testing
