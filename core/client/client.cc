#include "plimsoll/core/client/client.h"

#include <algorithm>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/cluster_entry.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/other_servers.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/resp/reader.h"

// More than 500 lines, because each call of a driver goes to the main session, the side
// connections, the near cache and the waiters, and only this file decides the order in which they
// get it.

namespace plimsoll::inline v0 {
namespace {

constexpr Error others_wait{.code = ErrorCode::rejected_by_limit,
                            .what = "other requests wait for room already"};
constexpr Error primary_is_another{.code = ErrorCode::connection_lost,
                                   .what = "the sentinels name another server as the primary now"};
constexpr Error cannot_wait{.code = ErrorCode::rejected_by_limit,
                            .what = "requests do not wait for room",
                            .expected = "OnLimit::wait as inflight_overflow"};

Error lacks_room(const char* what, std::size_t bytes) {
  return {.code = ErrorCode::out_of_memory, .what = what, .value = bytes};
}

// A sentinel names the server that was a primary when it last looked, so the role is checked.
ClientOptions main_options(ClientOptions options) {
  options.primary_only |= options.sentinel != nullptr;
  return options;
}

}  // namespace

Result<Client::Accounts> Client::open_accounts(Budget& budget) {
  const std::uint64_t owner = budget.next_owner();
  Accounts accounts{.requests = budget.open_account(PoolKind::requests, owner),
                    .replies = budget.open_account(PoolKind::replies, owner),
                    .connections = budget.open_account(PoolKind::connections, owner),
                    .own = {}};
  const bool open = accounts.requests && accounts.replies && accounts.connections;
  if (open) accounts.own = Charge(*accounts.connections);
  if (!open || !accounts.own.grow(sizeof(Client))) {
    return Error{.code = ErrorCode::out_of_memory,
                 .what = "the memory line has no room for one more client",
                 .value = sizeof(Client)};
  }
  return accounts;
}

Client::Client(const ClientOptions& options, Accounts accounts)
    : accounts_(std::move(accounts)),
      session_(main_options(options), Session::Accounts{.requests = *accounts_.requests,
                                                        .replies = *accounts_.replies,
                                                        .connections = *accounts_.connections}),
      side_connections_(session_),
      waiters_(*accounts_.requests, options.waiters_max) {
  PLIMSOLL_CHECK(plimsoll::validate(options).ok());
}

Client::~Client() { budget().leave(this); }

Status Client::use_cache(cache::Cache& cache, std::string_view place, Duration clock_step) {
  PLIMSOLL_CHECK(session_.state() == Session::State::idle && !is_special_);
  const Result<std::uint32_t> member = cache.join();
  if (!member) return member.error();
  near_ = Box<NearCache>::make(*accounts_.connections, 0, cache, *member, place, clock_step,
                               session_, *accounts_.requests, *accounts_.replies);
  note_special();
  if (near_) return {};
  cache.leave(*member);
  return lacks_room("the connections pool has no room for a client with a cache",
                    sizeof(NearCache));
}

Status Client::use_sentinels() {
  PLIMSOLL_CHECK(session_.state() == Session::State::idle && !find_sentinels() && !recording_.on());
  if (make_others() && others_->make_sentinels(session_) != nullptr) return {};
  return lacks_room("the connections pool has no room for a client that asks sentinels",
                    sizeof(Sentinels));
}

Status Client::use_replicas(const ReplicaOptions& options) {
  PLIMSOLL_CHECK(session_.state() == Session::State::idle && !cluster_ && !recording_.on());
  PLIMSOLL_CHECK(plimsoll::validate(options, session_.options()).ok());
  if (make_others()) replicas_ = others_->make_replicas(options, session_);
  note_special();
  if (replicas_ != nullptr) {
    return near_ ? near_->use_replicas(*replicas_, options.lag_max) : Status();
  }
  return lacks_room("the connections pool has no room for a client that reads from replicas",
                    sizeof(Replicas));
}

Status Client::use_cluster(const ClusterOptions& options) {
  PLIMSOLL_CHECK(session_.state() == Session::State::idle && !others_ && !recording_.on());
  PLIMSOLL_CHECK(plimsoll::validate(options, session_.options()).ok());
  return make_cluster(options);
}

void Client::find_cluster(const ClusterOptions& options) {
  PLIMSOLL_CHECK(session_.state() == Session::State::idle && !cluster_ && !find_sentinels());
  may_find_ = &options;
  session_.find_mode();
}

Status Client::make_cluster(const ClusterOptions& options) {
  PLIMSOLL_CHECK(options.seed_hosts.size() == session_.options().seeds_count);
  if (!make_others()) return OtherServers::no_room_for_cluster(session_, options);
  const Status made = others_->make_cluster(options, session_, side_connections_);
  if (!made) return made;
  cluster_ = others_->cluster.get();
  replicas_ = nullptr;  // of the one primary that there might have been
  cluster_->use_waiters(waiters_.queue());
  note_special();
  return near_ ? near_->use_cluster(*cluster_) : Status();
}

// The main session has just become ready, and sends nothing until the early requests are sorted.
void Client::enter_cluster() {
  Status entered = may_enter_cluster(*may_find_, options(), recording_.on());
  if (entered) entered = make_cluster(*may_find_);
  if (entered && others_) entered = others_->begin_early(session_);
  if (!entered) session_.give_up(entered.error());
}

void Client::validate_others() { others_->validate(); }

bool Client::make_others() {
  if (!others_) others_ = OtherServers::make(*accounts_.connections);
  if (others_) side_connections_.note_other_servers();
  return static_cast<bool>(others_);
}

void Client::set_shown(std::string_view text) {
  PLIMSOLL_CHECK(near_);
  near_->set_shown(text);
}

void Client::connect(Instant now) {
  note_input(FlightRecord::connect, now);
  PLIMSOLL_CHECK((options().sentinel != nullptr) == (find_sentinels() != nullptr));
  session_.connect(now);
}

Result<RequestId> Client::prove(Instant now, Duration timeout, Tag tag) {
  PLIMSOLL_CHECK(near_);
  return count(near_->prove(now, deadline_of(now, timeout), tag));
}

Result<RequestId> Client::wait_for_room(const CommandView& command, Instant now, Duration timeout,
                                        Tag tag) {
  const std::size_t bytes = encoded_size(command);
  // Side connections are not recorded.
  if (command.block_time != Duration::zero()) {
    if (const Status can = check_may_wait(); !can) return can.error();
    return side_connections_.join(command, bytes, now, deadline_of(command, now, timeout), tag,
                                  waiters_.queue().size());
  }
  if (const Status can = cluster_ ? cluster_->check(command) : Status(); !can) return can.error();
  recording_.note_wait(bytes, now, timeout, tag);
  Result<RequestId> id = join_waiters(command, bytes, now, timeout, tag);
  recording_.note_answer(id);
  return id;
}

RequestId Client::submit_admitted(const CommandView& command, Tag tag) {
  if (side_connections_.admitted() != nullptr) {
    PLIMSOLL_CHECK(command.block_time != Duration::zero());
    ++submitted_;
    return note_side_request(command, side_connections_.submit_admitted(command, tag)).value();
  }
  const Admission::Waiter waiter = waiters_.take_admitted();
  PLIMSOLL_CHECK(encoded_size(command) == waiter.bytes);
  PLIMSOLL_CHECK(command.block_time == Duration::zero());
  recording_.note_admitted(command, tag);
  const RequestId id = cluster_ ? others_->submit_to_room(command, waiter.deadline, tag)
                                : session_.submit_to_room(command, waiter.deadline, tag);
  if (near_) near_->note_admitted(command, waiter.id, id);
  if (replicas_) replicas_->note_staged(command);
  ++submitted_;
  recording_.note_answer(id);
  return id;
}

void Client::cancel(RequestId id, Instant now) {
  if (Admission::is_waiter_id(id)) return cancel_wait(id, now);
  if (others_ && others_->owns_request(id)) {
    const std::optional<RequestId> on_main = others_->cancel(id, now);
    if (on_main) session_.cancel(*on_main, now);
    return;
  }
  if (SideConnections::is_side_id(id)) return side_connections_.cancel(id, now);
  if (Fetches::is_waiter_id(id)) return near_ ? near_->cancel(id) : void();
  recording_.record_cancel(id, now);
  session_.cancel(id, now);
}

void Client::set_credentials(const Credentials& credentials) {
  if (near_) near_->handle_credentials(credentials);
  session_.set_credentials(credentials);
  side_connections_.set_credentials(credentials);
  if (others_) others_->set_credentials(credentials);
}

Result<ConnectionId> Client::open_exclusive(Instant now) {
  if (const Status open = check_open(); !open) return open.error();
  return side_connections_.open_exclusive(now);
}

Result<RequestId> Client::submit_to(ConnectionId connection, const CommandView& command,
                                    Instant now, Duration timeout, Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  const Instant deadline = deadline_of(command, now, timeout);
  return note_side_request(
      command, count(side_connections_.submit_to(connection, command, now, deadline, tag)));
}

// If the client is closing or closed, it has already given up the connection itself.
void Client::release(ConnectionId connection, Instant now) {
  if (check_open()) side_connections_.release(connection, now);
}

Result<ConnectionId> Client::open_subscription(Instant now) {
  if (const Status open = check_open(); !open) return open.error();
  return side_connections_.open_subscription(now);
}

Result<RequestId> Client::subscribe(ConnectionId connection, SubscriptionKind kind,
                                    std::span<const std::string_view> names, Instant now,
                                    Duration timeout, Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  return count(
      side_connections_.subscribe(connection, kind, names, now, deadline_of(now, timeout), tag));
}

Result<RequestId> Client::unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                      std::span<const std::string_view> names, Instant now,
                                      Duration timeout, Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  return count(
      side_connections_.unsubscribe(connection, kind, names, now, deadline_of(now, timeout), tag));
}

