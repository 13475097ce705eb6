#include "plimsoll/tests/support/loopback.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace plimsoll::testing {
namespace {

const sockaddr* generic(const ServerAddress& server) {
  return reinterpret_cast<const sockaddr*>(&server.storage);
}

}  // namespace

int checked(int result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
  return result;
}

void Descriptor::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

void Descriptor::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(number_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

Descriptor bind_tcp(std::uint16_t port) {
  Descriptor bound(
      checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
  const int yes = 1;
  ::setsockopt(bound.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  ::setsockopt(bound.number(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  const ServerAddress address = tcp_address(port);
  checked(::bind(bound.number(), generic(address), address.size), "bind");
  return bound;
}

std::uint16_t port_of(const Descriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  auto* const at = reinterpret_cast<sockaddr*>(&address);
  checked(::getsockname(socket.number(), at, &size), "getsockname");
  return ntohs(address.sin_port);
}

void send_at_once(const Descriptor& socket) {
  const int yes = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

ServerAddress unix_address(const std::string& path) {
  ServerAddress server{.storage = {}, .size = sizeof(sockaddr_un)};
  auto& address = reinterpret_cast<sockaddr_un&>(server.storage);
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::system_error(ENAMETOOLONG, std::generic_category(), path);
  }
  path.copy(address.sun_path, path.size());
  return server;
}

ServerAddress tcp_address(std::uint16_t port) {
  ServerAddress server{.storage = {}, .size = sizeof(sockaddr_in)};
  auto& address = reinterpret_cast<sockaddr_in&>(server.storage);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return server;
}

Descriptor connect_to(const ServerAddress& server) {
  const int family = server.storage.ss_family;
  Descriptor socket(checked(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  if (::connect(socket.number(), generic(server), server.size) != 0) return Descriptor();
  if (family == AF_INET) send_at_once(socket);
  return socket;
}

}  // namespace plimsoll::testing
