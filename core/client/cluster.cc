#include "plimsoll/core/client/cluster.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/handed_request.h"

// More than 500 lines, because a request's way on, a slot's change of owner and the end of a node's
// connection change the same few fields of nodes and slots.

namespace plimsoll::inline v0 {
namespace {

constexpr Error no_room_for_node{
    .code = ErrorCode::out_of_memory,
    .what = "the connections pool has no room for a connection to a node of the cluster"};

constexpr Error no_room_for_journey{
    .code = ErrorCode::rejected_by_limit,
    .what = "the requests pool has no room for what is remembered of a request to a cluster"};

constexpr Error is_across_slots{
    .code = ErrorCode::invalid_argument,
    .what = "the keys belong to several slots of the cluster (CROSSSLOT)",
    .expected = "keys of one slot: with the same {hash tag}, or one request for each slot"};

constexpr Error is_for_all_nodes{
    .code = ErrorCode::refused_command,
    .what = "the command concerns every node of the cluster, and would be sent to one only",
    .expected = "a client of each node, with an address that begins with valkey://"};

constexpr Error is_another_node{
    .code = ErrorCode::connect_failed,
    .what = "another node of a cluster answers at this address than the one that was named"};

constexpr Error is_left{.code = ErrorCode::connection_lost,
                        .what = "the node has no slot any more, and the client has left it"};

constexpr Error is_silent_without_slots{
    .code = ErrorCode::connection_lost,
    .what = "the node has not answered for a second, and other nodes own its slots now"};

constexpr Error is_renewed{
    .code = ErrorCode::connection_lost,
    .what =
        "the node says that the owner of a slot is at its own address: a new connection may "
        "lead there"};

constexpr Error knows_no_slots{.code = ErrorCode::cluster_down,
                               .what = "the server knows of no slot that any node serves",
                               .expected = "a node of a cluster whose slots have owners"};

constexpr Error is_no_view{.code = ErrorCode::protocol_error,
                           .what = "the server's answer to CLUSTER SLOTS is not understood",
                           .expected = "ranges of slots with their nodes"};

constexpr Error is_out_of_view{
    .code = ErrorCode::connection_lost,
    .what = "the other nodes of the cluster do not name this one any more"};

constexpr Error slots_not_in_time{
    .code = ErrorCode::connect_failed,
    .what = "connect_timeout has passed, and no server has said who owns the cluster's slots"};

SessionOptions options_at_node(const SessionOptions& of_main, std::uint32_t index) {
  SessionOptions options = of_main;
  options.tracking = {};
  options.seeds_count = 1;
  // A node that is lost is tried again by Cluster, and what it has not run may go elsewhere.
  options.reconnect_attempts_max = 0;
  options.hands_back = options.hands_back_redirections = true;
  options.read_resends_max = std::max<std::uint8_t>(of_main.read_resends_max, 1);
  options.random_seed += 1 + index;
  return options;
}

Pipeline::Options options_of_parked(const SessionOptions& of_main) {
  return {.requests_max = static_cast<std::uint32_t>(of_main.inflight_requests_limit),
          .read_resends_max = std::max<std::uint8_t>(of_main.read_resends_max, 1),
          .others_wait = of_main.inflight_overflow == OnLimit::wait};
}

CommandView question(std::span<const std::string_view> args) {
  CommandView command;
  command.args = args;
  return command;
}

constexpr std::string_view ask_slots[] = {"CLUSTER", "SLOTS"};
constexpr std::string_view ask_node_id[] = {"CLUSTER", "MYID"};

// The beginning of an error's text, in one piece.
class ErrorWords {
 public:
  explicit ErrorWords(const std::optional<Value>& value) {
    const auto text = value ? value->as_error() : Result<BytesView>(is_no_view);
    if (!text) return;
    text->for_each_piece([this](std::string_view piece) {
      const std::size_t taken = std::min(piece.size(), words_.size() - size_);
      std::copy_n(piece.data(), taken, words_.data() + size_);
      size_ += taken;
    });
  }
  std::string_view view() const { return {words_.data(), size_}; }

 private:
  // A redirection's word, slot, host and port, and one byte more than the longest.
  std::array<char, NodeAddress::host_bytes_max + 32> words_;
  std::size_t size_ = 0;
};

std::optional<NodeId> node_id_of(const Event& event) {
  if (event.kind != Event::Kind::completed || !event.value) return std::nullopt;
  const auto text = event.value->as_bytes();
  if (!text || text->size() != std::tuple_size_v<NodeId>) return std::nullopt;
  NodeId words;
  std::size_t size = 0;
  text->for_each_piece([&](std::string_view piece) {
    std::copy(piece.begin(), piece.end(), words.data() + size);
    size += piece.size();
  });
  return read_node_id({words.data(), words.size()});
}

std::optional<NodeAddress> address_of(std::string_view host, std::uint16_t port) {
  std::array<char, 8> text;
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), port).ptr;
  return NodeAddress::read(host, {text.data(), static_cast<std::size_t>(end - text.data())});
}

}  // namespace

Cluster::Cluster(const ClusterOptions& options, Session& main, Box<SlotTable> table)
    : options_(options),
      main_(main),
      table_(std::move(table)),
      returned_(main.accounts().requests, options_of_parked(main.options()), returned_place),
      waiting_(main.accounts().requests, options_of_parked(main.options()), waiting_place),
      schedule_(main.options().random_seed),
      random_(main.options().random_seed) {}

Cluster::~Cluster() = default;

// ---- Requests of callers.