Result<RequestId> Client::next_messages(ConnectionId connection, std::size_t messages_max,
                                        Instant now, Duration timeout, Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  return count(side_connections_.next_messages(connection, messages_max, now,
                                               deadline_of(now, timeout), tag));
}

void Client::close_subscription(ConnectionId connection, Instant now) {
  if (check_open()) side_connections_.close_subscription(connection, now);
}

void Client::close(Instant now) {
  note_input(FlightRecord::close, now);
  session_.close(now);
  side_connections_.close(now);
  if (others_) others_->close(now);
  if (near_) near_->follow_connections();
}

void Client::abort() {
  recording_.note(FlightRecord::abort);
  session_.abort();
  side_connections_.abort();
  if (others_) others_->abort();
  if (near_) near_->follow_connections();
}

void Client::handle_opened(ConnectionId connection, Instant now) {
  if (connection == first_connection) note_input(FlightRecord::opened, now);
  if (near_ && connection == first_connection) near_->handle_opened();
  if (Session* const session = find(connection)) session->handle_opened(now);
}

void Client::handle_closed(ConnectionId connection, const Error& reason, Instant now) {
  recording_.note_closed(connection, reason, now);
  if (Session* const session = find(connection)) session->handle_closed(reason, now);
  if (near_) near_->follow_connections();
}

