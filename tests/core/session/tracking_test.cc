#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/session/session.h"
#include "plimsoll/tests/core/commands/wire.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// A session that wants the server to track: what it asks, what it makes of the answer, and how long
// that holds.

namespace plimsoll::tracking_test {
namespace {

using namespace std::chrono_literals;
using testing::request;
using Method = TrackingOptions::Method;
using State = Tracking::State;

const std::string ping = request({"PING"});
const std::string introduced = "%1\r\n$5\r\nproto\r\n:3\r\n+OK\r\n+OK\r\n";

// A session and its end of a connection.
class End {
 public:
  explicit End(const SessionOptions& options)
      : budget_({}, memory_),
        requests_(budget_.open_account(PoolKind::requests)),
        replies_(budget_.open_account(PoolKind::replies)),
        connections_(budget_.open_account(PoolKind::connections)),
        session(options,
                {.requests = *requests_, .replies = *replies_, .connections = *connections_}) {
    REQUIRE(validate(options));
    session.connect(now_);
  }
  ~End() {
    session.abort();
    poll();
  }

  /// Opens the connection that the session asks for; returns the handshake.
  std::string open() {
    poll();
    REQUIRE(session.state() == Session::State::opening);
    session.handle_opened(now_);
    return write();
  }

  std::string write() {
    std::array<std::string_view, 8> spans;
    const std::size_t count = session.poll_transmit(spans);
    std::string out;
    for (std::string_view span : std::span(spans).first(count)) out += span;
    if (count > 0) session.handle_written(out.size());
    poll();
    return out;
  }

  void receive(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> room = session.read_space();
      REQUIRE_FALSE(room.empty());
      const std::size_t part = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), part);
      session.handle_read(part, now_);
      poll();
      bytes.remove_prefix(part);
    }
  }

  void advance(Duration time) {
    now_ += time;
    session.handle_timeout(now_);
    poll();
  }

  void break_off() {
    session.handle_closed({.code = ErrorCode::connection_lost, .what = "gone"}, now_);
    poll();
  }

  Instant now() const { return now_; }
  /// Of the last event that had one.
  const std::optional<Error>& error() const { return error_; }
  const std::string& server_text() const { return server_text_; }

 private:
  void poll() {
    while (const std::optional<Event> event = session.poll_event()) {
      if (event->error == nullptr) continue;
      error_ = *event->error;
      if (!event->value || !event->value->is_error()) continue;
      server_text_ = event->value->as_error().value().view();
    }
    while (session.poll_action()) {
    }
    session.validate();
  }

  testing::TestMemory memory_;
  Budget budget_;
  AccountHandle requests_;
  AccountHandle replies_;
  AccountHandle connections_;
  Instant now_{};
  std::optional<Error> error_;
  std::string server_text_;

 public:
  Session session;
};

// The words of the handshake's CLIENT TRACKING, "" where it has none.
std::string asked(const SessionOptions& options) {
  const std::string said = End(options).open();
  const std::size_t at = said.find("$8\r\nTRACKING");
  if (at == said.npos) return "";
  const std::size_t begin = said.rfind('*', at);
  REQUIRE(said.ends_with(ping));
  return said.substr(begin, said.size() - ping.size() - begin);
}

TEST_CASE("tracking is asked for behind all else, before the PING, in the words of its method") {
  CHECK(asked({}).empty());
  CHECK(asked({.tracking = {.method = Method::all_reads}}) ==
        request({"CLIENT", "TRACKING", "ON"}));
  CHECK(asked({.tracking = {.method = Method::opt_in}}) ==
        request({"CLIENT", "TRACKING", "ON", "OPTIN"}));
  CHECK(asked({.tracking = {.method = Method::broadcast}}) ==
        request({"CLIENT", "TRACKING", "ON", "BCAST"}));
  constexpr std::array<std::string_view, 2> prefixes{"user:", "a\r\n"};
  CHECK(asked({.tracking = {.method = Method::broadcast, .prefixes = prefixes}}) ==
        request({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "user:", "PREFIX", "a\r\n"}));

  const std::string all = End({.database = 3, .tracking = {.method = Method::opt_in}}).open();
  CHECK(all.ends_with(request({"SELECT", "3"}) + request({"CLIENT", "TRACKING", "ON", "OPTIN"}) +
                      ping));
}

