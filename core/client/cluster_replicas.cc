#include "plimsoll/core/client/cluster_replicas.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/node_caches.h"
#include "plimsoll/core/commands/replica_reads.h"

// More than 500 lines, because what a read needs, what is asked and which role a node has change
// the same few fields of a node.

namespace plimsoll::inline v0 {
namespace {

constexpr Error is_primary_no_more{.code = ErrorCode::read_only_replica,
                                   .what = "the owner of slots says that it is a replica itself"};

constexpr Error could_not_change{
    .code = ErrorCode::out_of_memory,
    .what =
        "the requests pool has no room to tell a node that it is not read as a replica any more"};

// A read without a deadline leaves a silent replica after so long.
constexpr Duration read_wait_max = std::chrono::seconds(5);

constexpr Error no_problem{};

constexpr std::string_view ask_read_only[] = {"READONLY"};
constexpr std::string_view ask_read_write[] = {"READWRITE"};

CommandView question_of(std::span<const std::string_view> words) {
  CommandView command;
  command.args = words;
  return command;
}

// Whether an error's text begins so.
bool says(const Event& event, std::string_view words) {
  if (!event.value || !event.value->is_error()) return false;
  bool is_so = event.value->as_error()->size() >= words.size();
  event.value->as_error()->for_each_piece([&](std::string_view piece) {
    const std::size_t compared = std::min(piece.size(), words.size());
    is_so = is_so && piece.substr(0, compared) == words.substr(0, compared);
    words.remove_prefix(compared);
  });
  return is_so;
}

}  // namespace

ClusterReplicas::ClusterReplicas(const ReplicaOptions& options, Session& main, ClusterNodes& nodes,
                                 const SlotTable& table)
    : options_(options),
      main_(main),
      nodes_(nodes),
      table_(table),
      zone_(options.zone),
      writes_(main.options().random_seed, main.accounts().requests) {
  // What the client was given before it knew of a cluster.
  note_main_request();
  writes_.expect_side_writes();
  PLIMSOLL_CHECK(options.read_from != ReadFrom::primary);
}

// ---- Requests.

std::optional<NodeNumber> ClusterReplicas::choose(const CommandView& command, Slot slot,
                                                  NodeNumber owner, Instant now) {
  if (closing_ || !commands::may_replica_answer(command)) return std::nullopt;
  const ClusterNode& node = nodes_[owner];
  if (!node.primary) return std::nullopt;
  if (writes_at_main_ && main_.answered_until() < main_writes_end_) return std::nullopt;
  if (encoded_size_bound(command) > replica_read_bytes_max) return std::nullopt;
  PrimaryOfReplicas& primary = *node.primary;
  now_ = std::max(now_, now);
  if (moving_.has(slot)) {
    if (now_ - moving_told_at_ <= moving_max) return std::nullopt;
    forget_moving();
  }
  primary.rounds.note_read(now_);
  if (primary.replicas_count == 0) {
    want_round(owner, primary.round_interval());
    return std::nullopt;
  }
  if (doubts_.has(slot)) {
    want_round(owner, replica_round_soon);
    return std::nullopt;
  }
  if (std::exchange(writes_at_main_, false)) writes_.mark_all();
  follow_marks();
  const std::optional<WriteMarks::Mark> mark = writes_.last_before(command);
  if (!mark) return std::nullopt;
  std::array<ReadCandidate, replicas_max> room;
  const std::span found = std::span(room).first(primary.replicas_count);
  const std::size_t behind = candidates(
      primary, owner,
      {.mark = std::max(*mark, mark_of(slot)), .after = caches_ != nullptr ? caches_->heard() : 0},
      found);
  const std::size_t index = choose_reader(
      options_.read_from, found,
      {.may_answer = true, .is_near = primary.is_near, .latency = primary.rounds.latency()}, turn_);
  want_round(owner, behind > 0 ? replica_round_soon : primary.round_interval());
  if (index != read_at_primary) return primary.replicas_named[index];
  if (behind > 0) ++counters_.reads_behind;
  return std::nullopt;
}

// Returns how many replicas may not answer because they lack a proof, which the next round may
// bring. One that refuses is asked again by itself.
std::size_t ClusterReplicas::candidates(const PrimaryOfReplicas& primary, NodeNumber owner,
                                        const ReplicaProgress::Wanted& wanted,
                                        std::span<ReadCandidate> found) {
  std::size_t behind = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i] = {};
    const NodeNumber number = primary.replicas_named[i];
    ClusterNode& node = nodes_[number];
    if (!node.replica || node.replica->primary != owner) continue;
    if (!node.session && (node.retry_at == never || now_ >= node.retry_at)) {
      nodes_.connect(number, now_);
    }
    const ClusterReplica& replica = *node.replica;
    if (!nodes_.may_send_to(number) || !replica.is_read_only) continue;
    const bool is_silent = replica.is_suspect(now_) || node.is_suspect(now_);
    found[i] = {.may_answer = !is_silent && replica.has(now_, options_.lag_max, wanted),
                .is_near = !zone_.empty() && replica.zone == zone_,
                .latency = replica.latency.value()};
    behind += replica.is_proved() && !is_silent && !found[i].may_answer ? 1 : 0;
  }
  return behind;
}