bool Client::is_connected(ConnectionId connection) const {
  const Session* const session = find(connection);
  if (session == nullptr) return false;
  switch (session->state()) {
    case Session::State::handshaking:
    case Session::State::ready:
    case Session::State::closing: return true;
    case Session::State::idle:
    case Session::State::waiting:
    case Session::State::opening:
    case Session::State::closed: return false;
  }
  return false;
}

std::span<char> Client::read_space(ConnectionId connection) {
  Session* const session = find(connection);
  if (session == nullptr) return {};
  const std::span<char> room = session->read_space();
  if (near_ && room.empty()) near_->set_readable(connection, false);
  recording_.note_read_space(connection, room);
  return room;
}

void Client::handle_read(ConnectionId connection, std::size_t bytes, Instant now) {
  recording_.note_read(connection, bytes, session_.state(), now);
  if (Session* const session = find(connection)) session->handle_read(bytes, now);
  if (near_ && bytes > 0) near_->set_readable(connection, true);
  if (cluster_ && Cluster::owns(connection) && bytes > 0) {
    cluster_->note_sign_of_life(connection, now);
  }
}

bool Client::is_paused(ConnectionId connection) const {
  const Session* const session =
      connection == first_connection ? nullptr : side_connections_.session(connection);
  return session != nullptr && session->is_paused();
}

