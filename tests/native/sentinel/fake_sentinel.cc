#include "plimsoll/tests/native/sentinel/fake_sentinel.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <list>
#include <utility>
#include <vector>

namespace plimsoll::testing {
namespace {

// How soon the thread notices what the test wants of it.
constexpr int look_interval_ms = 5;

std::string new_id() {
  static std::atomic<unsigned> last = 0;
  std::string id = std::to_string(++last);
  id.insert(0, 40 - id.size(), 'a');
  return id;
}

void send_all(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the client has gone
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// Takes the next request off `read`, as its words with blanks between; empty if there is no whole
// one.
std::string take_request(std::string& read) {
  std::size_t at = 0;
  const auto take_number = [&]() -> long {
    const std::size_t end = read.find("\r\n", at);
    if (end == std::string::npos) return -1;
    const long number = std::atol(read.c_str() + at + 1);
    at = end + 2;
    return number;
  };
  std::string words;
  for (long left = take_number(); left != 0; --left) {
    const long size = left < 0 ? -1 : take_number();
    if (size < 0 || read.size() < at + static_cast<std::size_t>(size) + 2) return {};
    if (!words.empty()) words += ' ';
    words.append(read, at, static_cast<std::size_t>(size));
    at += static_cast<std::size_t>(size) + 2;
  }
  read.erase(0, at);
  return words;
}

}  // namespace

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string address_reply(std::string_view host, std::string_view port) {
  return "*2\r\n" + bulk(host) + bulk(port);
}

std::string sentinel_entry(std::string_view host, std::string_view port, std::string_view id) {
  return "%4\r\n" + bulk("ip") + bulk(host) + bulk("port") + bulk(port) + bulk("runid") + bulk(id) +
         bulk("flags") + bulk("sentinel");
}

std::string switch_message(std::string_view payload) {
  return ">3\r\n" + bulk("message") + bulk("+switch-master") + bulk(payload);
}

FakeSentinel::FakeSentinel(std::string primary, std::string others, Then then)
    : listener_(bind_tcp(0)),
      port_(port_of(listener_)),
      id_(new_id()),
      primary_(std::move(primary)),
      others_(std::move(others)),
      then_(then) {
  checked(::listen(listener_.number(), 64), "listen");
  thread_ = std::thread([this] { serve(); });
}

FakeSentinel::~FakeSentinel() {
  is_over_ = true;
  thread_.join();
}

void FakeSentinel::set_primary(std::string primary) {
  const std::lock_guard lock(mutex_);
  primary_ = std::move(primary);
}

void FakeSentinel::set_others(std::string others) {
  const std::lock_guard lock(mutex_);
  others_ = std::move(others);
}

void FakeSentinel::publish(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  to_publish_ += bytes;
}

void FakeSentinel::serve() {
  std::list<Guest> guests;
  while (!is_over_) {
    std::vector<pollfd> wanted{{.fd = listener_.number(), .events = POLLIN, .revents = 0}};
    for (const Guest& guest : guests) {
      wanted.push_back({.fd = guest.socket.number(), .events = POLLIN, .revents = 0});
    }
    ::poll(wanted.data(), wanted.size(), look_interval_ms);
    std::size_t index = 0;
    for (auto guest = guests.begin(); guest != guests.end();) {
      const bool has_more = wanted[++index].revents != 0;
      guest = has_more && !read_from(*guest) ? guests.erase(guest) : std::next(guest);
    }
    if (wanted[0].revents != 0) {
      const int number = ::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC);
      if (number >= 0) guests.push_back({.socket = Descriptor(number)});
      ++accepted_count_;
    }
    std::string published;
    {
      const std::lock_guard lock(mutex_);
      published.swap(to_publish_);
    }
    for (const Guest& guest : guests) {
      if (guest.is_subscribed) send_all(guest.socket, published);
    }
  }
}

// False once the client has gone.
bool FakeSentinel::read_from(Guest& guest) {
  std::array<char, 4096> piece;
  const ssize_t count = ::recv(guest.socket.number(), piece.data(), piece.size(), 0);
  if (count <= 0) return false;
  guest.read.append(piece.data(), static_cast<std::size_t>(count));
  for (;;) {
    const std::string request = take_request(guest.read);
    if (request.empty()) return true;
    if (guest.is_silent) continue;
    send_all(guest.socket, answer(guest, request));
  }
}

std::string FakeSentinel::answer(Guest& guest, const std::string& request) {
  if (request.starts_with("HELLO")) {
    return "%2\r\n" + bulk("proto") + ":3\r\n" + bulk("mode") + bulk("sentinel");
  }
  if (request.starts_with("CLIENT")) return "+OK\r\n";
  if (request == "PING") return "+PONG\r\n";
  if (request == "SENTINEL MYID") return bulk(id_);
  if (request.starts_with("SUBSCRIBE")) {
    if (!std::exchange(guest.is_subscribed, true)) ++subscribers_count_;
    return ">3\r\n" + bulk("subscribe") + bulk("+switch-master") + ":1\r\n";
  }
  const std::lock_guard lock(mutex_);
  if (request.starts_with("SENTINEL SENTINELS")) {
    guest.is_silent = then_ == Then::falls_silent && others_ != no_others();
    return others_;
  }
  if (request.starts_with("SENTINEL GET-MASTER-ADDR-BY-NAME")) {
    guest.is_silent = then_ == Then::falls_silent;
    return primary_;
  }
  return "-ERR unknown command\r\n";
}

}  // namespace plimsoll::testing
