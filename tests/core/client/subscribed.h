#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/fleet.h"

// A client with one subscription, and a server that confirms whatever the client asks of it; and
// what a server says to a subscriber.

namespace plimsoll::testing {

inline std::string push(const Words& words, const std::string& sign = ">") {
  std::string frame = sign + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) frame += bulk_reply(word);
  return frame;
}

inline std::string confirmation(const Words& request, const std::string& sign = ">") {
  std::string kind = request[0];
  for (char& c : kind) c = static_cast<char>(c - 'A' + 'a');
  std::string all;
  for (std::size_t i = 1; i < request.size(); ++i) {
    all += sign + "3\r\n" + bulk_reply(kind) + bulk_reply(request[i]) + ":1\r\n";
  }
  return all;
}

inline std::string message(const std::string& text) { return push({"message", "news", text}); }

struct Subscribed : Fleet {
  explicit Subscribed(const ClientOptions& options = {}) : Fleet(options) {
    set_script([](std::uint32_t, const Words& request) { return confirmation(request); });
    connect();
    connection = client().open_subscription(now()).value();
    settle();
    drive();
  }

  std::optional<RequestId> subscribe(Tag tag, std::span<const std::string_view> names,
                                     SubscriptionKind kind = SubscriptionKind::channel,
                                     Duration timeout = {}) {
    const auto id = note(tag, client().subscribe(connection, kind, names, now(), timeout, tag));
    drive();
    return id;
  }
  void subscribe_to_news() {
    constexpr std::array<std::string_view, 1> names{"news"};
    subscribe(900, names);
    take_requests(1);
    REQUIRE(take_events().size() == 1);
  }
  void unsubscribe(Tag tag, std::span<const std::string_view> names) {
    note(tag, client().unsubscribe(connection, SubscriptionKind::shard, names, now(), {}, tag));
    drive();
  }
  std::optional<RequestId> next(Tag tag, Duration timeout = {}) {
    return note(tag, client().next_message(connection, now(), timeout, tag));
  }
  SubscriptionStatistics statistics() const {
    return const_cast<Subscribed*>(this)->client().subscription_statistics(connection);
  }
  void reconnect() {
    while (!is_open(1)) {
      advance_to_timeout();
      drive();
    }
  }

  ConnectionId connection{};
};

inline constexpr std::array<std::string_view, 3> three{"a", "b", "c"};

}  // namespace plimsoll::testing