std::size_t Client::poll_transmit(ConnectionId connection, std::span<std::string_view> spans) {
  Session* const session = find(connection);
  const std::size_t count = session == nullptr ? 0 : session->poll_transmit(spans);
  recording_.note_transmit(connection, spans, count);
  return count;
}

void Client::handle_written(ConnectionId connection, std::size_t bytes) {
  recording_.note_written(connection, bytes);
  if (Session* const session = find(connection)) session->handle_written(bytes);
}

void Client::handle_timeout(Instant now) {
  note_input(FlightRecord::timeout, now);
  budget().handle_timeout(now);
  session_.handle_timeout(now);
  if (!waiters_.empty()) waiters_.handle_timeout(now);
  if (!side_connections_.is_main_alone()) {
    if (others_) others_->handle_timeout(now);
    side_connections_.handle_timeout(now);
  }
  if (near_) near_->handle_timeout(now);
}

std::optional<Action> Client::poll_action() {
  if (others_) [[unlikely]]
    return poll_action_of_several();
  std::optional<Session::Action> action = session_.poll_action();
  recording_.note_action(action, session_.seed());
  ConnectionId connection = first_connection;
  SeedId seed = session_.seed();
  if (!action && !side_connections_.is_main_alone()) {
    if (const auto side = side_connections_.poll_action()) {
      action = side->action;
      connection = side->connection;
      seed = side->seed;
    }
  }
  if (!action) return std::nullopt;
  return Action{.kind = kind_of(*action), .connection = connection, .seed = seed};
}

// Side connections go to the server that the sentinels have named, or, in a cluster, to the owner
// of their slot; without a slot, to the node of the main connection.
std::optional<Action> Client::poll_action_of_several() {
  Sentinels* const sentinels = find_sentinels();
  if (sentinels != nullptr) {
    if (const auto action = sentinels->poll_action_with(session_)) return action;
  } else if (const auto action = session_.poll_action()) {
    const bool opens_in_cluster = cluster_ && *action == Session::Action::open;
    return Action{.kind = kind_of(*action),
                  .connection = first_connection,
                  .seed = session_.seed(),
                  .told = opens_in_cluster ? cluster_->next_main() : nullptr};
  }
  if (const auto asked = others_->poll_action()) {
    return Action{
        .kind = kind_of(asked->action), .connection = asked->connection, .told = asked->address};
  }
  const NodeAddress* told = cluster_ ? cluster_->main_address() : nullptr;
  if (sentinels != nullptr) {
    told = &sentinels->primary();
    if (told->empty()) return std::nullopt;
  }
  const auto side = side_connections_.poll_action();
  if (!side) return std::nullopt;
  return Action{.kind = kind_of(side->action),
                .connection = side->connection,
                .seed = side->seed,
                .told = side->told != nullptr ? side->told : told};
}