bool ClusterReplicas::may_answer(NodeNumber number, Slot slot, Instant now,
                                 cache::Mark after) const {
  const ClusterNode& node = nodes_[number];
  if (!node.replica || !node.replica->is_read_only) return false;
  if (!nodes_.may_send_to(number) || node.is_suspect(now)) return false;
  const SlotTable::Entry entry = table_.at(slot);
  if (!entry.plain() || entry.owner() != node.replica->primary) return false;
  if (moving_.has(slot) || doubts_.has(slot)) return false;
  return node.replica->has(now, options_.lag_max, {.mark = mark_of(slot), .after = after});
}

void ClusterReplicas::note_read(NodeNumber number, RequestId id, Instant deadline) {
  ClusterNode& node = nodes_[number];
  ClusterReplica& replica = *node.replica;
  replica.due.drop_answered(node.session->answered_until());
  const Duration wait = deadline == never ? read_wait_max : (deadline - now_) / 2;
  // Without memory for this it stays until its deadline.
  if (deadline > now_) (void)replica.due.add(id, now_ + wait);
  ++replica.reads;
  ++counters_.reads;
  nodes_.stir(number);
}

// Each time that a request is staged: a node that has handed it back has not run it.
void ClusterReplicas::note_staged(const CommandView& command, const Journey& journey) {
  if (!journey.is_at_replica && !journey.with_asking && !journey.is_for_node)
    doubts_.note_sent(journey.slot);
  if (command.effect == CommandView::Effect::read) return;
  if (journey.is_for_node) return writes_.mark_all();
  const bool goes_on = !command.lists.empty() && command.lists[0].is_encoded;
  goes_on ? writes_.note_words(command) : writes_.note(command);
}

void ClusterReplicas::note_keyless(const CommandView& command) {
  if (command.effect == CommandView::Effect::read) return;
  const auto written = commands::keys_changed(command, [](std::string_view) {});
  if (written != commands::Written::nothing) note_main_request();
}

// ---- Who owns what.

// The first owner that a slot has, for the client, is not in doubt: it has written nothing there.
void ClusterReplicas::handle_owner(Slot slot, NodeNumber before, NodeNumber owner) {
  note_change(slot);
  if (before != no_node || has_view_) doubts_.add(slot);
  moving_.remove(slot);
  if (owner != no_node && nodes_[owner].replica) end_role(owner);
}

void ClusterReplicas::forget_moving() {
  moving_.for_each_range([this](Slot first, Slot last) {
    for (std::uint32_t slot = first; slot <= last; ++slot) note_change(static_cast<Slot>(slot));
  });
  moving_ = {};
}

