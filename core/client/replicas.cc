#include "plimsoll/core/client/replicas.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/encoded_pieces.h"
#include "plimsoll/core/commands/replica_reads.h"
#include "plimsoll/core/memory/segment.h"

// More than 500 lines, because connecting, asking, choosing and moving requests change the same few
// fields of a node.

namespace plimsoll::inline v0 {
namespace {

constexpr Error no_room_for_replica{
    .code = ErrorCode::out_of_memory,
    .what = "the connections pool has no room for a connection to a replica"};

constexpr Error is_no_primary{.code = ErrorCode::read_only_replica,
                              .what = "the server of the client's requests is a replica itself"};

constexpr Error is_no_other{.code = ErrorCode::connect_failed,
                            .what = "no other replica has what the read must see"};

constexpr Error is_dismissed{.code = ErrorCode::connection_lost,
                             .what = "the primary does not name this replica any more"};

SessionOptions options_at_replica(const SessionOptions& of_main, std::uint32_t index) {
  SessionOptions options = of_main;
  options.sentinel = nullptr;
  options.primary_only = options.follows_main = false;
  options.seeds_count = 1;
  // A node that is lost is tried again by Replicas, which hands its requests on first.
  options.reconnect_attempts_max = 0;
  options.hands_back = true;
  options.read_resends_max = std::max<std::uint8_t>(of_main.read_resends_max, 1);
  options.random_seed += 1 + index;
  return options;
}

}  // namespace

Replicas::Replicas(const ReplicaOptions& options, Session& main)
    : options_(options),
      main_(main),
      zone_(options.zone),
      writes_(main.options().random_seed, main.accounts().requests),
      rounds_(options.lag_max) {
  PLIMSOLL_CHECK(options.read_from != ReadFrom::primary && main.options().primary_only);
}

Replicas::~Replicas() = default;

Result<RequestId> Replicas::submit(const CommandView& command, Instant now, Instant deadline,
                                   Tag tag, cache::Mark after) {
  if (const std::optional<std::uint32_t> index = choose(command, now, after)) {
    take_places();
    const Result<RequestId> id = submit_to(*index, command, deadline, tag);
    if (id) return id;
  }
  return submit_to_primary(command, deadline, tag);
}

Result<RequestId> Replicas::submit_to_primary(const CommandView& command, Instant deadline,
                                              Tag tag) {
  take_places();
  const Result<RequestId> id = main_.submit(command, deadline, tag);
  if (id) writes_.note(command);
  return id;
}

// move_on() can take along only so many pieces.
Result<RequestId> Replicas::submit_fetch(std::uint32_t index, const CommandView& command, Tag tag) {
  if (encoded_size_bound(command) > replica_read_bytes_max) return too_long_for_replica;
  take_places();
  return submit_to(index, command, never, tag);
}

bool Replicas::was_exposed(RequestId id) const {
  if (!owns_request(id)) return main_.was_exposed(id);
  const Box<ServerNode>& node = nodes_[index_of_request(id)];
  if (!node || !node->session || !is_of_connection(*node, id) || moved_to(id)) return true;
  return node->session->was_exposed(request_ids::request_of(id));
}

std::optional<RequestId> Replicas::cancel(RequestId id, Instant now) {
  while (owns_request(id)) {
    const std::uint32_t index = index_of_request(id);
    if (!nodes_[index]) return std::nullopt;
    const ServerNode& node = *nodes_[index];
    if (const std::optional<RequestId> to = moved_to(id)) {
      id = *to;
      continue;
    }
    if (node.session && is_of_connection(node, id)) {
      node.session->cancel(request_ids::request_of(id), now);
      heard_ |= bit(index);
    }
    return std::nullopt;
  }
  return id;
}

std::size_t Replicas::in_flight() const {
  std::size_t sum = 0;
  for_each_session(
      [&sum](std::uint32_t, const Session& session) { sum += session.callers_in_flight(); });
  return sum;
}

Session* Replicas::session(ConnectionId connection) const {
  const Box<ServerNode>& node = nodes_[index_of(connection)];
  return node ? node->session.get() : nullptr;
}

std::size_t Replicas::staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                                    std::span<std::string_view> spans) const {
  const Session& used = *nodes_[index_of_request(id)]->session;
  return used.staged_places(request_ids::request_of(id), offset, size, spans);
}