// A primary that is no more is left at once. After SENTINEL FAILOVER it goes on taking writes for
// 11 seconds, and all of them are lost. What it owes is in doubt.
void Client::handle_sentinels() {
  Sentinels& sentinels = *others_->sentinels;
  sentinels.poll_events();
  if (session_.state() == Session::State::closed) return;
  const Instant now = std::max(session_.now(), sentinels.now());
  if (sentinels.take_change()) {
    if (!sentinels.is_asked()) session_.leave(primary_is_another);
    side_connections_.leave_server(primary_is_another, now);
    if (near_) near_->leave_server();
  }
  if (sentinels.take_news()) session_.hurry(now);
  if (sentinels.finding() == Sentinels::Finding::nothing && sentinels.take_question()) {
    session_.handle_closed(sentinels.problem(), now);
  }
}

Instant Client::sides_timeout() {
  Instant next = side_connections_.poll_timeout();
  if (others_) next = std::min(next, others_->poll_timeout());
  Sentinels* const sentinels = find_sentinels();
  if (sentinels == nullptr) return next;
  const bool is_known = sentinels->finding() != Sentinels::Finding::pending;
  const bool is_due = sentinels->is_asked() && is_known;
  if (!is_due) return std::min(next, sentinels->poll_timeout());
  return std::min(next, std::max(session_.now(), sentinels->now()));
}

std::uint64_t Client::unsent_sides() const {
  return side_connections_.unsent() | (others_ ? others_->unsent() : 0);
}

std::optional<ConnectionId> Client::take_unsent_of_others() {
  return others_->cluster ? others_->cluster->take_unsent() : std::nullopt;
}

std::size_t Client::places_elsewhere(RequestId id, std::uint64_t offset, std::size_t size,
                                     std::span<std::string_view> spans) const {
  return others_ && others_->owns_request(id)
             ? others_->staged_places(id, offset, size, spans)
             : side_connections_.staged_places(id, offset, size, spans);
}

bool Client::others_have_said_all() const {
  return side_connections_.have_said_all() && (!others_ || others_->have_said_all());
}

ClientStatistics Client::statistics() const {
  ClientStatistics all{.state = session_.state(),
                       .in_flight = session_.in_flight() + (others_ ? others_->in_flight() : 0),
                       .submitted = submitted_,
                       .rejected = rejected_ - waiters_.queue().waited_count(),
                       .waiting = waiters_.queue().waiting_count(),
                       .waited = waiters_.queue().waited_count(),
                       .waiters_refused = waiters_.queue().refused_count(),
                       .counters = session_.counters(),
                       .blocking_connections = side_connections_.blocking_count(),
                       .subscriptions = side_connections_.subscriptions_count(),
                       .replicas = others_ ? others_->replica_counters() : ReplicaCounters(),
                       .cluster = cluster_ ? cluster_->counters() : ClusterCounters(),
                       .last_problem = session_.last_problem()};
  if (cluster_) all.counters += cluster_->session_counters();
  // Sessions count the parts of a request as well, and the client's own questions.
  all.counters.completed = completed_;
  all.counters.failed = failed_;
  if (const ConnectionWaiters* const to_block = side_connections_.waiters()) {
    all.submitted += to_block->failed_count;  // as those that wait for room
    const Admission& line = to_block->waiters;
    all.rejected -= line.waited_count();
    all.waiting_to_block = line.waiting_count();
    all.waiting += line.waiting_count();
    all.waited += line.waited_count();
    all.waiters_refused += line.refused_count();
  }
  return all;
}

Result<RequestId> Client::submit_specially(const CommandView& command, Instant now,
                                           Duration timeout, Tag tag, Duration max_staleness) {
  if (cluster_ && !near_) return stage_in_cluster(command, now, timeout, tag, max_staleness);
  if (recording_.on()) return submit_recorded(command, now, timeout, tag);
  if (command.block_time != Duration::zero()) return stage_blocking(command, now, timeout, tag);
  if (replicas_ && !near_) return stage_by_reader(command, now, timeout, tag, max_staleness);
  return stage_near(command, now, timeout, tag, max_staleness);
}

