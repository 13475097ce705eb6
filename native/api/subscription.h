#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "plimsoll/arguments.h"
#include "plimsoll/client.h"
#include "plimsoll/core/client/subscription.h"
#include "plimsoll/message.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/native/driver/held_words.h"

// A subscription: receives published messages on a connection of its own.
//
//   auto sub = co_await client.subscribe({"news", "alerts"});
//   while (auto message = co_await sub.next()) read(message->channel, message->payload);
//
// Publishing is a command: client.publish("news", "..."), client.spublish(...).

namespace plimsoll::inline v0::native {

using SubscriptionStatistics = plimsoll::SubscriptionStatistics;

/// Move-only; usable from any thread. Dropping it closes the subscription.
///
/// Messages wait in the subscription until you take them, up to Options::subscription_messages_max
/// (10,000) and as far as the pushes pool has room. Options::subscription_overflow says what
/// happens to more: the client drops the oldest or the newest, and the next message counts them
/// (Message::lost), or it stops reading until you take a message.
///
/// If the connection is lost, the client makes another one and subscribes again by itself; so it
/// does, on the same connection, if the server ends a subscription unasked. The first message after
/// that says so (Message::gaps). If the server refuses a name then, you get a message of the kind
/// Message::Kind::ended.
class Subscription {
 public:
  /// Without a connection. You may only assign to it, close() it or destroy it.
  Subscription() = default;
  Subscription(Subscription&&) = default;
  Subscription& operator=(Subscription&&) = default;
  ~Subscription() = default;

  /// Adds or removes channels, patterns or shard channels. Completes when the server has confirmed
  /// all names. Errors: permission_denied (NOPERM for one of the names; then nothing changes),
  /// rejected_by_limit (more than 65,535 names in all, or a pool has no room for them),
  /// invalid_argument (no name is given, or more than 65,535), closed; others as for any command.
  template <CompletionToken Token = Start>
  auto subscribe(const Words& channels, Token&& token = Token()) {
    return change(SubscriptionKind::channel, Change::add, channels, std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto psubscribe(const Words& patterns, Token&& token = Token()) {
    return change(SubscriptionKind::pattern, Change::add, patterns, std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto ssubscribe(const Words& channels, Token&& token = Token()) {
    return change(SubscriptionKind::shard, Change::add, channels, std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto unsubscribe(const Words& channels, Token&& token = Token()) {
    return change(SubscriptionKind::channel, Change::remove, channels, std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto punsubscribe(const Words& patterns, Token&& token = Token()) {
    return change(SubscriptionKind::pattern, Change::remove, patterns, std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto sunsubscribe(const Words& channels, Token&& token = Token()) {
    return change(SubscriptionKind::shard, Change::remove, channels, std::forward<Token>(token));
  }

  /// Waits for the next message, a std::optional<Message>; none: the subscription or the client was
  /// closed. Without `timeout`, or with zero, the call waits for ever. A timeout or a cancellation
  /// loses no message. Errors: cancelled; timed_out, if no message came within `timeout`;
  /// rejected_by_limit, if another wait is under way: only one may wait at a time.
  template <CompletionToken Token = Start>
  auto next(Token&& token = Token()) {
    return next(std::chrono::nanoseconds(0), std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto next(std::chrono::nanoseconds timeout, Token&& token = Token()) {
    return wait<std::optional<Message>>(1, timeout, std::forward<Token>(token));
  }

  /// Waits until there is a message, and takes all that are there, at most `messages_max`, as a
  /// std::vector; empty: the subscription or the client was closed. Cheaper than next() for each
  /// message. Errors: as for next().
  template <CompletionToken Token = Start>
  auto next_some(std::size_t messages_max = 1000, Token&& token = Token()) {
    return wait<std::vector<Message>>(messages_max, {}, std::forward<Token>(token));
  }

  /// Ends the subscription. A wait for messages that is under way completes with none. From any
  /// thread.
  void close();

  /// Returns counters of the messages that were received and lost, and what is there now: names,
  /// and messages that wait. All zero once the subscription is closed.
  SubscriptionStatistics statistics() const;

 private:
  friend class Client;
  friend Result<void> receive(const Delivery& delivery, Subscription& subscription);

  enum class Change { add, remove };

  // Subscribes or unsubscribes names. The first one opens the connection.
  struct Changing {
    Channel channel;
    SubscriptionKind kind{};
    Change change{};
    HeldWords names{};

    void operator()(Operation& operation) const;
  };
  // Waits for messages.
  struct Waiting {
    Channel channel;
    std::size_t messages_max;
    Timeout timeout;

    void operator()(Operation& operation) const;
  };

  explicit Subscription(Channel channel) : channel_(std::move(channel)) {}
  static Subscription begin(const Channel& client, SubscriptionKind kind, const Words& names,
                            Changing& opening);
  /// The names with Options::channel_prefix.
  static HeldWords held_names(Driver& driver, SubscriptionKind kind, const Words& names);

  const Channel& channel() const;

  template <class Token>
  auto change(SubscriptionKind kind, Change change, const Words& names, Token&& token) {
    const Channel& own = channel();
    return initiate<void>(own.driver->origin(),
                          Changing{own, kind, change, held_names(*own.driver, kind, names)},
                          Result<void>(), std::forward<Token>(token));
  }

  template <class T, class Token>
  auto wait(std::size_t messages_max, Timeout timeout, Token&& token) {
    return initiate<T>(channel().driver->origin(), Waiting{channel(), messages_max, timeout},
                       Result<T>(), std::forward<Token>(token));
  }

  Channel channel_;
};

Result<void> receive(const Delivery& delivery, Subscription& subscription);

template <class Token>
auto Client::open_subscription(SubscriptionKind kind, const Words& names, Token&& token) const {
  Subscription::Changing opening;
  Subscription made = Subscription::begin(*this, kind, names, opening);
  return initiate<Subscription>(driver_->origin(), std::move(opening), Result(std::move(made)),
                                std::forward<Token>(token));
}

}  // namespace plimsoll::inline v0::native
