#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "plimsoll/arguments.h"
#include "plimsoll/native/sync/blocking.h"
#include "plimsoll/subscription.h"

namespace plimsoll::inline v0::native {

/// A subscription (subscription.h) whose calls block. Move-only; usable from any thread. Dropping
/// it closes the subscription.
///
///   auto sub = client.subscribe({"news", "alerts"}).value();
///   while (auto message = sub.next().value()) read(message->channel, message->payload);
class SyncSubscription {
 public:
  /// Without a connection. You may only assign to it, close() it or destroy it.
  SyncSubscription() = default;
  SyncSubscription(std::shared_ptr<Driver> driver, Subscription own)
      : driver_(std::move(driver)), own_(std::move(own)) {}

  /// Adds or removes channels, patterns or shard channels; returns when the server has confirmed
  /// all names. Errors: as for Subscription::subscribe().
  Result<void> subscribe(const Words& channels) {
    return change([&](auto handler) { own_.subscribe(channels, std::move(handler)); });
  }
  Result<void> psubscribe(const Words& patterns) {
    return change([&](auto handler) { own_.psubscribe(patterns, std::move(handler)); });
  }
  Result<void> ssubscribe(const Words& channels) {
    return change([&](auto handler) { own_.ssubscribe(channels, std::move(handler)); });
  }
  Result<void> unsubscribe(const Words& channels) {
    return change([&](auto handler) { own_.unsubscribe(channels, std::move(handler)); });
  }
  Result<void> punsubscribe(const Words& patterns) {
    return change([&](auto handler) { own_.punsubscribe(patterns, std::move(handler)); });
  }
  Result<void> sunsubscribe(const Words& channels) {
    return change([&](auto handler) { own_.sunsubscribe(channels, std::move(handler)); });
  }

  /// Waits for the next message; none: the subscription or the client was closed. With zero, waits
  /// for ever. Errors: timed_out, if no message came within `timeout`, which loses none;
  /// rejected_by_limit, if another thread waits already.
  Result<std::optional<Message>> next(std::chrono::nanoseconds timeout = {}) {
    return block<std::optional<Message>>(driver(), Patience::waits_long, [&](auto handler) {
      own_.next(timeout, std::move(handler));
    });
  }

  /// Waits until there is a message, and takes all that are there, at most `messages_max`; empty:
  /// the subscription or the client was closed. Cheaper than next() for each message.
  Result<std::vector<Message>> next_some(std::size_t messages_max = 1000) {
    return block<std::vector<Message>>(driver(), Patience::waits_long, [&](auto handler) {
      own_.next_some(messages_max, std::move(handler));
    });
  }

  /// Ends the subscription. A next() that waits in another thread returns with no message.
  void close() { own_.close(); }

  SubscriptionStatistics statistics() const { return own_.statistics(); }

 private:
  Driver& driver() const {
    PLIMSOLL_CHECK(driver_ != nullptr);
    return *driver_;
  }

  template <class Begin>
  Result<void> change(const Begin& begin) {
    return block<void>(driver(), Patience::none, begin);
  }

  std::shared_ptr<Driver> driver_;
  Subscription own_;
};

}  // namespace plimsoll::inline v0::native
