#include "plimsoll/native/bridge/shared/hub_subscription.h"

#include <algorithm>
#include <utility>

namespace plimsoll::bridge {
namespace {

// Messages taken at a time are in memory twice, and the second time no pool pays for them: few, but
// enough that a crowd of small ones does not cost a call each.
constexpr std::size_t messages_at_once_max = 16;

constexpr std::string_view lost_for_room = "messages were lost for lack of room in the bridge";
constexpr std::string_view connection_was_lost = "the connection for subscriptions was lost";
constexpr std::string_view has_ended = "the subscription has ended";

// Calls subscribe(), psubscribe() or ssubscribe() of a Client or a Subscription.
template <class Target, class Handler>
void subscribe(Target& target, ChannelKind kind, std::span<const std::string_view> names,
               Handler handler) {
  switch (kind) {
    case ChannelKind::channel: target.subscribe(names, std::move(handler)); break;
    case ChannelKind::pattern: target.psubscribe(names, std::move(handler)); break;
    case ChannelKind::shard: target.ssubscribe(names, std::move(handler)); break;
  }
}

template <class Handler>
void unsubscribe(native::Subscription& target, ChannelKind kind,
                 std::span<const std::string_view> names, Handler handler) {
  switch (kind) {
    case ChannelKind::channel: target.unsubscribe(names, std::move(handler)); break;
    case ChannelKind::pattern: target.punsubscribe(names, std::move(handler)); break;
    case ChannelKind::shard: target.sunsubscribe(names, std::move(handler)); break;
  }
}

}  // namespace

void HubSubscription::add(ChannelKind kind, std::vector<std::string_view> names, Done done) {
  Adding adding{.kind = kind, .names = std::move(names), .done = std::move(done)};
  switch (state_) {
    case State::closed: return open(std::move(adding));
    case State::opening: waiting_.push_back(std::move(adding)); return;
    case State::open: return send(std::move(adding));
  }
}

void HubSubscription::open(Adding adding) {
  state_ = State::opening;
  ++adding.attempts;
  adding.opening = ++openings_;
  const std::vector<std::string_view> names = adding.names;
  subscribe(client_, adding.kind, names,
            [this, life = std::weak_ptr<int>(life_),
             adding = std::move(adding)](native::Result<native::Subscription> made) mutable {
              if (!life.expired()) handle_opened(std::move(adding), std::move(made));
            });
}

void HubSubscription::open_later(Adding adding) {
  open_again_.expires_after(open_again_wait);
  open_again_.async_wait([this, life = std::weak_ptr<int>(life_),
                          adding = std::move(adding)](boost::system::error_code) mutable {
    if (!life.expired()) open(std::move(adding));
  });
}

// If the server has refused the first names, the next ones still may open.
void HubSubscription::handle_opened(Adding adding, native::Result<native::Subscription> made) {
  const bool is_full = !made && made.error().code() == ErrorCode::rejected_by_limit;
  if (is_full && adding.attempts < open_attempts_max) return open_later(std::move(adding));
  const std::weak_ptr<int> life = life_;
  std::vector<Adding> waiting = std::exchange(waiting_, {});
  if (made) {
    state_ = State::open;
    subscription_ = std::move(*made);
    number_ = received_ = 0;
    taken_ = known_ = {};
    take_messages();
    handle_added(std::move(adding), {});
  } else {
    state_ = State::closed;
    adding.done(made.error());
  }
  if (life.expired()) return;
  for (Adding& each : waiting) add(each.kind, std::move(each.names), std::move(each.done));
}

void HubSubscription::send(Adding adding) {
  adding.opening = openings_;
  adding.gaps_before = subscription_.statistics().gaps;
  const std::vector<std::string_view> names = adding.names;
  subscribe(subscription_, adding.kind, names,
            [this, life = std::weak_ptr<int>(life_),
             adding = std::move(adding)](const native::Result<void>& outcome) mutable {
              if (!life.expired()) handle_added(std::move(adding), outcome);
            });
}

// If the connection was lost meanwhile, that may have been after the confirmation, and what is
// published until the names are restored would be missing, with nobody to say so. So the names are
// sent again.
void HubSubscription::handle_added(Adding adding, const native::Result<void>& outcome) {
  if (!outcome) return adding.done(outcome.error());
  check();
  if (state_ != State::open || adding.opening != openings_) {
    return adding.done(native::Error(ErrorCode::closed, Executed::maybe, has_ended));
  }
  known_.gaps == adding.gaps_before ? adding.done(std::nullopt) : send(std::move(adding));
}

void HubSubscription::remove(ChannelKind kind, std::span<const std::string_view> names) {
  if (state_ != State::open) return;
  ++removals_count_;
  unsubscribe(subscription_, kind, names,
              [this, life = std::weak_ptr<int>(life_)](const native::Result<void>& outcome) {
                if (life.expired()) return;
                --removals_count_;
                if (!outcome) may_have_strays_ = true;
              });
}

void HubSubscription::handle_stray(ChannelKind kind, std::string_view name) {
  if (may_have_strays_ && removals_count_ == 0) remove(kind, {&name, 1});
}

void HubSubscription::check() {
  if (state_ != State::open) return;
  const native::SubscriptionStatistics statistics = subscription_.statistics();
  received_ = std::max({received_, number_, statistics.received});
  note_missed({.lost = statistics.lost, .gaps = statistics.gaps});
}

// The statistics know of a loss before the messages do, which say where it was. Each loss is
// reported once.
void HubSubscription::note_missed(Missed missed) {
  const bool has_lost = missed.lost > known_.lost;
  const bool has_gaps = missed.gaps > known_.gaps;
  known_ = {.lost = std::max(known_.lost, missed.lost), .gaps = std::max(known_.gaps, missed.gaps)};
  if (has_gaps) return user_.handle_missed(*this, connection_was_lost);
  if (has_lost) user_.handle_missed(*this, lost_for_room);
}

void HubSubscription::take_messages() {
  subscription_.next_some(messages_at_once_max,
                          [this, life = std::weak_ptr<int>(life_)](
                              const native::Result<std::vector<native::Message>>& messages) {
                            if (!life.expired()) handle_messages(messages);
                          });
}

void HubSubscription::handle_messages(
    const native::Result<std::vector<native::Message>>& messages) {
  if (!messages || messages->empty()) return handle_end();
  for (const native::Message& message : *messages) {
    if (message.kind != native::Message::Kind::ended) number_ += message.lost + 1;
    taken_.lost += message.lost;
    taken_.gaps += message.gaps;
    note_missed(taken_);
    user_.handle_message(*this, message);
  }
  take_messages();
}

// The client was closed, or there was no memory to give messages to the bridge.
void HubSubscription::handle_end() {
  state_ = State::closed;
  subscription_.close();
  user_.handle_missed(*this, has_ended);
}

}  // namespace plimsoll::bridge
