#include "plimsoll/native/bridge/gate/gate.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"
#include "plimsoll/tests/native/bridge/judged.h"

namespace plimsoll::testing::gate_test {
namespace {

using bridge::Gate;
using bridge::GateOutcome;
using bridge::RequestLimits;

const bridge::Policy& public_reads() {
  static const bridge::Policy policy = policy_of({.allow = {"get", "mget"},
                                                  .key_prefixes = {"public:"},
                                                  .key_bytes_max = std::size_t{1} << 20});
  return policy;
}

struct Written final : Gate::Sink {
  void write(std::string_view commands) override { pieces.push_back(commands); }
  std::vector<std::string_view> pieces;  // views of what was fed: not of refusals
};

struct Collected final : Gate::Sink {
  void write(std::string_view commands) override { bytes += commands; }
  std::string bytes;
};

// A gate with all that it needs, and what came out of it.
struct World {
  explicit World(const RequestLimits& limits = {})
      : account(test.budget.open_account(PoolKind::requests)),
        gate(public_reads(), *account, limits) {}

  GateOutcome feed(std::string_view piece) { return gate.feed(piece, out); }

  TestBudget test;
  AccountHandle account;
  Gate gate;
  Collected out;
};

std::string refusal(std::string_view reason) {
  const std::string name = "plimsoll-bridge: " + std::string(reason);
  return "*1\r\n$" + std::to_string(name.size()) + "\r\n" + name + "\r\n";
}

std::string repeated(std::string_view word, int count) {
  std::string words;
  for (int i = 0; i < count; ++i) words += word;
  return words;
}

TEST_CASE("what is allowed goes on as it came, and a refusal stands in place of the rest") {
  World world;
  const std::string allowed = encoded("get public:a");
  CHECK(world.feed(allowed + encoded("FLUSHALL") + allowed + allowed) == GateOutcome::ok);
  CHECK(world.out.bytes == allowed + refusal("FLUSHALL is not allowed") + allowed + allowed);
  CHECK(world.gate.statistics().allowed == 3);
  CHECK(world.gate.statistics().refused == 1);
  CHECK(world.gate.statistics().bytes_in == 3 * allowed.size() + encoded("FLUSHALL").size());
  CHECK(world.gate.statistics().bytes_out == world.out.bytes.size());
}

TEST_CASE("a reason of the longest kind is whole in what the server repeats") {
  World world;
  CHECK(world.feed(encoded("MGET " + std::string(5000, 'x'))) == GateOutcome::ok);
  CHECK(world.out.bytes == refusal("MGET: key '" + std::string(40, 'x') +
                                   "...' does not begin with an allowed prefix"));
  CHECK(bridge::Verdict::reason_bytes_max + bridge::Verdict::refusal_mark.size() == 128);
}

struct Answers final : Gate::Sink {
  bridge::Room admit(const bridge::Passing& command) override {
    all.push_back(command.answer);
    return bridge::Room::now;
  }
  void write(std::string_view) override {}
  std::vector<bridge::Answer> all;
};

TEST_CASE("a number that may have thousands of digits is no short reply") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  const bridge::Policy policy = policy_of({.allow = {"@all"}});
  Gate gate(policy, *account);
  Answers answers;
  const std::string requests = encoded("INCRBYFLOAT k 1e4900") +
                               encoded("HINCRBYFLOAT h k 1e4900") + encoded("SET k v GET") +
                               encoded("INCR k") + encoded("SET k v");
  std::string_view piece = requests;
  CHECK(gate.feed(piece, answers) == GateOutcome::ok);
  using bridge::Answer;
  CHECK(answers.all ==
        std::vector{Answer::one, Answer::one, Answer::one, Answer::short_one, Answer::short_one});
}

struct Full final : Gate::Sink {
  bool is_full() const override { return true; }
  bridge::Room admit(const bridge::Passing&) override {
    was_asked = true;
    return bridge::Room::later;
  }
  void write(std::string_view) override {}
  bool was_asked = false;
};

TEST_CASE("a request is not looked at while nothing is taken") {
  World world;
  const std::string request = encoded("MGET" + repeated(" secret", 60'000));
  Full full;
  for (int i = 0; i < 100'000; ++i) {
    std::string_view piece = request;
    CHECK(world.gate.feed(piece, full) == GateOutcome::full);
    REQUIRE(piece.size() == request.size());
  }
  CHECK_FALSE(full.was_asked);
  CHECK(world.gate.statistics().bytes_in == 0);
  CHECK(world.feed(request) == GateOutcome::ok);
  CHECK(world.gate.statistics().refused == 1);
}

TEST_CASE("however a stream is split, the same comes out of it") {
  // 40 words have to be held apart from the stack.
  const std::string stream =
      encoded("PING") + encoded("GET public:a") + encoded("GET secret") + encoded("MULTI") +
      encoded("MGET" + repeated(" public:word", 39)) + encoded("GET \"\"") +
      encoded("MGET public:a\\0b \r\n*1\r\n$4\r\nPING\r\n") + encoded("EXEC");
  World whole;
  REQUIRE(whole.feed(stream) == GateOutcome::ok);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    World world;
    REQUIRE(world.feed(std::string(stream, 0, first)) == GateOutcome::ok);
    REQUIRE(world.feed(std::string(stream, first)) == GateOutcome::ok);
    REQUIRE(world.out.bytes == whole.out.bytes);
    REQUIRE(world.gate.statistics().allowed == 5);
    REQUIRE(world.gate.statistics().refused == 3);
    REQUIRE(world.gate.statistics().bytes_in == stream.size());
    REQUIRE(world.gate.statistics().bytes_out == whole.out.bytes.size());
    REQUIRE(world.test.memory.bytes_out() == whole.test.memory.bytes_out());
  }
  std::minstd_rand random(1);
  for (std::size_t longest = 1; longest < 40; ++longest) {
    World world;
    for (std::string_view left = stream; !left.empty();) {
      const std::string piece(left.substr(0, 1 + random() % longest));
      left.remove_prefix(piece.size());
      REQUIRE(world.feed(piece) == GateOutcome::ok);
    }
    REQUIRE(world.out.bytes == whole.out.bytes);
  }
}

TEST_CASE("requests that lie whole in a piece are written where they lie, in one run") {
  World world;
  const std::string piece = encoded("GET public:a") + encoded("PING") + "*1\r\n$4\r\nEX";
  Written written;
  std::string_view left = piece;
  REQUIRE(world.gate.feed(left, written) == GateOutcome::ok);
  REQUIRE(written.pieces.size() == 1);
  CHECK(written.pieces[0].data() == piece.data());
  CHECK(written.pieces[0] == encoded("GET public:a") + encoded("PING"));
  CHECK(world.gate.is_amid_request());
}

TEST_CASE("nothing is held between requests") {
  World world;
  const std::size_t before = world.test.memory.bytes_out();
  const std::string request = encoded("GET public:" + std::string(3000, 'x'));
  REQUIRE(world.feed(request) == GateOutcome::ok);
  CHECK(world.test.memory.bytes_out() == before);
  REQUIRE(world.feed(request.substr(0, 2000)) == GateOutcome::ok);
  CHECK(world.test.memory.bytes_out() > before);
  CHECK(world.gate.is_amid_request());
  REQUIRE(world.feed(request.substr(2000)) == GateOutcome::ok);
  CHECK(world.test.memory.bytes_out() == before);
  CHECK_FALSE(world.gate.is_amid_request());
  CHECK(world.out.bytes == request + request);
}

TEST_CASE("a request that comes byte by byte is moved a few times only") {
  World world;
  const std::size_t before = world.test.memory.requests_count();
  const std::string request = encoded("GET public:" + std::string(1'000'000, 'x'));
  for (const char c : request) REQUIRE(world.feed({&c, 1}) == GateOutcome::ok);
  CHECK(world.out.bytes == request);
  CHECK(world.test.memory.requests_count() - before <= 13);
}

TEST_CASE("what a client announces takes no memory before it comes") {
  World world;
  const std::size_t before = world.test.memory.bytes_out();
  REQUIRE(world.feed("*65536\r\n$1000000\r\nx") == GateOutcome::ok);
  CHECK(world.test.memory.bytes_out() - before < 1000);
}

TEST_CASE("what is no array of bulk strings ends the connection, behind what came before") {
  const std::string before = encoded("PING");
  for (const std::string_view bad : {"PING\r\n",
                                     "\r\n",
                                     "*0\r\n",
                                     "*-1\r\n",
                                     "*01\r\n",
                                     "*+1\r\n",
                                     "* 1\r\n",
                                     "*\r\n",
                                     "*1\n",
                                     "*1\rx",
                                     "*1x",
                                     "$4\r\nPING\r\n",
                                     "*1\r\n*1\r\n",
                                     "*1\r\n+PING\r\n",
                                     "*1\r\n:1\r\n",
                                     "*1\r\n$-1\r\n",
                                     "*1\r\n$\r\n",
                                     "*1\r\n$04\r\n",
                                     "*1\r\n$4\n",
                                     "*1\r\n$4\rx",
                                     "*1\r\n$4\r\nPINGx",
                                     "*1\r\n$4\r\nPING\rx",
                                     "*1\r\n$0\r\nx",
                                     "*1\r\n$?\r\n",
                                     "*?\r\n",
                                     "~1\r\n",
                                     "GET / HTTP/1.1\r\n"}) {
    INFO(bad);
    World whole;
    CHECK(whole.feed(before + std::string(bad)) == GateOutcome::protocol_error);
    CHECK(whole.out.bytes == before);
    CHECK(whole.feed(before) == GateOutcome::protocol_error);
    CHECK(whole.out.bytes == before);
    World bytes;
    GateOutcome outcome = GateOutcome::ok;
    for (const char c : before + std::string(bad)) outcome = bytes.feed({&c, 1});
    CHECK(outcome == GateOutcome::protocol_error);
    CHECK(bytes.out.bytes == before);
    CHECK(bytes.gate.statistics().bytes_in == whole.gate.statistics().bytes_in);
  }
}

TEST_CASE("a request may be as large as the limit, and no byte larger") {
  for (const std::size_t limit : {std::size_t{100}, std::size_t{1} << 20}) {
    std::string request = encoded("MGET public:b public:" + std::string(limit - 60, 'x'));
    request = encoded("MGET public:b public:" + std::string(2 * limit - 60 - request.size(), 'x'));
    REQUIRE(request.size() == limit);
    World fits({.request_bytes_max = limit});
    CHECK(fits.feed(request) == GateOutcome::ok);
    CHECK(fits.feed(request.substr(0, 90)) == GateOutcome::ok);
    CHECK(fits.feed(request.substr(90)) == GateOutcome::ok);
    CHECK(fits.out.bytes == request + request);
    World beyond({.request_bytes_max = limit - 1});
    CHECK(beyond.feed(request.substr(0, 40)) == GateOutcome::too_large);
    CHECK(beyond.out.bytes.empty());
  }
  World headers({.request_bytes_max = 20});
  CHECK(headers.feed(encoded("PING") + encoded("a b c")) == GateOutcome::too_large);
  CHECK(headers.out.bytes == encoded("PING"));
  for (const std::string_view announced :
       {"*1\r\n$99999999999999999999999999999999", "*99999999999999999999999999999999"}) {
    CHECK(World().feed(announced) == GateOutcome::too_large);
  }
}

TEST_CASE("a request may have as many words as the limit, and no word more") {
  World world({.request_words_max = 3});
  const std::string three = encoded("MGET public:a public:b");
  CHECK(world.feed(three) == GateOutcome::ok);
  CHECK(world.feed(three + encoded("MGET public:a public:b public:c")) == GateOutcome::too_large);
  CHECK(world.out.bytes == three + three);
  World many;
  const std::string most = encoded("MGET" + repeated(" public:", 65535));
  CHECK(many.feed(most) == GateOutcome::ok);
  CHECK(many.out.bytes == most);
  CHECK(many.feed("*65537") == GateOutcome::too_large);
}

TEST_CASE("memory that is refused ends the connection, behind what came before") {
  const std::string many_words = encoded("MGET" + repeated(" public:a", 40));
  for (const std::string& part : {std::string("*2\r\n$3\r\nGET\r\n"), many_words}) {
    World world;
    world.test.memory.refuse_one_after(0);
    CHECK(world.feed(encoded("PING") + part) == GateOutcome::no_memory);
    CHECK(world.test.memory.has_refused());
    CHECK(world.out.bytes == encoded("PING"));
    CHECK(world.feed(encoded("PING")) == GateOutcome::no_memory);
    CHECK(world.out.bytes == encoded("PING"));
  }
}

TEST_CASE("memory that is refused while a request grows leaves nothing behind") {
  const std::string request = encoded("MGET" + repeated(" public:a", 400));
  for (std::size_t granted = 0; granted < 20; ++granted) {
    World world;
    const std::size_t before = world.test.memory.bytes_out();
    world.test.memory.refuse_one_after(granted);
    GateOutcome outcome = GateOutcome::ok;
    for (const char c : request) {
      outcome = world.feed({&c, 1});
      if (outcome != GateOutcome::ok) break;
    }
    const bool was_refused = world.test.memory.has_refused();
    CHECK(outcome == (was_refused ? GateOutcome::no_memory : GateOutcome::ok));
    CHECK(world.out.bytes == (was_refused ? "" : request));
    CHECK(world.test.memory.bytes_out() == before);
  }
}

TEST_CASE("reasons to close with are short, and ASCII") {
  for (const GateOutcome outcome :
       {GateOutcome::protocol_error, GateOutcome::too_large, GateOutcome::no_memory}) {
    const std::string_view reason = bridge::reason_of(outcome);
    CHECK(!reason.empty());
    CHECK(reason.size() <= 123);  // of a close frame
    CHECK(std::all_of(reason.begin(), reason.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  }
}

}  // namespace
}  // namespace plimsoll::testing::gate_test