Result<RequestId> Cluster::submit(const CommandView& command, Instant now, Instant deadline,
                                  Tag tag) {
  now_ = std::max(now_, now);
  const Route route = route_of(command);
  switch (route.kind) {
    case Route::Kind::one_slot: break;
    case Route::Kind::several_slots: return is_across_slots;
    case Route::Kind::no_key:
    case Route::Kind::unclear: return submit_keyless(command, deadline, tag);
  }
  const SlotTable::Entry entry = table_->at(route.slot);
  if (!entry.plain()) return submit_slowly(command, route.slot, deadline, tag);
  const ClusterNode& owner = *nodes_[entry.owner()];
  if (owner.state != ClusterNode::State::ready || owner.is_leaving || closing_) {
    return submit_slowly(command, route.slot, deadline, tag);
  }
  if (is_full()) return full();
  return submit_to(entry.owner(), command, {.journey = {.slot = route.slot}}, deadline, tag);
}

Result<RequestId> Cluster::submit_keyless(const CommandView& command, Instant deadline, Tag tag) {
  const commands::Row* const row = commands::row_of(command);
  if (row != nullptr && concerned_by(*row) == Concerns::every_node) return is_for_all_nodes;
  if (main_.is_closed()) return main_.refusal();
  if (is_full()) return full();
  if (keyless_held_) return park(command, {.is_for_main = true}, deadline, tag);
  main_.take_places(in_flight_);
  return main_.submit(command, deadline, tag);
}

Result<RequestId> Cluster::submit_slowly(const CommandView& command, Slot slot, Instant deadline,
                                         Tag tag) {
  if (main_.is_closed()) return main_.refusal();
  if (is_full()) return full();
  const NodeNumber predecessor = table_->at(slot).predecessor();
  if (predecessor != no_node && has_answered(predecessor)) table_->set_predecessor(slot, no_node);
  const SlotTable::Entry entry = table_->at(slot);
  if (entry.plain() && may_send_to(entry.owner())) {
    return submit_to(entry.owner(), command, {.journey = {.slot = slot}}, deadline, tag);
  }
  return park(command, {.journey = {.slot = slot}}, deadline, tag);
}

// `what` has no id yet.
Result<RequestId> Cluster::submit_to(NodeNumber number, const CommandView& command,
                                     SentRequests::Request what, Instant deadline, Tag tag) {
  ClusterNode& node = *nodes_[number];
  Session& session = *node.session;
  node.sent.drop_answered(session.answered_until());
  what.id = session.staged_until();
  // First, because a request that was staged could not be taken back without an outcome.
  if (!node.sent.add(what)) return no_room_for_journey;
  const bool owed = node.owes();
  const Result<RequestId> id = session.submit_owed(command, deadline, tag);
  if (!id) {
    node.sent.remove_last();
    return id;
  }
  if (!owed) node.quiet_since = now_;
  node.idle_views = 0;
  ++in_flight_;
  return request_ids::on_side(first_place + number, node.incarnation, *id);
}

Result<RequestId> Cluster::park(const CommandView& command, const ParkedRequests::Request& request,
                                Instant deadline, Tag tag) {
  const Result<RequestId> id = waiting_.park(command, deadline, tag, request);
  if (!id) return id;
  note_parked(request);
  return waiting_.known_as(*id);
}

void Cluster::note_parked(const ParkedRequests::Request& request) {
  ++in_flight_;
  if (request.is_for_main) {
    keyless_held_ = true;
    return;
  }
  table_->set_held(request.journey.slot, true);
  const NodeNumber owner = table_->at(request.journey.slot).owner();
  owner == no_node ? want_view(ViewSchedule::Need::urgent) : want_node(owner);
}

Pipeline::Room Cluster::make_room(std::size_t bytes) {
  return is_full() ? Pipeline::Room::no_place : waiting_.make_room(bytes);
}

// The request is parked first, even if it can go on at once, because the room is there.
RequestId Cluster::submit_to_room(const CommandView& command, Instant deadline, Tag tag) {
  const Route route = route_of(command);
  const ParkedRequests::Request request{.journey = {.slot = route.slot},
                                        .is_for_main = route.kind != Route::Kind::one_slot};
  const RequestId id = waiting_.park_in_room(command, deadline, tag, request);
  note_parked(request);
  release_wanted_ = true;
  return waiting_.known_as(id);
}

void Cluster::release_room() { waiting_.release_room(); }

bool Cluster::is_full() const {
  return in_flight_ + main_.callers_in_flight() >= main_.options().inflight_requests_limit;
}

Error Cluster::full() const {
  return Error{.code = ErrorCode::rejected_by_limit,
               .what = "inflight_requests_limit is reached",
               .value = main_.options().inflight_requests_limit,
               .limit = main_.options().inflight_requests_limit};
}

std::optional<RequestId> Cluster::cancel(RequestId id) {
  while (owns_request(id)) {
    if (const std::optional<RequestId> to = moved_to(id)) {
      id = *to;
      continue;
    }
    if (is_parked_id(id)) {
      parked_of(id).pipeline().cancel(request_ids::request_of(id));
      return std::nullopt;
    }
    const std::uint32_t index = index_of_request(id);
    if (nodes_[index] && nodes_[index]->session && is_of_connection(*nodes_[index], id)) {
      nodes_[index]->session->cancel(request_ids::request_of(id));
      heard_ |= bit(index);
    }
    return std::nullopt;
  }
  return id;
}

std::optional<RequestId> Cluster::moved_to(RequestId id) {
  if (is_parked_id(id)) return parked_of(id).moved.find(id);
  const std::uint32_t index = index_of_request(id);
  return nodes_[index] ? nodes_[index]->moved.find(id) : std::nullopt;
}

// Whether the request has ended, here or where it has gone on, as far as it is known.
bool Cluster::is_answered(RequestId id) {
  while (owns_request(id)) {
    const std::optional<RequestId> to = moved_to(id);
    if (!to) break;
    id = *to;
  }
  if (!owns_request(id)) return id < main_.answered_until();
  if (is_parked_id(id)) return !parked_of(id).pipeline().live(request_ids::request_of(id));
  const Box<ClusterNode>& node = nodes_[index_of_request(id)];
  if (!node || !node->session || !is_of_connection(*node, id)) return true;
  return request_ids::request_of(id) < node->session->answered_until();
}

