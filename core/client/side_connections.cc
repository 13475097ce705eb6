#include "plimsoll/core/client/side_connections.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/handed_request.h"
#include "plimsoll/core/client/slot_owners.h"
#include "plimsoll/core/session/problems.h"

// More than 500 lines, because the three uses of a side connection (blocking, exclusive,
// subscription) and the queue of waiters share one table: a connection changes from one use to
// another.

namespace plimsoll::inline v0 {
namespace {

constexpr std::uint32_t index_of(ConnectionId connection) {
  return static_cast<std::uint32_t>(connection);
}

constexpr Error others_wait_to_block{.code = ErrorCode::rejected_by_limit,
                                     .what = "other commands wait for a connection already"};

constexpr Error is_served_elsewhere{
    .code = ErrorCode::connection_lost,
    .what = "the shard channels are served by another node of the cluster now"};

constexpr Error is_of_other_slot{
    .code = ErrorCode::invalid_argument,
    .what = "the shard channels of a subscription belong to several slots of the cluster",
    .expected =
        "channels of one slot: with the same {hash tag}; or one subscription for each slot"};

constexpr Error watches_other_slot{
    .code = ErrorCode::invalid_argument,
    .what = "the exclusive connection watches keys of another slot of the cluster",
    .expected = "keys of the slot that is watched; or UNWATCH first"};

constexpr Error still_watches{
    .code = ErrorCode::connection_lost,
    .what = "the server has refused UNWATCH behind the last user of this exclusive connection"};

constexpr Error no_room_for_handle{
    .code = ErrorCode::rejected_by_limit,
    .what = "the connections pool has no room for exclusive connections"};

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
  sides_.note_time(now);
  const Result<Slot> slot = sides_.owners() ? SlotOwners::slot_of(command) : Result<Slot>(no_slot);
  if (!slot) return slot.error();
  if (!nobody_waits()) return others_wait_to_block;
  const Result<std::uint32_t> index = take(Role::blocking, *slot);
  if (!index) return index.error();
  const Result<RequestId> id = sides_[*index].session.submit(command, never, tag);
  if (!id) return id.error();
  return begin(*index, *id, command, deadline);
}

Result<RequestId> SideConnections::join(const CommandView& command, std::size_t bytes, Instant now,
                                        Instant deadline, Tag tag, const Admission::Size& other) {
  sides_.note_time(now);
  // No waiter would ever be admitted.
  if (sides_.options().blocking_connections_max == 0) return no_connections;
  const Result<Slot> slot =
      sides_.may_be_cluster() ? SlotOwners::slot_of(command) : Result<Slot>(no_slot);
  if (!slot && sides_.owners()) return slot.error();
  if (sides_.make_waiters() == nullptr) return no_room_for_waiters;
  if (waiting()->waiters.empty()) waiting()->retry.forget();
  const Result<RequestId> id =
      waiting()->waiters.join(bytes, deadline, tag, other, {.slot = slot ? *slot : no_slot});
  note_use();
  return id;
}

void SideConnections::cancel_wait(RequestId id) {
  PLIMSOLL_CHECK(has_waiting());
  if (waiting()->reserved && waiting()->waiters.first().id == id) release_room();
  waiting()->waiters.cancel(id);
}

RequestId SideConnections::submit_admitted(const CommandView& command, Tag tag) {
  PLIMSOLL_CHECK(admitted() != nullptr);
  const std::uint32_t index = *std::exchange(waiting()->reserved, std::nullopt);
  const Admission::Waiter waiter = waiting()->waiters.first();
  PLIMSOLL_CHECK(encoded_size(command) == waiter.bytes);
  waiting()->waiters.leave();
  note_use();
  const RequestId id = sides_[index].session.submit_to_room(command, never, tag);
  return begin(index, id, command, waiter.deadline);
}

Result<ConnectionId> SideConnections::open_exclusive(Instant now) {
  sides_.note_time(now);
  if (!nobody_waits()) return others_wait_to_block;
  if (sides_.owners()) return open_handle();
  const Result<std::uint32_t> index = take(Role::exclusive, no_slot);
  if (!index) return index.error();
  return ConnectionId{*index};
}

// A place is kept for each handle: a connection that nobody uses can be closed for it.
Result<ConnectionId> SideConnections::open_handle() {
  ExclusiveHandles* const handles = sides_.make_handles();
  if (handles == nullptr) return no_room_for_handle;
  const std::size_t used = sides_.blocking_in_use() + handles->without_connection();
  const std::uint32_t limit = sides_.options().blocking_connections_max;
  const std::optional<std::uint32_t> handle =
      used < limit ? handles->add() : std::optional<std::uint32_t>();
  if (!handle) return sides_.too_many("blocking_connections_max is reached", limit);
  return ConnectionId{*handle};
}

Result<RequestId> SideConnections::submit_to(ConnectionId connection, const CommandView& command,
                                             Instant now, Instant deadline, Tag tag) {
  sides_.note_time(now);
  std::uint32_t index = sides_.handle_of(connection);
  if (sides_.owners() && ExclusiveHandles::is_handle(index)) {
    const Result<std::uint32_t> stands_for = connection_for(index, command);
    if (!stands_for) return stands_for.error();
    index = *stands_for;
  }
  Side& used = sides_.side(ConnectionId{index}, Role::exclusive);
  const Result<RequestId> id = used.session.submit(command, deadline, tag);
  if (!id && id.error().code == ErrorCode::closed) {
    return Error{.code = ErrorCode::connection_lost,
                 .what = used.session.last_problem().what,
                 .expected = "a new exclusive connection: this one is not replaced"};
  }
  if (id) used.note_watched(*id, command);
  return on(index, id);
}

// The connection for a command of the user who holds this handle. While nothing is watched, each
// key may lead to another node.
Result<std::uint32_t> SideConnections::connection_for(std::uint32_t handle,
                                                      const CommandView& command) {
  ExclusiveHandles& handles = *sides_.handles();
  PLIMSOLL_CHECK(handles.has(handle));
  const Result<Slot> slot = SlotOwners::slot_of(command);
  if (!slot) return slot.error();
  const std::uint32_t before = handles.connection(handle);
  if (before != ExclusiveHandles::none) {
    Side& side = sides_[before];
    if (side.session.state() == Session::State::closed || *slot == no_slot) return before;
    const bool watches = side.watched != no_slot && !side.begins_anew_with(command);
    if (watches && side.watched != *slot) return watches_other_slot;
    if (watches) return before;
    if (side.watched == no_slot && sides_.leads_to(side, *slot)) {
      sides_.lead(side, *slot);
      return before;
    }
    handles.set_connection(handle, ExclusiveHandles::none);
    give_back(side);
  }
  Result<std::uint32_t> index = Error{};
  if (const std::optional<std::uint32_t> own = sides_.take_again(handle, *slot)) {
    index = *own;
  } else {
    index = take(Role::exclusive, *slot);
  }
  if (!index) return index;
  handles.set_connection(handle, *index);
  sides_[*index].handle = handle;
  return index;
}

void SideConnections::release(ConnectionId connection, Instant now) {
  sides_.note_time(now);
  std::uint32_t index = sides_.handle_of(connection);
  if (sides_.owners() && ExclusiveHandles::is_handle(index)) {
    PLIMSOLL_CHECK(sides_.handles()->has(index));
    const std::uint32_t handle = index;
    index = sides_.handles()->connection(handle);
    sides_.handles()->remove(handle);
    sides_.forget_handle(handle);
    if (index == ExclusiveHandles::none) return;
  }
  give_back(sides_.side(ConnectionId{index}, Role::exclusive));
}

// The server must forget what the user watched. If UNWATCH cannot be staged, the connection closes.
void SideConnections::give_back(Side& side) {
  side.given_up = true;
  side.watched = no_slot;
  side.watch_failed = false;
  if (!std::exchange(side.may_watch, false)) return;
  side.unwatching = true;
  constexpr std::string_view word = "UNWATCH";
  CommandView unwatch;
  unwatch.args = {&word, 1};
  if (!side.session.submit_internal(unwatch, internal_unwatch)) side.session.close(sides_.now());
}

Result<ConnectionId> SideConnections::open_subscription(Instant now) {
  sides_.note_time(now);
  const std::uint32_t limit = sides_.options().subscriptions_max;
  if (subscriptions_count() >= limit) return sides_.too_many("subscriptions_max is reached", limit);
  const Result<std::uint32_t> index = sides_.open(Role::subscription);
  note_use();
  if (!index) return index.error();
  return ConnectionId{*index};
}

Result<RequestId> SideConnections::subscribe(ConnectionId connection, SubscriptionKind kind,
                                             std::span<const std::string_view> names, Instant now,
                                             Instant deadline, Tag tag) {
  sides_.note_time(now);
  Side& used = sides_.side(connection, Role::subscription);
  if (const Status leads = lead_subscription(used, kind, names); !leads) return leads.error();
  return on(index_of(connection),
            used.subscription->subscribe(used.session, kind, names, deadline, tag));
}

Result<RequestId> SideConnections::unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                               std::span<const std::string_view> names, Instant now,
                                               Instant deadline, Tag tag) {
  sides_.note_time(now);
  Side& used = sides_.side(connection, Role::subscription);
  if (const Status leads = lead_subscription(used, kind, names); !leads) return leads.error();
  return on(index_of(connection),
            used.subscription->unsubscribe(used.session, kind, names, deadline, tag));
}