void ClusterReplicas::begin_view() {
  ++view_;
  counters_.left_out = named_count_ = 0;
}

// Each range of a primary's slots names its replicas; the first one is enough.
void ClusterReplicas::name(NodeNumber owner, std::span<const SlotsNode> replicas) {
  ClusterNode& node = nodes_[owner];
  if (!node.primary) {
    node.primary = Box<PrimaryOfReplicas>::make(main_.accounts().connections, 0, options_.lag_max);
    if (!node.primary) counters_.left_out += static_cast<std::uint32_t>(replicas.size());
    ask_for_zone(owner);
  }
  if (!node.primary || node.primary->named_in == view_) return;
  PrimaryOfReplicas& primary = *node.primary;
  primary.named_in = view_;
  std::array<NodeNumber, replicas_max> named;
  std::size_t count = 0;
  for (const SlotsNode& each : replicas) {
    const std::optional<NodeNumber> number =
        count < named.size() ? place_of(owner, each) : std::nullopt;
    if (!number) {
      ++counters_.left_out;
    } else if (std::find(named.begin(), named.begin() + count, *number) == named.begin() + count) {
      named[count++] = *number;
    }
  }
  primary.replicas_named = named;
  primary.replicas_count = count;
}

// So many replicas there may be.
std::uint32_t ClusterReplicas::places() const {
  const auto others = static_cast<std::uint32_t>(nodes_.owners_count()) + cluster_nodes_spare;
  return std::min(cluster_replicas_max, cluster_nodes_max - std::min(cluster_nodes_max, others));
}

// Whether who has the address has slots, or is another one that this view has named.
bool ClusterReplicas::is_in_use(const ClusterNode& node, const NodeId& id) const {
  const bool is_owner = node.slots > 0 || (node.primary && node.primary->named_in == view_);
  const bool is_another = is_known(id) && node.id != id;
  return is_owner || (is_another && node.replica && node.replica->named_in == view_);
}

std::optional<NodeNumber> ClusterReplicas::place_of(NodeNumber owner, const SlotsNode& named) {
  if (named.address.empty() || named_count_ >= places()) return std::nullopt;
  // Without its id first: an address may have been another node's, and a node that is in use there
  // must not be taken for this one.
  std::optional<NodeNumber> number = nodes_.find(named.address, {});
  if (number && is_in_use(nodes_[*number], named.id)) return std::nullopt;
  if (number) number = nodes_.find(named.address, named.id);
  const bool is_known = number && nodes_[*number].replica;
  if (!is_known && replicas_count_ >= cluster_replicas_max) return std::nullopt;
  if (!number) number = nodes_.find_or_add(named.address, named.id);
  // A slot that was learnt meanwhile may be its own.
  if (!number || nodes_[*number].slots > 0 || !make_replica(*number, owner)) return std::nullopt;
  if (std::exchange(nodes_[*number].replica->named_in, view_) != view_) ++named_count_;
  return number;
}

bool ClusterReplicas::make_replica(NodeNumber number, NodeNumber primary) {
  ClusterNode& node = nodes_[number];
  if (node.replica) {
    if (node.replica->primary != primary) {
      node.replica->primary = primary;
      node.replica->forget_proof();
      if (caches_ != nullptr) caches_->set_primary(number, primary);
      nodes_.stir(number);
    }
    return true;
  }
  node.replica =
      Box<ClusterReplica>::make(main_.accounts().connections, 0, primary, main_.accounts().requests,
                                main_.options().inflight_requests_limit);
  if (!node.replica) return false;
  ++replicas_count_;
  if (caches_ != nullptr) caches_->set_primary(number, primary);
  ask_for_mode(number);
  return true;
}