// Without memory for this the request goes on, and can no longer be cancelled.
void Cluster::remember_move(MovedReads& moved, RequestId from, RequestId to) {
  moved.forget([this](RequestId id) { return is_answered(id); });
  moved.add(from, to);
}

std::size_t Cluster::staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                                   std::span<std::string_view> spans) const {
  const RequestId request = request_ids::request_of(id);
  if (is_parked_id(id)) return parked_of(id).pipeline().staged_places(request, offset, size, spans);
  return nodes_[index_of_request(id)]->session->staged_places(request, offset, size, spans);
}

// ---- Parked requests go on.

// Goes through all that is parked, once after each change that may let some of it go.
void Cluster::release() {
  release_wanted_ = false;
  release_at_ = never;
  for (std::uint32_t i = 0; i < cluster_nodes_max; ++i) {
    if (!nodes_[i]) continue;
    if (has_answered(static_cast<NodeNumber>(i))) nodes_[i]->hold_also = no_node;
    if (nodes_[i]->state != ClusterNode::State::ready) nodes_[i]->is_wanted = false;
  }
  keyless_held_ = false;
  if (returned_.empty() && waiting_.empty()) return;
  const auto mark_all = [this](bool held) {
    const auto mark = [this, held](const ParkedRequests::Request& each) {
      if (each.is_for_main) {
        keyless_held_ = held;
        return;
      }
      table_->set_held(each.journey.slot, held);
      table_->set_blocked(each.journey.slot, false);
    };
    returned_.for_each(mark);
    waiting_.for_each(mark);
  };
  mark_all(false);
  release(returned_, Predecessor::does_not_matter);
  release(waiting_, Predecessor::has_answered);
  mark_all(true);
}

// keyless_held_ says for requests without a key what `blocked` says for those of a slot.
void Cluster::release(ParkedRequests& parked, Predecessor predecessor) {
  parked.release([&](const ParkedRequests::Request& each, const Pipeline::Handed& handed) {
    const Slot slot = each.journey.slot;
    const bool is_blocked = each.is_for_main ? keyless_held_ : table_->at(slot).blocked();
    if (!is_blocked && may_go(each, predecessor) && go(parked, each, handed)) return true;
    each.is_for_main ? void(keyless_held_ = true) : table_->set_blocked(slot, true);
    return false;
  });
}

bool Cluster::may_go(const ParkedRequests::Request& request, Predecessor predecessor) {
  if (request.not_before > now_) {
    release_at_ = std::min(release_at_, request.not_before);
    return false;
  }
  if (request.is_for_main) return true;
  const NodeNumber before = table_->at(request.journey.slot).predecessor();
  if (predecessor == Predecessor::has_answered && before != no_node) {
    if (!has_answered(before)) return false;
    table_->set_predecessor(request.journey.slot, no_node);
  }
  const NodeNumber target = target_of(request);
  if (target == no_node) {
    want_view(ViewSchedule::Need::urgent);
    return false;
  }
  if (may_send_to(target)) return true;
  want_node(target);
  return false;
}

// After ASK, a node that cannot be reached is given up: the owner is asked again.
NodeNumber Cluster::target_of(const ParkedRequests::Request& request) const {
  const NodeNumber asked = request.asked;
  if (asked != no_node && nodes_[asked] && !nodes_[asked]->is_doubtful(now_)) return asked;
  return table_->at(request.journey.slot).owner();
}

bool Cluster::go(ParkedRequests& parked, const ParkedRequests::Request& request,
                 const Pipeline::Handed& handed) {
  using Asking = HandedRequest::Asking;
  const NodeNumber target = request.is_for_main ? main_place : target_of(request);
  const bool is_asked = request.asked != no_node && target == request.asked;
  const HandedRequest moving(parked.pipeline(), handed, Asking::no,
                             is_asked ? Asking::yes : Asking::no);
  Result<RequestId> to = no_room_for_journey;
  if (request.is_for_main) {
    main_.take_places(in_flight_ - std::min<std::size_t>(in_flight_, 1));
    to = main_.submit_owed(moving.command(), handed.deadline, handed.tag);
  } else {
    to = submit_to(target, moving.command(), {.journey = request.journey, .with_asking = is_asked},
                   handed.deadline, handed.tag);
  }
  if (!to) {
    release_at_ = std::min(release_at_, after(now_, room_again_wait));
    return false;
  }
  remember_move(parked.moved, parked.known_as(request.id), *to);
  // If the slot does not move in the end, its owner would run what is sent there meanwhile before
  // this one comes back.
  if (is_asked) hold_until_answered(request.journey.slot, target);
  return true;
}

bool Cluster::may_send_to(NodeNumber number) const {
  const ClusterNode& node = *nodes_[number];
  return node.state == ClusterNode::State::ready && !node.is_leaving;
}

bool Cluster::has_answered(NodeNumber number) const {
  // A chain may lead back to a node that it has named already.
  for (std::uint32_t i = 0; i < cluster_nodes_max && number != no_node; ++i) {
    if (!nodes_[number]) return true;
    if (!nodes_[number]->has_answered()) return false;
    number = nodes_[number]->hold_also;
  }
  return true;
}

void Cluster::hold_until_answered(Slot slot, NodeNumber number) {
  ClusterNode& node = *nodes_[number];
  node.hold_until = node.session->staged_until();
  const NodeNumber before = table_->at(slot).predecessor();
  if (before == no_node || before == number || has_answered(before)) {
    table_->set_predecessor(slot, number);
    return;
  }
  // The slot moves again before its last move is over: all slots that wait for the answers of
  // `before` wait for this node's as well.
  NodeNumber last = before;
  for (std::uint32_t i = 0; i < cluster_nodes_max && last != number; ++i) {
    if (nodes_[last]->hold_also == no_node) {
      nodes_[last]->hold_also = number;
      return;
    }
    last = nodes_[last]->hold_also;
  }
}