Result<RequestId> SideConnections::next_messages(ConnectionId connection, std::size_t messages_max,
                                                 Instant now, Instant deadline, Tag tag) {
  sides_.note_time(now);
  Side& used = sides_.side(connection, Role::subscription);
  return on(index_of(connection), used.subscription->wait(messages_max, deadline, tag));
}

MessagesMissed SideConnections::messages_missed() const {
  PLIMSOLL_CHECK(last_ != nullptr && last_->subscription);
  return last_->subscription->missed();
}

void SideConnections::close_subscription(ConnectionId connection, Instant now) {
  Side& used = sides_.side(connection, Role::subscription);
  used.given_up = true;
  used.subscription->stop_waiting(
      Error{.code = ErrorCode::closed, .what = "the subscription was closed"});
  used.session.close(now);
}

SubscriptionStatistics SideConnections::subscription_statistics(ConnectionId connection) const {
  if (session(connection) == nullptr) return {};  // the connection is over
  // Not side(): the client may be about to close.
  const Side& used = sides_[index_of(connection)];
  PLIMSOLL_CHECK(used.role == Role::subscription);
  return used.subscription->statistics(used.session);
}

void SideConnections::cancel(RequestId id, Instant now) {
  if (const auto moved = find_blocking(id)) return end_early(*moved, Early::cancelled, now);
  const auto index = static_cast<std::uint32_t>(request_ids::connection_of(id));
  if (!sides_.has(index)) return;
  Side& side = sides_[index];
  if (request_ids::incarnation_of(id) != side.incarnation) return;
  const RequestId request = request_ids::request_of(id);
  if (side.role == Role::blocking) {
    if (side.busy && side.request == request) end_early(index, Early::cancelled, now);
  } else if (!request_ids::is_wait_for_messages(request)) {
    side.session.cancel(request, now);
  } else if (side.subscription) {  // a host may give the id of another client's wait
    side.subscription->stop_waiting(
        request, Error{.code = ErrorCode::cancelled, .what = "the wait was cancelled"});
  }
}