// A primary whose last slot has gone has no replicas.
void ClusterReplicas::end_view(Instant now) {
  now_ = std::max(now_, now);
  has_view_ = true;
  nodes_.for_each([this](NodeNumber number, ClusterNode& node) {
    if (node.replica && node.replica->named_in != view_) end_role(number);
    if (!node.primary || node.primary->named_in == view_) return;
    node.primary->replicas_count = 0;
    // It may owe an answer, which must not be taken for that to a later question.
    if (!node.session) node.primary = {};
    nodes_.stir(number);
  });
}

// On the same connection the node may be asked as an owner from now on: if it is none any more,
// it must say so.
void ClusterReplicas::end_role(NodeNumber number) {
  ClusterNode& node = nodes_[number];
  node.replica = {};
  --replicas_count_;
  if (caches_ != nullptr) caches_->set_primary(number, no_node);
  nodes_.stir(number);
  if (!nodes_.may_send_to(number)) return;
  if (!ask(number, question_of(ask_read_write), internal_read_write)) {
    nodes_.leave(number, could_not_change);
  }
}

// ---- Rounds.

// `wait`: since the last round.
void ClusterReplicas::want_round(NodeNumber owner, Duration wait) {
  ReplicaRounds& rounds = nodes_[owner].primary->rounds;
  const Instant due_at = rounds.due_at();
  if (rounds.want(now_, wait)) return begin_round(owner);
  if (rounds.due_at() != due_at) nodes_.stir(owner);
}

// The answer covers all writes that were staged at the owner before the question.
void ClusterReplicas::begin_round(NodeNumber owner) {
  ReplicaRounds& rounds = nodes_[owner].primary->rounds;
  rounds.forget_due();
  nodes_.stir(owner);
  // Who is not in use is not asked; the next read begins a round.
  if (closing_ || nodes_[owner].slots == 0 || !is_in_use(*nodes_[owner].primary)) return;
  if (rounds.was_asked()) return;
  if (!nodes_.may_send_to(owner)) return nodes_.want(owner, now_);
  follow_marks();
  ReplicationProof proof{.as_of = now_, .mark = writes_.last()};
  if (caches_ != nullptr) proof.asked_after = caches_->next_mark();
  rounds.begin(proof);
  // In front of INFO, so that its answer is there first.
  const std::string_view key = caches_ != nullptr ? caches_->question(owner) : std::string_view();
  if (!key.empty() && ask(owner, CommandView::from_encoded(key), internal_key)) {
    ++nodes_[owner].primary->keys_asked;
  }
  const bool is_asked = ask(owner, question_about_replication(), internal_replication);
  rounds.note_asked(is_asked, now_);
  if (is_asked) doubts_.note_asked(is_of(owner));
  ++counters_.rounds;
}

// The numbers of writes that were kept mean nothing once the numbers have begun again: the old ones
// are larger.
void ClusterReplicas::follow_marks() {
  if (!writes_.take_restart()) return;
  slot_marks_.fill(0);
  nodes_.for_each([this](NodeNumber number, ClusterNode& node) {
    if (node.replica) forget_proof(number);
    if (node.primary) node.primary->rounds.forget_marks();
  });
}

void ClusterReplicas::forget_proofs(NodeNumber owner) {
  for (const NodeNumber number : nodes_[owner].primary->replicas()) {
    const ClusterNode& node = nodes_[number];
    if (node.replica && node.replica->primary == owner) forget_proof(number);
  }
}

void ClusterReplicas::forget_proof(NodeNumber number) {
  nodes_[number].replica->forget_proof();
  report_to_cache(number);
}

void ClusterReplicas::note_unfit(NodeNumber number, const Error& reason) {
  nodes_[number].replica->note_unfit(reason, now_);
  report_to_cache(number);
}

// A proof counts from before the lease by so much that both are over at the same time, the lease
// after that and lag_max after `as_of`.
void ClusterReplicas::report_to_cache(NodeNumber number) {
  if (caches_ == nullptr) return;
  const ClusterReplica& replica = *nodes_[number].replica;
  if (!replica.is_proved()) return caches_->disprove(number);
  if (!replica.proved.is_owner) return;
  const Duration earlier = caches_->lease() - served_for();
  caches_->prove(number, {replica.proved.as_of - earlier, replica.proved.asked_after});
}

