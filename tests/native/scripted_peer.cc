#include "plimsoll/tests/native/scripted_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing {
namespace {

void wait_for(int descriptor, short events, const char* what) {
  pollfd wanted{.fd = descriptor, .events = events, .revents = 0};
  if (::poll(&wanted, 1, static_cast<int>(patience().count())) <= 0) {
    throw std::runtime_error(what);
  }
}

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Peer::Peer(Peer&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), read_(std::move(other.read_)) {}

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(read_, other.read_);
  return *this;
}

Peer::~Peer() { close(); }

void Peer::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void Peer::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    wait_for(descriptor_, POLLOUT, "the client does not read");
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool Peer::read_more() {
  std::array<char, 65536> piece;
  wait_for(descriptor_, POLLIN, "the client sends nothing");
  const ssize_t count = ::recv(descriptor_, piece.data(), piece.size(), 0);
  if (count > 0) read_.append(piece.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string Peer::take(std::size_t count) {
  while (read_.size() < count) {
    if (!read_more()) return {};
  }
  std::string front = read_.substr(0, count);
  read_.erase(0, count);
  return front;
}

std::string Peer::take_line() {
  std::size_t end = read_.find("\r\n");
  while (end == std::string::npos) {
    if (!read_more()) return {};
    end = read_.find("\r\n");
  }
  return take(end + 2);
}

std::string Peer::receive() {
  // "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
  const auto number = [](const std::string& line) {
    std::size_t value = 0;
    if (line.size() > 1) std::from_chars(line.data() + 1, line.data() + line.size(), value);
    return value;
  };
  std::string words;
  for (std::size_t left = number(take_line()); left > 0; --left) {
    const std::size_t size = number(take_line());
    const std::string word = take(size + 2);
    if (word.size() < 2) return {};
    if (!words.empty()) words += ' ';
    words.append(word, 0, size);
  }
  return words;
}

bool Peer::has_more() const {
  pollfd wanted{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return !read_.empty() || ::poll(&wanted, 1, 0) > 0;
}

void Peer::receive_handshake() {
  for (int i = 0; i < handshake_requests_count; ++i) receive();
}

void Peer::shake_hands() {
  receive_handshake();
  send(handshake_replies);
}

Listener::Listener(int backlog) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check(descriptor_ >= 0, "socket");
  check(::bind(descriptor_, generic, size) == 0, "bind");
  check(::listen(descriptor_, backlog) == 0, "listen");
  check(::getsockname(descriptor_, generic, &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
}

Listener::~Listener() { ::close(descriptor_); }

bool Listener::has_waiting() const {
  pollfd wanted{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 0) > 0;
}

Peer Listener::accept() {
  wait_for(descriptor_, POLLIN, "no client connects");
  const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  check(accepted >= 0, "accept");
  const int yes = 1;
  ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return Peer(accepted);
}

std::pair<native::Client, Peer> Listener::connect(native::Options options) {
  auto client = native::connect(url(), std::move(options), boost::asio::use_future);
  Peer peer = accept();
  peer.shake_hands();
  return {value_of(std::move(client)), std::move(peer)};
}

}  // namespace plimsoll::testing
