#include "plimsoll/core/client/side_connections.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "plimsoll/core/base/check.h"

// How side connections are opened, used and given back. What their sessions say is translated in
// side_events.cc.

namespace plimsoll {
namespace {

constexpr std::uint32_t index_of(ConnectionId connection) {
  return static_cast<std::uint32_t>(connection);
}

constexpr Error no_room{.code = ErrorCode::rejected_by_limit,
                        .what = "the connections pool has no room for one more connection"};

constexpr Error others_wait_to_block{.code = ErrorCode::rejected_by_limit,
                                     .what = "others wait for a connection already"};

Error too_many(const char* what, std::uint32_t limit) {
  return {.code = ErrorCode::rejected_by_limit, .what = what, .value = limit, .limit = limit};
}

}  // namespace

SideConnections::~SideConnections() = default;

Result<RequestId> SideConnections::on(std::uint32_t index, const Result<RequestId>& id) const {
  if (!id) return id.error();
  const RequestId generation = table_->sides[index]->generation << generation_shift;
  return (*id & ~generation_mask) | generation | RequestId{index} << index_shift;
}

bool SideConnections::make_table() {
  if (!table_) table_ = Box<Table>::make(accounts_.connections, 0);
  return static_cast<bool>(table_);
}

Result<std::uint32_t> SideConnections::open(Role role, Instant now) {
  now_ = now;
  const bool subscribes = role == Role::subscription;
  const std::uint32_t limit =
      subscribes ? options_.subscriptions_max : options_.blocking_connections_max;
  if ((subscribes ? subscriptions_count() : blocking_count()) >= limit) {
    return subscribes ? too_many("subscriptions_max is reached", limit)
                      : too_many("blocking_connections_max is reached", limit);
  }
  if (!make_table()) return no_room;
  // The first place is the main connection's.
  const auto index = static_cast<std::uint32_t>(std::countr_one(used_ | 1));
  PLIMSOLL_CHECK(index < connections_max);
  SessionOptions options = options_;
  options.random_seed += index;
  options.tracking = {};
  options.reconnect_attempts_max = subscribes ? options_.reconnect_attempts_max : 0;
  options.read_resends_max = subscribes ? read_resends_limit : std::uint8_t{0};
  AccountHandle pushes;
  if (subscribes) {
    pushes = accounts_.connections.budget().open_account(PoolKind::pushes,
                                                         accounts_.connections.owner());
    if (!pushes) return no_room;
  }
  const Session::Accounts accounts{.requests = accounts_.requests,
                                   .replies = subscribes ? *pushes : accounts_.replies,
                                   .connections = accounts_.connections};
  Box<Side> side =
      Box<Side>::make(accounts_.connections, 0, role, options, accounts,
                      subscribes ? Session::Use::subscriptions : Session::Use::requests);
  if (!side) return no_room;
  if (subscribes) {
    side->pushes = std::move(pushes);
    side->subscription = Box<Subscription>::make(accounts_.connections, 0, accounts_.connections,
                                                 *side->pushes, options_);
    if (!side->subscription) return no_room;
  }
  side->generation = ++generations_ % generations_count;
  side->idle_since = now;
  side->session.connect(now);
  table_->sides[index] = std::move(side);
  used_ |= std::uint64_t{1} << index;
  note_use();
  return index;
}

// One that is connected rather than one that is about to be.
std::optional<std::uint32_t> SideConnections::idle_one() const {
  std::optional<std::uint32_t> found;
  for_each([&found](std::uint32_t index, const Side& side) {
    const Session::State state = side.session.state();
    const bool ending = state == Session::State::closing || state == Session::State::closed;
    if (side.role != Role::blocking || side.busy || side.unblocking || ending) return;
    if (!found || state == Session::State::ready) found = index;
  });
  return found;
}

std::size_t SideConnections::count(Role role) const {
  std::size_t count = 0;
  for_each([role, &count](std::uint32_t, const Side& side) { count += side.role == role; });
  return count;
}

SideConnections::Side& SideConnections::side(ConnectionId connection, Role role) const {
  const std::uint32_t index = index_of(connection);
  PLIMSOLL_CHECK(index < connections_max && (used_ >> index & 1) == 1);
  Side& side = *table_->sides[index];
  PLIMSOLL_CHECK(side.role == role && !side.given_up);
  return side;
}

Session* SideConnections::session(ConnectionId connection) const {
  const std::uint32_t index = index_of(connection);
  PLIMSOLL_CHECK(index < connections_max);
  return (used_ >> index & 1) == 1 ? &table_->sides[index]->session : nullptr;
}

Result<RequestId> SideConnections::submit_blocking(const CommandView& command, Instant now,
                                                   Instant deadline, Tag tag) {
  if (!nobody_waits()) return others_wait_to_block;
  std::optional<std::uint32_t> index = idle_one();
  if (!index) {
    const Result<std::uint32_t> opened = open(Role::blocking, now);
    if (!opened) return opened.error();
    index = *opened;
  }
  const Result<RequestId> id = table_->sides[*index]->session.submit(command, never, tag);
  if (!id) return id.error();
  return begin(*index, *id, deadline);
}

RequestId SideConnections::begin(std::uint32_t index, RequestId id, Instant deadline) {
  Side& side = *table_->sides[index];
  side.busy = true;
  side.early = Early::no;
  side.request = id;
  side.deadline = deadline;
  return on(index, id).value();
}

Result<ConnectionId> SideConnections::open_exclusive(Instant now) {
  if (!nobody_waits()) return others_wait_to_block;
  std::optional<std::uint32_t> index = idle_one();
  if (!index) {
    const Result<std::uint32_t> opened = open(Role::exclusive, now);
    if (!opened) return opened.error();
    index = *opened;
  }
  table_->sides[*index]->role = Role::exclusive;
  return ConnectionId{*index};
}

Result<RequestId> SideConnections::submit_to(ConnectionId connection, const CommandView& command,
                                             Instant deadline, Tag tag) {
  Side& used = side(connection, Role::exclusive);
  const Result<RequestId> id = used.session.submit(command, deadline, tag);
  if (!id && id.error().code == ErrorCode::closed) {
    return Error{.code = ErrorCode::connection_lost,
                 .what = used.session.last_problem().what,
                 .expected = "a new exclusive connection: this one is not replaced"};
  }
  return on(index_of(connection), id);
}

// What the user watched is forgotten; if that cannot be said, the connection goes.
void SideConnections::release(ConnectionId connection, Instant now) {
  Side& used = side(connection, Role::exclusive);
  used.given_up = true;
  constexpr std::string_view word = "UNWATCH";
  CommandView unwatch;
  unwatch.args = {&word, 1};
  if (!used.session.submit_own(unwatch, own_unwatch)) used.session.close(now);
}

Result<ConnectionId> SideConnections::open_subscription(Instant now) {
  const Result<std::uint32_t> index = open(Role::subscription, now);
  if (!index) return index.error();
  return ConnectionId{*index};
}

Result<RequestId> SideConnections::subscribe(ConnectionId connection, SubscriptionKind kind,
                                             std::span<const std::string_view> names, Instant now,
                                             Instant deadline, Tag tag) {
  now_ = now;
  Side& used = side(connection, Role::subscription);
  return on(index_of(connection),
            used.subscription->subscribe(used.session, kind, names, deadline, tag));
}

Result<RequestId> SideConnections::unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                               std::span<const std::string_view> names, Instant now,
                                               Instant deadline, Tag tag) {
  now_ = now;
  Side& used = side(connection, Role::subscription);
  return on(index_of(connection),
            used.subscription->unsubscribe(used.session, kind, names, deadline, tag));
}