void Cluster::set_owner(Slot slot, NodeNumber number) {
  const NodeNumber before = table_->at(slot).owner();
  if (before == number) return;
  table_->set_owner(slot, number);
  if (number != no_node) ++nodes_[number]->slots;
  release_wanted_ = true;
  if (before == no_node) return;
  --nodes_[before]->slots;
  if (nodes_[before]->owes()) hold_until_answered(slot, before);
}

// ---- Time and events.

void Cluster::note_sign_of_life(ConnectionId connection, Instant now) {
  const Box<ClusterNode>& node = nodes_[index_of(connection)];
  if (node) node->quiet_since = now;
}

Session* Cluster::session(ConnectionId connection) const {
  const Box<ClusterNode>& node = nodes_[index_of(connection)];
  return node ? node->session.get() : nullptr;
}

void Cluster::handle_timeout(Instant now) {
  now_ = std::max(now_, now);
  follow_main();
  for (std::uint32_t i = 0; i < cluster_nodes_max; ++i) {
    if (!nodes_[i]) continue;
    ClusterNode& node = *nodes_[i];
    if (node.session) node.session->handle_timeout(now);
    heard_ |= bit(i);
    if (node.is_suspect(now_)) want_view(ViewSchedule::Need::urgent);
    if (now_ >= node.retry_at && node.is_wanted) connect(i);
  }
  returned_.pipeline().handle_timeout(now);
  waiting_.pipeline().handle_timeout(now);
  if (now_ >= release_at_) release_wanted_ = true;
  if (schedule_.is_unanswered(now_)) {
    asked_ = nobody;
    schedule_.handle_failure(now_);
  }
  if (schedule_.is_due(now_)) begin_view();
  if (!has_view_ && now_ >= start_by_)
    give_up_start(*problem_.what == '\0' ? slots_not_in_time : problem_);
  if (closing_ && !aborted_ && now_ >= close_by_) abort();
}

Instant Cluster::poll_timeout() {
  Instant next =
      std::min(returned_.pipeline().next_deadline(), waiting_.pipeline().next_deadline());
  for (const Box<ClusterNode>& node : nodes_) {
    if (!node) continue;
    if (node->session) {
      next = std::min(next, node->session->poll_timeout());
      if (node->owes() && !node->is_suspect(now_)) {
        next = std::min(next, after(node->quiet_since, ClusterNode::suspect_after));
      }
    }
    if (node->is_wanted && !closing_) next = std::min(next, node->retry_at);
  }
  if (aborted_) return next;
  if (release_wanted_) return now_;
  next = std::min(next, release_at_);
  if (closing_) next = std::min(next, close_by_);
  if (!has_view_) next = std::min(next, start_by_);
  return std::min(next, schedule_.next());
}

std::optional<Event> Cluster::poll_event() {
  spoke_ = nobody;
  follow_main();
  do {
    while (heard_ != 0) {
      const auto index = static_cast<std::uint32_t>(std::countr_zero(heard_));
      if (nodes_[index] && nodes_[index]->session) {
        if (const std::optional<Event> event = poll_node(index)) return event;
      }
      heard_ &= ~bit(index);
    }
    if (const std::optional<Event> event = poll_parked()) return event;
    if (release_wanted_ && !aborted_) release();
  } while (heard_ != 0);
  count_in_flight();
  close_if_done();
  if (has_view_ && !was_ready_ && main_.state() == Session::State::ready) {
    was_ready_ = true;
    return Event{.kind = Event::Kind::ready};
  }
  return std::nullopt;
}

std::optional<Event> Cluster::poll_same_again() {
  const NodeNumber index = std::exchange(spoke_, nobody);
  return nodes_[index] && nodes_[index]->session ? poll_node(index) : std::nullopt;
}

Session* Cluster::speaker() {
  if (heard_ == 0) return nullptr;
  const auto index = static_cast<std::uint32_t>(std::countr_zero(heard_));
  if (!nodes_[index] || !nodes_[index]->session) return nullptr;
  spoke_ = static_cast<NodeNumber>(index);
  return nodes_[index]->session.get();
}

std::optional<Event> Cluster::poll_node(std::uint32_t index) {
  ClusterNode& node = *nodes_[index];
  Session& session = *node.session;
  now_ = std::max(now_, session.now());
  for (;;) {
    while (const std::optional<Event> event = session.poll_event()) {
      if (const auto passed_on = handle_event(index, *event)) {
        spoke_ = static_cast<NodeNumber>(index);
        return passed_on;
      }
    }
    const bool is_left_now =
        node.is_leaving && !node.owes() && session.state() != Session::State::closed;
    if (!is_left_now) break;
    session.give_up(is_renewed);
  }
  if (node.hold_until != 0 && node.has_answered()) {
    node.hold_until = 0;
    release_wanted_ = true;
  }
  // A session that was never ready tries again by itself, and reports only its end.
  if (node.state == ClusterNode::State::connecting && session.counters().attempts_failed > 0) {
    node.problem = session.last_problem();
  }
  if (!session.is_over()) return std::nullopt;
  node.session = {};
  node.sent.clear();
  used_ &= ~bit(index);
  release_wanted_ = true;  // which connects again if somebody waits
  return std::nullopt;
}

std::optional<Event> Cluster::poll_parked() {
  for (ParkedRequests* const parked : {&returned_, &waiting_}) {
    Pipeline& pipeline = parked->pipeline();
    if (const auto ended = aborted_ ? pipeline.take_lost() : pipeline.next_ended()) {
      release_wanted_ = true;  // which forgets it
      return parked_ended(*ended);
    }
    if (aborted_) pipeline.release();
  }
  return std::nullopt;
}

Event Cluster::parked_ended(const Ended& ended) {
  event_error_ = Error{.code = ended.code, .executed = ended.executed};
  if (ended.code == ErrorCode::timed_out) {
    event_error_.what = "the request's deadline passed while it waited for the owner of its slot";
  } else if (ended.code == ErrorCode::cancelled) {
    event_error_.what = "the request was cancelled";
  } else {
    event_error_.what = main_.refusal().what;
  }
  return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &event_error_};
}

