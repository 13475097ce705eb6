#include "plimsoll/core/client/side_connections.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/core/memory/budget.h"

// More than 500 lines, because the three uses of a side connection (blocking, exclusive,
// subscription) and the queue of waiters share one table: a connection changes from one use to
// another.

namespace plimsoll::inline v0 {
namespace {

constexpr std::uint32_t index_of(ConnectionId connection) {
  return static_cast<std::uint32_t>(connection);
}

constexpr Error no_room{.code = ErrorCode::rejected_by_limit,
                        .what = "the connections pool has no room for one more connection"};

constexpr Error others_wait_to_block{.code = ErrorCode::rejected_by_limit,
                                     .what = "other commands wait for a connection already"};

Error too_many(const char* what, std::uint32_t limit) {
  return {.code = ErrorCode::rejected_by_limit, .what = what, .value = limit, .limit = limit};
}

// How long to wait before asking again for memory for the first waiter.
constexpr Duration memory_again_wait = std::chrono::milliseconds(20);

constexpr Error main_is_elsewhere{.code = ErrorCode::connection_lost,
                                  .what = "the client has another server now"};

constexpr Error no_connections{.code = ErrorCode::rejected_by_limit,
                               .what = "blocking_connections_max is 0"};
constexpr Error no_room_for_waiters{.code = ErrorCode::rejected_by_limit,
                                    .what =
                                        "the connections pool has no room for commands "
                                        "that wait for a connection"};

}  // namespace

SideConnections::~SideConnections() = default;

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

Result<RequestId> SideConnections::join(std::size_t bytes, Instant now, Instant deadline, Tag tag,
                                        const Admission::Size& other) {
  now_ = now;
  // No waiter would ever be admitted.
  if (options().blocking_connections_max == 0) return no_connections;
  if (!make_table()) return no_room_for_waiters;
  Box<Waiting>& made = table_->waiting;
  if (!made) {
    // Like the table, the queue is kept when it becomes empty.
    made =
        Box<Waiting>::make(accounts().connections, 0, accounts().requests, options().waiters_max);
  }
  if (!made) return no_room_for_waiters;
  if (table_->waiting->waiters.empty()) table_->waiting->room_again_at = never;
  const Result<RequestId> id = table_->waiting->waiters.join(bytes, deadline, tag, other);
  note_use();
  return id;
}

void SideConnections::cancel_wait(RequestId id) {
  PLIMSOLL_CHECK(has_waiting());
  if (table_->waiting->reserved && table_->waiting->waiters.first().id == id) release_room();
  table_->waiting->waiters.cancel(id);
}

RequestId SideConnections::submit_admitted(const CommandView& command, Tag tag) {
  PLIMSOLL_CHECK(admitted() != nullptr);
  const std::uint32_t index = *std::exchange(table_->waiting->reserved, std::nullopt);
  const Admission::Waiter waiter = table_->waiting->waiters.first();
  PLIMSOLL_CHECK(encoded_size(command) == waiter.bytes);
  table_->waiting->waiters.leave();
  note_use();
  const RequestId id = table_->sides[index]->session.submit_to_room(command, never, tag);
  return begin(index, id, waiter.deadline);
}

Result<ConnectionId> SideConnections::open_exclusive(Instant now) {
  if (!nobody_waits()) return others_wait_to_block;
  std::optional<std::uint32_t> index = idle_one();
  if (!index) index = returning_one();
  if (!index) {
    const Result<std::uint32_t> opened = open(Role::exclusive, now);
    if (!opened) return opened.error();
    index = *opened;
  }
  Side& side = *table_->sides[*index];
  side.role = Role::exclusive;
  side.given_up = false;
  return ConnectionId{*index};
}

Result<RequestId> SideConnections::submit_to(ConnectionId connection, const CommandView& command,
                                             Instant deadline, Tag tag) {
  Side& used = side(connection, Role::exclusive);
  const commands::Row* const row = commands::row_of(command);
  used.may_watch |= row == nullptr || commands::number_of(*row) == commands::row_numbers::watch;
  const Result<RequestId> id = used.session.submit(command, deadline, tag);
  if (!id && id.error().code == ErrorCode::closed) {
    return Error{.code = ErrorCode::connection_lost,
                 .what = used.session.last_problem().what,
                 .expected = "a new exclusive connection: this one is not replaced"};
  }
  return on(index_of(connection), id);
}

// The server must forget what the user watched. If UNWATCH cannot be staged, the connection closes.
void SideConnections::release(ConnectionId connection, Instant now) {
  Side& used = side(connection, Role::exclusive);
  used.given_up = true;
  if (!std::exchange(used.may_watch, false)) return;
  used.unwatching = true;
  constexpr std::string_view word = "UNWATCH";
  CommandView unwatch;
  unwatch.args = {&word, 1};
  if (!used.session.submit_internal(unwatch, internal_unwatch)) used.session.close(now);
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
  if (session(connection) == nullptr) return {};  // the connection is over
  // Not side(): the client may be about to close.
  const Side& used = *table_->sides[index_of(connection)];
  PLIMSOLL_CHECK(used.role == Role::subscription);
  return used.subscription->statistics(used.session);
}

void SideConnections::cancel(RequestId id, Instant now) {
  const auto index = static_cast<std::uint32_t>(request_ids::connection_of(id));
  if (index >= connections_max || (used_ >> index & 1) == 0) return;
  Side& side = *table_->sides[index];
  if (request_ids::incarnation_of(id) != side.incarnation) return;
  const RequestId request = request_ids::request_of(id);
  if (side.role == Role::blocking) {
    if (side.busy && side.request == request) end_early(index, Early::cancelled, now);
  } else if (!request_ids::is_wait_for_messages(request)) {
    side.session.cancel(request);
  } else if (side.subscription) {  // a host may give the id of another client's wait
    side.subscription->stop_waiting(
        request, Error{.code = ErrorCode::cancelled, .what = "the wait was cancelled"});
  }
}

std::size_t SideConnections::staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                                           std::span<std::string_view> spans) const {
  const auto index = static_cast<std::uint32_t>(request_ids::connection_of(id));
  PLIMSOLL_CHECK(index < connections_max && (used_ >> index & 1) == 1);
  return table_->sides[index]->session.staged_places(request_ids::request_of(id), offset, size,
                                                     spans);
}