bool ClusterReplicas::is_in_use(const PrimaryOfReplicas& primary) const {
  if (primary.rounds.is_read(now_)) return true;
  const auto has_entries = [this](NodeNumber number) { return caches_->has_entries(number); };
  const auto replicas = primary.replicas();
  return caches_ != nullptr && std::any_of(replicas.begin(), replicas.end(), has_entries);
}

// How long entries are served after a proof.
Duration ClusterReplicas::served_for() const {
  return std::min(options_.lag_max, caches_->lease());
}

// For entries alone, twice while they are served, but not more often than for reads.
Duration ClusterReplicas::round_interval(const PrimaryOfReplicas& primary) const {
  if (primary.rounds.is_read(now_)) return primary.round_interval();
  return std::max(served_for() / 2, replica_round_interval_max);
}

void ClusterReplicas::handle_ready(NodeNumber number, Instant now) {
  now_ = std::max(now_, now);
  ClusterNode& node = nodes_[number];
  if (node.replica) ask_for_mode(number);
  if (!node.primary) return;
  // Behind its address there may be another process, which knows less than the one before.
  PrimaryOfReplicas& primary = *node.primary;
  primary.rounds.forget_question();
  primary.rounds.forget_proof();
  forget_proofs(number);
  begin_round(number);
  ask_for_zone(number);
}

// Of a primary.
void ClusterReplicas::ask_for_zone(NodeNumber owner) {
  if (options_.read_from != ReadFrom::az_affinity_replicas_and_primary) return;
  if (!nodes_[owner].primary || !nodes_.may_send_to(owner)) return;
  nodes_[owner].primary->is_near = false;
  ask(owner, question_about_zone(), internal_zone);
}

bool ClusterReplicas::handle_answer(NodeNumber number, const Event& event, Instant now) {
  now_ = std::max(now_, now);
  nodes_.stir(number);
  ClusterNode& node = nodes_[number];
  if (event.tag == internal_replication) {
    return node.primary && handle_primary(number, event);
  }
  if (event.tag == internal_report) {
    if (node.replica) handle_replica(number, event);
  } else if (event.tag == internal_zone) {
    const std::optional<ReplicationReport> report = report_of(event);
    if (node.replica && report) node.replica->zone = report->zone;
    if (node.primary)
      node.primary->is_near = report && !report->zone.empty() && report->zone == zone_;
  } else if (event.tag == internal_key) {
    handle_key(number, event);
    return event.error != nullptr && event.error->code == ErrorCode::cluster_redirect;
  } else if (event.tag == internal_read_only && node.replica) {
    node.replica->is_read_only = event.kind == Event::Kind::completed;
    if (node.replica->is_read_only) {
      ask_for_report(number);
    } else {
      node.replica->mode_is_asked = false;
      note_unfit(number, *event.error);
    }
  }
  return false;
}

// A round for whose INFO there was no room leaves its question for a key behind, whose answer says
// nothing of the next round.
void ClusterReplicas::handle_key(NodeNumber owner, const Event& event) {
  PrimaryOfReplicas* const primary = nodes_[owner].primary.get();
  const bool is_of_last = primary != nullptr && primary->keys_asked == 1;
  if (primary != nullptr && primary->keys_asked > 0) --primary->keys_asked;
  if (event.value && !event.value->is_error()) {
    if (is_of_last) primary->rounds.note_owner();
    return;
  }
  caches_->handle_refusal(owner, event);
}

void ClusterReplicas::handle_error(NodeNumber number, const Event& event) {
  if (nodes_[number].primary && says(event, "CLUSTERDOWN")) forget_proofs(number);
}