void Replicas::handle_timeout(Instant now) {
  now_ = std::max(now_, now);
  follow_main();
  for (std::uint32_t i = 0; i < replicas_max; ++i) {
    if (!nodes_[i]) continue;
    ServerNode& node = *nodes_[i];
    if (node.session) node.session->handle_timeout(now);
    heard_ |= bit(i);
    move_due(i);
    if (now_ >= node.retry_at) connect(i);
    if (now_ >= node.ask_again_at) {
      // Without reads nobody is asked; the next one begins a round.
      is_in_use() ? ask(node) : void(node.ask_again_at = never);
    }
  }
  if (rounds_.is_due(now_)) begin_round();
}

Instant Replicas::poll_timeout() {
  Instant next = closing_ ? never : rounds_.due_at();
  for (const Box<ServerNode>& node : nodes_) {
    if (!node) continue;
    if (Session* const session = node->session.get()) {
      next = earliest(next, session->poll_timeout(), node->due.next(session->answered_until()));
    }
    if (!closing_) next = earliest(next, node->retry_at, node->ask_again_at);
  }
  return next;
}

void Replicas::handle_primary(const Event& event) {
  now_ = std::max(now_, main_.now());
  const std::optional<ReplicationReport> report = report_of(event);
  if (event.tag == internal_zone) {
    primary_is_near_ = report && !report->zone.empty() && report->zone == zone_;
    return;
  }
  rounds_.note_answered();
  if (closing_) return;
  if (ReplicaRounds::is_of_primary(report)) return end_round(*report);
  if (main_.state() != Session::State::ready) return;  // the next connection is asked at once
  const bool is_replica = report && report->role == ReplicationReport::Role::replica;
  problem_ = is_replica ? is_no_primary : problem_of_report(event);
  rounds_.note_refused(now_);
}

std::optional<Event> Replicas::poll_event() {
  spoke_ = nobody;
  follow_main();
  while (heard_ != 0) {
    const auto index = static_cast<std::uint32_t>(std::countr_zero(heard_));
    if (nodes_[index] && nodes_[index]->session) {
      if (const std::optional<Event> event = poll_node(index)) return event;
    }
    heard_ &= ~bit(index);
  }
  return std::nullopt;
}

std::optional<Event> Replicas::poll_same_again() {
  const std::uint32_t index = std::exchange(spoke_, nobody);
  return nodes_[index] && nodes_[index]->session ? poll_node(index) : std::nullopt;
}

std::optional<Replicas::NodeAction> Replicas::poll_action() {
  std::optional<NodeAction> found;
  for_each_session([&](std::uint32_t index, Session& session) {
    if (found) return;
    const std::optional<Session::Action> action = session.poll_action();
    if (!action) return;
    found = NodeAction{.action = *action,
                       .connection = ConnectionId{first_place + index},
                       .told = &nodes_[index]->address};
    heard_ |= bit(index);  // it may be over now
  });
  return found;
}

std::uint64_t Replicas::unsent() const {
  std::uint64_t mask = 0;
  for_each_session([&mask](std::uint32_t index, const Session& session) {
    if (session.has_unsent()) mask |= std::uint64_t{1} << (first_place + index);
  });
  return mask;
}

void Replicas::set_credentials(const Credentials& credentials) {
  for_each_session([&](std::uint32_t index, Session& session) {
    session.set_credentials(credentials);
    heard_ |= bit(index);
  });
}

void Replicas::close(Instant now) {
  closing_ = true;
  for_each_session([&](std::uint32_t index, Session& session) {
    session.close(now);
    heard_ |= bit(index);
  });
}

void Replicas::abort() {
  closing_ = true;
  for_each_session([&](std::uint32_t index, Session& session) {
    session.abort();
    heard_ |= bit(index);
  });
}

bool Replicas::have_said_all() const {
  bool all = true;
  for_each_session(
      [&all](std::uint32_t, const Session& session) { all = all && session.has_said_all(); });
  return all;
}

// An idle client asks nobody, and its time stands still.
KnownReplica Replicas::describe(std::uint32_t index) const {
  const ServerNode& node = *nodes_[index];
  KnownReplica known{.address = node.address,
                     .primary = nullptr,
                     .progress = node,
                     .session = node.session.get(),
                     .connection = ConnectionId{first_place + index}};
  if (node.state == ServerNode::State::connecting) known.state = KnownReplica::State::connecting;
  if (node.is_connected()) known.note_connected(options_.lag_max, now_);
  return known;
}