std::optional<Event> Cluster::handle_event(std::uint32_t index, const Event& event) {
  ClusterNode& node = *nodes_[index];
  switch (event.kind) {
    case Event::Kind::ready:
      node.state = ClusterNode::State::checking;
      node.problem = {};
      node.retry_at = never;
      node.backoff.reset();
      if (!node.session->submit_internal(question(ask_node_id), internal_node_id)) {
        leave(index, no_room_for_node);
      }
      return std::nullopt;
    case Event::Kind::completed:
    case Event::Kind::failed:
      if (event.tag == internal_auth) return SideConnections::credentials_outcome(event);
      if (event.tag == internal_node_id) return handle_identity(index, event), std::nullopt;
      if (event.tag == internal_slots) {
        return handle_view(static_cast<NodeNumber>(index), event), std::nullopt;
      }
      if (event.tag >= internal_tag_first) return std::nullopt;
      if (node.session->hands_back()) return handle_handed(index, event);
      return event;
    case Event::Kind::closed: handle_end(index, *event.error); return std::nullopt;
    case Event::Kind::credentials_refused: return event;
    case Event::Kind::queueing_failed:
      if (event.tag == internal_auth) return SideConnections::credentials_outcome(event);
      if (event.tag >= internal_tag_first || handle_part(index, event)) return std::nullopt;
      return event;
    case Event::Kind::pushed:
    case Event::Kind::disconnected:
    case Event::Kind::admitted: return std::nullopt;
  }
  return std::nullopt;
}

// The node has not run a request, or it is a read. Parks it if it can go on; otherwise the event is
// the outcome.
std::optional<Event> Cluster::handle_handed(std::uint32_t index, const Event& event) {
  using Asking = HandedRequest::Asking;
  ClusterNode& node = *nodes_[index];
  const Pipeline::Handed request = node.session->handed();
  const std::optional<SentRequests::Request> sent = node.sent.find(request.id);
  const Verdict verdict =
      sent && !aborted_ ? judge(index, event, request, sent->journey) : Verdict();
  bool goes_on = verdict.kind == Verdict::Kind::goes_on;
  if (goes_on) {
    Journey journey = sent->journey;
    if (verdict.is_hop) {
      ++journey.hops;
    } else if (journey.waits < UINT8_MAX) {
      ++journey.waits;
    }
    const HandedRequest moving(node.session->requests(), request,
                               sent->with_asking ? Asking::yes : Asking::no, Asking::no);
    const Result<RequestId> parked = returned_.park(
        moving.command(), request.deadline, request.tag,
        {.journey = journey,
         .asked = verdict.asked,
         .not_before =
             verdict.wait == Duration::zero() ? Instant::min() : after(now_, verdict.wait)});
    goes_on = parked.ok();
    if (goes_on) {
      table_->set_held(journey.slot, true);
      release_wanted_ = true;
      remember_move(node.moved,
                    request_ids::on_side(first_place + index, node.incarnation, request.id),
                    returned_.known_as(*parked));
    }
  }
  node.session->settle_handed();
  return goes_on ? std::nullopt : std::optional(event);
}

// Remembers what became of a command of a transaction: EXEC says later that none has run.
bool Cluster::handle_part(std::uint32_t index, const Event& event) {
  ClusterNode& node = *nodes_[index];
  const RequestId id = node.session->answered_until();
  const std::optional<SentRequests::Request> sent = node.sent.find(id);
  if (!sent) return false;
  const Verdict verdict = judge_refusal(index, event.error->code, event.value, sent->journey);
  if (verdict.kind == Verdict::Kind::told) return false;
  if (node.part_of != id) {
    node.part_of = id;
    node.part_verdict = verdict;
  }
  return true;
}

ClusterNode::Verdict Cluster::judge(std::uint32_t index, const Event& event,
                                    const Pipeline::Handed& request, const Journey& journey) {
  const ClusterNode& node = *nodes_[index];
  switch (event.error->code) {
    case ErrorCode::lost_unsent: ++counters_.sent_again; return {.kind = Verdict::Kind::goes_on};
    case ErrorCode::lost_in_doubt:
      if (!request.may_resend || main_.options().read_resends_max == 0 ||
          journey.hops >= options_.redirects_max) {
        return {};
      }
      ++counters_.sent_again;
      return {.kind = Verdict::Kind::goes_on, .is_hop = true};
    case ErrorCode::transaction_aborted:
      return node.part_of == request.id ? node.part_verdict : Verdict();
    default: return judge_refusal(index, event.error->code, event.value, journey);
  }
}

ClusterNode::Verdict Cluster::judge_refusal(std::uint32_t index, ErrorCode code,
                                            const std::optional<Value>& value,
                                            const Journey& journey) {
  const ErrorWords words(value);
  Verdict again{.kind = Verdict::Kind::goes_on};
  switch (code) {
    case ErrorCode::cluster_redirect: {
      const auto redirection = read_redirection(words.view());
      // A script may say so of another slot, and has run.
      if (!redirection || redirection->slot != journey.slot) return {};
      if (journey.hops >= options_.redirects_max) return {};
      return judge_redirection(index, *redirection, journey);
    }
    case ErrorCode::cluster_down:
      if (words.view().starts_with("TRYAGAIN")) {
        again.wait = wait_of(journey.waits, try_again_min, try_again_max);
        break;
      }
      want_view(ViewSchedule::Need::urgent);
      again.wait = wait_of(journey.waits, down_again_min, down_again_max);
      break;
    case ErrorCode::read_only_replica:
    case ErrorCode::server_loading:
    case ErrorCode::primary_down:
      want_view(ViewSchedule::Need::urgent);
      again.wait = wait_of(journey.waits, down_again_min, down_again_max);
      break;
    default: return {};
  }
  ++counters_.sent_again;
  return again;
}

