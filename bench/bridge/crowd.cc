#include "plimsoll/bench/bridge/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

constexpr std::string_view name = "the crowd";
constexpr std::size_t events_at_once = 128;
constexpr std::size_t sets_at_once = 64;
constexpr std::size_t read_bytes = 4096;

std::string command(std::initializer_list<std::string_view> words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n";
    text += word;
    text += "\r\n";
  }
  return text;
}

std::size_t bulk_bytes(std::size_t value_bytes) {
  return 1 + std::to_string(value_bytes).size() + 2 + value_bytes + 2;
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail(name, std::strerror(errno));
  }
  return socket;
}

void upgrade(int socket, const Crowd::Door& door) {
  const std::string request = upgrade_request(door.port, door.token);
  if (write(socket, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    fail(name, std::strerror(errno));
  }
  // A byte at a time: what follows the answer is for the counter.
  std::string answer;
  for (char byte = 0; !answer.ends_with("\r\n\r\n"); answer += byte) {
    if (read(socket, &byte, 1) != 1) fail(name, "the bridge ended a connection: " + answer);
  }
  if (!answer.starts_with("HTTP/1.1 101")) fail(name, answer);
}

// The near cache of a bridge is for clients that speak RESP3.
void speak_resp3(int socket) {
  const std::string request = framed(command({"HELLO", "3"}));
  if (write(socket, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    fail(name, std::strerror(errno));
  }
  // The reply ends with the list of modules, of which there are none.
  constexpr std::string_view last = "modules\r\n*0\r\n";
  std::array<char, read_bytes> room;
  for (std::string reply; !reply.ends_with(last);) {
    const ssize_t got = read(socket, room.data(), room.size());
    if (got <= 0) fail(name, "the bridge ended a connection");
    reply.append(room.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Crowd::Crowd(const Door& door, std::size_t sockets) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  members_.reserve(sockets);
  for (std::size_t i = 0; i < sockets; ++i) {
    const int socket = connect_to(door.port);
    upgrade(socket, door);
    speak_resp3(socket);
    members_.push_back(
        {.socket = socket, .counter = {}, .left = 0, .is_fresh = false, .asked = {}});
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }
}

Crowd::~Crowd() {
  for (const Member& member : members_) close(member.socket);
  close(epoll_);
}

void Crowd::send(Member& member, std::string_view frame, std::size_t reply_bytes) {
  member.left = reply_bytes;
  member.is_fresh = true;
  // The socket blocks, and has room: the bridge reads before a reply is there.
  if (write(member.socket, frame.data(), frame.size()) != static_cast<ssize_t>(frame.size())) {
    fail(name, std::strerror(errno));
  }
}

// Returns whether the reply is whole.
bool Crowd::receive(Member& member) {
  std::array<char, read_bytes> room;
  const ssize_t got = read(member.socket, room.data(), room.size());
  if (got <= 0) fail(name, "the bridge ended a connection");
  const std::size_t found = member.counter.take({room.data(), static_cast<std::size_t>(got)});
  if (found == 0) return false;
  if (found > member.left || (member.is_fresh && member.counter.first() == '-')) {
    fail(name, "an unexpected reply: " + std::string(room.data(), static_cast<std::size_t>(got)));
  }
  member.is_fresh = false;
  member.left -= found;
  return member.left == 0;
}

void Crowd::fill(std::span<const std::string> keys, std::size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  constexpr std::size_t ok_bytes = std::string_view("+OK\r\n").size();
  Member& member = members_.front();
  while (!keys.empty()) {
    const auto some = keys.first(std::min(keys.size(), sets_at_once));
    std::string requests;
    for (const std::string& key : some) requests += command({"SET", key, value});
    send(member, framed(requests), some.size() * ok_bytes);
    while (!receive(member)) continue;
    keys = keys.subspan(some.size());
  }
}

CrowdWork Crowd::run(std::span<const std::string> keys, std::span<const std::uint32_t> drawn,
                     std::size_t value_bytes, std::chrono::duration<double> time) {
  std::vector<std::string> frames;
  frames.reserve(keys.size());
  for (const std::string& key : keys) frames.push_back(framed(command({"GET", key})));
  const std::size_t reply = bulk_bytes(value_bytes);
  CrowdWork work;
  const Clock::time_point begin = Clock::now();
  const Clock::time_point end = begin + std::chrono::duration_cast<Clock::duration>(time);
  std::size_t next = 0;
  const auto ask = [&](Member& member, Clock::time_point now) {
    member.asked = now;
    send(member, frames[drawn[next]], reply);
    next = next + 1 < drawn.size() ? next + 1 : 0;
  };
  for (Member& member : members_) ask(member, begin);
  std::size_t waiting = members_.size();
  std::array<epoll_event, events_at_once> events;
  Clock::time_point now = begin;
  while (waiting > 0) {
    const int ready = epoll_wait(epoll_, events.data(), events.size(), -1);
    if (ready < 0 && errno != EINTR) fail(name, std::strerror(errno));
    for (int i = 0; i < ready; ++i) {
      Member& member = members_[events[static_cast<std::size_t>(i)].data.u64];
      if (!receive(member)) continue;
      now = Clock::now();
      work.nanoseconds.push_back(static_cast<std::uint32_t>((now - member.asked).count()));
      if (now < end) {
        ask(member, now);
      } else {
        waiting -= 1;
      }
    }
  }
  work.requests = work.nanoseconds.size();
  work.seconds = std::chrono::duration<double>(now - begin).count();
  return work;
}

}  // namespace plimsoll::bench
