#include "plimsoll/bench/pipeline/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {

int connect_raw_socket(const Endpoint& endpoint) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (socket < 0) fail("raw loop", std::strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("raw loop", std::strerror(errno));
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace plimsoll::bench
