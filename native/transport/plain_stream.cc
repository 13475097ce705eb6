#include "plimsoll/native/transport/plain_stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace plimsoll::inline v0::native {
namespace {

// The most pieces that one system call sends.
constexpr std::size_t spans_max = 16;

// The first byte with which a TLS server answers a client that does not speak TLS. No RESP begins
// so.
constexpr char tls_alert = 0x15;

constexpr plimsoll::Error speaks_tls{.code = ErrorCode::tls_failed,
                                     .what = "the server speaks TLS here",
                                     .expected = "valkeys:// in the address, wss:// for a bridge"};

// There is no TLS on a Unix socket.
bool is_unix(int socket) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

}  // namespace

ByteStream::Received PlainStream::receive(std::span<char> space) {
  const ssize_t count = ::recv(socket_, space.data(), space.size(), 0);
  const int number = count < 0 ? errno : 0;
  filled_ = count >= 0 && static_cast<std::size_t>(count) == space.size();
  if (count > 0 && !heard_) {
    heard_ = true;
    if (space.front() == tls_alert) {
      problem_ = {.error = speaks_tls, .words = "it answered with an alert of TLS"};
      failed_ = true;
      return {.bytes = 0, .step = Step::failed};
    }
  }
  if (count > 0) return {.bytes = static_cast<std::size_t>(count)};
  if (would_block(number) || number == EINTR) return {};
  if (count < 0) socket_problem_ = number;
  // The system reports a socket's error only once, and send() may have received it first.
  if (socket_problem_ == 0) return {.bytes = 0, .step = Step::done};
  failed_ = true;
  return {.bytes = 0, .step = Step::failed};
}

std::size_t PlainStream::send(std::span<const std::string_view> spans) {
  std::array<iovec, spans_max> pieces;
  const std::size_t count = std::min(spans.size(), pieces.size());
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i] = {const_cast<char*>(spans[i].data()), spans[i].size()};
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  for (;;) {
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EINTR) continue;
    // On other errors reading will find the end of the stream, after the replies that came before
    // it.
    if (would_block(errno)) {
      blocked_ = true;
    } else if (errno != EPIPE) {
      socket_problem_ = errno;
    }
    return 0;
  }
}

TransportProblem PlainStream::silence() const {
  return {.error = {.code = ErrorCode::connect_failed, .what = "the server says nothing"},
          .words = "not a byte came"};
}

std::string_view PlainStream::hint() const {
  // Many servers that speak TLS close a connection without TLS without any answer.
  if (heard_) return "";
  return is_unix(socket_) ? " before a word"
                          : " before a word; if the server speaks TLS here: valkeys://";
}

}  // namespace plimsoll::inline v0::native
