#include "plimsoll/core/session/options.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/error.h"

namespace plimsoll::options_test {
namespace {

using namespace std::chrono_literals;

// The field that validate() complains about, "" where it does not.
std::string refused_field(const SessionOptions& options) {
  const Status status = validate(options);
  if (status.ok()) return "";
  CHECK(status.error().code == ErrorCode::invalid_option);
  CHECK(status.error().expected != nullptr);
  const std::string what = status.error().what;
  return what.substr(0, what.find(' '));
}

TEST_CASE("the defaults are valid, and as documented") {
  const SessionOptions options;
  CHECK(refused_field(options).empty());
  CHECK(options.request_timeout == 250ms);
  CHECK(options.connect_timeout == 2s);
  CHECK(options.inflight_requests_limit == 1000);
  CHECK(options.reconnect_wait_min == 10ms);
  CHECK(options.reconnect_wait_max == 5s);
  CHECK(options.reconnect_attempts_max == unlimited_attempts);
  CHECK(options.health_check_interval == 5s);
  CHECK(options.tombstone_age_max == 5s);
  CHECK(options.read_resends_max == 0);
  CHECK(options.protocol == Protocol::resp3);
  CHECK(options.blocking_connections_max == 8);
  CHECK(options.subscriptions_max == 16);
  CHECK(options.subscription_messages_max == 10'000);
}

TEST_CASE("an option that makes no sense is refused by name") {
  CHECK(refused_field({.inflight_requests_limit = 0}) == "inflight_requests_limit");
  CHECK(refused_field({.inflight_requests_limit = inflight_requests_limit_max}).empty());
  CHECK(refused_field({.inflight_requests_limit = inflight_requests_limit_max + 1}) ==
        "inflight_requests_limit");
  CHECK(refused_field({.reconnect_wait_min = 0ms}) == "reconnect_wait_min");
  CHECK(refused_field({.reconnect_wait_min = 2s, .reconnect_wait_max = 1s}) ==
        "reconnect_wait_max");
  CHECK(refused_field({.health_check_interval = -1s}) == "health_check_interval");
  CHECK(refused_field({.health_check_interval = 0s}).empty());
  CHECK(refused_field({.tombstone_age_max = 0s}) == "tombstone_age_max");
  CHECK(refused_field({.request_timeout = -1ns}) == "request_timeout");
  CHECK(refused_field({.connect_timeout = 0ns}) == "connect_timeout");
  CHECK(refused_field({.connect_timeout = -1s}) == "connect_timeout");
  CHECK(refused_field({.read_resends_max = 31}).empty());
  CHECK(refused_field({.read_resends_max = 32}) == "read_resends_max");
  CHECK(refused_field({.blocking_connections_max = 0, .subscriptions_max = 63}).empty());
  CHECK(refused_field({.blocking_connections_max = 1, .subscriptions_max = 63}) ==
        "blocking_connections_max");
  CHECK(refused_field({.blocking_connections_max = 4294967295u}) == "blocking_connections_max");
  CHECK(refused_field({.subscription_messages_max = 0}) == "subscription_messages_max");
  CHECK(refused_field({.close_timeout = -1s}) == "close_timeout");
  CHECK(refused_field({.reply_bytes_max = 4095}) == "reply_bytes_max");
  CHECK(refused_field({.reply_bytes_max = 4096}).empty());
}

TEST_CASE("a user needs a password, a password needs no user") {
  CHECK(refused_field({.username = "reader"}) == "username");
  CHECK(refused_field({.username = "reader", .password = "secret"}).empty());
  CHECK(refused_field({.password = "secret"}).empty());
}

TEST_CASE("tracking is asked for in a way that servers understand") {
  using enum TrackingOptions::Method;
  const auto refused = [](const TrackingOptions& tracking, Protocol protocol = Protocol::resp3) {
    return refused_field({.protocol = protocol, .tracking = tracking});
  };
  CHECK(SessionOptions{}.tracking.method == off);
  for (const auto method : {all_reads, opt_in, broadcast}) {
    CHECK(refused({.method = method, .required = true, .silence_max = 1s}).empty());
    CHECK(refused({.method = method}, Protocol::resp2).empty());
    CHECK(refused({.method = method, .required = true}, Protocol::resp2) == "tracking.required");
  }
  CHECK(refused({.required = true}) == "tracking.required");
  CHECK(refused({.silence_max = -1s}) == "tracking.silence_max");

  constexpr std::array<std::string_view, 2> prefixes{"user:", "order:"};
  CHECK(refused({.method = broadcast, .prefixes = prefixes}).empty());
  for (const auto method : {off, all_reads, opt_in}) {
    CHECK(refused({.method = method, .prefixes = prefixes}) == "tracking.prefixes");
  }
}

TEST_CASE("prefixes are so many at most, and none begins with another") {
  const auto refused = [](std::span<const std::string_view> prefixes) {
    return refused_field(
        {.tracking = {.method = TrackingOptions::Method::broadcast, .prefixes = prefixes}});
  };
  std::array<std::string, tracking_prefixes_max + 1> texts;
  std::array<std::string_view, tracking_prefixes_max + 1> many;
  for (std::size_t i = 0; i < many.size(); ++i) {
    texts[i] = std::to_string(i) + ":";
    many[i] = texts[i];
  }
  CHECK(refused(std::span(many).first(tracking_prefixes_max)).empty());
  CHECK(refused(many) == "tracking.prefixes");

  CHECK(refused(std::array<std::string_view, 1>{""}).empty());
  CHECK(refused(std::array<std::string_view, 2>{"ab", "ac"}).empty());
  for (const auto& pair : {std::array<std::string_view, 2>{"ab", "a"},
                           {"a", "ab"},
                           {"a", "a"},
                           {"", "a"},
                           {"a", ""},
                           {"", ""}}) {
    CHECK(refused(pair) == "tracking.prefixes");
  }
}

TEST_CASE("a client's name is what the server accepts as one") {
  CHECK(refused_field({.client_name = "tide-1:~!"}).empty());
  for (std::string_view name : {"two words", "line\n", "tab\t", "\x7f", "n\xc3\xa4me"}) {
    INFO(name);
    CHECK(refused_field({.client_name = name}) == "client_name");
  }
}

TEST_CASE("times of zero are allowed where they mean something") {
  CHECK(refused_field({.request_timeout = 0s}).empty());
  CHECK(refused_field({.read_resends_max = 31}).empty());
  CHECK(refused_field({.read_resends_max = 32}) == "read_resends_max");
  CHECK(refused_field({.blocking_connections_max = 0, .subscriptions_max = 63}).empty());
  CHECK(refused_field({.blocking_connections_max = 1, .subscriptions_max = 63}) ==
        "blocking_connections_max");
  CHECK(refused_field({.blocking_connections_max = 4294967295u}) == "blocking_connections_max");
  CHECK(refused_field({.subscription_messages_max = 0}) == "subscription_messages_max");
  CHECK(refused_field({.close_timeout = 0s}).empty());
}

}  // namespace
}  // namespace plimsoll::options_test