bool SideConnections::is_answered(RequestId id) const {
  const auto index = static_cast<std::uint32_t>(request_ids::connection_of(id));
  if (index >= connections_max || (used_ >> index & 1) == 0) return true;
  Side& side = *table_->sides[index];
  if (request_ids::incarnation_of(id) != side.incarnation) return true;
  const RequestId request = request_ids::request_of(id);
  return request < side.session.answered_until();
}

bool SideConnections::none_is_under_way() const {
  bool none = true;
  for_each(
      [&none](std::uint32_t, const Side& side) { none = none && side.session.in_flight() == 0; });
  return none;
}

bool SideConnections::have_said_all() const {
  bool all = nobody_waits();
  for_each([&all](std::uint32_t, const Side& side) {
    const bool waited_for = side.subscription && side.subscription->waits();
    all = all && side.session.has_said_all() && !waited_for;
  });
  return all;
}

// A connection that has yet to be opened will go to the new server anyway.
void SideConnections::leave_server(const Error& reason, Instant now) {
  now_ = std::max(now_, now);
  for_each([&](std::uint32_t, Side& side) {
    side.session.leave(reason);
    side.session.hurry(now);
  });
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

void SideConnections::abort() {
  closing_ = aborted_ = true;
  for_each([](std::uint32_t, Side& side) {
    side.given_up = true;
    side.session.abort();
  });
}

void SideConnections::abort_unless_closing() {
  if (!closing_) abort();
}

void SideConnections::handle_timeout(Instant now) {
  now_ = now;
  if (has_waiting()) {
    if (now >= table_->waiting->room_again_at) table_->waiting->room_again_at = never;
    table_->waiting->waiters.handle_timeout(now);
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
    next = std::min(table_->waiting->waiters.next_deadline(), table_->waiting->room_again_at);
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
    if (!action) return;
    if (*action == Session::Action::open) {
      side.main_when_opened = main_number();
      side.seed = main_.seed();
    }
    found = SideAction{.action = *action, .connection = ConnectionId{index}, .seed = side.seed};
  });
  return found;
}