// Only the primary knows what is true at the time of the call.
Result<RequestId> Client::stage_by_reader(const CommandView& command, Instant now, Duration timeout,
                                          Tag tag, Duration max_staleness) {
  if (!waiters_.empty()) return refuse_to_overtake();
  const Instant deadline = deadline_of(now, timeout);
  return count(max_staleness == cache::any_staleness
                   ? replicas_->submit(command, now, deadline, tag)
                   : replicas_->submit_to_primary(command, deadline, tag));
}

Result<RequestId> Client::stage_in_cluster(const CommandView& command, Instant now,
                                           Duration timeout, Tag tag, Duration max_staleness) {
  if (command.block_time != Duration::zero()) return stage_blocking(command, now, timeout, tag);
  if (others_stand_before()) return refuse_to_overtake();
  const Instant deadline = deadline_of(now, timeout);
  return count(cluster_->submit(command, now, deadline, tag, max_staleness));
}

Result<RequestId> Client::submit_at(const NodeChoice& where, const CommandView& command,
                                    Instant now, Duration timeout, Tag tag) {
  if (!cluster_) return count(NodeChoice::refusal(session_.is_finding_mode()));
  if (others_stand_before()) return refuse_to_overtake();
  const auto id = count(cluster_->submit_at(where, command, now, deadline_of(now, timeout), tag));
  if (near_ && id) near_->note_staged(command, *id);
  return id;
}

// The call is recorded before it has any effect, so the record is there if it breaks a CHECK.
Result<RequestId> Client::submit_recorded(const CommandView& command, Instant now, Duration timeout,
                                          Tag tag) {
  recording_.record_submit(command, now, timeout, tag, rest(now));
  Result<RequestId> id = stage(command, now, timeout, tag);
  recording_.note_answer(id);
  return id;
}

Result<RequestId> Client::stage_blocking(const CommandView& command, Instant now, Duration timeout,
                                         Tag tag) {
  if (const Status open = check_open(); !open) return count(open.error());
  if (const commands::Row* const row = commands::row_of(command); row != nullptr) {
    if (const Status shared = commands::check_shared(*row); !shared) return count(shared.error());
  }
  const Instant deadline = deadline_of(command, now, timeout);
  return note_side_request(command,
                           count(side_connections_.submit_blocking(command, now, deadline, tag)));
}

Result<RequestId> Client::stage_near(const CommandView& command, Instant now, Duration timeout,
                                     Tag tag, Duration max_staleness) {
  if (others_stand_before()) return refuse_to_overtake();
  return count(near_->submit(command, now, deadline_of(now, timeout), tag, max_staleness));
}

Result<RequestId> Client::note_side_request(const CommandView& command,
                                            const Result<RequestId>& id) {
  if (near_ && id) near_->note_side_request(command, *id);
  if (others_ && id) others_->note_side_request(command, *id);
  return id;
}

Result<RequestId> Client::count(const Result<RequestId>& id) {
  ++(id ? submitted_ : rejected_);
  return id;
}

Result<RequestId> Client::refuse_to_overtake() { return count(others_wait); }

// No side connection is opened beside a main connection that is closing or closed.
Status Client::check_open() const {
  if (session_.is_closed()) return session_.refusal();
  return {};
}

Status Client::check_may_wait() const {
  if (const Status open = check_open(); !open) return open.error();
  if (options().inflight_overflow == OnLimit::reject) return cannot_wait;
  return {};
}

Result<RequestId> Client::join_waiters(const CommandView& command, std::size_t bytes, Instant now,
                                       Duration timeout, Tag tag) {
  if (const Status can = check_may_wait(); !can) return can.error();
  waiters_.handle_join(now);
  const ConnectionWaiters* const sides = side_connections_.waiters();
  const Admission::Size other = sides ? sides->waiters.size() : Admission::Size();
  const Instant deadline = deadline_of(now, timeout);
  const Result<RequestId> id =
      cluster_ ? cluster_->join(waiters_.queue(), command, bytes, deadline, tag, other)
               : waiters_.queue().join(bytes, deadline, tag, other);
  if (id && near_) near_->note_waits(command, *id);
  return id;
}