Result<RequestId> SideConnections::next_messages(ConnectionId connection, std::size_t messages_max,
                                                 Instant now, Instant deadline, Tag tag) {
  now_ = now;
  Side& used = side(connection, Role::subscription);
  return on(index_of(connection), used.subscription->wait(messages_max, deadline, tag));
}

MessagesMissed SideConnections::messages_missed() const {
  PLIMSOLL_CHECK(last_ != nullptr && last_->subscription);
  return last_->subscription->missed();
}

void SideConnections::close_subscription(ConnectionId connection, Instant now) {
  Side& used = side(connection, Role::subscription);
  used.given_up = true;
  used.subscription->stop_waiting(
      Error{.code = ErrorCode::closed, .what = "the subscription was closed"});
  used.session.close(now);
}

SubscriptionStatistics SideConnections::subscription_statistics(ConnectionId connection) const {
  if (session(connection) == nullptr) return {};  // the client is over
  // Not side(): the client may be about to close.
  const Side& used = *table_->sides[index_of(connection)];
  PLIMSOLL_CHECK(used.role == Role::subscription);
  return used.subscription->statistics(used.session);
}

bool SideConnections::is_answered(RequestId id) const {
  const auto index = static_cast<std::uint32_t>(id >> index_shift);
  if (index >= connections_max || (used_ >> index & 1) == 0) return true;
  Side& side = *table_->sides[index];
  if ((id & generation_mask) >> generation_shift != side.generation) return true;
  const RequestId request = id & ((RequestId{1} << index_shift) - 1) & ~generation_mask;
  return request < side.session.answered_until();
}

bool SideConnections::none_is_under_way() const {
  bool none = true;
  for_each(
      [&none](std::uint32_t, const Side& side) { none = none && side.session.in_flight() == 0; });
  return none;
}

void SideConnections::cancel(RequestId id, Instant now) {
  const auto index = static_cast<std::uint32_t>(id >> index_shift);
  if (index >= connections_max || (used_ >> index & 1) == 0) return;
  Side& side = *table_->sides[index];
  if ((id & generation_mask) >> generation_shift != side.generation) return;
  const RequestId request = id & ((RequestId{1} << index_shift) - 1) & ~generation_mask;
  if (side.role == Role::blocking) {
    if (side.busy && side.request == request) end_early(index, Early::cancelled, now);
  } else if ((request & Subscription::wait_bit) != 0) {
    side.subscription->stop_waiting(
        request, Error{.code = ErrorCode::cancelled, .what = "the wait was cancelled"});
  } else {
    side.session.cancel(request);
  }
}