// In a cluster, a command that blocks may have gone on to another connection.
std::optional<std::uint32_t> SideConnections::find_blocking(RequestId id) const {
  std::optional<std::uint32_t> found;
  if (!sides_.owners()) return found;
  sides_.for_each([&](std::uint32_t index, const Side& side) {
    if (side.role == Role::blocking && side.busy && side.known_as == id) found = index;
  });
  return found;
}

std::size_t SideConnections::staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                                           std::span<std::string_view> spans) const {
  const auto index = static_cast<std::uint32_t>(request_ids::connection_of(id));
  PLIMSOLL_CHECK(sides_.has(index));
  return sides_[index].session.staged_places(request_ids::request_of(id), offset, size, spans);
}

bool SideConnections::is_answered(RequestId id) const {
  const auto index = static_cast<std::uint32_t>(request_ids::connection_of(id));
  const RequestId request = request_ids::request_of(id);
  const bool is_there =
      sides_.has(index) && sides_[index].incarnation == request_ids::incarnation_of(id);
  if (is_there && request >= sides_[index].session.answered_until()) return false;
  return !find_blocking(id);
}

bool SideConnections::none_is_under_way() const {
  bool none = true;
  sides_.for_each(
      [&none](std::uint32_t, const Side& side) { none = none && side.session.in_flight() == 0; });
  return none;
}