TEST_CASE("as many prefixes as there may be are all told") {
  std::array<std::string, tracking_prefixes_max> texts;
  std::array<std::string_view, tracking_prefixes_max> prefixes;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    texts[i] = std::to_string(i) + ":";
    prefixes[i] = texts[i];
    bytes += request({"PREFIX", texts[i]}).size() - request({}).size();
  }
  const std::string said = asked({.tracking = {.method = Method::broadcast, .prefixes = prefixes}});
  CHECK(said.starts_with("*68\r\n"));
  CHECK(said.ends_with("$6\r\nPREFIX\r\n$3\r\n31:\r\n"));
  CHECK(said.size() == bytes + request({"CLIENT", "TRACKING", "ON", "BCAST"}).size() + 1);
}

TEST_CASE("a server that says OK tracks, as long as the connection lasts") {
  End end({.tracking = {.method = Method::all_reads}});
  CHECK(end.session.tracking().state == State::off);
  end.open();
  end.receive(introduced + "+OK\r\n");
  CHECK(end.session.tracking().state == State::off);
  end.receive("+PONG\r\n");
  CHECK(end.session.tracking().state == State::tracked);

  end.break_off();
  CHECK(end.session.tracking().state == State::off);
  end.advance(1s);
  CHECK(end.open().find("TRACKING") != std::string::npos);
  CHECK(end.session.tracking().state == State::off);
  end.receive(introduced + "+OK\r\n+PONG\r\n");
  CHECK(end.session.tracking().state == State::tracked);
}

TEST_CASE("a server may track on one connection and refuse on the next, and the other way round") {
  End end({.tracking = {.method = Method::opt_in}});
  const std::string refused = introduced + "-ERR not today\r\n+PONG\r\n";
  const std::string taken = introduced + "+OK\r\n+PONG\r\n";
  for (const std::string& replies : {refused, taken, refused}) {
    end.open();
    end.receive(replies);
    CHECK(end.session.state() == Session::State::ready);
    CHECK(end.session.tracking().state == (replies == taken ? State::tracked : State::refused));
    end.break_off();
    end.advance(1s);
  }
}

TEST_CASE("a connection that is being closed is tracked to its end") {
  End end({.tracking = {.method = Method::all_reads}});
  end.open();
  end.receive(introduced + "+OK\r\n+PONG\r\n");
  REQUIRE(end.session.submit(CommandView::from_encoded(ping), never, 1));
  end.session.close(end.now());
  CHECK(end.session.tracking().state == State::tracked);
  end.write();
  end.receive("+PONG\r\n");
  CHECK(end.session.state() == Session::State::closed);
  CHECK(end.session.tracking().state == State::off);
}

struct Refusal {
  const char* text;
  ErrorCode code;
  const char* what;
};

constexpr Refusal refusals[] = {
    {"ERR unknown subcommand 'TRACKING'. Try CLIENT HELP.", ErrorCode::tracking_refused,
     "the server does not know CLIENT TRACKING"},
    {"ERR Unknown subcommand or wrong number of arguments for 'TRACKING'. Try CLIENT HELP.",
     ErrorCode::tracking_refused, "the server does not know CLIENT TRACKING"},
    {"ERR unknown command 'CLIENT', with args beginning with: 'TRACKING' 'ON' ",
     ErrorCode::tracking_refused, "the server does not know CLIENT TRACKING"},
    {"NOPERM User reader has no permissions to run the 'client|tracking' command",
     ErrorCode::permission_denied, "the user may not use CLIENT TRACKING"},
    {"ERR Prefix 'a' overlaps with an existing prefix 'ab'.", ErrorCode::tracking_refused,
     "the server refused CLIENT TRACKING"},
    {"", ErrorCode::tracking_refused, "the server refused CLIENT TRACKING"},
};

