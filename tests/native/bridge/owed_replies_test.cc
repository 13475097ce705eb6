// What a server owes to one client, and whether it may get one more request.

#include "plimsoll/native/bridge/replies/owed_replies.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::owed_replies_test {
namespace {

using bridge::Answer;
using bridge::OwedReplies;
using bridge::Passing;
using bridge::ReplySizes;
using bridge::ReplyWindow;

struct World {
  explicit World(const ReplyWindow& window_of = {}) : window(window_of) {}

  bool send(const Passing& request, std::size_t unsent = 0) {
    if (owed.room_for(request, unsent) != bridge::Room::now) return false;
    owed.add(request, 0);
    return true;
  }

  // How many requests like this one go on before one has to wait.
  std::size_t send_all(const Passing& request) {
    std::size_t sent = 0;
    while (sent < 100'000 && send(request)) sent += 1;
    return sent;
  }

  // What the client gets of these bytes.
  std::string follow(std::string_view bytes) {
    std::vector<char> buffer(OwedReplies::headroom + bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffer.begin() + OwedReplies::headroom);
    const auto out = owed.follow(std::span(buffer).subspan(OwedReplies::headroom), 0);
    return {out.data(), out.size()};
  }

  std::string follow_each_byte(std::string_view bytes) {
    std::string all;
    for (const char byte : bytes) all += follow({&byte, 1});
    return all;
  }

  ReplyWindow window;
  ReplySizes sizes{7};
  TestBudget test;
  AccountHandle account = test.budget.open_account(PoolKind::replies);
  native::Histogram times;
  bridge::KeptLimits kept;
  OwedReplies owed{window, kept, sizes, *account, times};
};

Passing get(std::uint32_t fingerprint) { return {.bytes = 30, .fingerprint = fingerprint}; }
Passing set(std::size_t bytes) { return {.answer = Answer::short_one, .bytes = bytes}; }

std::string bulk(std::size_t size) {
  return "$" + std::to_string(size) + "\r\n" + std::string(size, 'v') + "\r\n";
}

TEST_CASE(
    "a new client's first request goes alone, and the next ones by what its replies are like") {
  World world;
  CHECK(world.send_all(get(1)) == 1);
  world.follow(bulk(100));
  CHECK(world.owed.requests_in_flight() == 0);
  for (std::uint32_t i = 2; i < 60; ++i) {
    REQUIRE(world.send(get(i)));
    world.follow(bulk(100));
  }
  std::size_t sent = 0;
  while (world.send(get(static_cast<std::uint32_t>(100 + sent)))) sent += 1;
  CHECK(sent == OwedReplies::unknown_replies_max);
}

TEST_CASE("a request that was answered before has a reply of that size, whoever asked") {
  World world;
  REQUIRE(world.send(get(1)));
  world.follow(bulk(100));
  CHECK(world.send_all(get(1)) == world.window.requests_in_flight_max);
  World other;
  other.sizes.note(1, 1'000'000);
  other.sizes.note(2, 20'000);
  REQUIRE(other.send(get(2)));
  CHECK_FALSE(other.send(get(1)));
  CHECK(other.send(get(2)));
  CHECK_FALSE(other.send(get(2)));
}

TEST_CASE("until its size is known, the same request waits for its first reply") {
  World world;
  for (std::uint32_t i = 1; i < 60; ++i) {
    REQUIRE(world.send(get(i)));
    world.follow(bulk(100));
  }
  CHECK(world.send(get(1)));
  CHECK(world.send(get(1000)));
  CHECK_FALSE(world.send(get(1000)));
  world.follow(bulk(100) + bulk(100));
  CHECK(world.send_all(get(1000)) == world.window.requests_in_flight_max);
}

TEST_CASE("after a large reply the client's others count as large for a while") {
  World world;
  REQUIRE(world.send(get(1)));
  world.follow(bulk(1'000'000));
  REQUIRE(world.send(get(2)));
  CHECK_FALSE(world.send(get(3)));
  world.follow(bulk(10));
  REQUIRE(world.send(get(4)));
  CHECK_FALSE(world.send(get(5)));
}

TEST_CASE("a reply that is larger than was foreseen leaves no room while it comes") {
  World world;
  REQUIRE(world.send(get(1)));
  world.follow(bulk(100));
  REQUIRE(world.send(get(1)));
  world.follow(bulk(1'000'000).substr(0, 70'000));
  CHECK_FALSE(world.send(set(30)));
}

TEST_CASE("what the client has not taken counts, but never holds back the only request") {
  World world;
  CHECK(world.send(set(30), 1 << 20));
  CHECK_FALSE(world.send(set(30), 1 << 20));
  CHECK(world.send(set(30), 1000));
}

TEST_CASE("requests that a server has not executed are bounded by their bytes") {
  World world;
  REQUIRE(world.send(get(1)));  // BLPOP, for example
  CHECK(world.send_all(set(1024)) < OwedReplies::request_bytes_ahead_max / 1024);
  world.follow(bulk(1));
  CHECK(world.send(set(1024)));
  World alone;
  CHECK(alone.send(set(1 << 20)));
  CHECK_FALSE(alone.send(set(30)));
}

TEST_CASE("the window is as the profile says") {
  World world({.requests_in_flight_max = 3, .reply_bytes_ahead_max = 4096});
  CHECK(world.send_all(set(30)) == 3);
  World one({.requests_in_flight_max = 1});
  CHECK(one.send_all(set(30)) == 1);
  World many({.requests_in_flight_max = 1000, .reply_bytes_ahead_max = std::size_t{1} << 20});
  CHECK(many.send_all(set(30)) == 1000);
}

TEST_CASE("what MULTI queues is answered by EXEC, whose reply is as large as all of it") {
  World world;
  world.sizes.note(1, 30'000);
  REQUIRE(world.send({.answer = Answer::multi, .bytes = 15}));
  world.follow("+OK\r\n");
  for (int i = 0; i < 50; ++i) REQUIRE(world.send(get(1)));
  CHECK_FALSE(world.send({.answer = Answer::exec, .bytes = 14}));
  for (int i = 0; i < 50; ++i) world.follow("+QUEUED\r\n");
  REQUIRE(world.send({.answer = Answer::exec, .bytes = 14}));
  CHECK_FALSE(world.send(set(30)));
  CHECK(*world.sizes.find(1) >= 30'000);  // "+QUEUED" told nothing of it
}

TEST_CASE("MULTI within MULTI does not forget what is queued") {
  World world;
  world.sizes.note(1, 30'000);
  const Passing multi{.answer = Answer::multi, .bytes = 15};
  REQUIRE(world.send(multi));
  world.follow("+OK\r\n");
  for (int i = 0; i < 3; ++i) REQUIRE(world.send(get(1)));
  REQUIRE(world.send(multi));
  CHECK_FALSE(world.send({.answer = Answer::exec, .bytes = 14}));
  for (int i = 0; i < 3; ++i) world.follow("+QUEUED\r\n");
  world.follow("-ERR MULTI calls can not be nested\r\n");
  CHECK(world.owed.is_queueing());
  CHECK(world.send(get(1)));
  CHECK(world.send(get(1)));
}

TEST_CASE("a server that refuses MULTI answers what follows at once") {
  World world;
  world.sizes.note(1, 30'000);
  const Passing multi{.answer = Answer::multi, .bytes = 15};
  REQUIRE(world.send(multi));
  CHECK(world.owed.is_queueing());
  REQUIRE(world.send(get(1)));
  CHECK_FALSE(world.send(get(1)));
  world.follow("-NOPERM User page has no permissions to run the 'multi' command\r\n");
  CHECK_FALSE(world.owed.is_queueing());
  CHECK(world.send(get(1)));
  CHECK_FALSE(world.send(get(1)));
}

TEST_CASE("the answer to one MULTI says nothing of the next") {
  World world;
  world.sizes.note(1, 30'000);
  const Passing multi{.answer = Answer::multi, .bytes = 15};
  REQUIRE(world.send(multi));
  REQUIRE(world.send({.answer = Answer::discard, .bytes = 17}));
  REQUIRE(world.send(multi));
  world.follow("+OK\r\n+OK\r\n");
  REQUIRE(world.send(get(1)));
  CHECK_FALSE(world.send(get(1)));
  world.follow("+OK\r\n");
  CHECK(world.send(get(1)));
}

TEST_CASE("that a command was queued says nothing of what its reply is like") {
  World world;
  REQUIRE(world.send({.answer = Answer::multi, .bytes = 15}));
  world.follow("+OK\r\n");
  for (std::uint32_t i = 1; i < 100; ++i) {
    REQUIRE(world.send(get(i)));
    world.follow("+QUEUED\r\n");
  }
  REQUIRE(world.send({.answer = Answer::discard, .bytes = 17}));
  world.follow("+OK\r\n");
  REQUIRE(world.send(get(1000)));
  CHECK_FALSE(world.send(get(1001)));
}

TEST_CASE("confirmations count with the names that they repeat") {
  World world;
  REQUIRE(world.send(set(30)));
  CHECK(world.send({.answer = Answer::subscribe, .count = 900, .bytes = 16'000}));
  CHECK_FALSE(world.send({.answer = Answer::subscribe, .count = 900, .bytes = 16'000}));
}

TEST_CASE("memory for a long list is charged, and given back when nothing is owed") {
  World world;
  CHECK(world.send_all(set(30)) == 128);
  CHECK(world.test.budget.statistics().pool(PoolKind::replies).used > 0);
  for (int i = 0; i < 128; ++i) world.follow("+OK\r\n");
  CHECK(world.owed.is_settled());
  CHECK(world.test.budget.statistics().pool(PoolKind::replies).used == 0);
}

TEST_CASE("without memory for a long list, requests wait") {
  World world;
  world.test.memory.refuse_one_after(0);
  CHECK(world.send_all(set(30)) == 2);
  world.follow("+OK\r\n");
  CHECK(world.send(set(30)));
}

TEST_CASE("replies of every kind are counted, in pieces of any size") {
  const std::string reply =
      GENERATE(std::string("+OK\r\n"), std::string("-ERR no\r\n"), std::string(":-12\r\n"),
               std::string("$-1\r\n"), std::string("*-1\r\n"), std::string("$0\r\n\r\n"),
               std::string("*0\r\n"), std::string("*2\r\n$1\r\na\r\n*1\r\n:1\r\n"),
               std::string("%1\r\n+a\r\n*2\r\n$-1\r\n_\r\n"), std::string("~1\r\n#t\r\n"),
               std::string(",1.5\r\n"), std::string("(123456789012345678901234567890\r\n"),
               std::string("=6\r\ntxt:ab\r\n"), std::string("!3\r\nERR\r\n"),
               std::string("|1\r\n+ttl\r\n:1\r\n$1\r\nv\r\n"), std::string("$5\r\n\r\n\r\nx\r\n"),
               std::string("*1\r\n*1\r\n*1\r\n*0\r\n"));
  World world;
  REQUIRE(world.send(set(30)));
  REQUIRE(world.send(set(30)));
  CHECK(world.follow_each_byte(reply) == reply);
  CHECK(world.owed.requests_in_flight() == 1);
  CHECK(world.follow(reply + reply.substr(0, 3)) == reply + reply.substr(0, 3));
  CHECK(world.owed.requests_in_flight() == 0);
  CHECK_FALSE(world.owed.is_settled());
  CHECK_FALSE(world.owed.is_broken());
}

TEST_CASE("what is no RESP is noticed") {
  const std::string bytes =
      GENERATE(std::string("HTTP/1.1 400\r\n"), std::string("$x\r\n"), std::string("$-2\r\n"),
               std::string("*99999999999999\r\n"), std::string("$1\r\nab\r\n"),
               std::string("%-1\r\n"), std::string("$\r\n"), std::string("$1\rx"));
  World world;
  world.follow(bytes);
  CHECK(world.owed.is_broken());
}

TEST_CASE("a push is no reply") {
  World world;
  REQUIRE(world.send({.answer = Answer::hello, .bytes = 22}));
  world.follow("%1\r\n+proto\r\n:3\r\n");
  REQUIRE(world.send(set(30)));
  world.follow(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
  CHECK(world.owed.requests_in_flight() == 1);
  world.follow("*1\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
  CHECK(world.owed.requests_in_flight() == 1);
  world.follow("+OK\r\n");
  CHECK(world.owed.requests_in_flight() == 0);
}

std::string confirmation(bool is_resp3, std::string_view word, int count) {
  return std::string(is_resp3 ? ">" : "*") + "3\r\n$" + std::to_string(word.size()) + "\r\n" +
         std::string(word) + "\r\n$1\r\nc\r\n:" + std::to_string(count) + "\r\n";
}

struct Subscriber : World {
  explicit Subscriber(bool is_resp3_now) : is_resp3(is_resp3_now) {
    if (!is_resp3) return;
    REQUIRE(send({.answer = Answer::hello, .bytes = 22}));
    follow("%1\r\n+proto\r\n:3\r\n");
  }
  void confirm(std::string_view word, int count) {
    follow_each_byte(confirmation(is_resp3, word, count));
  }
  std::uint32_t owed_now() const { return owed.requests_in_flight(); }

  bool is_resp3;
};

TEST_CASE("each channel is confirmed, in RESP2 by what looks like a reply") {
  Subscriber world(GENERATE(false, true));
  REQUIRE(world.send({.answer = Answer::subscribe, .count = 2, .bytes = 40}));
  REQUIRE(world.send({.answer = Answer::psubscribe, .count = 1, .bytes = 40}));
  REQUIRE(world.send(set(14)));  // PING
  world.confirm("subscribe", 1);
  CHECK(world.owed_now() == 3);
  world.confirm("subscribe", 2);
  CHECK(world.owed_now() == 2);
  world.confirm("psubscribe", 3);
  world.confirm("message", 0);
  world.confirm("pmessage", 0);
  CHECK(world.owed_now() == 1);
  world.follow("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  CHECK(world.owed_now() == 0);
}

TEST_CASE("UNSUBSCRIBE without a channel is confirmed for each, and once for none") {
  Subscriber world(GENERATE(false, true));
  REQUIRE(world.send({.answer = Answer::subscribe, .count = 3, .bytes = 40}));
  REQUIRE(world.send({.answer = Answer::psubscribe, .count = 1, .bytes = 40}));
  world.confirm("subscribe", 1);
  world.confirm("subscribe", 2);
  world.confirm("subscribe", 2);  // a channel that was named twice
  world.confirm("psubscribe", 3);
  CHECK(world.owed_now() == 0);
  for (int i = 0; i < 2; ++i) world.owed.add({.answer = Answer::unsubscribe, .bytes = 21}, 0);
  world.confirm("unsubscribe", 2);
  CHECK(world.owed_now() == 2);
  world.confirm("unsubscribe", 1);
  CHECK(world.owed_now() == 1);
  world.confirm("unsubscribe", 1);
  CHECK(world.owed_now() == 0);
}

TEST_CASE("UNSUBSCRIBE from all channels, whose names may be long, goes alone") {
  Subscriber world(GENERATE(false, true));
  REQUIRE(world.send({.answer = Answer::subscribe, .count = 1, .bytes = 40}));
  world.confirm("subscribe", 1);
  REQUIRE(world.send(set(14)));
  CHECK_FALSE(world.send({.answer = Answer::unsubscribe, .bytes = 21}));
  world.follow("+PONG\r\n");
  CHECK(world.send({.answer = Answer::unsubscribe, .bytes = 21}));
}

TEST_CASE("a command that subscribes may be answered by an error instead") {
  Subscriber world(GENERATE(false, true));
  REQUIRE(world.send({.answer = Answer::ssubscribe, .count = 5, .bytes = 40}));
  REQUIRE(world.send(set(30)));
  world.follow("-MOVED 1 127.0.0.1:1\r\n");
  CHECK(world.owed_now() == 1);
  world.follow("+OK\r\n");
  CHECK(world.owed_now() == 0);
}

TEST_CASE("a shard channel whose slot moves is unsubscribed without being asked for") {
  Subscriber world(GENERATE(false, true));
  REQUIRE(world.send({.answer = Answer::ssubscribe, .count = 1, .bytes = 40}));
  world.confirm("ssubscribe", 1);
  REQUIRE(world.send(set(14)));
  world.confirm("sunsubscribe", 0);
  CHECK(world.owed_now() == 1);
}

TEST_CASE("an array that begins like a message is a reply to a client without subscriptions") {
  World world;
  REQUIRE(world.send(get(1)));
  world.follow(confirmation(false, "message", 1));
  CHECK(world.owed.requests_in_flight() == 0);
}

TEST_CASE("a refusal gets the bridge's own words, in pieces of any size") {
  const char quote = GENERATE('\'', '`');
  const std::string reason = "key 'a', with args beginning with:' is not allowed";
  const std::string line = std::string("-ERR unknown command ") + quote +
                           "plimsoll-bridge: " + reason + quote +
                           ", with args beginning with: \r\n";
  const std::string own = "-NOPERM plimsoll-bridge: " + reason + "\r\n";
  const Passing refusal{
      .answer = Answer::refusal, .count = static_cast<std::uint32_t>(reason.size()), .bytes = 60};
  const auto send_three = [&](World& world) {
    REQUIRE(world.send(set(30)));
    REQUIRE(world.send(refusal));
    REQUIRE(world.send(set(30)));
  };
  const std::string all = "+OK\r\n" + line + ":1\r\n";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    World world;
    send_three(world);
    const std::string begin = world.follow(all.substr(0, cut));
    CHECK(begin + world.follow(all.substr(cut)) == "+OK\r\n" + own + ":1\r\n");
    CHECK(world.owed.is_settled());
  }
  World world;
  send_three(world);
  CHECK(world.follow_each_byte(all) == "+OK\r\n" + own + ":1\r\n");
}

TEST_CASE("another error in place of a refusal stays as it is") {
  const std::string line = GENERATE(
      std::string("-LOADING it\r\n"), std::string("-ERR unknown subcommand\r\n"),
      std::string("-\r\n"), std::string("-ERR unknown command \r\n"), std::string("+OK\r\n"));
  World world;
  REQUIRE(world.send({.answer = Answer::refusal, .count = 10, .bytes = 60}));
  CHECK(world.follow_each_byte(line) == line);
  CHECK(world.owed.is_settled());
  World whole;
  REQUIRE(whole.send({.answer = Answer::refusal, .count = 10, .bytes = 60}));
  CHECK(whole.follow(line) == line);
}

TEST_CASE("what is held back counts until it is sent") {
  World world;
  REQUIRE(world.send({.answer = Answer::refusal, .count = 10, .bytes = 60}));
  CHECK(world.follow("-ERR unk").empty());
  CHECK(world.owed.held_bytes() == 8);
  CHECK(world.follow("-\r\n") == "-ERR unk-\r\n");
  CHECK(world.owed.held_bytes() == 0);
}

TEST_CASE("how long each reply took is counted, whatever the clock's number") {
  World world;
  const std::uint32_t late = 0xffffff00;
  REQUIRE(world.owed.room_for(set(30), 0) == bridge::Room::now);
  world.owed.add(set(30), late);
  std::string reply = std::string(OwedReplies::headroom, ' ') + "+OK\r\n";
  world.owed.follow(std::span(reply).subspan(OwedReplies::headroom), late + 1000);
  CHECK(world.times.sum() == std::chrono::microseconds(1000));
}

TEST_CASE("QUIT is noticed once it is answered") {
  World world;
  REQUIRE(world.send({.answer = Answer::quit, .bytes = 14}));
  CHECK_FALSE(world.owed.has_quit());
  world.follow("+OK\r\n");
  CHECK(world.owed.has_quit());
}

TEST_CASE("an error that nobody asked for changes nothing") {
  World world;
  CHECK(world.follow("-ERR max number of clients reached\r\n") ==
        "-ERR max number of clients reached\r\n");
  CHECK(world.owed.is_settled());
}

TEST_CASE("sizes of replies are remembered within a factor of two, for as many as there is room") {
  ReplySizes sizes(3);
  CHECK_FALSE(sizes.find(0));
  CHECK(sizes.fingerprint_of(std::string(1025, 'x'), 0) == 0);
  CHECK(sizes.fingerprint_of("GET a", 0) != sizes.fingerprint_of("GET a", 1));
  std::minstd_rand random(1);
  for (int i = 0; i < 1000; ++i) {
    const std::uint32_t fingerprint = 1 + random();
    const std::size_t bytes = random() % (1u << (random() % 31));
    sizes.note(fingerprint, bytes);
    const auto found = sizes.find(fingerprint);
    REQUIRE(found);
    CHECK(*found >= bytes);
    CHECK(*found <= 2 * bytes);
  }
}

}  // namespace
}  // namespace plimsoll::testing::owed_replies_test