bool SideConnections::have_said_all() const {
  bool all = nobody_waits();
  sides_.for_each([&all](std::uint32_t, const Side& side) {
    const bool waited_for = side.subscription && side.subscription->waits();
    all = all && side.session.has_said_all() && !waited_for;
  });
  return all;
}

// A connection that has yet to be opened will go to the new server anyway. Those to a slot's owner
// have nothing to do with that server.
void SideConnections::leave_server(const Error& reason, Instant now) {
  sides_.note_time(now);
  sides_.for_each([&](std::uint32_t, Side& side) {
    if (side.leads != Leads::to_main) return;
    side.session.leave(reason);
    side.session.hurry(now);
  });
}

void SideConnections::set_credentials(const Credentials& credentials) {
  sides_.for_each([&](std::uint32_t, Side& side) { side.session.set_credentials(credentials); });
}

void SideConnections::close(Instant now) {
  closing_ = true;
  sides_.for_each([now](std::uint32_t, Side& side) {
    side.given_up = true;
    side.session.close(now);
  });
}

void SideConnections::abort() {
  closing_ = aborted_ = true;
  sides_.for_each([](std::uint32_t, Side& side) {
    side.given_up = true;
    side.session.abort();
  });
}

void SideConnections::abort_unless_closing() {
  if (!closing_) abort();
}

void SideConnections::handle_timeout(Instant now) {
  sides_.note_time(now);
  if (has_waiting()) {
    waiting()->retry.handle_timeout(now);
    waiting()->waiters.handle_timeout(now);
  }
  sides_.for_each([&](std::uint32_t index, Side& side) {
    side.session.handle_timeout(now);
    if (side.busy && now >= side.deadline) {
      side.early == Early::no ? end_early(index, Early::timed_out, now) : cut(side);
    }
    if (side.busy && now >= side.out_of_time_at && side.early == Early::no) {
      const bool is_there = side.session.is_exposed(side.request);
      end_early(index, is_there ? Early::out_of_time : Early::timed_out, now);
    }
    if (side.busy && now >= side.unblock_at && !side.unblocking) unblock(index);
    if (side.subscription) side.subscription->handle_timeout(side.session, now);
    if (now >= after(side.idle_since, side_connection_idle_max) && side.is_idle()) {
      side.session.close(now);
    }
  });
}

Instant SideConnections::poll_timeout() {
  Instant next = never;
  if (!nobody_waits()) next = std::min(waiting()->waiters.next_deadline(), waiting()->retry.at());
  sides_.for_each([&](std::uint32_t, Side& side) {
    next = std::min(next, side.session.poll_timeout());
    if (side.busy) next = earliest(next, side.deadline, side.unblock_at, side.out_of_time_at);
    if (side.waits_for_node() && side.not_before > sides_.now())
      next = std::min(next, side.not_before);
    if (side.subscription) next = std::min(next, side.subscription->poll_timeout());
    if (side.is_idle()) next = std::min(next, after(side.idle_since, side_connection_idle_max));
  });
  return next;
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
  sides_.note_time(side.session.now());
  while (side.subscription->takes_pushes()) {
    const std::optional<Event> event = side.session.poll_event();
    if (!event) break;
    const bool is_message = event->kind == Event::Kind::pushed;
    std::optional<Event> reported = is_message
                                        ? side.subscription->handle_event(side.session, *event)
                                        : translate(side, *event);
    if (reported) return reported;
  }
  return std::nullopt;
}

