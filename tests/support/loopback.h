#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>

// Sockets of one machine, for what tests build on them.

namespace plimsoll::testing {

/// `result` of a system call, or std::system_error with the call's name.
int checked(int result, const char* call);

/// Closes a file descriptor when it goes.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  void close();

  /// Closes a connection so that the peer sees a reset.
  void reset();

  bool open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

/// A TCP socket bound to a port of 127.0.0.1, or to a free one for 0; it does not listen yet. Such
/// sockets may share a port, and connections that ended do not hold it.
Descriptor bind_tcp(std::uint16_t port);
std::uint16_t port_of(const Descriptor& socket);

/// Small writes leave at once.
void send_at_once(const Descriptor& socket);

/// Where a server listens.
struct ServerAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
ServerAddress unix_address(const std::string& path);  // of at most 107 bytes
ServerAddress tcp_address(std::uint16_t port);

/// A connection to a server of this machine, which answers at once, or else counts as absent: then
/// the descriptor is not open.
Descriptor connect_to(const ServerAddress& server);

}  // namespace plimsoll::testing