// The server may have taken an element for the one who waits no longer: it is asked to let go, and
// what it says then is the outcome.
void SideConnections::end_early(std::uint32_t index, Early early, Instant now) {
  Side& side = *table_->sides[index];
  if (side.early != Early::no) return;
  side.early = early;
  if (!side.session.is_exposed(side.request)) {
    side.deadline = never;
    return side.session.cancel(side.request);
  }
  side.deadline = after(now, options_.tombstone_age_max);
  unblock(index);
}

// Counts the client's main connections; 0 while none is ready.
std::uint64_t SideConnections::main_number() const {
  return main_.state() == Session::State::ready ? main_.counters().connections : 0;
}

// True if CLIENT UNBLOCK on the main connection can only mean this one. A server that restarts
// numbers connections from one again, so an old number may be a stranger's, who would be unblocked.
// If this connection was opened beside the present main one, no restart lies between the two, and
// the server has given it a higher number.
bool SideConnections::is_known_to_main(const Side& side) const {
  const std::uint64_t main = main_number();
  return main != 0 && side.opened_beside == main && side.session.client_id() > main_.client_id();
}

void SideConnections::unblock(std::uint32_t index) {
  Side& side = *table_->sides[index];
  side.unblock_at = never;
  if (!is_known_to_main(side)) return cut(side);
  const std::uint64_t known_as = side.session.client_id();
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), known_as).ptr;
  const std::string_view id(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const std::array<std::string_view, 4> words{"CLIENT", "UNBLOCK", id, "TIMEOUT"};
  CommandView unblock;
  unblock.args = words;
  if (!main_.submit_own(unblock, own_unblock_first + index)) return cut(side);
  side.unblocking = true;
}

// Without an answer nobody knows what came of it, and the connection is of no more use.
void SideConnections::cut(Side& side) {
  if (side.busy) side.session.cancel(side.request);
  side.session.abort();
}

void SideConnections::set_credentials(const Credentials& credentials) {
  for_each([&](std::uint32_t, Side& side) { side.session.set_credentials(credentials); });
}

void SideConnections::close(Instant now) {
  closing_ = true;
  for_each([now](std::uint32_t, Side& side) {
    side.given_up = true;
    side.session.close(now);
  });
}

void SideConnections::abort_unless_closing() {
  if (!closing_) abort();
}

void SideConnections::abort() {
  closing_ = aborted_ = true;
  for_each([](std::uint32_t, Side& side) {
    side.given_up = true;
    side.session.abort();
  });
}

void SideConnections::handle_timeout(Instant now) {
  now_ = now;
  if (has_line()) {
    if (now >= table_->line->room_again_at) table_->line->room_again_at = never;
    table_->line->waiters.handle_timeout(now);
  }
  for_each([&](std::uint32_t index, Side& side) {
    side.session.handle_timeout(now);
    if (side.busy && now >= side.deadline) {
      side.early == Early::no ? end_early(index, Early::timed_out, now) : cut(side);
    }
    if (side.busy && now >= side.unblock_at && !side.unblocking) unblock(index);
    if (side.subscription) side.subscription->handle_timeout(side.session, now);
    if (now >= after(side.idle_since, side_connection_idle_max) && is_idle(side)) {
      side.session.close(now);
    }
  });
}

Instant SideConnections::poll_timeout() {
  Instant next = never;
  if (!nobody_waits())
    next = std::min(table_->line->waiters.next_deadline(), table_->line->room_again_at);
  for_each([&next](std::uint32_t, Side& side) {
    next = std::min(next, side.session.poll_timeout());
    if (side.busy) next = std::min({next, side.deadline, side.unblock_at});
    if (side.subscription) next = std::min(next, side.subscription->poll_timeout());
    if (is_idle(side)) next = std::min(next, after(side.idle_since, side_connection_idle_max));
  });
  return next;
}

std::optional<SideConnections::SideAction> SideConnections::poll_action() {
  std::optional<SideAction> found;
  for_each([&](std::uint32_t index, Side& side) {
    if (found) return;
    const std::optional<Session::Action> action = side.session.poll_action();
    if (action == Session::Action::open) side.opened_beside = main_number();
    if (action) found = SideAction{.action = *action, .connection = ConnectionId{index}};
  });
  return found;
}

std::uint64_t SideConnections::unsent() const {
  std::uint64_t mask = 0;
  for_each([&mask](std::uint32_t index, const Side& side) {
    if (side.session.has_unsent()) mask |= std::uint64_t{1} << index;
  });
  return mask;
}

std::uint64_t SideConnections::take_resumed() {
  std::uint64_t mask = 0;
  for_each([&mask](std::uint32_t index, Side& side) {
    if (side.session.take_resumed()) mask |= std::uint64_t{1} << index;
  });
  return mask;
}

}  // namespace plimsoll
