#include "plimsoll/subscription.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::native {
namespace {

constexpr plimsoll::Error closed_already{.code = ErrorCode::closed,
                                         .what = "the subscription was closed"};

}  // namespace

// The lease knows its driver only once the user has this, as in Exclusive::begin().
Subscription Subscription::begin(const Channel& client, SubscriptionKind kind, const Words& names,
                                 Changing& opening) {
  opening = {.channel = client,
             .kind = kind,
             .change = Change::add,
             .names = {client.driver->requests_account(), names}};
  opening.channel.lease = std::make_shared<Lease>(client.driver, Lease::Use::subscription);
  return Subscription(Channel{.lease = opening.channel.lease, .timeout = client.timeout});
}

Result<void> receive(const Delivery& delivery, Subscription& subscription) {
  if (delivery.error != nullptr || delivery.failure != nullptr) return to_error(delivery);
  subscription.channel_.lease->keep_driver();
  subscription.channel_.driver = subscription.channel_.lease->driver();
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
        Lease& lease = *channel.lease;
        if (!lease.driver() && !lease.connection()) {
          const plimsoll::Result<ConnectionId> opened = core.open_subscription(now);
          if (!opened) return opened.error();
          lease.begin(*opened);
        }
        if (!lease.connection()) return closed_already;
        switch (change) {
          case Change::add:
            return core.subscribe(*lease.connection(), kind, views, now, channel.timeout, tag);
          case Change::remove:
            return core.unsubscribe(*lease.connection(), kind, views, now, channel.timeout, tag);
        }
        return closed_already;
      },
      operation);
}

void Subscription::Waiting::operator()(Operation& operation) const {
  channel.driver->submit_by(
      [&](plimsoll::Client& core, Instant now, Tag tag) -> plimsoll::Result<RequestId> {
        if (!channel.lease->connection()) return closed_already;
        return core.next_messages(*channel.lease->connection(), messages_max, now, timeout, tag);
      },
      operation);
}

void Subscription::close() {
  if (channel_.lease) channel_.lease->end();
}

SubscriptionStatistics Subscription::statistics() const {
  SubscriptionStatistics statistics;
  channel().driver->tell([&](plimsoll::Client& core, Instant) {
    const std::optional<ConnectionId>& connection = channel_.lease->connection();
    if (connection) statistics = core.subscription_statistics(*connection);
  });
  return statistics;
}

const Channel& Subscription::channel() const {
  PLIMSOLL_CHECK(channel_.driver != nullptr);
  return channel_;
}

}  // namespace plimsoll::native