ClusterNode::Verdict Cluster::judge_redirection(std::uint32_t index, const Redirection& redirection,
                                                const Journey& journey) {
  Verdict verdict{.kind = Verdict::Kind::goes_on, .is_hop = true};
  // While two nodes send a request to each other, until they agree, it waits longer each time.
  if (journey.hops > 0) verdict.wait = wait_of(journey.hops - 1, hop_again_min, hop_again_max);
  const std::string_view host =
      redirection.host.empty() ? nodes_[index]->address.host() : redirection.host;
  const std::optional<NodeAddress> address = address_of(host, redirection.port);
  const std::optional<NodeNumber> number = address ? find_or_add(*address, {}) : std::nullopt;
  prefer_asking_ = static_cast<NodeNumber>(index);
  if (!number) {
    want_view(ViewSchedule::Need::urgent);
    verdict.wait = wait_of(journey.hops, down_again_min, down_again_max);
    return verdict;
  }
  if (redirection.kind == Redirection::Kind::ask) {
    ++counters_.asked;
    verdict.asked = *number;
    return verdict;
  }
  ++counters_.moved;
  if (*number == index) {
    nodes_[index]->is_leaving = true;
    want_view(ViewSchedule::Need::urgent);
  } else if (nodes_[*number]->is_doubtful(now_)) {
    want_view(ViewSchedule::Need::urgent);
    verdict.wait = wait_of(journey.hops, down_again_min, down_again_max);
  } else {
    set_owner(redirection.slot, *number);
    table_->note_learnt(redirection.slot);
    want_view(ViewSchedule::Need::normal);
  }
  return verdict;
}

// The wait doubles from `at_first` to `at_most`; half of it is drawn, so that many requests, and
// many clients, do not come back together.
Duration Cluster::wait_of(int count, Duration at_first, Duration at_most) {
  Duration wait = at_first;
  for (int i = 0; i < count && wait < at_most; ++i) wait *= 2;
  wait = std::min(wait, at_most);
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  return wait / 2 + wait / 2 * static_cast<int>(random_ >> 56) / 256;
}

// ---- Nodes.

std::optional<NodeNumber> Cluster::find_or_add(const NodeAddress& address, const NodeId& id) {
  std::optional<std::uint32_t> place;
  for (std::uint32_t i = cluster_nodes_max; i-- > 0;) {
    if (!nodes_[i]) {
      place = i;
      continue;
    }
    ClusterNode& node = *nodes_[i];
    if (node.address != address) continue;
    if (is_known(id) && node.id != id) {
      if (is_known(node.id) && node.session) leave(i, is_another_node);
      node.id = id;
    }
    return static_cast<NodeNumber>(i);
  }
  for (std::uint32_t i = 0; i < cluster_nodes_max && !place; ++i) {
    if (may_forget(*nodes_[i])) place = i;
  }
  if (place) {
    const SessionOptions& options = main_.options();
    nodes_[*place] =
        Box<ClusterNode>::make(main_.accounts().connections, 0, address, main_.accounts().requests,
                               options.inflight_requests_limit, options.random_seed + *place);
  }
  if (!place || !nodes_[*place]) {
    ++counters_.nodes_left_out;
    return std::nullopt;
  }
  nodes_[*place]->id = id;
  return static_cast<NodeNumber>(*place);
}

bool Cluster::may_forget(ClusterNode& node) {
  if (node.slots > 0 || node.session || node.is_wanted) return false;
  node.moved.forget([this](RequestId id) { return is_answered(id); });
  return node.moved.empty();
}

void Cluster::want_node(NodeNumber number) {
  ClusterNode& node = *nodes_[number];
  node.is_wanted = true;
  if (node.retry_at == never || now_ >= node.retry_at) connect(number);
}

void Cluster::connect(std::uint32_t index) {
  ClusterNode& node = *nodes_[index];
  if (node.session || aborted_) return;
  node.retry_at = never;
  node.session = Box<Session>::make(main_.accounts().connections, 0,
                                    options_at_node(main_.options(), index), main_.accounts());
  if (!node.session) return handle_end(index, no_room_for_node);
  used_ |= bit(index);
  heard_ |= bit(index);
  // The numbers of connections come again. One whose requests are still in flight elsewhere has to
  // wait, so that they can be cancelled.
  for (std::uint64_t i = 0; i < request_ids::Incarnation::values_count; ++i) {
    node.incarnation = ++incarnations_;
    if (!node.moved.has_left(node.incarnation)) break;
  }
  node.state = ClusterNode::State::connecting;
  node.is_leaving = false;
  node.part_of = no_request;
  node.hold_until = 0;
  node.session->connect(now_);
}

void Cluster::handle_identity(std::uint32_t index, const Event& event) {
  ClusterNode& node = *nodes_[index];
  if (node.state != ClusterNode::State::checking) return;
  const std::optional<NodeId> id = node_id_of(event);
  // A user who may not ask has to trust the address.
  if (id && is_known(node.id) && *id != node.id) {
    leave(index, is_another_node);
    return want_view(ViewSchedule::Need::urgent);
  }
  if (id) node.id = *id;
  node.state = ClusterNode::State::ready;
  node.is_wanted = false;
  release_wanted_ = true;
}

void Cluster::handle_end(std::uint32_t index, const Error& reason) {
  ClusterNode& node = *nodes_[index];
  const bool is_renewing = std::exchange(node.is_leaving, false);
  node.state = ClusterNode::State::lost;
  node.problem = is_renewing ? Error() : reason;
  node.retry_at = is_renewing || closing_ ? never : after(now_, node.backoff.next());
  release_wanted_ = true;
  if (asked_ == index) {
    asked_ = nobody;
    schedule_.handle_failure(now_);
  }
  if (!is_renewing && !closing_) want_view(ViewSchedule::Need::urgent);
}

// What it owes is in doubt; what it has not got whole goes elsewhere.
void Cluster::leave(std::uint32_t index, const Error& reason) {
  heard_ |= bit(index);
  if (nodes_[index]->session) nodes_[index]->session->give_up(reason);
}

