#include "plimsoll/native/transport/tcp_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace plimsoll::inline v0::native {
namespace {

// Ignores errors: the connection works without any of these options.
template <class Value>
void set_option(int socket, int level, int name, Value value) {
  ::setsockopt(socket, level, name, &value, sizeof(value));
}

bool is_internet(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  return address.ss_family == AF_INET || address.ss_family == AF_INET6;
}

}  // namespace

void set_tcp_options(int socket, std::chrono::milliseconds user_timeout) {
  if (!is_internet(socket)) return;
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef __linux__
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
  if (user_timeout.count() > 0) {
    const auto most = std::numeric_limits<int>::max();
    const auto milliseconds = std::min<std::int64_t>(user_timeout.count(), most);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(milliseconds));
  }
#endif
}

}  // namespace plimsoll::inline v0::native
