#include "plimsoll/bench/memory/publisher.h"

#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "plimsoll/bench/memory/attribution.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/tests/support/loopback.h"

namespace plimsoll::bench {
namespace {

// Sent together, and then all answered: enough to keep the server at work.
constexpr std::size_t batch = 500;

// One subscriber had it.
constexpr std::string_view answer = ":1\r\n";

void send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("publisher", "the server takes nothing more");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void expect_answers(int socket) {
  std::array<char, 4096> room;
  for (std::size_t at = 0; at < batch * answer.size();) {
    const ssize_t got = ::recv(socket, room.data(), room.size(), 0);
    if (got <= 0) fail("publisher", "the server has gone");
    for (ssize_t i = 0; i < got; ++i, ++at) {
      if (room[static_cast<std::size_t>(i)] != answer[at % answer.size()]) {
        fail("publisher", "a message was not for one subscriber");
      }
    }
  }
}

}  // namespace

Publisher::Publisher(const std::string& socket_path, std::string channel, std::size_t message_bytes)
    : channel_(std::move(channel)), message_bytes_(message_bytes) {
  thread_ = std::thread([this, socket_path] { run(socket_path); });
}

Publisher::~Publisher() {
  if (thread_.joinable()) stop();
}

std::uint64_t Publisher::stop() {
  stopping_ = true;
  thread_.join();
  return published_;
}

void Publisher::run(const std::string& socket_path) {
  const WorkFor own(Owner::bench);
  const auto socket = testing::connect_to(testing::unix_address(socket_path));
  if (!socket.open()) fail("publisher", "no connection");
  const std::string head = "*3\r\n$7\r\nPUBLISH\r\n$" + std::to_string(channel_.size()) + "\r\n" +
                           channel_ + "\r\n$" + std::to_string(message_bytes_) + "\r\n";
  std::string message(message_bytes_, '.');
  std::string commands;
  commands.reserve(batch * (head.size() + message_bytes_ + 2));
  while (!stopping_) {
    commands.clear();
    for (std::size_t i = 0; i < batch; ++i) {
      const std::string number = std::to_string(published_ + i) + ".";
      message.replace(0, number.size(), number);
      commands.append(head).append(message).append("\r\n");
    }
    send_all(socket.number(), commands);
    expect_answers(socket.number());
    published_ += batch;
  }
}

}  // namespace plimsoll::bench
