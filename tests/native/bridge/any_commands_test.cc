// Any commands through the bridge, cut and paced in any way, get the bytes that the server itself
// would send.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/judged.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::any_commands_test {
namespace {

constexpr std::string_view last = "the last reply";

// A command that the bridge refuses, what the server gets in its place, and their errors.
constexpr std::string_view refused = "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n";
constexpr std::string_view replacement = "*1\r\n$36\r\nplimsoll-bridge: AUTH is not allowed\r\n";
constexpr std::string_view servers_error =
    "-ERR unknown command 'plimsoll-bridge: AUTH is not allowed', with args beginning with: \r\n";
constexpr std::string_view own_error = "-NOPERM plimsoll-bridge: AUTH is not allowed\r\n";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// Commands whose replies depend on what came before, and on nothing else.
class AnyCommands {
 public:
  explicit AnyCommands(unsigned seed) : random_(seed) {}

  // One command, or two, encoded.
  std::string next() {
    // In RESP2, a client that is subscribed may do little else, and MULTI is an error then.
    const std::size_t kind = below(is_subscribed_ && !is_resp3_ ? 5 : 25);
    if (is_queueing_ && kind < 7) {
      is_queueing_ = false;
      return encoded(below(4) > 0 ? "EXEC" : "DISCARD");
    }
    switch (kind) {
      case 0: return encoded(below(2) > 0 ? "PING" : "PING " + word());
      case 1: is_subscribed_ = true; return encoded("SUBSCRIBE" + channels());
      case 2: is_subscribed_ = true; return encoded("PSUBSCRIBE" + channels());
      case 3: return encoded((below(2) > 0 ? "UNSUBSCRIBE" : "PUNSUBSCRIBE") + channels());
      case 4: is_subscribed_ = false; return encoded("UNSUBSCRIBE") + encoded("PUNSUBSCRIBE");
      case 5: is_resp3_ = below(3) > 0; return encoded(is_resp3_ ? "HELLO 3" : "HELLO 2");
      case 6: is_queueing_ = true; return encoded("MULTI");
      case 7: return encoded("SET " + key() + " " + value());
      case 8: return encoded("SET " + key() + " " + word() + " GET");
      case 9: return encoded("APPEND " + key() + " " + value());
      case 10: return encoded("RPUSH list" + key() + " " + word() + " " + value());
      case 11: return encoded("LRANGE list" + key() + " 0 -1");
      case 12: return encoded("MGET " + key() + " " + key() + " " + key());
      case 13: return encoded("HSET hash " + key() + " " + value());
      case 14: return encoded("HGET hash " + key());
      case 15: return encoded("ZADD scores " + std::to_string(below(50)) + " " + key());
      case 16: return encoded("ZRANGE scores 0 -1 WITHSCORES");
      case 17: return encoded("NOSUCH " + key());
      case 18: return encoded("DEL " + key() + " list" + key());
      case 19: return encoded("INCR " + key());
      case 20: return encoded("INCRBYFLOAT number" + key() + " 1e" + std::to_string(below(4000)));
      case 21: return encoded("PUBLISH news.1 " + word());
      case 22: return encoded("WATCH " + key());
      case 23: return std::string(refused);
      default: return encoded("GET " + key());
    }
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }

  // What brings any connection to the same end.
  std::string ending() {
    return encoded("DISCARD") + encoded("UNSUBSCRIBE") + encoded("PUNSUBSCRIBE") +
           encoded("HELLO 2") + "*2\r\n$4\r\nECHO\r\n$14\r\n" + std::string(last) + "\r\n";
  }

 private:
  std::string key() { return "key" + std::to_string(below(6)); }
  std::string word() {
    constexpr std::string_view words[] = {"message", "subscribe", "unsubscribe",
                                          "x",       "-ERR",      "pong"};
    return std::string(words[below(std::size(words))]);
  }
  std::string value() { return std::string(1 + below(below(8) == 0 ? 4000 : 200), 'v'); }
  std::string channels() {
    std::string all;
    for (std::size_t i = 0; i <= below(4); ++i) all += " news." + std::to_string(below(3));
    return all;
  }

  std::mt19937 random_;
  bool is_queueing_ = false;
  bool is_subscribed_ = false;
  bool is_resp3_ = false;
};

bool is_complete(std::string_view got) { return got.ends_with(std::string(last) + "\r\n"); }

std::string asked_directly(std::uint16_t port, std::string_view requests) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::socket socket(context);
  socket.connect({boost::asio::ip::address_v4::loopback(), port});
  std::thread sender([&] { boost::asio::write(socket, boost::asio::buffer(requests)); });
  std::string got;
  std::vector<char> part(65'536);
  while (!is_complete(got)) {
    got.append(part.data(), socket.read_some(boost::asio::buffer(part)));
  }
  sender.join();
  return got;
}

// Takes pieces of requests and of time as they come, and grants what it has read.
class PoliteClient {
 public:
  PoliteClient(std::uint16_t port, bool has_credits, AnyCommands& any)
      : client_(port, has_credits ? "plimsoll.resp.v1" : "resp"),
        has_credits_(has_credits),
        any_(any) {}

  std::string ask(std::string_view requests) {
    std::string got;
    while (!is_complete(got)) {
      if (!requests.empty()) {
        send(requests.substr(0, 1 + any_.below(2000)), requests);
        if (client_.socket().available() == 0 || any_.below(3) == 0) continue;
      }
      if (left_ == 0 && has_credits_) grant();
      got += receive();
    }
    client_.close();
    return got;
  }

 private:
  void send(std::string_view part, std::string_view& requests) {
    requests.remove_prefix(part.size());
    if (has_credits_) {
      client_.send_data(part);
    } else {
      client_.send(part);
    }
    if (has_credits_ && left_ == 0 && any_.below(4) == 0) grant();
  }

  void grant() {
    left_ = 1 + any_.below(any_.below(2) > 0 ? 30 : 10'000);
    client_.grant(static_cast<std::uint32_t>(left_));
  }

  std::string receive() {
    std::string message = client_.receive();
    if (!has_credits_) return message;
    message.erase(0, 1);
    REQUIRE(message.size() <= left_);
    left_ -= message.size();
    return message;
  }

  WebSocketClient client_;
  const bool has_credits_;
  AnyCommands& any_;
  std::size_t left_ = 0;
};

// HELLO tells a connection's number.
std::string without_numbers(std::string replies) {
  constexpr std::string_view name = "$2\r\nid\r\n:";
  for (std::size_t at = 0; (at = replies.find(name, at)) != replies.npos;) {
    at += name.size();
    replies.erase(at, replies.find('\r', at) - at);
  }
  return replies;
}

TEST_CASE("any commands get through the bridge what the server itself would send") {
  BridgeOptions options;
  options.settings.limits.upgrades_per_second_per_address = 1'000'000;
  BridgeWorld world(std::move(options));
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    AnyCommands any(seed);
    std::string requests;
    for (int i = 0; i < 200; ++i) requests += any.next();
    requests += any.ending();
    const std::string expected =
        replaced(asked_directly(world.valkey().port(), replaced(requests, refused, replacement)),
                 servers_error, own_error);
    world.valkey().ask("FLUSHALL");
    const std::string got = PoliteClient(world.port(), seed % 2 == 0, any).ask(requests);
    world.valkey().ask("FLUSHALL");
    world.wait_until_idle();
    REQUIRE(without_numbers(got) == without_numbers(expected));
  }
  CHECK(world.memory().pool(PoolKind::replies).used == 0);
}

}  // namespace
}  // namespace plimsoll::testing::any_commands_test