void Client::cancel_wait(RequestId id, Instant now) {
  if (Admission::is_for_connection(id)) return side_connections_.cancel_wait(id);
  recording_.record_cancel(id, now);
  if (waiters_.cancel(id)) release_room();
}

Instant Client::near_timeout() const { return near_->poll_timeout(); }

// `end_` holds the main connection's `closed` back until the side connections are over. While the
// side connections wait for their last replies, the main connection goes on reporting outcomes.
// Otherwise the session is not asked again before `end_` is reported, because asking would
// invalidate the server's text in `end_`. Messages that follow a message come before all else, up
// to the number that a call waits for: each of the other steps would cost as much as to take one.
std::optional<Event> Client::poll_everywhere() {
  if (side_spoke_) {
    const bool is_other = others_ && others_->spoke();
    if (const auto event = is_other ? poll_others(true) : side_connections_.poll_message()) {
      if (near_ && !is_other) report_to_near_cache(*event);
      return event;
    }
  }
  side_spoke_ = false;
  if (others_ && others_->sentinels) handle_sentinels();
  if (const auto event = cluster_ ? others_->poll_early() : std::nullopt) return event;
  while (!end_ || side_connections_.take_their_time()) {
    std::optional<Event> event = poll_main(poll_session());
    recording_.note_event(event);
    if (!event) break;
    if (event->kind == Event::Kind::ready && cluster_ && !cluster_->is_ready()) continue;
    if (event->kind != Event::Kind::closed) return event;
    side_connections_.abort_unless_closing();
    if (others_) others_->handle_end_of_main();
    end_ = event;
    if (side_connections_.take_their_time()) end_->value.reset();
  }
  if (!side_connections_.is_main_alone()) {
    if (others_) {
      if (const auto event = poll_others(false)) {
        side_spoke_ = others_->spoke();
        return event;
      }
      // A subscription would be deaf at a node that is no part of the cluster any more.
      if (const Error* const reason = cluster_ ? cluster_->take_departure() : nullptr)
        side_connections_.leave_server(*reason, session_.now());
    }
    const auto event = side_connections_.poll_event();
    if (others_) others_->follow_side_connections(side_connections_);
    if (event) {
      side_spoke_ = true;
      if (near_) report_to_near_cache(*event);
      return event;
    }
  }
  if (near_) near_->follow_side_connections(side_connections_);
  if ((replicas_ || cluster_) && !end_ && !waiters_.empty()) {
    // A replica's or node's reply for which nobody waits, or the end of its connection, is no
    // event, and makes room all the same.
    if (const auto event = poll_waiters()) return event;
  }
  if (!end_ || !others_have_said_all()) return std::nullopt;
  if (near_) near_->handle_end();
  return std::exchange(end_, std::nullopt);
}

// Events of replicas and nodes. `again`: only of the one that spoke last.
std::optional<Event> Client::poll_others(bool again) {
  for (;;) {
    std::optional<Event> event = near_ ? near_->poll_event() : std::nullopt;
    if (event) return event;
    event = again ? others_->poll_same_again() : others_->poll_event();
    // What is no event may have proved what a barrier waits for.
    if (!event) return near_ ? near_->poll_event() : std::nullopt;
    if (side_connections_.takes(*event)) continue;
    if (near_) event = near_->handle_outcome(*event);
    if (event) return event;
  }
}

void Client::report_to_near_cache(const Event& event) {
  if (event.value) near_->note_side_delivery();
  if (event.error != nullptr) near_->note_refusal(event);
}