std::uint64_t SideConnections::unsent() const {
  std::uint64_t mask = 0;
  sides_.for_each([&mask](std::uint32_t index, const Side& side) {
    if (side.session.has_unsent()) mask |= std::uint64_t{1} << index;
  });
  return mask;
}

std::uint64_t SideConnections::take_resumed() {
  std::uint64_t mask = 0;
  sides_.for_each([&mask](std::uint32_t index, Side& side) {
    if (side.session.take_resumed()) mask |= std::uint64_t{1} << index;
  });
  return mask;
}

// If the outcome of CLIENT UNBLOCK is unknown, it may still arrive and unblock the next command on
// that connection, so the connection is dropped.
void SideConnections::handle_unblocked(Tag internal_tag, const Event& event) {
  const auto index = static_cast<std::uint32_t>(internal_tag - internal_unblock_first);
  // Others ask the main connection, too, under tags beyond these.
  if (!sides_.has(index)) return;
  Side& side = sides_[index];
  if (!std::exchange(side.unblocking, false)) return;
  const bool refused = event.kind == Event::Kind::failed && event.value.has_value();
  const bool lost = event.kind == Event::Kind::failed && !event.value.has_value();
  if (lost || (refused && side.busy)) return cut(side);
  if (side.busy) side.unblock_at = after(sides_.now(), unblock_again_wait);
}

std::optional<Event> SideConnections::credentials_outcome(const Event& event) {
  if (event.kind != Event::Kind::queueing_failed) return std::nullopt;
  return Event{
      .kind = Event::Kind::credentials_refused, .value = event.value, .error = event.error};
}

Session* SideConnections::session(ConnectionId connection) const {
  const std::uint32_t index = index_of(connection);
  PLIMSOLL_CHECK(index < connections_max || ClusterNodes::owns(connection));
  return index < connections_max && sides_.has(index) ? &sides_[index].session : nullptr;
}

Result<Reply> SideConnections::keep_reply() {
  PLIMSOLL_CHECK(last_ != nullptr);
  if (last_->subscription && last_->subscription->shows_kept()) {
    return last_->subscription->take_kept();
  }
  return last_->session.keep_reply();
}

void SideConnections::validate() {
  sides_.for_each([](std::uint32_t, Side& side) {
    side.session.validate();
    PLIMSOLL_CHECK(side.role == Role::blocking || !side.busy);
    PLIMSOLL_CHECK((side.role == Role::subscription) == static_cast<bool>(side.subscription));
    PLIMSOLL_CHECK(side.busy || side.early == Early::no);
  });
  if (has_waiting()) waiting()->waiters.validate();
  PLIMSOLL_CHECK(is_main_alone_ == (sides_.empty() && nobody_waits() && !has_other_servers_));
  PLIMSOLL_CHECK(subscriptions_count() <= sides_.options().subscriptions_max);
  PLIMSOLL_CHECK(blocking_count() <= sides_.options().blocking_connections_max);
}

Result<std::uint32_t> SideConnections::take(Role role, Slot slot) {
  Result<std::uint32_t> index = sides_.take(role, slot);
  note_use();
  return index;
}

Result<RequestId> SideConnections::on(std::uint32_t index, const Result<RequestId>& id) const {
  if (!id) return id.error();
  return sides_.known_as(index, *id);
}

RequestId SideConnections::begin(std::uint32_t index, RequestId id, const CommandView& command,
                                 Instant deadline) {
  Side& side = sides_[index];
  side.begin_command(id, sides_.now());
  side.known_as = sides_.known_as(index, id);
  side.deadline = deadline;
  side.blocks_until =
      command.block_time == CommandView::forever ? never : after(sides_.now(), command.block_time);
  if (sides_.owners()) sides_.follow(side);
  return side.known_as;
}

