#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/arguments.h"
#include "plimsoll/client.h"
#include "plimsoll/core/client/subscription.h"
#include "plimsoll/message.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/native/driver/held_words.h"

// Messages that others publish, on a connection of their own.
//
//   auto sub = co_await client.subscribe({"news", "alerts"});
//   while (auto message = co_await sub.next()) read(message->channel, message->payload);
//
// Publishing is a command: client.publish("news", "..."), client.spublish(...).

namespace plimsoll::native {

using SubscriptionStatistics = plimsoll::SubscriptionStatistics;

/// Move-only; dropping it closes it. Messages wait in it until they are taken: up to
/// subscription_messages_max (10,000) and as far as the pushes pool goes; beyond that
/// Options::subscription_overflow says what becomes of them: the oldest are lost, or the newest,
/// which the next message says (Message::lost), or nothing more is read. When the connection is
/// lost the client makes another and subscribes again by itself; the first message after that says
/// so (Message::gaps). One wait for messages at a time.
class Subscription {
 public:
  /// None: only to be assigned to.
  Subscription() = default;
  Subscription(Subscription&&) = default;
  Subscription& operator=(Subscription&&) = default;
  ~Subscription() = default;

  /// More channels, patterns and shard channels, or fewer: each completes when the server has
  /// confirmed all of its names. Errors: server_error (NOPERM: none of them), rejected_by_limit,
  /// invalid_argument (no name), closed; else as any command's.
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

  /// The next message, a std::optional<Message>; none: it was closed, or the client was. With a
  /// timeout: timed_out where none came. Cancelling it, or a timeout, loses no message. Errors:
  /// cancelled, timed_out, rejected_by_limit (somebody waits already).
  template <CompletionToken Token = Start>
  auto next(Token&& token = Token()) {
    return next(std::chrono::nanoseconds(0), std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto next(std::chrono::nanoseconds timeout, Token&& token = Token()) {
    return wait<std::optional<Message>>(1, timeout, std::forward<Token>(token));
  }

  /// A std::vector of all messages that are there, `messages_max` at most, as soon as there is one;
  /// empty: closed. Else as next(), and cheaper a message.
  template <CompletionToken Token = Start>
  auto next_some(std::size_t messages_max = 1000, Token&& token = Token()) {
    return wait<std::vector<Message>>(messages_max, {}, std::forward<Token>(token));
  }

  /// Ends the subscription; whoever waits for a message gets none. May be called from any thread.
  void close();

  SubscriptionStatistics statistics() const;

 private:
  friend class Client;
  friend Result<void> receive(const Delivery& delivery, Subscription& subscription);

  enum class Change { add, remove };

  // What changes what is subscribed, the first time opening the connection for it.
  struct Changing {
    Channel channel;
    SubscriptionKind kind{};
    Change change{};
    HeldWords names{};

    void operator()(Operation& operation) const;
  };
  // What waits for messages.
  struct Waiting {
    Channel channel;
    std::size_t messages_max;
    Timeout timeout;

    void operator()(Operation& operation) const;
  };

  explicit Subscription(Channel channel) : channel_(std::move(channel)) {}
  static Subscription begin(const Channel& client, SubscriptionKind kind, const Words& names,
                            Changing& opening);

  const Channel& channel() const;

  template <class Token>
  auto change(SubscriptionKind kind, Change change, const Words& names, Token&& token) {
    const Channel& own = channel();
    return initiate<void>(own.driver->executor(),
                          Changing{own, kind, change, {own.driver->requests_account(), names}},
                          Result<void>(), std::forward<Token>(token));
  }

  template <class T, class Token>
  auto wait(std::size_t messages_max, Timeout timeout, Token&& token) {
    return initiate<T>(channel().driver->executor(), Waiting{channel(), messages_max, timeout},
                       Result<T>(), std::forward<Token>(token));
  }

  Channel channel_;
};

Result<void> receive(const Delivery& delivery, Subscription& subscription);

template <class Token>
auto Client::open_subscription(SubscriptionKind kind, const Words& names, Token&& token) const {
  Subscription::Changing opening;
  Subscription made = Subscription::begin(*this, kind, names, opening);
  return initiate<Subscription>(get_executor(), std::move(opening), Result(std::move(made)),
                                std::forward<Token>(token));
}

}  // namespace plimsoll::native
