#include <algorithm>
#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// Client::visit_short_replies() visits what poll_event() would return, and no more.

namespace plimsoll::short_replies_test {
namespace {

using testing::bulk_reply;
using testing::ClientEnd;
using testing::Lines;
using testing::Pair;

int visit(Client& client, int count_max, Lines& lines) {
  return client.visit_short_replies(count_max, [&lines](Tag tag, const Value& reply) {
    const std::string text(reply.as_bytes() ? std::string(reply.as_bytes()->view()) : "no text");
    lines.push_back(std::to_string(tag) + ": " + text);
  });
}

// A client with `count` requests in flight that has read `bytes`, and has not been asked yet.
struct Read {
  explicit Read(int count, const std::string& bytes) {
    pair.connect();
    for (int i = 1; i <= count; ++i) pair.end.submit(static_cast<Tag>(i), {"GET", "k"});
    pair.end.write();
    const std::span<char> room = client().read_space(first_connection);
    REQUIRE(room.size() >= bytes.size());
    bytes.copy(room.data(), bytes.size());
    client().handle_read(first_connection, bytes.size(), pair.end.now());
  }
  Client& client() { return pair.end.client(); }
  Pair pair;
};

TEST_CASE("at most as many replies are visited as were asked for") {
  Read read(3, bulk_reply("one") + bulk_reply("two") + bulk_reply("three") + "+OK\r\n");
  Lines lines;

  CHECK(visit(read.client(), 2, lines) == 2);
  CHECK(lines == Lines{"1: one", "2: two"});
}

TEST_CASE("a reply of another kind ends the visit, and is the next event") {
  Read read(3, bulk_reply("12345678") + "#t\r\n" + bulk_reply("12345678"));
  Lines lines;

  CHECK(visit(read.client(), 6, lines) == 1);
  CHECK(read.client().poll_event()->tag == 2);
  CHECK(visit(read.client(), 6, lines) == 1);
  CHECK(lines == Lines{"1: 12345678", "3: 12345678"});
}

TEST_CASE("a reply that no request asked for is not visited") {
  Read read(0, bulk_reply("12345678"));
  Lines lines;

  CHECK(visit(read.client(), 6, lines) == 0);
  CHECK(read.client().poll_event()->kind == Event::Kind::disconnected);
}

TEST_CASE("a visited reply can be kept") {
  Read read(2, bulk_reply("12345678") + bulk_reply("abcdefgh"));
  std::vector<Reply> kept;

  read.client().visit_short_replies(
      6, [&](Tag, const Value&) { kept.push_back(*read.client().keep_reply()); });

  REQUIRE(kept.size() == 2);
  CHECK(kept[0].value().as_bytes()->view() == "12345678");
  CHECK(kept[1].value().as_bytes()->view() == "abcdefgh");
}

// Two clients that have the same life, of which one is asked for events only.
class Twins {
 public:
  explicit Twins(const ClientOptions& options) : visited_(options), polled_(options) {
    polled_.end.visit_nothing();
    visited_.connect();
    polled_.connect();
  }

  template <class Step>
  void each(const Step& step) {
    step(visited_.end);
    step(polled_.end);
    CHECK(visited_.end.take_events() == polled_.end.take_events());
    const ClientStatistics one = visited_.end.client().statistics();
    const ClientStatistics other = polled_.end.client().statistics();
    CHECK(one.in_flight == other.in_flight);
    CHECK(one.counters.completed == other.counters.completed);
    CHECK(one.counters.bytes_read == other.counters.bytes_read);
  }

  std::size_t in_flight() { return polled_.end.client().statistics().in_flight; }

 private:
  Pair visited_;
  Pair polled_;
};

// Whatever the server answers, and whatever becomes of the requests meanwhile.
void live_alike(unsigned seed, const ClientOptions& options) {
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto draw = [&random](unsigned below) { return static_cast<unsigned>(random() % below); };
  const std::vector<std::string> replies{bulk_reply("a value of some length"),
                                         bulk_reply(""),
                                         bulk_reply("x"),
                                         ":7\r\n",
                                         ":123456789012\r\n",
                                         ":-1\r\n",
                                         "$-1\r\n",
                                         "_\r\n",
                                         "+OK\r\n",
                                         "-ERR no\r\n",
                                         "*2\r\n:1\r\n:2\r\n",
                                         ">2\r\n+news\r\n:1\r\n",
                                         bulk_reply(std::string(5000, 'v'))};
  Twins twins(options);
  std::string owed;
  Tag tag = 0;
  std::vector<RequestId> ids;
  for (int step = 0; step < 60; ++step) {
    switch (draw(6)) {
      case 0:
      case 1: {
        const unsigned count = 1 + draw(8);
        for (unsigned i = 0; i < count; ++i) {
          ++tag;
          twins.each([&](ClientEnd& end) {
            const auto id = end.submit(tag, {"GET", "k"});
            if (id) ids.push_back(*id);
          });
        }
        break;
      }
      case 2: twins.each([](ClientEnd& end) { end.write(); }); break;
      case 3:
        if (!ids.empty()) {
          const RequestId id = ids[draw(static_cast<unsigned>(ids.size()))];
          twins.each([id](ClientEnd& end) { end.cancel(id); });
        }
        break;
      default: {
        // Seldom more than the requests in flight, because that ends the connection.
        const auto in_flight = static_cast<unsigned>(twins.in_flight());
        const unsigned most = draw(20) == 0 ? 6 : in_flight;
        const unsigned count = owed.empty() ? std::min(draw(6), most) : 0;
        for (unsigned i = 0; i < count; ++i) {
          owed += replies[draw(static_cast<unsigned>(replies.size()))];
        }
        // In one piece, or cut where it may be.
        const std::size_t size =
            draw(2) == 0 ? owed.size() : draw(static_cast<unsigned>(owed.size() + 1));
        twins.each([&](ClientEnd& end) {
          if (end.link() == ClientEnd::Link::open) end.receive(owed.substr(0, size));
        });
        owed.erase(0, size);
      }
    }
  }
}

TEST_CASE("a client that is visited first has the life of one that is only asked for events") {
  for (unsigned seed = 1; seed <= 300; ++seed) live_alike(seed, {});
}

TEST_CASE("the same if reads are sent again, which keep their bytes until they are answered") {
  for (unsigned seed = 1; seed <= 100; ++seed) live_alike(seed, {.read_resends_max = 2});
}

}  // namespace
}  // namespace plimsoll::short_replies_test
