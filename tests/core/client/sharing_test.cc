#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/client/pair.h"

// Several clients under one line: what one of them holds must not hold up the others for ever.

namespace plimsoll::sharing_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::Lines;
using testing::Pair;
using testing::Peer;
using testing::TestMemory;
using testing::Words;

constexpr std::size_t mebibyte = 1024 * 1024;

// Three clients whose replies may have 256 KiB together: four segments.
struct Fleet {
  Fleet() {
    for (Pair& pair : pairs) pair.connect();
  }

  void answer_get_with(const std::string& reply) {
    for (Pair& pair : pairs) {
      pair.peer.set_script([reply](const Words& words) {
        return words[0] == "GET" ? reply : Peer::default_reply(words);
      });
    }
  }

  /// Each client is brought a little in turn, as long as any of them has room.
  void drive(std::size_t piece_bytes) {
    for (Pair& pair : pairs) pair.peer.handle_bytes(pair.end.write());
    std::array<std::string, 3> replies;
    for (std::size_t i = 0; i < pairs.size(); ++i) replies[i] = pairs[i].peer.take_output();
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const std::string_view piece = std::string_view(replies[i]).substr(0, piece_bytes);
        const std::size_t received = pairs[i].end.receive(piece);
        replies[i].erase(0, received);
        moved = moved || received > 0;
      }
    }
    for (const std::string& reply : replies) CHECK(reply.empty());
  }

  TestMemory memory;
  Budget budget{{.memory_limit = mebibyte}, memory};
  std::array<Pair, 3> pairs{Pair({}, budget), Pair({}, budget), Pair({}, budget)};
};

TEST_CASE("a client that is over and kept leaves the ticks of the line to the others") {
  TestMemory memory;
  Budget budget({}, memory);
  Client kept({}, *Client::open_accounts(budget));
  Client other({}, *Client::open_accounts(budget));
  const Instant now{5s};
  for (Client* const client : {&kept, &other}) client->connect(now);
  // A free page, which is to go back to the system after some ticks.
  release(*acquire_segment(*budget.open_account(PoolKind::replies)));
  REQUIRE(kept.poll_timeout() == now + budget_tick);
  REQUIRE(other.poll_timeout() > now + budget_tick);
  kept.abort();
  while (kept.poll_event()) {
  }
  kept.poll_timeout();

  CHECK(other.poll_timeout() == now + budget_tick);
}