// The server may already have taken an element for this command. So the client asks the server to
// end the wait (CLIENT UNBLOCK), and the server's reply to the command is the outcome.
void SideConnections::end_early(std::uint32_t index, Early early, Instant now) {
  Side& side = sides_[index];
  if (side.early != Early::no) return;
  side.early = early;
  side.out_of_time_at = never;
  if (!side.session.is_exposed(side.request)) {
    side.deadline = never;
    return side.session.cancel(side.request, now);
  }
  side.deadline = after(now, sides_.options().tombstone_age_max);
  unblock(index);
}

void SideConnections::unblock(std::uint32_t index) {
  Side& side = sides_[index];
  side.unblock_at = never;
  if (!sides_.is_known_to_host(side)) return cut(side);
  const std::uint64_t known_as = side.session.client_id();
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), known_as).ptr;
  const std::string_view id(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const std::array<std::string_view, 4> words{"CLIENT", "UNBLOCK", id, "TIMEOUT"};
  CommandView unblock;
  unblock.args = words;
  const Tag tag = internal_unblock_first + index;
  side.unblocking = sides_.ask_host(side, unblock, tag);
  if (!side.unblocking) cut(side);
}

// Aborts the connection: the client cannot tell whether the command still blocks there.
void SideConnections::cut(Side& side) {
  if (side.busy) side.session.cancel(side.request, side.session.now());
  side.session.abort();
}

std::optional<Event> SideConnections::poll_side_connections() {
  std::optional<Event> reported;
  sides_.for_each([&](std::uint32_t index, Side& side) {
    if (reported) return;
    last_ = &side;
    sides_.note_time(side.session.now());
    sides_.follow(side);
    if (side.subscription) reported = side.subscription->resume(side.session, sides_.now());
    if (reported) return;
    while (const std::optional<Event> event = side.session.poll_event()) {
      reported = translate(side, *event);
      if (reported) return;
    }
    if (side.subscription) reported = side.poll_subscription();
    side.settle(sides_.now());
    if (!has_waiting() || waiting()->reserved != index) drop_if_never_opened(side);
  });
  return reported;
}