// Returns the main session's next event that the near cache passes on to users.
std::optional<Event> Client::poll_session() {
  if (!near_) return session_.poll_event();
  for (;;) {
    if (std::optional<Event> event = near_->poll_event()) return event;
    std::optional<Event> event = session_.poll_event();
    const bool is_all = !event;
    if (event) event = near_->handle_event(*event);
    near_->follow_session();
    if (event || is_all) return event;
  }
}

// Returns the main connection's next event, given the session's next event. Handles the outcomes of
// internal requests, most of which are not reported. The waiters follow once the session has no
// more events.
std::optional<Event> Client::poll_main(std::optional<Event> event) {
  while (event && event->tag >= internal_tag_first) {
    if (const auto outcome = handle_internal(*event)) return outcome;
    event = poll_session();
  }
  if (event) return event;
  if (!waiters_.empty()) event = poll_waiters();
  if (near_) near_->handle_first_waits(waiters_.queue().first_id());
  return event;
}

// Like poll_main(). If its event has just made this a client of a cluster, goes on with
// poll_everywhere().
std::optional<Event> Client::poll_more(std::optional<Event> event) {
  event = poll_main(event);
  return event || !cluster_ ? event : poll_everywhere();
}

// Handles the outcome of an internal request. Only refused credentials are reported to users.
std::optional<Event> Client::handle_internal(const Event& event) {
  if (event.tag == internal_is_cluster) enter_cluster();
  if (event.tag == internal_auth) return SideConnections::credentials_outcome(event);
  if (others_) others_->handle_main(event);
  side_connections_.handle_unblocked(event.tag, event);
  return std::nullopt;
}

std::optional<Event> Client::poll_waiters() {
  const std::optional<Event> event = poll_first_waiter();
  waiters_.report_waiting(*accounts_.requests);
  return event;
}

// Reports the end of a waiter, or admits the first waiter.
std::optional<Event> Client::poll_first_waiter() {
  const bool is_over = session_.is_closed();
  if (const auto ended = waiters_.next_ended(is_over)) return waiter_failed(*ended);
  if (is_over || !waiters_.wants_room(progress())) return std::nullopt;
  if (replicas_) replicas_->take_places();
  if (cluster_ && !cluster_->choose(waiters_.queue())) return std::nullopt;
  const Pipeline::Room room = make_room(waiters_.queue().first().bytes);
  return waiters_.handle_room(room, session_.now(), progress());
}

Result<Reply> Client::keep_side_reply() {
  if (others_ && others_->spoke()) {
    const bool is_shared = near_ && near_->delivers_again();
    return is_shared ? others_->copy_reply() : others_->keep_reply();
  }
  return side_connections_.keep_reply();
}

// A reply for which several callers wait is copied for each of them except the last.
Result<Reply> Client::keep_shared_reply() {
  const std::string_view cached = near_->cached_reply();
  if (!cached.empty()) return Reader::copy_of(cached, *accounts_.replies);
  return near_->delivers_again() ? session_.copy_reply() : session_.keep_reply();
}

Sentinels* Client::find_sentinels() const { return others_ ? others_->sentinels.get() : nullptr; }

Session* Client::find_side(ConnectionId connection) const {
  Session* const found = others_ ? others_->session(connection) : nullptr;
  return found ? found : side_connections_.session(connection);
}

Session* Client::special_speaker() {
  if (recording_.on() || near_) return nullptr;
  return cluster_ ? cluster_->speaker() : &session_;
}

void Client::note_visited() {
  if (cluster_) cluster_->note_visited();
}

Pipeline::Room Client::make_room(std::size_t bytes) {
  return cluster_ ? cluster_->make_room(bytes) : session_.make_room(bytes);
}

std::uint64_t Client::progress() const {
  return session_.counters().progress() + (cluster_ ? cluster_->session_counters().progress() : 0);
}

void Client::release_room() { cluster_ ? cluster_->release_room() : session_.release_room(); }

}  // namespace plimsoll::inline v0
