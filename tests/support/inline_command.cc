#include "plimsoll/tests/support/inline_command.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::testing {
namespace {

using Clock = std::chrono::steady_clock;

// All that comes until the peer closes.
std::optional<std::string> read_to_end(int descriptor, Clock::time_point deadline) {
  std::string all;
  std::array<char, 4096> piece;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wanted{.fd = descriptor, .events = POLLIN, .revents = 0};
    if (left <= 0 || ::poll(&wanted, 1, static_cast<int>(left)) <= 0) return std::nullopt;
    const ssize_t count = ::recv(descriptor, piece.data(), piece.size(), 0);
    if (count < 0) return std::nullopt;
    if (count == 0) return all;
    all.append(piece.data(), static_cast<size_t>(count));
  }
}

}  // namespace

std::optional<std::string> inline_command(const std::string& socket_path, std::string_view command,
                                          std::chrono::milliseconds limit) {
  // QUIT makes the server close behind the reply, so that this need not know where a reply ends.
  constexpr std::string_view quit = "\r\nQUIT\r\n";
  constexpr std::string_view quit_reply = "+OK\r\n";

  const auto deadline = Clock::now() + limit;
  const Descriptor socket = connect_to(unix_address(socket_path));
  if (!socket.open()) return std::nullopt;

  const std::string request = std::string(command).append(quit);
  const ssize_t sent = ::send(socket.number(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return std::nullopt;

  auto reply = read_to_end(socket.number(), deadline);
  if (!reply || !reply->ends_with(quit_reply)) return std::nullopt;
  reply->resize(reply->size() - quit_reply.size());
  return reply;
}

}  // namespace plimsoll::testing