std::optional<Event> SideConnections::translate(Side& side, const Event& event) {
  if (event.tag == internal_auth) return credentials_outcome(event);
  if (event.tag == internal_unwatch) {
    side.unwatching = false;
    // Keys that are still watched would make the next user's transaction fail.
    if (event.kind == Event::Kind::failed) side.session.give_up(still_watches);
    return std::nullopt;
  }
  if (side.subscription) return translate_subscription(side, event);
  if (side.session.hands_back() && goes_on(side, event)) return std::nullopt;
  const bool is_replica =
      event.error != nullptr && event.error->code == ErrorCode::read_only_replica;
  // It may only read, and would not hear of it. If it was replaced since, it may have left the
  // replica already.
  const bool is_at_main = !sides_.owners() && side.host_when_opened == sides_.host_number(side);
  if (is_replica && is_at_main) sides_.main().leave_replica();
  if (side.role == Role::blocking) return side.end_command(event, sides_.now());
  if (event.kind == Event::Kind::failed && sides_.owners() && is_about_slots(event.error->code)) {
    side.error = *event.error;
    side.error.expected = "the same once more, from WATCH on: nothing of it was executed";
    Event told = event;
    told.error = &side.error;
    return told;
  }
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

// In a cluster, for a request that the node has not run: whether a command that blocks goes on to
// another one, for the rest of its time. On an exclusive connection it does not: its user has to
// begin anew. What the node has said of the slot is learnt in any case.
bool SideConnections::goes_on(Side& side, const Event& event) {
  const Pipeline::Handed request = side.session.handed();
  ClusterNode::Verdict verdict;
  side.note_refused(event, sides_.now());
  if (sides_.owners() && side.node != no_node && !closing_) {
    verdict =
        sides_.owners()->judge(side.node, event, request.may_resend, side.journey, sides_.now());
  }
  const bool may = side.role == Role::blocking && side.early == Early::no &&
                   verdict.kind == ClusterNode::Verdict::Kind::goes_on;
  const bool goes = may && move_on(side, request, verdict);
  side.session.settle_handed();
  if (!goes) return false;
  side.busy = false;
  side.deadline = side.out_of_time_at = side.unblock_at = never;
  side.idle_since = sides_.now();
  if (blocking_count() > sides_.options().blocking_connections_max) side.session.abort();
  return true;
}

// Returns false if there is no memory for it.
bool SideConnections::move_on(Side& from, const Pipeline::Handed& request,
                              const ClusterNode::Verdict& verdict) {
  using Asking = HandedRequest::Asking;
  const Result<std::uint32_t> index = sides_.open(Role::blocking);
  if (!index) return false;
  Side& to = sides_[*index];
  const HandedRequest moving(from.session.requests(), request,
                             from.journey.with_asking ? HandedRequest::asking.size() : 0,
                             verdict.asked != no_node ? Asking::yes : Asking::no);
  const Result<RequestId> id = to.session.submit(moving.command(), never, request.tag);
  if (!id) return false;
  to.leads = Leads::to_owner;
  to.journey = from.journey;
  count_in(to.journey, verdict);
  to.asked = verdict.asked;
  to.journey.with_asking = verdict.asked != no_node;
  if (verdict.wait > Duration::zero()) to.not_before = after(sides_.now(), verdict.wait);
  to.begin_command(*id, sides_.now());
  to.known_as = from.known_as;
  to.deadline = from.deadline;
  to.blocks_until = to.out_of_time_at = from.blocks_until;
  sides_.follow(to);
  return true;
}

// ---- Subscriptions in a cluster. Shard channels are served where their slot is; all others
// anywhere.

Status SideConnections::lead_subscription(Side& side, SubscriptionKind kind,
                                          std::span<const std::string_view> names) {
  if (!sides_.owners() || names.empty()) return {};
  if (kind != SubscriptionKind::shard) {
    if (side.leads == Leads::nowhere) sides_.lead(side, no_slot);
    return {};
  }
  const Slot slot = slot_of_key(names.front());
  const bool are_of_one = std::all_of(names.begin(), names.end(), [slot](std::string_view name) {
    return slot_of_key(name) == slot;
  });
  const bool is_bound = side.leads == Leads::to_owner;
  if (!are_of_one || (is_bound && side.journey.slot != slot)) return is_of_other_slot;
  if (is_bound) return {};
  // Its other channels have been served at another node so far.
  if (side.leads == Leads::to_main) sides_.move_subscription(side, is_served_elsewhere);
  sides_.lead(side, slot);
  return {};
}

std::optional<Event> SideConnections::translate_subscription(Side& side, const Event& event) {
  const bool is_handed = side.session.hands_back();
  const bool is_restore = event.tag == internal_restore && event.kind == Event::Kind::failed;
  const bool is_of_slot =
      event.value && event.error != nullptr && (is_about_slots(event.error->code) || is_handed);
  const bool may_move = sides_.owners() && (is_handed || is_restore) && is_of_slot &&
                        side.node != no_node && side.session.state() == Session::State::ready;
  if (event.kind == Event::Kind::completed) side.journey = {.slot = side.journey.slot};
  if (!may_move) {
    if (is_handed) side.session.settle_handed();
    return side.subscription->handle_event(side.session, event);
  }
  ClusterNode::Verdict verdict =
      sides_.owners()->judge(side.node, event, false, side.journey, sides_.now());
  count_in(side.journey, verdict);
  if (is_restore && verdict.kind == ClusterNode::Verdict::Kind::told) {
    verdict = sides_.owners()->again_later(sides_.now());
    side.journey.hops = 0;
  }
  const bool goes_on = verdict.kind == ClusterNode::Verdict::Kind::goes_on;
  const bool is_staged = is_handed && goes_on && stage_again(side);
  if (is_handed) side.session.settle_handed();
  if (!goes_on || (is_handed && !is_staged)) {
    return side.subscription->handle_event(side.session, event);
  }
  if (is_restore) {
    Event unserved = event;  // nothing was refused for good
    unserved.value.reset();
    side.subscription->handle_event(side.session, unserved);
  }
  side.not_before = after(sides_.now(), verdict.wait);
  sides_.move_subscription(side, is_served_elsewhere);
  return std::nullopt;
}

// The request that the node has refused is to be sent at the next one.
bool SideConnections::stage_again(Side& side) {
  using Asking = HandedRequest::Asking;
  const Pipeline::Handed request = side.session.handed();
  const HandedRequest moving(side.session.requests(), request, 0, Asking::no);
  CommandView command = moving.command();
  command.answers = request.answers;
  return side.session.submit_owed(command, request.deadline, request.tag).ok();
}

void SideConnections::drop_those_over() {
  sides_.for_each([this](std::uint32_t index, Side& side) {
    const bool waited_for = side.subscription && side.subscription->waits();
    const bool unused = side.role == Role::blocking ? !side.unblocking : side.given_up;
    if (!side.session.is_over() || waited_for || !unused) return;
    if (last_ == &side) last_ = nullptr;
    sides_.drop(index);
  });
  note_use();
}

// A connection that was to be opened for a request which then found no room.
void SideConnections::drop_if_never_opened(Side& side) {
  if (!sides_.owners() || side.session.state() != Session::State::idle ||
      side.session.in_flight() > 0) {
    return;
  }
  const bool is_unused = side.is_free() || (side.role == Role::exclusive && side.given_up);
  if (is_unused) side.session.abort();
}

// Reports the end of a waiter, or admits the first waiter.
std::optional<Event> SideConnections::poll_waiters() {
  if (nobody_waits()) return std::nullopt;
  PLIMSOLL_CHECK(!waiting()->reserved);
  Admission& waiters = waiting()->waiters;
  const bool over = closing_ || sides_.main().is_closed();
  const std::optional<Ended> ended = over ? waiters.take_closed() : waiters.next_ended();
  if (ended) {
    // No note_use() yet: the client's `closed` may follow this event, and Client::poll_event()
    // calls poll_all(), which reports it, only while is_main_alone() is false.
    waiting()->retry.forget();  // the first waiter may be another one now
    return waiting()->failed(*ended, sides_.main().refusal());
  }
  note_use();
  if (over || waiters.empty()) return std::nullopt;
  MemoryRetry& retry = waiting()->retry;
  const std::uint64_t progress = sides_.main().counters().progress();
  retry.handle_timeout(sides_.now());
  if (retry.is_too_soon(progress)) return std::nullopt;
  retry.forget();
  const Admission::Waiter& first = waiters.first();
  switch (make_room(first.bytes, first.slot)) {
    case Pipeline::Room::made: return Event{.kind = Event::Kind::admitted, .tag = first.tag};
    case Pipeline::Room::no_place: return std::nullopt;
    case Pipeline::Room::no_memory: retry.note_refused(sides_.now(), progress); break;
  }
  return std::nullopt;
}

// Finds or opens a connection for the first waiter, and reserves room for its command there. The
// caller must not treat no_memory as no_place: it would ask for memory with every event, and take
// memory that others need.
Pipeline::Room SideConnections::make_room(std::size_t bytes, Slot slot) {
  if (sides_.are_all_kept()) return Pipeline::Room::no_place;
  std::optional<std::uint32_t> index = sides_.free_one(slot);
  if (!index) {
    if (sides_.is_full(Role::blocking)) sides_.close_unused();
    if (sides_.is_full(Role::blocking)) return Pipeline::Room::no_place;
    const Result<std::uint32_t> opened = sides_.open(Role::blocking);
    if (!opened) return Pipeline::Room::no_memory;
    index = *opened;
    note_use();
  }
  Side& side = sides_[*index];
  sides_.lead(side, slot);
  const Pipeline::Room room = side.session.make_room(bytes);
  if (room == Pipeline::Room::made) waiting()->reserved = index;
  return room;
}

void SideConnections::release_room() {
  sides_[*std::exchange(waiting()->reserved, std::nullopt)].session.release_room();
}

}  // namespace plimsoll::inline v0