bool ClusterReplicas::handle_primary(NodeNumber owner, const Event& event) {
  PrimaryOfReplicas& primary = *nodes_[owner].primary;
  if (!event.value) {
    primary.rounds.forget_question();
    return false;
  }
  const std::optional<ReplicationReport> report = report_of(event);
  primary.rounds.note_answered();
  if (closing_) return false;
  if (!ReplicaRounds::is_of_primary(report)) {
    const bool is_replica = report && report->role == ReplicationReport::Role::replica;
    primary.problem = is_replica ? is_primary_no_more : problem_of_report(event);
    primary.rounds.note_refused(now_);
    refused_by_ = owner;
    if (is_replica) forget_proofs(owner);
    return is_replica;
  }
  primary.problem = {};
  doubts_.settle(is_of(owner));
  if (primary.rounds.take(*report, now_)) forget_proofs(owner);
  for (const NodeNumber number : primary.replicas()) ask_for_report(number);
  if (is_in_use(primary)) want_round(owner, round_interval(primary));
  return lacks_replicas(primary, *report);
}

// Without this a replica that is new, or back, would be read only once a view is due anyway.
// Servers leave it out of views for some seconds: until they have heard that it has a part of the
// history.
bool ClusterReplicas::lacks_replicas(PrimaryOfReplicas& primary, const ReplicationReport& report) {
  if (report.replicas_count <= primary.replicas_count || counters_.left_out > 0) return false;
  if (now_ < primary.view_again_at) return false;
  primary.view_again_at = after(now_, replica_view_interval);
  return true;
}

// ---- Replicas.

void ClusterReplicas::ask_for_mode(NodeNumber number) {
  if (!nodes_.may_send_to(number)) return;
  ClusterReplica& replica = *nodes_[number].replica;
  replica.is_read_only = false;
  replica.mode_is_asked = ask(number, question_of(ask_read_only), internal_read_only);
  if (!replica.mode_is_asked) replica.ask_again_later(now_);
  if (goes_by_zones(options_.read_from) && !replica.zone_is_known) {
    replica.zone_is_known = ask(number, question_about_zone(), internal_zone);
  }
}

void ClusterReplicas::ask_for_report(NodeNumber number) {
  ClusterNode& node = nodes_[number];
  if (closing_ || !node.replica || !nodes_.may_send_to(number)) return;
  if (!node.replica->mode_is_asked) return ask_for_mode(number);
  if (!node.replica->is_read_only) return;
  ClusterReplica& replica = *node.replica;
  const PrimaryOfReplicas& primary = *nodes_[replica.primary].primary;
  replica.ask_again_at = never;
  if (!replica.was_asked && primary.rounds.proof().as_of != Instant::min()) {
    replica.aim_at(primary.rounds.proof());
    replica.note_asked(ask(number, question_about_replication(), internal_report), now_);
  }
  nodes_.stir(number);
}

void ClusterReplicas::handle_replica(NodeNumber number, const Event& event) {
  ClusterReplica& replica = *nodes_[number].replica;
  replica.was_asked = replica.is_slow = false;
  const std::optional<ReplicationReport> report = report_of(event);
  if (!report) return note_unfit(number, problem_of_report(event));
  replica.latency.add(now_ - replica.asked_at);
  const ReplicaRounds& rounds = nodes_[replica.primary].primary->rounds;
  replica.handle_report(*report, rounds.proof(), rounds.history(), now_);
  report_to_cache(number);
}

void ClusterReplicas::handle_end(NodeNumber number) {
  ClusterNode& node = nodes_[number];
  if (node.primary) {
    node.primary->rounds.forget_question();
    node.primary->keys_asked = 0;
    doubts_.forget_sent();
  }
  if (!node.replica) return;
  node.replica->forget_connection();
  node.replica->is_read_only = node.replica->mode_is_asked = node.replica->zone_is_known = false;
  node.replica->due.clear();
}