Cluster::Known Cluster::describe(std::uint32_t index) const {
  using State = Known::State;
  const ClusterNode& node = *nodes_[index];
  Known known{.node = node, .connection = ConnectionId{first_place + index}, .state = State::lost};
  switch (node.state) {
    case ClusterNode::State::lost:
      if (*node.problem.what == '\0') known.state = State::idle;
      break;
    case ClusterNode::State::connecting: known.state = State::connecting; break;
    case ClusterNode::State::checking: known.state = State::checking; break;
    case ClusterNode::State::ready:
      known.state = node.is_suspect(now_) ? State::suspect : State::ready;
      break;
  }
  return known;
}

// ---- Who owns which slot.

void Cluster::follow_main() {
  now_ = std::max(now_, main_.now());
  if (main_.state() != Session::State::ready) return;
  const std::uint64_t connection = main_.counters().connections;
  if (std::exchange(main_connection_, connection) == connection) return;
  if (start_by_ == never) start_by_ = after(now_, main_.options().connect_timeout);
  main_id_ = {};
  main_was_in_view_ = false;
  main_.submit_internal(question(ask_node_id), internal_node_id);
  if (asked_ == main_place) {
    asked_ = nobody;
    schedule_.handle_failure(now_);
  }
  want_view(ViewSchedule::Need::urgent);
  if (!has_view_) begin_view();
}

const NodeAddress* Cluster::next_main() {
  main_told_ = {};
  // In turn an address that its session has chosen, and one that the cluster has told.
  if (has_view_ && main_attempts_++ % 2 == 0) {
    const auto nth = static_cast<std::uint32_t>(main_attempts_ / 2);
    for (std::uint32_t i = 0; i < cluster_nodes_max + spares_count_ && main_told_.empty(); ++i) {
      const std::uint32_t at = (nth + i) % (cluster_nodes_max + spares_count_);
      if (at >= cluster_nodes_max) {
        main_told_ = spares_[at - cluster_nodes_max];
      } else if (nodes_[at] && nodes_[at]->slots > 0 && !nodes_[at]->is_doubtful(now_)) {
        main_told_ = nodes_[at]->address;
      }
    }
  }
  return main_told();
}

// The node that has sent a request elsewhere knows that its slot has moved; another one may have
// yet to hear of it.
NodeNumber Cluster::choose_whom_to_ask() {
  const auto may_be_asked = [this](NodeNumber number) {
    return nodes_[number] && nodes_[number]->state == ClusterNode::State::ready &&
           !nodes_[number]->is_suspect(now_);
  };
  const NodeNumber preferred = std::exchange(prefer_asking_, nobody);
  if (preferred != nobody && may_be_asked(preferred)) return preferred;
  for (std::uint32_t i = 1; i <= cluster_nodes_max; ++i) {
    const auto number = static_cast<NodeNumber>((asked_last_ + i) % cluster_nodes_max);
    if (may_be_asked(number)) return number;
  }
  return main_.state() == Session::State::ready ? main_place : nobody;
}

void Cluster::begin_view() {
  const NodeNumber number = choose_whom_to_ask();
  bool is_asked = false;
  if (number == main_place) {
    is_asked = main_.submit_internal(question(ask_slots), internal_slots);
  } else if (number != nobody) {
    ClusterNode& node = *nodes_[number];
    if (!node.owes()) node.quiet_since = now_;
    is_asked = node.session->submit_internal(question(ask_slots), internal_slots);
    asked_incarnation_ = node.incarnation;
    asked_last_ = number;
  }
  if (!is_asked) return schedule_.handle_failure(now_);
  asked_ = number;
  schedule_.begin(now_);
  table_->forget_learnt();
}

void Cluster::handle_main(const Event& event) {
  now_ = std::max(now_, main_.now());
  if (event.tag == internal_slots) return handle_view(main_place, event);
  if (const std::optional<NodeId> id = node_id_of(event)) main_id_ = *id;
}

void Cluster::handle_view(NodeNumber from, const Event& event) {
  const bool is_late =
      asked_ != from || (from != main_place && asked_incarnation_ != nodes_[from]->incarnation);
  if (is_late || aborted_) return;
  asked_ = nobody;
  if (event.kind != Event::Kind::completed || !event.value) {
    return refuse_view(from, event.error ? *event.error : is_no_view);
  }
  const Result<SlotsReply> reply = SlotsReply::read(*event.value, host_of(from));
  if (!reply) return refuse_view(from, reply.error());
  // A node that was reset, or is not part of the cluster any more.
  if (reply->empty()) return refuse_view(from, knows_no_slots);
  apply(*reply);
}

std::string_view Cluster::host_of(NodeNumber number) const {
  if (number != main_place) return nodes_[number]->address.host();
  if (!main_told_.empty()) return main_told_.host();
  return options_.seed_hosts[static_cast<std::size_t>(main_.seed())];
}

void Cluster::refuse_view(NodeNumber from, const Error& reason) {
  ++counters_.views_refused;
  problem_ = reason;
  schedule_.handle_failure(now_);
  if (has_view_) {
    if (from == main_place) main_.leave(reason);
    return;
  }
  // Before the first view, only the main connection is asked. A server that will never know slots
  // is tried once.
  const bool may_change =
      reason.code == ErrorCode::cluster_down || reason.code == ErrorCode::server_loading ||
      reason.code == ErrorCode::lost_in_doubt || reason.code == ErrorCode::lost_unsent;
  if (!may_change && ++seeds_refused_ >= main_.options().seeds_count) return give_up_start(reason);
  main_.leave(reason);
}

void Cluster::give_up_start(const Error& reason) {
  start_by_ = never;
  Error error = reason;
  error.code = ErrorCode::connect_failed;
  main_.give_up(error);
}