void Replicas::validate() {
  for (std::uint32_t i = 0; i < replicas_max; ++i) {
    const bool has_session = nodes_[i] && nodes_[i]->session;
    PLIMSOLL_CHECK(has_session == ((used_ & bit(i)) != 0));
    if (!has_session) continue;
    nodes_[i]->session->validate();
    PLIMSOLL_CHECK(!nodes_[i]->session->hands_back());
  }
  const std::size_t all = main_.callers_in_flight() + in_flight();
  PLIMSOLL_CHECK(all <= main_.options().inflight_requests_limit);
}

// Twice while entries are served, but not more often than for reads.
Duration Replicas::interval_for_cache() const {
  return std::max(caches_->served_for() / 2, replica_round_interval_max);
}

std::optional<std::uint32_t> Replicas::choose(const CommandView& command, Instant now,
                                              cache::Mark after) {
  if (closing_ || !commands::may_replica_answer(command)) return std::nullopt;
  if (encoded_size_bound(command) > replica_read_bytes_max) return std::nullopt;
  follow_main();
  wanted_after_ = after;
  now_ = std::max(now_, now);
  rounds_.note_read(now_);
  follow_marks();
  const std::optional<WriteMarks::Mark> mark = writes_.last_before(command);
  if (!mark) return std::nullopt;
  std::array<ReadCandidate, replicas_max> room;
  const std::span found = std::span(room).first(static_cast<std::size_t>(std::bit_width(used_)));
  const std::size_t behind = candidates(now_, {.mark = *mark, .after = after}, found);
  const ReadCandidate primary{
      .may_answer = true, .is_near = primary_is_near_, .latency = rounds_.latency()};
  const std::size_t index = choose_reader(options_.read_from, found, primary, turn_);
  want_round(behind > 0 ? replica_round_soon : rounds_.interval());
  if (index != read_at_primary) return static_cast<std::uint32_t>(index);
  if (behind > 0) ++counters_.reads_behind;
  return std::nullopt;
}

// Returns how many replicas may not answer because they lack a proof, which the next round may
// bring. One that refuses is asked again by itself.
std::size_t Replicas::candidates(Instant now, const ServerNode::Wanted& wanted,
                                 std::span<ReadCandidate> found) const {
  std::size_t behind = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if ((used_ & bit(static_cast<std::uint32_t>(i))) == 0) continue;
    const ServerNode& node = *nodes_[i];
    found[i] = {.may_answer = node.may_answer(now, options_.lag_max, wanted),
                .is_near = !zone_.empty() && node.zone == zone_,
                .latency = node.latency.value()};
    const bool lacks_proof = node.is_ready() && !node.is_suspect(now);
    behind += lacks_proof && !found[i].may_answer ? 1 : 0;
  }
  return behind;
}

Result<RequestId> Replicas::submit_to(std::uint32_t index, const CommandView& command,
                                      Instant deadline, Tag tag) {
  if (main_.is_full()) return limit_reached(main_.options().inflight_requests_limit);
  ServerNode& node = *nodes_[index];
  const Result<RequestId> id = node.session->submit(command, deadline, tag);
  if (!id) return id;
  node.due.drop_answered(node.session->answered_until());
  const Instant wanted_by = ReplicaCaches::wanted_by(tag, deadline);
  if (wanted_by > now_ && wanted_by != never) {
    // Without memory for this it stays until its deadline.
    (void)node.due.add(*id, now_ + (wanted_by - now_) / 2);
  }
  ++node.reads;
  ++counters_.reads;
  return request_ids::on_side(first_place + index, node.incarnation, *id);
}

// Whether the request has ended, here or where it has gone on, as far as it is known.
bool Replicas::is_answered(RequestId id) const {
  while (owns_request(id)) {
    const std::optional<RequestId> to = moved_to(id);
    if (!to) break;
    id = *to;
  }
  if (!owns_request(id)) return id < main_.answered_until();
  const Box<ServerNode>& node = nodes_[index_of_request(id)];
  if (!node || !node->session || !is_of_connection(*node, id)) return true;
  return request_ids::request_of(id) < node->session->answered_until();
}

