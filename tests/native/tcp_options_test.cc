#include "plimsoll/native/transport/tcp_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::testing::tcp_options_test {
namespace {

int option_of(const Descriptor& socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  checked(::getsockopt(socket.number(), level, name, &value, &size), "getsockopt");
  return value;
}

TEST_CASE("a TCP socket does not wait with small writes, and asks after a silent peer") {
  const Descriptor socket = bind_tcp(0);
  native::set_tcp_options(socket.number(), std::chrono::seconds(60));
  CHECK(option_of(socket, IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option_of(socket, SOL_SOCKET, SO_KEEPALIVE) == 1);
  const int idle = option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE);
  const int probes = option_of(socket, IPPROTO_TCP, TCP_KEEPCNT);
  CHECK(idle + probes * option_of(socket, IPPROTO_TCP, TCP_KEEPINTVL) == 30);
  CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 60'000);
}

TEST_CASE("a time beyond what the system counts is the longest that it does, and none is its own") {
  const Descriptor socket = bind_tcp(0);
  native::set_tcp_options(socket.number(), std::chrono::milliseconds(0));
  CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 0);
  native::set_tcp_options(socket.number(), std::chrono::hours(24 * 365));
  CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 2'147'483'647);
}

TEST_CASE("a socket that is not TCP is left as it is") {
  const Descriptor socket(checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  native::set_tcp_options(socket.number(), std::chrono::seconds(60));
  CHECK(option_of(socket, SOL_SOCKET, SO_KEEPALIVE) == 0);
}

}  // namespace
}  // namespace plimsoll::testing::tcp_options_test