void Cluster::apply(const SlotsReply& reply) {
  ++counters_.views;
  counters_.nodes_left_out = 0;
  problem_ = {};
  has_view_ = true;
  spares_count_ = 0;
  bool is_main_in_view = false;
  std::array<std::uint64_t, slots_count / 64> covered{};
  reply.for_each([&](Slot first, Slot last, std::span<const SlotsNode> nodes) {
    const SlotsNode& primary = nodes[0];
    const NodeNumber owner = primary.address.empty()
                                 ? no_node
                                 : find_or_add(primary.address, primary.id).value_or(no_node);
    for (std::uint32_t slot = first; slot <= last; ++slot) {
      covered[slot / 64] |= std::uint64_t{1} << slot % 64;
      set_owner_by_view(static_cast<Slot>(slot), owner);
    }
    for (const SlotsNode& node : nodes) {
      is_main_in_view |= is_known(main_id_) && node.id == main_id_;
      const bool is_spare = &node != nodes.data() && !node.address.empty();
      if (is_spare && spares_count_ < spares_.size()) spares_[spares_count_++] = node.address;
    }
  });
  for (std::uint32_t slot = 0; slot < slots_count; ++slot) {
    if ((covered[slot / 64] >> slot % 64 & 1) == 0) {
      set_owner_by_view(static_cast<Slot>(slot), no_node);
    }
  }
  schedule_.handle_view(now_);
  look_at_nodes_after_view();
  release_wanted_ = true;
  const bool was_in_view = std::exchange(main_was_in_view_, is_main_in_view);
  if (was_in_view && !is_main_in_view) main_.leave(is_out_of_view);
}

void Cluster::set_owner_by_view(Slot slot, NodeNumber owner) {
  if (!table_->is_learnt(slot)) set_owner(slot, owner);
}

void Cluster::look_at_nodes_after_view() {
  for (std::uint32_t i = 0; i < cluster_nodes_max; ++i) {
    if (!nodes_[i]) continue;
    ClusterNode& node = *nodes_[i];
    if (node.is_doubtful(now_) && (node.slots > 0 || node.owes())) {
      want_view(ViewSchedule::Need::urgent);
    }
    if (node.slots > 0 || !node.session) continue;
    if (node.is_suspect(now_)) {
      leave(i, is_silent_without_slots);
    } else if (!node.owes() && !node.is_wanted && ++node.idle_views > idle_views_max) {
      leave(i, is_left);
    }
  }
}

std::size_t Cluster::slots_unserved() const {
  std::size_t count = 0;
  for (std::uint32_t slot = 0; slot < slots_count; ++slot) {
    if (table_->at(static_cast<Slot>(slot)).owner() == no_node) ++count;
  }
  return count;
}

// ---- All connections.

std::optional<Cluster::NodeAction> Cluster::poll_action() {
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

std::uint64_t Cluster::unsent() const {
  std::uint64_t mask = 0;
  for_each_session([&mask](std::uint32_t index, const Session& session) {
    if (session.has_unsent()) mask |= std::uint64_t{1} << (first_place + index);
  });
  return mask;
}

void Cluster::set_credentials(const Credentials& credentials) {
  for_each_session([&](std::uint32_t index, Session& session) {
    session.set_credentials(credentials);
    heard_ |= bit(index);
  });
}

// The connections are closed once no request is parked any more.
void Cluster::close(Instant now) {
  if (closing_) return;
  now_ = std::max(now_, now);
  closing_ = true;
  close_by_ = after(now, main_.options().close_timeout);
  heard_ |= used_;
}

void Cluster::close_if_done() {
  if (!closing_ || aborted_ || returned_.count() + waiting_.count() > 0) return;
  for_each_session([&](std::uint32_t index, Session& session) {
    if (session.is_closed()) return;
    session.close(now_);
    heard_ |= bit(index);
  });
}

void Cluster::abort() {
  closing_ = aborted_ = true;
  for_each_session([&](std::uint32_t index, Session& session) {
    session.abort();
    heard_ |= bit(index);
  });
}

bool Cluster::have_said_all() const {
  bool all = returned_.count() + waiting_.count() == 0;
  for_each_session(
      [&all](std::uint32_t, const Session& session) { all = all && session.has_said_all(); });
  return all;
}

void Cluster::count_in_flight() {
  in_flight_ = returned_.pipeline().callers_count() + waiting_.pipeline().callers_count();
  for_each_session(
      [this](std::uint32_t, const Session& session) { in_flight_ += session.callers_in_flight(); });
}

std::uint64_t Cluster::progress() const {
  std::uint64_t sum = incarnations_;
  for_each_session(
      [&sum](std::uint32_t, const Session& session) { sum += session.counters().progress(); });
  return sum;
}

void Cluster::validate() {
  std::array<std::uint32_t, cluster_nodes_max> slots{};
  for (std::uint32_t slot = 0; slot < slots_count; ++slot) {
    const SlotTable::Entry entry = table_->at(static_cast<Slot>(slot));
    PLIMSOLL_CHECK(!entry.blocked());
    if (entry.owner() != no_node) ++slots[entry.owner()];
  }
  for (std::uint32_t i = 0; i < cluster_nodes_max; ++i) {
    const bool has_session = nodes_[i] && nodes_[i]->session;
    PLIMSOLL_CHECK(has_session == ((used_ & bit(i)) != 0));
    PLIMSOLL_CHECK((nodes_[i] ? nodes_[i]->slots : 0) == slots[i]);
    if (!has_session) continue;
    nodes_[i]->session->validate();
    PLIMSOLL_CHECK(!nodes_[i]->session->hands_back());
  }
  for (ParkedRequests* const parked : {&returned_, &waiting_}) {
    parked->pipeline().validate();
    parked->for_each([&](const ParkedRequests::Request& each) {
      const bool waits = parked->pipeline().live(each.id).has_value();
      PLIMSOLL_CHECK(!waits ||
                     (each.is_for_main ? keyless_held_ : table_->at(each.journey.slot).held()));
    });
  }
}

}  // namespace plimsoll::inline v0