TEST_CASE("where tracking is not required a connection goes on without, and it is known why") {
  for (const Refusal& refusal : refusals) {
    INFO(refusal.text);
    End end({.tracking = {.method = Method::opt_in}});
    end.open();
    end.receive(introduced + "-" + refusal.text + "\r\n+PONG\r\n");
    CHECK(end.session.state() == Session::State::ready);
    const Tracking tracking = end.session.tracking();
    CHECK(tracking.state == State::refused);
    CHECK(tracking.error.code == refusal.code);
    CHECK(std::string(tracking.error.what) == refusal.what);
    end.break_off();
    CHECK(end.session.tracking().state == State::off);
  }
}

TEST_CASE("where tracking is required a refusal ends the session, in the server's words") {
  for (const Refusal& refusal : refusals) {
    INFO(refusal.text);
    End end({.tracking = {.method = Method::opt_in, .required = true}});
    end.open();
    end.receive(introduced + "-" + refusal.text + "\r\n+PONG\r\n");
    CHECK(end.session.state() == Session::State::closed);
    REQUIRE(end.error());
    CHECK(end.error()->code == refusal.code);
    CHECK(std::string(end.error()->what) == refusal.what);
    CHECK(end.server_text() == refusal.text);
    CHECK(end.session.tracking().state == State::off);
  }
}

TEST_CASE("required tracking that a later connection refuses ends the session") {
  End end({.tracking = {.method = Method::all_reads, .required = true}});
  end.open();
  end.receive(introduced + "+OK\r\n+PONG\r\n");
  end.break_off();
  end.advance(1s);
  end.open();
  end.receive(introduced + "-NOPERM no\r\n");
  CHECK(end.session.state() == Session::State::closed);
  CHECK(end.error()->code == ErrorCode::permission_denied);
}

TEST_CASE(
    "a server that serves nobody for now is asked again, whether tracking is required or not") {
  for (const bool required : {false, true}) {
    for (const char* text : {"-LOADING soon\r\n", "-BUSY a script\r\n", "-MASTERDOWN alone\r\n"}) {
      INFO(text);
      End end({.tracking = {.method = Method::all_reads, .required = required}});
      end.open();
      end.receive(introduced + text);
      CHECK(end.session.state() == Session::State::waiting);
      end.advance(1s);
      end.open();
      end.receive(introduced + "+OK\r\n+PONG\r\n");
      CHECK(end.session.tracking().state == State::tracked);
    }
  }
}

TEST_CASE("an answer to CLIENT TRACKING that is neither OK nor an error is no server's") {
  for (const char* reply : {":1\r\n", "_\r\n", "$2\r\nOK\r\n", "%0\r\n"}) {
    INFO(reply);
    End end({.tracking = {.method = Method::all_reads}});
    end.open();
    end.receive(introduced + reply);
    CHECK(end.session.state() == Session::State::closed);
    CHECK(end.error()->code == ErrorCode::protocol_error);
  }
}

TEST_CASE("in RESP2 tracking is not asked for, and it is known why") {
  End end({.protocol = Protocol::resp2, .tracking = {.method = Method::all_reads}});
  CHECK(end.open().find("TRACKING") == std::string::npos);
  end.receive(":7\r\n+OK\r\n+OK\r\n+PONG\r\n");
  CHECK(end.session.state() == Session::State::ready);
  const Tracking tracking = end.session.tracking();
  CHECK(tracking.state == State::refused);
  CHECK(tracking.error.code == ErrorCode::tracking_refused);
  CHECK(tracking.error.expected != nullptr);
}