std::optional<RequestId> Replicas::moved_to(RequestId id) const {
  const Box<ServerNode>& node = nodes_[index_of_request(id)];
  return node ? node->moved.find(id) : std::nullopt;
}

// `wait`: since the last round.
void Replicas::want_round(Duration wait) {
  if (rounds_.want(now_, wait)) begin_round();
}

void Replicas::forget_proofs() {
  for (std::uint32_t i = 0; i < replicas_max; ++i) {
    if (!nodes_[i]) continue;
    nodes_[i]->forget_proof();
    report_to_cache(i);
  }
}

void Replicas::report_to_cache(std::uint32_t index) {
  const ServerNode& node = *nodes_[index];
  if (caches_ != nullptr && node.session) caches_->follow(index, *node.session, node.proved);
}

// The numbers of writes that were kept mean nothing once the numbers have begun again: the old ones
// are larger.
void Replicas::follow_marks() {
  if (!writes_.take_restart()) return;
  forget_proofs();
  rounds_.forget_marks();
}

// The answer covers all writes that were staged on the main connection before the question.
void Replicas::begin_round() {
  rounds_.forget_due();
  if (rounds_.was_asked() || closing_ || main_.state() != Session::State::ready) return;
  follow_marks();
  ReplicationProof proof{.as_of = now_, .mark = writes_.last()};
  if (caches_ != nullptr) proof.asked_after = caches_->next_mark();
  rounds_.begin(proof);
  const bool is_asked = main_.submit_internal(question_about_replication(), internal_replication);
  rounds_.note_asked(is_asked, now_);
  ++counters_.rounds;
}

// A new main connection may lead to another primary, which is asked at once. What was proved by the
// history of the last one counts no longer, and neither does what a replica answers before the new
// one: the client may have been sent to a former primary, which did not know of all its writes.
void Replicas::follow_main() {
  now_ = std::max(now_, main_.now());
  if (main_.state() != Session::State::ready) return;
  const std::uint64_t connection = main_.counters().connections;
  if (std::exchange(main_connection_, connection) == connection) return;
  primary_is_near_ = false;
  rounds_.forget_question();
  rounds_.forget_proof();
  forget_proofs();
  begin_round();
  if (options_.read_from == ReadFrom::az_affinity_replicas_and_primary) {
    main_.submit_internal(question_about_zone(), internal_zone);
  }
}

void Replicas::end_round(const ReplicationReport& report) {
  problem_ = {};
  if (rounds_.take(report, now_)) forget_proofs();
  update_nodes(report);
  for_each_session([this](std::uint32_t index, Session&) { ask(*nodes_[index]); });
  if (is_in_use()) {
    want_round(rounds_.is_read(now_) ? rounds_.interval() : interval_for_cache());
  }
}

void Replicas::update_nodes(const ReplicationReport& report) {
  counters_.left_out = report.replicas_left_out;
  const auto is_named = [&](const NodeAddress& address) {
    const auto named = report.known_replicas();
    return std::find(named.begin(), named.end(), address) != named.end();
  };
  for (std::uint32_t i = 0; i < replicas_max; ++i) {
    const bool is_here = nodes_[i] && nodes_[i]->state != ServerNode::State::leaving;
    if (is_here && !is_named(nodes_[i]->address)) dismiss(i);
  }
  for (std::uint32_t i = 0; i < replicas_max; ++i) {
    if (nodes_[i]) forget_if_left(i);
  }
  for (const NodeAddress& address : report.known_replicas()) add_node(address);
}

// One that has left is kept for as long as a request that went on from it may be cancelled.
void Replicas::forget_if_left(std::uint32_t index) {
  ServerNode& node = *nodes_[index];
  if (node.state != ServerNode::State::leaving || node.session) return;
  forget_answered(node);
  if (node.moved.empty()) nodes_[index] = {};
}

void Replicas::forget_answered(ServerNode& node) const {
  node.moved.forget([this](RequestId to) { return is_answered(to); });
}

void Replicas::add_node(const NodeAddress& address) {
  std::optional<std::uint32_t> place;
  for (std::uint32_t i = replicas_max; i-- > 0;) {
    if (!nodes_[i]) {
      place = i;
    } else if (nodes_[i]->address == address) {
      if (nodes_[i]->state != ServerNode::State::leaving) return;
      ++counters_.left_out;  // until it has left
      return;
    }
  }
  if (place) {
    const SessionOptions& options = main_.options();
    nodes_[*place] =
        Box<ServerNode>::make(main_.accounts().connections, 0, address, main_.accounts().requests,
                              options.inflight_requests_limit, options.random_seed + *place);
  }
  if (!place || !nodes_[*place]) {
    ++counters_.left_out;
    return;
  }
  connect(*place);
}

