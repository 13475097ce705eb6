#include "plimsoll/subscription.h"

#include <string>
#include <string_view>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr plimsoll::Error closed_already{.code = ErrorCode::closed,
                                         .what = "the subscription was closed"};

}  // namespace

HeldWords Subscription::held_names(Driver& driver, SubscriptionKind kind, const Words& names) {
  const std::string_view prefix = driver.prefixes().channels;
  if (prefix.empty() || kind != SubscriptionKind::pattern) {
    return {driver.requests_account(), names, prefix};
  }
  // In front of a pattern, the prefix stands for itself as well.
  std::string escaped;
  for (const char letter : prefix) {
    if (std::string_view("\\*?[]").find(letter) != std::string_view::npos) escaped += '\\';
    escaped += letter;
  }
  return {driver.requests_account(), names, escaped};
}

// The held connection gets its driver only in receive(), for the reason that Exclusive::begin()
// gives.
Subscription Subscription::begin(const Channel& client, SubscriptionKind kind, const Words& names,
                                 Changing& opening) {
  opening = {.channel = client,
             .kind = kind,
             .change = Change::add,
             .names = held_names(*client.driver, kind, names)};
  opening.channel.held =
      std::make_shared<HeldConnection>(client.driver, HeldConnection::Use::subscription);
  return Subscription(Channel{.held = opening.channel.held, .timeout = client.timeout});
}

Result<void> receive(const Delivery& delivery, Subscription& subscription) {
  if (delivery.error != nullptr || delivery.failure != nullptr) return to_error(delivery);
  subscription.channel_.held->keep_driver();
  subscription.channel_.driver = subscription.channel_.held->driver();
  return {};
}

void Subscription::Changing::operator()(Operation& operation) const {
  if (!names) {
    const Account& requests = channel.driver->requests_account();
    return channel.driver->refuse(no_room_to_hold(names.size(), requests), operation);
  }
  const std::span<const std::string_view> views = names.words();
  channel.driver->submit_by(
      [&](plimsoll::Client& core, Instant now, Tag tag) -> plimsoll::Result<RequestId> {
        HeldConnection& held = *channel.held;
        if (!held.driver() && !held.connection()) {
          const plimsoll::Result<ConnectionId> opened = core.open_subscription(now);
          if (!opened) return opened.error();
          held.begin(*opened);
        }
        if (!held.connection()) return closed_already;
        switch (change) {
          case Change::add:
            return core.subscribe(*held.connection(), kind, views, now, channel.timeout, tag);
          case Change::remove:
            return core.unsubscribe(*held.connection(), kind, views, now, channel.timeout, tag);
        }
        return closed_already;
      },
      operation);
}

void Subscription::Waiting::operator()(Operation& operation) const {
  channel.driver->submit_by(
      [&](plimsoll::Client& core, Instant now, Tag tag) -> plimsoll::Result<RequestId> {
        if (!channel.held->connection()) return closed_already;
        return core.next_messages(*channel.held->connection(), messages_max, now, timeout, tag);
      },
      operation);
}

void Subscription::close() {
  if (channel_.held) channel_.held->end();
}

SubscriptionStatistics Subscription::statistics() const {
  SubscriptionStatistics statistics;
  channel().driver->apply([&](plimsoll::Client& core, Instant) {
    const std::optional<ConnectionId>& connection = channel_.held->connection();
    if (connection) statistics = core.subscription_statistics(*connection);
  });
  return statistics;
}

const Channel& Subscription::channel() const {
  PLIMSOLL_CHECK(channel_.driver != nullptr);
  return channel_;
}

}  // namespace plimsoll::inline v0::native
