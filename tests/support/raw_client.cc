#include "plimsoll/tests/support/raw_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace plimsoll::testing {

using Clock = std::chrono::steady_clock;

std::string RawReply::field(std::string_view name) const {
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    if (elements[i].text == name) return elements[i + 1].text;
  }
  return {};
}

RawClient::RawClient(const ServerAddress& server) : socket_(connect_to(server)) {
  if (!socket_.open()) throw std::runtime_error("nobody listens");
}

RawReply RawClient::ask(const std::vector<std::string>& words, std::chrono::milliseconds limit) {
  send(words);
  if (auto reply = receive(limit)) return *std::move(reply);
  throw std::runtime_error("no reply to " + words.front());
}

void RawClient::send(const std::vector<std::string>& words) {
  std::string all = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    all += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  const ssize_t sent = ::send(socket_.number(), all.data(), all.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(all.size())) throw std::runtime_error("the connection is lost");
}

std::optional<RawReply> RawClient::receive(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  for (;;) {
    std::size_t used = 0;
    if (auto reply = parse(used)) {
      read_.erase(0, used);
      return reply;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wanted{.fd = socket_.number(), .events = POLLIN, .revents = 0};
    if (left < 0 || ::poll(&wanted, 1, static_cast<int>(left)) <= 0) return std::nullopt;
    std::array<char, 16384> piece;
    const ssize_t count = ::recv(socket_.number(), piece.data(), piece.size(), 0);
    if (count <= 0) throw std::runtime_error("the connection is lost");
    read_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

// The reply at `at`, which moves behind it; nothing if it is not complete.
std::optional<RawReply> RawClient::parse(std::size_t& at) const {
  const std::size_t end = read_.find("\r\n", at);
  if (end == std::string::npos) return std::nullopt;
  RawReply reply{.kind = read_[at], .text = read_.substr(at + 1, end - at - 1)};
  at = end + 2;
  if (reply.kind != '$' && reply.kind != '*') return reply;
  const long size = std::atol(reply.text.c_str());
  reply.text.clear();
  if (size < 0) return reply;
  const auto count = static_cast<std::size_t>(size);
  if (reply.kind == '$') {
    if (read_.size() < at + count + 2) return std::nullopt;
    reply.text = read_.substr(at, count);
    at += count + 2;
    return reply;
  }
  for (std::size_t i = 0; i < count; ++i) {
    auto element = parse(at);
    if (!element) return std::nullopt;
    reply.elements.push_back(*std::move(element));
  }
  return reply;
}

}  // namespace plimsoll::testing