TEST_CASE("replies that fit only one at a time all come whole in the end") {
  for (const std::size_t piece : {1'000u, 10'000u, 100'000u}) {
    INFO("in pieces of " << piece);
    Fleet fleet;
    const std::string text(120'000, 'x');
    fleet.answer_get_with(bulk_reply(text));
    for (Pair& pair : fleet.pairs) pair.end.submit(1, {"GET", "key"}, 0s);
    fleet.drive(piece);
    for (Pair& pair : fleet.pairs) {
      CHECK(pair.end.take_events() == Lines{"1: \"" + text + "\""});
    }
  }
}

TEST_CASE("replies that cannot all fit hold nobody up: each comes whole or is skipped") {
  const std::string large = bulk_reply(std::string(100'000, 'x'));
  for (const std::size_t piece : {1'000u, 10'000u, 100'000u}) {
    INFO("in pieces of " << piece);
    Fleet fleet;
    fleet.answer_get_with("*4\r\n" + large + large + large + large);
    for (Pair& pair : fleet.pairs) {
      pair.end.submit(1, {"GET", "key"}, 0s);
      pair.end.submit(2, {"PING"}, 0s);
    }
    fleet.drive(piece);
    for (Pair& pair : fleet.pairs) {
      const Lines events = pair.end.take_events();
      REQUIRE(events.size() == 2);
      CHECK((events[0] == "1: reply_too_large (yes)" || events[0].size() > 400'000));
      CHECK(events[1] == "2: simple \"PONG\"");
    }
  }
}

// Clients that send all that they may have, and get nothing sent between: what each of them has of
// the requests pool, in segments.
class Senders {
 public:
  void add(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      pairs_.push_back(std::make_unique<Pair>(ClientOptions{}, budget_));
      pairs_.back()->connect();
      pairs_.back()->end.advance(now_);
    }
  }
  void drop(std::size_t count) { pairs_.resize(pairs_.size() - count); }

  /// A second of work, and the tick at its end, which one of them does.
  void tick() {
    for (int round = 0; round < 10; ++round) {
      for (const auto& pair : pairs_) {
        pair->drive();
        pair->end.take_events();
        fill(*pair);
      }
    }
    now_ += 1s;
    for (const auto& pair : pairs_) pair->end.advance(1s);
  }

  std::vector<std::size_t> segments() const {
    std::array<AccountStatistics, 64> accounts;
    const std::size_t count = budget_.account_statistics(accounts);
    std::vector<std::size_t> segments;
    for (std::size_t i = 0; i < count; ++i) {
      if (accounts[i].pool != PoolKind::requests) continue;
      segments.push_back(accounts[i].used / segment_bytes);
    }
    return segments;
  }

 private:
  void fill(Pair& pair) {
    while (pair.end.submit(next_++, {"SET", "key", std::string(60'000, 'x')}, 0s)) {
    }
    pair.end.take_events();
    pair.end.poll_timeout();
  }

  Duration now_{};
  TestMemory memory_;
  Budget budget_{{.memory_limit = 8 * mebibyte, .borrowing = false}, memory_};
  std::vector<std::unique_ptr<Pair>> pairs_;
  Tag next_ = 1;
};

TEST_CASE("clients that come and go have equal shares within two ticks: 4, 8, 4") {
  using Segments = std::vector<std::size_t>;
  Senders senders;
  senders.add(4);
  senders.tick();
  senders.tick();
  CHECK(senders.segments() == Segments(4, 7));
  senders.add(4);
  senders.tick();
  senders.tick();
  CHECK(senders.segments() == Segments(8, 3));
  senders.drop(4);
  senders.tick();
  senders.tick();
  CHECK(senders.segments() == Segments(4, 7));
}

// Whatever is read ends somewhere in a reply, so that the stream never rests.
TEST_CASE("with the pool dry, who never runs out of replies lets others have theirs") {
  TestMemory memory;
  Budget budget{{.memory_limit = mebibyte}, memory};
  std::array<Pair, 3> pairs{Pair({}, budget), Pair({}, budget), Pair({}, budget)};
  for (Pair& pair : pairs) pair.connect();
  const AccountHandle account = budget.open_account(PoolKind::replies);
  Charge hog(*account);
  while (hog.grow(1000)) {
  }
  Pair& busy = pairs[0];
  for (Tag tag = 1; tag <= 900; ++tag) busy.end.submit(tag, {"ECHO", std::string(997, 'x')}, 0s);
  for (Pair& pair : pairs) {
    pair.end.submit(1001, {"ECHO", "other"}, 0s);
    pair.peer.handle_bytes(pair.end.write());
    pair.undelivered = pair.peer.take_output();
  }
  constexpr std::size_t piece_bytes = 1500;
  std::array<std::size_t, 3> rounds_until_answered{};
  std::size_t round = 0;
  while (busy.end.pending_count() > 0) {
    REQUIRE(++round < 100'000);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      std::string& left = pairs[i].undelivered;
      left.erase(0, pairs[i].end.receive(std::string_view(left).substr(0, piece_bytes)));
      if (rounds_until_answered[i] == 0 && pairs[i].end.pending_count() == 0) {
        rounds_until_answered[i] = round;
      }
    }
  }
  CHECK(rounds_until_answered[1] < round / 4);
  CHECK(rounds_until_answered[2] < round / 4);
}

}  // namespace
}  // namespace plimsoll::sharing_test
