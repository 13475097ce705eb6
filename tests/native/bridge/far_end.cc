#include "plimsoll/tests/native/bridge/far_end.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::testing {

FarEnd::FarEnd(boost::asio::io_context& context) : near_end_(context) {
  std::array<int, 2> ends{};
  checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()),
          "socketpair");
  near_end_.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
  descriptor_ = ends[1];
}

FarEnd::~FarEnd() { close(); }

std::size_t FarEnd::send(std::string_view bytes) {
  if (descriptor_ < 0) return 0;
  const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

bool FarEnd::receive(std::string& bytes) {
  if (descriptor_ < 0) return false;
  std::array<char, 16384> piece;
  const ssize_t size = ::recv(descriptor_, piece.data(), piece.size(), 0);
  if (size <= 0) return false;
  bytes.append(piece.data(), static_cast<std::size_t>(size));
  return true;
}

void FarEnd::finish() {
  if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_WR);
}

void FarEnd::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace plimsoll::testing
