#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/sentinels.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// For which sentinels a client waits, and how often it tries one that cannot be reached.

namespace plimsoll::sentinels_waiting_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view handshake =
    "%2\r\n$4\r\nmode\r\n$8\r\nsentinel\r\n$5\r\nproto\r\n:3\r\n+OK\r\n+OK\r\n+PONG\r\n";
constexpr std::string_view subscribed = ">3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n";
constexpr std::string_view id = "-ERR it has none\r\n";

// To SENTINEL SENTINELS, and to the question for the primary.
std::string answers(std::string_view host) {
  return "*0\r\n*2\r\n$8\r\n" + std::string(host) + "\r\n$4\r\n6379\r\n";
}

/// Sentinels that are asked, with three addresses.
class Asking {
 public:
  Sentinels& sentinels() { return sentinels_; }

  void ask() {
    sentinels_.ask(now_);
    take_turn();
  }
  void advance(Duration time) {
    now_ += time;
    sentinels_.handle_timeout(now_);
    take_turn();
  }
  void receive(std::uint32_t sentinel, std::string_view bytes) {
    Session& session = *sentinels_.session(connection_of(sentinel));
    const std::span<char> space = session.read_space();
    REQUIRE(space.size() >= bytes.size());
    std::memcpy(space.data(), bytes.data(), bytes.size());
    session.handle_read(bytes.size(), now_);
    sentinels_.note_input(connection_of(sentinel));
    take_turn();
  }
  /// This sentinel breaks the protocol, and all are asked before its connection is closed: a client
  /// opens its main connection before it closes others.
  void break_and_ask(std::uint32_t sentinel) {
    Session& session = *sentinels_.session(connection_of(sentinel));
    constexpr std::string_view garbage = "garbage\r\n";
    std::memcpy(session.read_space().data(), garbage.data(), garbage.size());
    session.handle_read(garbage.size(), now_);
    sentinels_.note_input(connection_of(sentinel));
    sentinels_.poll_events();
    ask();
  }
  void refuse_if_opening(std::uint32_t sentinel) {
    Session* const session = sentinels_.session(connection_of(sentinel));
    if (session == nullptr || session->state() != Session::State::opening) return;
    session->handle_closed({.code = ErrorCode::connect_failed, .what = "refused"}, now_);
    sentinels_.note_input(connection_of(sentinel));
    take_turn();
  }
  Account& replies() { return *accounts_.replies; }
  void stop() {
    sentinels_.stop();
    take_turn();
  }
  /// How often the address of this sentinel was to be opened.
  int attempts(std::uint32_t sentinel) const { return attempts_[sentinel]; }
  void open(std::uint32_t sentinel) {
    sentinels_.session(connection_of(sentinel))->handle_opened(now_);
    sentinels_.note_input(connection_of(sentinel));
    take_turn();
  }

 private:
  static ConnectionId connection_of(std::uint32_t sentinel) {
    return ConnectionId{connections_max - sentinels_max + sentinel};
  }

  void take_turn() {
    sentinels_.poll_events();
    while (const auto action = sentinels_.poll_action()) {
      if (action->kind == Action::Kind::open) {
        ++attempts_[static_cast<std::uint32_t>(action->seed)];
      }
      sentinels_.poll_events();
    }
    for (std::uint32_t i = 0; i < 3; ++i) {
      Session* const session = sentinels_.session(connection_of(i));
      std::array<std::string_view, 8> spans;
      while (session != nullptr) {
        const std::size_t count = session->poll_transmit(spans);
        if (count == 0) break;
        std::size_t bytes = 0;
        for (const std::string_view span : std::span(spans).first(count)) bytes += span.size();
        session->handle_written(bytes);
      }
    }
  }

  testing::TestMemory memory_;
  Budget budget_{{}, memory_};
  Client::Accounts accounts_ = Client::open_accounts(budget_).value();
  const SentinelOptions of_sentinels_{.primary_name = "main"};
  const SessionOptions options_{.reconnect_wait_min = 1ms,
                                .reconnect_wait_max = 2ms,
                                .seeds_count = 3,
                                .sentinel = &of_sentinels_};
  Sentinels sentinels_{options_, Session::Accounts{.requests = *accounts_.requests,
                                                   .replies = *accounts_.replies,
                                                   .connections = *accounts_.connections}};
  std::array<int, 3> attempts_{};
  Instant now_{};
};

}  // namespace

TEST_CASE("a sentinel that was late once is waited for again as soon as it has answered in time") {
  Asking asking;
  asking.ask();
  for (const std::uint32_t sentinel : {0u, 1u, 2u}) {
    asking.open(sentinel);
    asking.receive(sentinel, handshake);
    asking.receive(sentinel, std::string(subscribed) + std::string(id) + answers("10.0.0.1"));
  }
  REQUIRE(asking.sentinels().finding() == Sentinels::Finding::found);
  // Each is asked for the others once more, now that all three have answered.
  for (const std::uint32_t sentinel : {0u, 1u, 2u}) asking.receive(sentinel, "*0\r\n");
  asking.ask();
  asking.advance(5s);  // a whole connect_timeout: all are late
  for (const std::uint32_t sentinel : {0u, 1u, 2u}) asking.receive(sentinel, answers("10.0.0.1"));
  asking.ask();
  for (const std::uint32_t sentinel : {0u, 1u, 2u}) asking.receive(sentinel, answers("10.0.0.1"));
  REQUIRE(asking.sentinels().finding() == Sentinels::Finding::found);

  asking.ask();
  CHECK(asking.sentinels().finding() == Sentinels::Finding::pending);
}

TEST_CASE("a sentinel that cannot be reached is tried again after sentinel_wait_min at first") {
  Asking asking;
  asking.ask();
  for (int milliseconds = 0; milliseconds < 1000; ++milliseconds) {
    asking.refuse_if_opening(0);
    asking.advance(1ms);
  }
  CHECK(asking.attempts(0) > 1);
  CHECK(asking.attempts(0) <= 20);
}

TEST_CASE("a sentinel is tried again although all were asked while its connection was ending") {
  Asking asking;
  asking.ask();
  asking.open(0);
  asking.receive(0, handshake);
  REQUIRE(asking.attempts(0) == 1);
  asking.break_and_ask(0);
  for (int milliseconds = 0; milliseconds < 1000; ++milliseconds) asking.advance(1ms);
  CHECK(asking.attempts(0) > 1);
}

TEST_CASE("why a sentinel's answer was given up is known when its connection is long gone") {
  Asking asking;
  asking.ask();
  asking.open(0);
  asking.receive(0, handshake);
  asking.receive(0, std::string(subscribed) + std::string(id) + "*0\r\n*2\r\n$8\r\n10.0");
  asking.replies().add_waiting_readers(1);  // others need the buffer of the half answer
  for (int i = 0; i < 40; ++i) {
    asking.sentinels().poll_timeout();
    asking.advance(10ms);
  }
  asking.replies().add_waiting_readers(-1);
  asking.stop();
  std::string problem;
  asking.sentinels().for_each([&](const Sentinels::Known& known) {
    if (known.seed == SeedId{0}) problem = known.problem.what;
  });
  CHECK(problem == "there was no memory to read the sentinel's answer");
}

}  // namespace plimsoll::sentinels_waiting_test