std::optional<Event> SideConnections::poll_event() {
  std::optional<Event> event = poll_side_connections();
  if (event) return event;
  drop_those_over();
  return poll_waiters();
}

std::optional<Event> SideConnections::poll_message() {
  if (last_ == nullptr || !last_->subscription) return std::nullopt;
  Side& side = *last_;
  now_ = std::max(now_, side.session.now());
  while (side.subscription->takes_pushes()) {
    const std::optional<Event> event = side.session.poll_event();
    if (!event) break;
    if (std::optional<Event> reported = translate(side, *event)) return reported;
  }
  return std::nullopt;
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

// If the outcome of CLIENT UNBLOCK is unknown, it may still arrive and unblock the next command on
// that connection, so the connection is dropped.
void SideConnections::handle_unblocked(Tag internal_tag, const Event& event) {
  const Tag index = internal_tag - internal_unblock_first;
  // Others ask the main connection, too, under tags beyond these.
  if (index >= connections_max || (used_ >> index & 1) == 0) return;
  Side& side = *table_->sides[index];
  if (!std::exchange(side.unblocking, false)) return;
  const bool refused = event.kind == Event::Kind::failed && event.value.has_value();
  const bool lost = event.kind == Event::Kind::failed && !event.value.has_value();
  if (lost || (refused && side.busy)) return cut(side);
  if (side.busy) side.unblock_at = after(now_, unblock_again_wait);
}

std::optional<Event> SideConnections::credentials_outcome(const Event& event) {
  if (event.kind != Event::Kind::queueing_failed) return std::nullopt;
  return Event{
      .kind = Event::Kind::credentials_refused, .value = event.value, .error = event.error};
}

Session* SideConnections::session(ConnectionId connection) const {
  const std::uint32_t index = index_of(connection);
  PLIMSOLL_CHECK(index < connections_max);
  return (used_ >> index & 1) == 1 ? &table_->sides[index]->session : nullptr;
}

Result<Reply> SideConnections::keep_reply() {
  PLIMSOLL_CHECK(last_ != nullptr);
  if (last_->subscription && last_->subscription->shows_kept()) {
    return last_->subscription->take_kept();
  }
  return last_->session.keep_reply();
}

void SideConnections::validate() {
  for_each([](std::uint32_t, Side& side) {
    side.session.validate();
    PLIMSOLL_CHECK(side.role == Role::blocking || !side.busy);
    PLIMSOLL_CHECK((side.role == Role::subscription) == static_cast<bool>(side.subscription));
    PLIMSOLL_CHECK(side.busy || side.early == Early::no);
  });
  if (has_waiting()) table_->waiting->waiters.validate();
  PLIMSOLL_CHECK(empty_ == (used_ == 0 && nobody_waits() && !never_empty_));
  PLIMSOLL_CHECK(subscriptions_count() <= options().subscriptions_max);
  PLIMSOLL_CHECK(blocking_count() <= options().blocking_connections_max);
}

bool SideConnections::make_table() {
  if (!table_) table_ = Box<Table>::make(accounts().connections, 0);
  return static_cast<bool>(table_);
}

Result<std::uint32_t> SideConnections::open(Role role, Instant now) {
  now_ = now;
  const bool subscribes = role == Role::subscription;
  const std::uint32_t limit =
      subscribes ? options().subscriptions_max : options().blocking_connections_max;
  if ((subscribes ? subscriptions_count() : blocking_count()) >= limit) {
    return subscribes ? too_many("subscriptions_max is reached", limit)
                      : too_many("blocking_connections_max is reached", limit);
  }
  if (!make_table()) return no_room;
  // The first place is the main connection's.
  const auto index = static_cast<std::uint32_t>(std::countr_one(used_ | 1));
  PLIMSOLL_CHECK(index < connections_max);
  SessionOptions own_options = options();
  own_options.random_seed += index;
  own_options.seeds_count = 1;  // the main connection's address, whichever that is
  own_options.follows_main = options().seeds_count > 1 || options().sentinel != nullptr;
  own_options.tracking = {};
  own_options.reconnect_attempts_max = subscribes ? options().reconnect_attempts_max : 0;
  own_options.read_resends_max = subscribes ? read_resends_limit : std::uint8_t{0};
  AccountHandle pushes;
  if (subscribes) {
    pushes = accounts().connections.budget().open_account(PoolKind::pushes,
                                                          accounts().connections.owner());
    if (!pushes) return no_room;
  }
  const Session::Accounts own{.requests = accounts().requests,
                              .replies = subscribes ? *pushes : accounts().replies,
                              .connections = accounts().connections};
  Box<Side> side =
      Box<Side>::make(accounts().connections, 0, role, own_options, own,
                      subscribes ? Session::Use::subscriptions : Session::Use::requests);
  if (!side) return no_room;
  if (subscribes) {
    side->pushes = std::move(pushes);
    side->subscription = Box<Subscription>::make(accounts().connections, 0, accounts().connections,
                                                 *side->pushes, options());
    if (!side->subscription) return no_room;
  }
  side->incarnation = ++incarnations_ % request_ids::Incarnation::values_count;
  side->idle_since = now;
  side->session.connect(now);
  table_->sides[index] = std::move(side);
  used_ |= std::uint64_t{1} << index;
  note_use();
  return index;
}

// Prefers a connection that is ready to one that is being opened.
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

bool SideConnections::is_idle(const Side& side) {
  return side.role == Role::blocking && !side.busy && !side.unblocking &&
         side.session.state() == Session::State::ready;
}

// An exclusive connection that its user gave back, with nothing under way but the UNWATCH of
// release(). The next user's commands follow that on the wire, so nobody needs to wait for its
// reply, and a caller who takes one connection after the other is not refused.
std::optional<std::uint32_t> SideConnections::returning_one() const {
  std::optional<std::uint32_t> found;
  for_each([&found](std::uint32_t index, const Side& side) {
    const Session::State state = side.session.state();
    const bool ending = state == Session::State::closing || state == Session::State::closed;
    const bool returns = side.role == Role::exclusive && side.given_up && !ending &&
                         side.session.in_flight() == (side.unwatching ? 1U : 0U);
    if (returns && !found) found = index;
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

Result<RequestId> SideConnections::on(std::uint32_t index, const Result<RequestId>& id) const {
  if (!id) return id.error();
  return request_ids::on_side(index, table_->sides[index]->incarnation, *id);
}

RequestId SideConnections::begin(std::uint32_t index, RequestId id, Instant deadline) {
  Side& side = *table_->sides[index];
  side.busy = true;
  side.early = Early::no;
  side.request = id;
  side.deadline = deadline;
  return on(index, id).value();
}

// The server may already have taken an element for this command. So the client asks the server to
// end the wait (CLIENT UNBLOCK), and the server's reply to the command is the outcome.
void SideConnections::end_early(std::uint32_t index, Early early, Instant now) {
  Side& side = *table_->sides[index];
  if (side.early != Early::no) return;
  side.early = early;
  if (!side.session.is_exposed(side.request)) {
    side.deadline = never;
    return side.session.cancel(side.request);
  }
  side.deadline = after(now, options().tombstone_age_max);
  unblock(index);
}

// Counts the client's main connections; 0 while none is ready.
std::uint64_t SideConnections::main_number() const {
  return main_.state() == Session::State::ready ? main_.counters().connections : 0;
}

// True if CLIENT UNBLOCK on the main connection is sure to mean this connection. A restarted server
// numbers connections from 1 again, so an old number may belong to another client, which would be
// unblocked. If this connection was opened while the present main connection was ready, and has the
// higher number, the server did not restart in between.
bool SideConnections::is_known_to_main(const Side& side) const {
  const std::uint64_t main = main_number();
  return main != 0 && side.main_when_opened == main && side.session.client_id() > main_.client_id();
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
  if (!main_.submit_internal(unblock, internal_unblock_first + index)) return cut(side);
  side.unblocking = true;
}

// Aborts the connection: the client cannot tell whether the command still blocks there.
void SideConnections::cut(Side& side) {
  if (side.busy) side.session.cancel(side.request);
  side.session.abort();
}

std::optional<Event> SideConnections::poll_side_connections() {
  std::optional<Event> reported;
  for_each([&](std::uint32_t, Side& side) {
    if (reported) return;
    last_ = &side;
    now_ = std::max(now_, side.session.now());
    close_if_older(side);
    follow_main(side);
    if (side.subscription) reported = side.subscription->resume(side.session, now_);
    if (reported) return;
    while (const std::optional<Event> event = side.session.poll_event()) {
      reported = translate(side, *event);
      if (reported) return;
    }
    if (side.subscription) reported = poll_subscription(side);
    settle(side);
  });
  return reported;
}

std::optional<Event> SideConnections::translate(Side& side, const Event& event) {
  if (event.tag == internal_auth) return credentials_outcome(event);
  if (event.tag == internal_unwatch) {
    side.unwatching = false;
    // Keys that are still watched would make the next user's transaction fail.
    if (event.kind == Event::Kind::failed) side.session.abort();
    return std::nullopt;
  }
  if (side.role == Role::subscription) return side.subscription->handle_event(side.session, event);
  const bool is_replica =
      event.error != nullptr && event.error->code == ErrorCode::read_only_replica;
  // It may only read, and would not hear of it. If it was replaced since, it may have left the
  // replica already.
  if (is_replica && side.main_when_opened == main_number()) main_.leave_replica();
  if (side.role == Role::blocking) return translate_blocking(side, event);
  switch (event.kind) {
    case Event::Kind::completed:
    case Event::Kind::failed:
    case Event::Kind::queueing_failed: return event;
    case Event::Kind::ready:
    case Event::Kind::pushed:
    case Event::Kind::disconnected:
    case Event::Kind::closed:
    case Event::Kind::credentials_refused:
    case Event::Kind::admitted: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Event> SideConnections::translate_blocking(Side& side, const Event& event) {
  const bool completed = event.kind == Event::Kind::completed;
  if (!completed && event.kind != Event::Kind::failed) return std::nullopt;
  PLIMSOLL_CHECK(side.busy);
  side.busy = false;
  side.deadline = side.unblock_at = never;
  side.idle_since = now_;
  const Early early = std::exchange(side.early, Early::no);
  // If the server took an element for a command that was given up, the element is delivered all the
  // same, because it would be lost otherwise.
  const bool nothing_came = completed ? event.value->is_null() : !event.value.has_value();
  // Otherwise the rest of a reply that was given up would be taken for the next command's reply.
  if (!completed && event.error->code == ErrorCode::out_of_memory) side.session.abort();
  if (early == Early::no || !nothing_came) return event;
  side.error = Error{.code = ErrorCode::cancelled, .what = "the request was cancelled"};
  if (early == Early::timed_out) {
    side.error = {.code = ErrorCode::timed_out, .what = side.session.deadline_passed()};
  }
  if (!completed) side.error.executed = event.error->executed;
  return Event{.kind = Event::Kind::failed, .tag = event.tag, .error = &side.error};
}

std::optional<Event> SideConnections::poll_subscription(Side& side) {
  Subscription& subscription = *side.subscription;
  subscription.restore(side.session);
  std::optional<Event> event = subscription.poll_event();
  if (!event && side.session.state() == Session::State::closed) {
    Error reason = side.session.last_problem();
    reason.code = ErrorCode::closed;
    subscription.stop_waiting(reason);
    event = subscription.poll_event();
  }
  return event;
}

// A connection that its user gave back can be used again once none of the user's requests is in
// flight.
void SideConnections::settle(Side& side) {
  if (side.role != Role::exclusive || !side.given_up || side.session.in_flight() > 0) return;
  if (side.session.state() != Session::State::ready) return;
  side.role = Role::blocking;
  side.given_up = false;
  side.idle_since = now_;
}

// Closes an idle connection that is older than the main one: a command that blocks on it could not
// be unblocked (is_known_to_main()). The next such command opens a new connection.
void SideConnections::close_if_older(Side& side) {
  const std::uint64_t main = main_number();
  if (main != 0 && side.main_when_opened != main && is_idle(side)) side.session.close(now_);
}

// A subscription to the server that the main connection has left might hear nothing more, for ever.
// An attempt at an address that the main connection has given up might never end, or lead to
// another server than the main connection's. Nothing was sent on it, so nothing is in doubt.
void SideConnections::follow_main(Side& side) const {
  const Session::State main = main_.state();
  if (side.seed == main_.seed() || main != Session::State::ready) return;
  const Session::State state = side.session.state();
  const bool is_in_use =
      state == Session::State::closing || (state == Session::State::ready && !side.subscription);
  if (!is_in_use) side.session.leave(main_is_elsewhere);
}

void SideConnections::drop_those_over() {
  for_each([this](std::uint32_t index, Side& side) {
    const bool waited_for = side.subscription && side.subscription->waits();
    const bool unused = side.role == Role::blocking ? !side.unblocking : side.given_up;
    if (!side.session.is_over() || waited_for || !unused) return;
    if (last_ == &side) last_ = nullptr;
    table_->sides[index] = {};
    used_ &= ~(std::uint64_t{1} << index);
  });
  note_use();
}

// Reports the end of a waiter, or admits the first waiter.
std::optional<Event> SideConnections::poll_waiters() {
  if (nobody_waits()) return std::nullopt;
  PLIMSOLL_CHECK(!table_->waiting->reserved);
  Admission& waiters = table_->waiting->waiters;
  const bool over = closing_ || main_.is_closed();
  const std::optional<Ended> ended = over ? waiters.take_closed() : waiters.next_ended();
  if (ended) {
    // No note_use() yet: the client's `closed` may follow this event, and Client::poll_event()
    // calls poll_all(), which reports it, only while empty() is false.
    table_->waiting->room_again_at = never;  // the first waiter may be another one now
    return waiter_failed(*ended);
  }
  note_use();
  if (over || waiters.empty()) return std::nullopt;
  Waiting& waiting = *table_->waiting;
  // Progress of the main connection counts as well as time. With a coarse clock, a PING of the main
  // connection may hold the memory each time that this asks again, and the first waiter would
  // starve.
  const bool is_too_soon = waiting.room_again_at != never && now_ < waiting.room_again_at;
  if (is_too_soon && main_.counters().progress() == waiting.refused_progress) return std::nullopt;
  waiting.room_again_at = never;
  const Admission::Waiter& first = waiters.first();
  switch (make_room(first.bytes)) {
    case Pipeline::Room::made: return Event{.kind = Event::Kind::admitted, .tag = first.tag};
    case Pipeline::Room::no_place: return std::nullopt;
    case Pipeline::Room::no_memory:
      waiting.room_again_at = after(now_, memory_again_wait);
      waiting.refused_progress = main_.counters().progress();
      break;
  }
  return std::nullopt;
}

Event SideConnections::waiter_failed(const Ended& ended) {
  Error& error = table_->waiting->error;
  if (ended.code == ErrorCode::timed_out) {
    error = {.what = "the request's deadline passed while it waited for a connection"};
  } else if (ended.code == ErrorCode::cancelled) {
    error = {.what = "the request was cancelled while it waited for a connection"};
  } else {
    error = main_.refusal();
  }
  error.code = ended.code;
  error.executed = ended.executed;
  return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &error};
}

// Finds or opens a connection for the first waiter, and reserves room for its command there. The
// caller must not treat no_memory as no_place: it would ask for memory with every event, and take
// memory that others need.
Pipeline::Room SideConnections::make_room(std::size_t bytes) {
  std::optional<std::uint32_t> index = idle_one();
  if (!index) {
    if (blocking_count() >= options().blocking_connections_max) return Pipeline::Room::no_place;
    const Result<std::uint32_t> opened = open(Role::blocking, now_);
    if (!opened) return Pipeline::Room::no_memory;
    index = *opened;
  }
  const Pipeline::Room room = table_->sides[*index]->session.make_room(bytes);
  if (room == Pipeline::Room::made) table_->waiting->reserved = index;
  return room;
}

void SideConnections::release_room() {
  table_->sides[*std::exchange(table_->waiting->reserved, std::nullopt)]->session.release_room();
}

}  // namespace plimsoll::inline v0