TEST_CASE("what was not asked for is off, also when the server is asked nothing else") {
  for (const Protocol protocol : {Protocol::resp3, Protocol::resp2}) {
    End end({.protocol = protocol});
    end.open();
    end.receive(protocol == Protocol::resp3 ? introduced : ":7\r\n+OK\r\n+OK\r\n");
    end.receive("+PONG\r\n");
    CHECK(end.session.state() == Session::State::ready);
    CHECK(end.session.tracking().state == State::off);
  }
}

// When a session that was just ready asks for a sign of life: after 0 s, never.
Duration asks_after(Duration interval, const TrackingOptions& tracking, const char* reply) {
  End end({.tracking = tracking, .health_check_interval = interval});
  end.open();
  end.receive(introduced + reply + "+PONG\r\n");
  const Instant at = end.session.poll_timeout();
  if (at == never) return 0s;
  end.advance(at - end.now());
  CHECK(end.write() == ping);
  CHECK(end.session.counters().health_checks == 1);
  return at - Instant{};
}

TEST_CASE("a tracked connection is asked for a sign of life when it was silent for silence_max") {
  const TrackingOptions tracking{.method = Method::all_reads, .silence_max = 2s};
  CHECK(asks_after(0s, tracking, "+OK\r\n") == 2s);
  CHECK(asks_after(5s, tracking, "+OK\r\n") == 2s);
  CHECK(asks_after(1s, tracking, "+OK\r\n") == 1s);
  CHECK(asks_after(5s, {.method = Method::all_reads}, "+OK\r\n") == 5s);
  CHECK(asks_after(0s, {.method = Method::all_reads}, "+OK\r\n") == 0s);
}

TEST_CASE("silence_max is nothing to a connection that is not tracked") {
  const TrackingOptions tracking{.method = Method::all_reads, .silence_max = 2s};
  CHECK(asks_after(0s, tracking, "-ERR no\r\n") == 0s);
  CHECK(asks_after(5s, tracking, "-ERR no\r\n") == 5s);
  CHECK(asks_after(0s, {.silence_max = 2s}, "") == 0s);
}

TEST_CASE("a tracked connection that does not answer the PING is dead") {
  End end({.tracking = {.method = Method::all_reads, .silence_max = 2s},
           .health_check_interval = 0s,
           .tombstone_age_max = 3s});
  end.open();
  end.receive(introduced + "+OK\r\n+PONG\r\n");
  end.advance(2s);
  CHECK(end.write() == ping);
  end.advance(3s);
  CHECK(end.error()->code == ErrorCode::connection_dead);
  CHECK(end.session.tracking().state == State::off);
}

TEST_CASE("the session says up to where its requests are answered") {
  End end({.tracking = {.method = Method::all_reads}});
  const RequestId one = end.session.submit(CommandView::from_encoded(ping), never, 1).value();
  CHECK(end.session.answered_until() == one);
  end.open();
  end.receive(introduced + "+OK\r\n+PONG\r\n");
  CHECK(end.session.answered_until() == one);
  end.write();
  end.receive("+PONG\r\n");
  CHECK(end.session.answered_until() > one);
}

TEST_CASE("an invalidation that is skipped is counted, also one that comes before a stale reply") {
  End end({.tracking = {.method = Method::all_reads}, .reply_bytes_max = 4096});
  end.open();
  end.receive(introduced + "+OK\r\n+PONG\r\n");
  const std::string large =
      ">2\r\n$10\r\ninvalidate\r\n*1\r\n$5000\r\n" + std::string(5000, 'k') + "\r\n";
  end.receive(large);
  CHECK(end.session.counters().pushes_skipped == 1);

  const RequestId id = end.session.submit(CommandView::from_encoded(ping), never, 1).value();
  end.write();
  end.session.cancel(id, end.session.now());
  end.receive(large + "+PONG\r\n");
  CHECK(end.session.counters().pushes_skipped == 2);
  end.receive(">2\r\n$10\r\ninvalidate\r\n_\r\n");
  CHECK(end.session.counters().pushes_skipped == 2);
  CHECK(end.session.counters().pushed == 1);
}

}  // namespace
}  // namespace plimsoll::tracking_test