bool ClusterReplicas::judge(NodeNumber number, Slot slot, const Event& event, Instant now) {
  now_ = std::max(now_, now);
  note_moved(number);
  if (says(event, "ASK ") || says(event, "TRYAGAIN")) {
    note_moving(slot, now_);
    return false;
  }
  // It knows of other owners than the client does: perhaps of later ones, perhaps of earlier ones.
  if (says(event, "MOVED ")) {
    note_change(slot);
    doubts_.add(slot);
    if (caches_ != nullptr) caches_->drop_slot(slot);
    return false;
  }
  const ErrorCode code = event.error->code;
  ClusterNode& node = nodes_[number];
  const bool is_unfit = event.value && (is_about_server(code) || code == ErrorCode::cluster_down);
  if (node.replica && is_unfit) note_unfit(number, *event.error);
  nodes_.stir(number);
  return !event.value || is_unfit;
}

void ClusterReplicas::note_moved(NodeNumber number) {
  ++counters_.reads_moved;
  if (nodes_[number].replica) ++nodes_[number].replica->reads_moved;
}

void ClusterReplicas::note_slow(NodeNumber number) {
  if (!std::exchange(nodes_[number].replica->is_slow, true)) ask_for_report(number);
}

// Who is not in use is not asked; the next read begins a round.
void ClusterReplicas::handle_timeout(NodeNumber number, Instant now) {
  now_ = std::max(now_, now);
  ClusterNode& node = nodes_[number];
  if (node.primary && node.primary->rounds.is_due(now_)) begin_round(number);
  if (!node.replica || now_ < node.replica->ask_again_at) return;
  node.replica->ask_again_at = never;
  if (is_in_use(*nodes_[node.replica->primary].primary)) ask_for_report(number);
}

// Returns false if there is no room for one more question.
bool ClusterReplicas::ask(NodeNumber number, const CommandView& question, Tag tag) {
  ClusterNode& node = nodes_[number];
  if (!node.owes()) node.quiet_since = now_;
  nodes_.stir(number);
  return node.session->submit_internal(question, tag);
}

// ---- For users.

const Error& ClusterReplicas::problem() const {
  const bool is_here = nodes_.has(refused_by_) && nodes_[refused_by_].primary;
  return is_here ? nodes_[refused_by_].primary->problem : no_problem;
}

// An idle client asks nobody, and its time stands still.
KnownReplica ClusterReplicas::describe(NodeNumber number) const {
  const ClusterNode& node = nodes_[number];
  KnownReplica known{.address = node.address,
                     .primary = &nodes_[node.replica->primary].address,
                     .progress = *node.replica,
                     .session = node.session.get(),
                     .connection = ClusterNodes::connection_of(number)};
  switch (node.known(now_)) {
    case ClusterNode::Known::idle: known.state = KnownReplica::State::idle; break;
    case ClusterNode::Known::connecting:
    case ClusterNode::Known::checking: known.state = KnownReplica::State::connecting; break;
    case ClusterNode::Known::ready: known.note_connected(options_.lag_max, now_); break;
    case ClusterNode::Known::suspect: known.note_suspect(); break;
    case ClusterNode::Known::lost: break;
  }
  if (node.state != ClusterNode::State::ready) known.problem = &node.problem;
  return known;
}

void ClusterReplicas::validate() const {
  std::uint32_t count = 0;
  nodes_.for_each([&](NodeNumber number, const ClusterNode& node) {
    if (!node.replica) {
      PLIMSOLL_CHECK(caches_ == nullptr || !caches_->is_replica(number));
      return;
    }
    ++count;
    PLIMSOLL_CHECK(node.slots == 0);
    PLIMSOLL_CHECK(caches_ == nullptr || caches_->primary_of(number) == node.replica->primary);
    PLIMSOLL_CHECK(nodes_.has(node.replica->primary) && nodes_[node.replica->primary].primary);
  });
  PLIMSOLL_CHECK(count == replicas_count_ && count <= cluster_replicas_max);
}

}  // namespace plimsoll::inline v0