// The requests that it has are still answered.
void Replicas::dismiss(std::uint32_t index) {
  ServerNode& node = *nodes_[index];
  node.state = ServerNode::State::leaving;
  node.problem = is_dismissed;
  node.retry_at = node.ask_again_at = never;
  heard_ |= bit(index);
  if (node.session) node.session->close(now_);
  report_to_cache(index);
}

void Replicas::connect(std::uint32_t index) {
  ServerNode& node = *nodes_[index];
  node.retry_at = never;
  if (node.session || node.state == ServerNode::State::leaving || closing_) return;
  SessionOptions options = options_at_replica(main_.options(), index);
  if (caches_ == nullptr) options.tracking = {};
  node.session = Box<Session>::make(main_.accounts().connections, 0, options, main_.accounts());
  if (!node.session) return handle_end(node, no_room_for_replica);
  used_ |= bit(index);
  heard_ |= bit(index);
  // The numbers of connections come again. One whose reads are still in flight elsewhere has to
  // wait, so that they can be cancelled.
  forget_answered(node);
  for (std::uint64_t i = 0; i < request_ids::Incarnation::values_count; ++i) {
    node.incarnation = ++incarnations_;
    const RequestId first = request_ids::on_side(first_place + index, node.incarnation, 0);
    if (!node.moved.has_left(first)) break;
  }
  node.state = ServerNode::State::connecting;
  node.was_asked = node.zone_is_known = node.is_slow = false;
  node.due.clear();
  node.session->connect(now_);
}

// The zone is asked for once; it does not change.
void Replicas::ask(ServerNode& node) {
  node.ask_again_at = never;
  if (node.was_asked || !node.is_connected() || rounds_.proof().as_of == Instant::min()) return;
  if (goes_by_zones(options_.read_from) && !node.zone_is_known) {
    node.zone_is_known = node.session->submit_internal(question_about_zone(), internal_zone);
  }
  node.aim_at(rounds_.proof());
  const bool is_asked =
      node.session->submit_internal(question_about_replication(), internal_replication);
  node.note_asked(is_asked, now_);
}

std::optional<Event> Replicas::poll_node(std::uint32_t index) {
  ServerNode& node = *nodes_[index];
  Session& session = *node.session;
  now_ = std::max(now_, session.now());
  while (const std::optional<Event> event = session.poll_event()) {
    if (caches_ != nullptr && caches_->handle_event(index, session, *event)) continue;
    const std::optional<Event> passed_on = handle_event(index, *event);
    report_to_cache(index);
    if (passed_on) {
      spoke_ = index;
      return passed_on;
    }
  }
  report_to_cache(index);
  // A session that was never ready tries again by itself, and reports only its end.
  if (node.state == ServerNode::State::connecting && session.counters().attempts_failed > 0) {
    node.problem = session.last_problem();
  }
  if (!session.is_over()) return std::nullopt;
  if (caches_ != nullptr) caches_->handle_over(index);
  node.session = {};
  used_ &= ~bit(index);
  // The time to try again may have passed while the connection was still to be closed.
  const bool is_due = node.state == ServerNode::State::lost && node.retry_at == never;
  if (is_due) connect(index);
  forget_if_left(index);
  return std::nullopt;
}

std::optional<Event> Replicas::handle_event(std::uint32_t index, const Event& event) {
  ServerNode& node = *nodes_[index];
  switch (event.kind) {
    case Event::Kind::ready:
      if (node.state == ServerNode::State::leaving) return std::nullopt;
      node.state = ServerNode::State::connected;
      node.problem = {};
      node.forget_proof();
      node.backoff.reset();
      ask(node);
      return std::nullopt;
    case Event::Kind::completed:
    case Event::Kind::failed:
      if (event.tag == internal_auth) return SideConnections::credentials_outcome(event);
      if (event.tag >= internal_tag_first) {
        handle_answer(node, event);
        return std::nullopt;
      }
      if (node.session->hands_back() && move_refused(index, event)) return std::nullopt;
      return event;
    case Event::Kind::closed: handle_end(node, *event.error); return std::nullopt;
    case Event::Kind::credentials_refused: return event;
    case Event::Kind::queueing_failed:
      if (event.tag == internal_auth) return SideConnections::credentials_outcome(event);
      return std::nullopt;
    case Event::Kind::pushed:
    case Event::Kind::disconnected:
    case Event::Kind::admitted: return std::nullopt;
  }
  return std::nullopt;
}

