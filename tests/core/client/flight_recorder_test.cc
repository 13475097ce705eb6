#include "plimsoll/core/client/flight_recorder.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// What a recording holds, and what it costs. That it can be replayed is tested in
// tests/sim/recorder.

namespace plimsoll::flight_recorder_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::Pair;

std::string records(const Client& client) {
  const FlightRecorder::Records records = client.recorder().records();
  return std::string(records.first) + std::string(records.second);
}

std::string redacted(std::string_view bytes, std::size_t piece_bytes) {
  Redactor redactor;
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size()))) {
    redactor.redact(
        bytes.substr(0, piece_bytes), [&](char c) { out += c; },
        [&](std::size_t hidden) { out.append(hidden, '.'); });
  }
  return out;
}

TEST_CASE("what a server says is hidden, how it says it is kept, in pieces of any size") {
  struct Row {
    std::string_view said;
    std::string_view recorded;
  };
  for (const Row& row : {
           Row{"$6\r\nsecret\r\n:42\r\n", "$6\r\n......\r\n:11\r\n"},
           Row{"$0\r\n\r\n$-1\r\n_\r\n", "$0\r\n\r\n$-1\r\n_\r\n"},
           Row{"*2\r\n+name\r\n%1\r\n,-1.5e9\r\n#t\r\n", "*2\r\n+xxxx\r\n%1\r\n,-1.1e1\r\n#t\r\n"},
           Row{"-WRONGTYPE of key\r\n", "-WRONGTYPE xxxxxx\r\n"},
           Row{"!9\r\nERR a key\r\n", "!9\r\n.........\r\n"},
           Row{"=7\r\ntxt:abc\r\n:1\r\n", "=7\r\ntxt:...\r\n:1\r\n"},
           Row{"$?\r\n;3\r\nabc\r\n;0\r\n:7\r\n", "$?\r\n;3\r\n...\r\n;0\r\n:1\r\n"},
           Row{">2\r\n$7\r\nmessage\r\n(123\r\n", ">2\r\n$7\r\n.......\r\n(111\r\n"},
           Row{"HTTP/1.1 200\r\n", "Hxxxxxxxxxxx\r\n"},
           Row{"$999999999999999999999\r\nx", "$999999999999999999999\r\nx"},
       }) {
    for (std::size_t piece = 1; piece <= row.said.size(); ++piece) {
      INFO(row.said << " in pieces of " << piece);
      CHECK(redacted(row.said, piece) == row.recorded);
    }
  }
}

TEST_CASE("a recording holds no password, no argument and no value") {
  Pair pair({.username = "captain", .password = "secret password"});
  REQUIRE(pair.end.client().start_recording(64 * 1024).ok());
  pair.connect();
  pair.end.submit(1, {"SET", "secret key", "secret argument"});
  pair.drive();
  pair.end.submit(2, {"ECHO", "secret value"});
  pair.drive();

  const std::string recorded = records(pair.end.client());
  CHECK(recorded.find("secret") == recorded.npos);
  CHECK(recorded.find("captain") == recorded.npos);
  CHECK(recorded.find("ECHO") != recorded.npos);
  std::array<char, Client::recording_header_max> header;
  const std::string text(pair.end.client().recording_header(header));
  CHECK(text.size() < header.size());
  CHECK(text.ends_with("\n\n"));
  CHECK(text.find("secret") == text.npos);
}

TEST_CASE("the header of a recording has room for every option at its largest") {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz012345";
  std::array<std::string_view, tracking_prefixes_max> prefixes;
  for (std::size_t i = 0; i < prefixes.size(); ++i) prefixes[i] = letters.substr(i, 1);
  ClientOptions options{.database = std::numeric_limits<std::uint32_t>::max(),
                        .tracking = {.method = TrackingOptions::Method::broadcast,
                                     .required = true,
                                     .prefixes = prefixes,
                                     .silence_max = Duration::max()},
                        .inflight_requests_limit = inflight_requests_limit_max,
                        .waiters_max = waiters_max_limit,
                        .connect_timeout = Duration::max(),
                        .reconnect_wait_min = Duration::max(),
                        .reconnect_wait_max = Duration::max(),
                        .health_check_interval = Duration::max(),
                        .tombstone_age_max = Duration::max(),
                        .random_seed = most,
                        .close_timeout = Duration::max(),
                        .reply_bytes_max = most};
  testing::ClientEnd end(options);
  std::array<char, Client::recording_header_max> header;
  const std::string text(end.client().recording_header(header));
  // The texts are short here: their sizes may have 19 digits more each.
  CHECK(text.size() + (3 + prefixes.size()) * 19 < header.size());
  CHECK(text.ends_with("\n\n"));
}

TEST_CASE("a recording is paid for, never grows, and is given back") {
  Pair pair;
  pair.connect();
  const std::size_t before = pair.end.bytes_in_use();
  REQUIRE(pair.end.client().start_recording(8 * 1024).ok());
  const std::size_t with = pair.end.bytes_in_use();
  CHECK(with >= before + 8 * 1024);
  CHECK(with < before + 9 * 1024);
  for (Tag tag = 1; tag <= 2000; ++tag) {
    pair.end.submit(tag, {"ECHO", "x"});
    pair.drive();
    REQUIRE(records(pair.end.client()).size() <= 8 * 1024);
  }
  CHECK(records(pair.end.client()).size() > 7 * 1024);
  CHECK(pair.end.bytes_in_use() == with);
  pair.end.client().stop_recording();
  CHECK(pair.end.bytes_in_use() == before);
}

TEST_CASE("a recording that makes no sense, or has no room, is refused") {
  Pair pair({}, {.memory_limit = memory_limit_min});
  Client& client = pair.end.client();
  CHECK(client.start_recording(100).error().code == ErrorCode::invalid_argument);
  CHECK(client.start_recording(1024 * 1024 * 1024).error().code == ErrorCode::invalid_argument);
  CHECK(client.start_recording(2 * 1024 * 1024).error().code == ErrorCode::out_of_memory);
  CHECK_FALSE(client.recorder().on());
  pair.connect();
}

TEST_CASE("a read that is larger than the ring leaves a gap") {
  Pair pair;
  pair.connect();
  REQUIRE(pair.end.client().start_recording(4 * 1024).ok());
  std::string replies;
  for (Tag tag = 1; tag <= 1000; ++tag) {
    pair.end.submit(tag, {"ECHO", "x"});
    replies += bulk_reply("x");
  }
  pair.end.write();
  pair.end.receive(replies);
  pair.end.take_events();
  CHECK(pair.end.pending_count() == 0);
  CHECK(records(pair.end.client()).size() <= 4 * 1024);
}

}  // namespace
}  // namespace plimsoll::flight_recorder_test