void Replicas::handle_answer(ServerNode& node, const Event& event) {
  const std::optional<ReplicationReport> report = report_of(event);
  if (event.tag == internal_zone) {
    if (report) node.zone = report->zone;
    return;
  }
  node.was_asked = node.is_slow = false;
  if (!node.is_connected()) return;
  if (!report) return node.note_unfit(problem_of_report(event), now_);
  node.latency.add(now_ - node.asked_at);
  node.handle_report(*report, rounds_.proof(), rounds_.history(), now_);
}

void Replicas::handle_end(ServerNode& node, const Error& reason) {
  node.was_asked = false;
  node.ask_again_at = never;
  if (node.state == ServerNode::State::leaving) return;
  node.forget_proof();
  node.state = ServerNode::State::lost;
  node.problem = reason;
  node.retry_at = closing_ ? never : after(now_, node.backoff.next());
}

// Sends the request of the node's last event to another server. Returns false if that is not
// possible: the event is the outcome then.
bool Replicas::move_refused(std::uint32_t index, const Event& event) {
  ServerNode& node = *nodes_[index];
  if (node.is_connected() && is_about_server(event.error->code))
    node.note_unfit(*event.error, now_);
  // Another replica may answer it if this one cannot; what this one forbids is for the primary to
  // judge.
  const Onward onward{.replicas = !node.is_ready(), .primary = true};
  // It leaves its place here to the connection on which it goes on.
  main_.take_places(in_flight() + waiters_count_ - 1);
  const bool moved = move_on(index, node.session->handed(), onward);
  node.session->settle_handed();
  return moved;
}

// A server that is silent for half of a read's time gets no further reads until it has answered a
// question. The place that the read has there is taken until then, so it needs another one.
void Replicas::move_due(std::uint32_t index) {
  ServerNode& node = *nodes_[index];
  if (!node.session) return node.due.clear();
  node.due.drop_answered(node.session->answered_until());
  node.due.leave(now_, after(now_, ServerNode::move_again_wait), [&](RequestId id) {
    const auto request = node.session->live(id);
    if (!request) return true;
    if (!std::exchange(node.is_slow, true)) ask(node);
    // Without a connection to the primary the answer may as well come from here.
    const bool is_primary_there = main_.state() == Session::State::ready;
    const Onward onward{.replicas = !is_primary_there, .primary = is_primary_there};
    take_places();
    if (!move_on(index, *request, onward)) return false;
    node.session->leave_to_another(id);
    return true;
  });
}

// Sends a request that the node has to another replica, or to the primary. Returns false if no
// server takes it.
bool Replicas::move_on(std::uint32_t index, const Pipeline::Handed& request, Onward onward) {
  ServerNode& node = *nodes_[index];
  EncodedPieces pieces;
  pieces.count =
      node.session->handed_bytes(request, ReplicaCaches::bytes_in_front(request.tag), pieces.spans);
  const CommandView command = pieces.view();
  // The keys in further pieces of a long request cannot be found, so the primary is asked.
  const std::optional<std::uint32_t> next = onward.replicas && pieces.count == 1
                                                ? choose(command, now_, wanted_after_)
                                                : std::optional<std::uint32_t>();
  Result<RequestId> to = next ? submit_to(*next, command, request.deadline, request.tag)
                              : Result<RequestId>(is_no_other);
  if (!to && onward.primary) to = main_.submit_owed(command, request.deadline, request.tag);
  if (!to) return false;
  ReplicaCaches::note_gone_on(request.tag);
  ++node.reads_moved;
  ++counters_.reads_moved;
  const RequestId from = request_ids::on_side(first_place + index, node.incarnation, request.id);
  // Without memory for this the request goes on, and can no longer be cancelled.
  forget_answered(node);
  node.moved.add(from, *to);
  return true;
}

}  // namespace plimsoll::inline v0
