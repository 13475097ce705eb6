#include "plimsoll/core/client/node_caches.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/invalidation.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0 {
namespace {

constexpr std::string_view exists = "*2\r\n$6\r\nEXISTS\r\n";

NodeNumber node_that_has(RequestId id) { return static_cast<NodeNumber>(request_ids::node_of(id)); }

// Whether the node does not serve the cluster any more, as it says itself.
bool says_cluster_is_down(const Event& event) {
  return event.error != nullptr && event.error->code == ErrorCode::cluster_down && event.value;
}

}  // namespace

NodeCaches::NodeCaches(const Parts& parts)
    : cache_(parts.cache),
      fetches_(parts.fetches),
      source_(parts.source),
      main_writes_(parts.main_writes),
      state_(parts.state),
      heard_(parts.heard),
      requests_(parts.requests),
      nodes_(parts.connections),
      returned_writes_(parts.cache, parts.requests),
      waiting_writes_(parts.cache, parts.requests),
      given_up_(parts.requests, given_up_max) {}

NodeCaches::~NodeCaches() {
  for (; !given_up_.empty(); given_up_.pop_front()) cache_.end_write(given_up_.front().fence);
}

WriteFences& NodeCaches::fences_of(RequestId id) {
  if (request_ids::is_at_node(id)) return at(node_that_has(id)).writes;
  switch (request_ids::connection_of(id)) {
    case request_ids::returned_place: return returned_writes_;
    case request_ids::waiting_place: return waiting_writes_;
    default: return main_writes_;
  }
}

void NodeCaches::note_given_up(RequestId whole, RequestId part) {
  Node& node = at(node_that_has(part));
  WriteFences& writes = fences_of(whole);
  const RequestId id = request_ids::request_of(whole);
  bool has_room = true;
  const bool are_named = writes.for_each_key(id, [&](cache::Cache::Fence fence) {
    const GivenUp key{.part = part, .fence = fence};
    has_room = given_up_.push_back(key) == Queue<GivenUp>::Push::accepted;
    if (!has_room) return false;
    cache_.begin_write_again(fence);
    ++node.given_up;
    return true;
  });
  const bool are_all = !are_named && writes.may_have_all(id);
  if (are_all || !has_room) node.writes.begin_all(request_ids::request_of(part));
}

void NodeCaches::end_given_up(NodeNumber number, RequestId answered_until) {
  Node& node = at(number);
  if (node.given_up == 0) return;
  given_up_.erase_if([&](const GivenUp& key) {
    const bool is_here = node_that_has(key.part) == number;
    if (!is_here || request_ids::request_of(key.part) >= answered_until) return false;
    cache_.end_write(key.fence);
    --node.given_up;
    return true;
  });
}

// ---- What happens at nodes.

bool NodeCaches::handle_event(NodeNumber number, Session& session, const Event& event) {
  const bool is_for_nobody_else = take_event(number, session, event);
  note_next_proof(number);
  return is_for_nobody_else;
}

bool NodeCaches::take_event(NodeNumber number, Session& session, const Event& event) {
  Node& node = at(number);
  if (says_cluster_is_down(event)) renew(node);
  if (event.error != nullptr && source_.drop_if_refused(event)) has_ends_ = true;
  node.user.handle_event(event);
  const bool is_of_fetch = tags::is_fetch(event.tag);
  switch (event.kind) {
    case Event::Kind::ready: begin(number, session); return false;
    case Event::Kind::pushed:
      if (is_of_fetch) {
        Fetches::take_part(event);
      } else if (event.value) {
        handle_push(number, *event.value);
      }
      return true;
    case Event::Kind::queueing_failed:
      if (is_of_fetch) Fetches::take_part(event);
      return is_of_fetch;
    case Event::Kind::completed:
    case Event::Kind::failed:
      if (is_of_fetch && event.value) handle_reply(number, event);
      if (event.tag == internal_proof) handle_proof(node, event);
      return event.tag == internal_proof;
    case Event::Kind::credentials_refused:
    case Event::Kind::disconnected:
    case Event::Kind::closed:
    case Event::Kind::admitted: return false;
  }
  return false;
}

// A client that has seen tracking does not go back to what only time bounds: what is read at a node
// without tracking is not stored then.
void NodeCaches::begin(NodeNumber number, Session& session) {
  Node& node = at(number);
  end(node);
  node.user.begin();
  node.may_ask = true;
  if (cache_.options().mode == cache::CacheMode::ttl) return;
  if (session.tracking().state != Tracking::State::tracked) {
    if (node.primary != no_node) return;
    if (state_.load() == CacheState::tracking) return;
    const bool has_ttl = cache_.options().entry_ttl != Duration::zero();
    state_ = has_ttl ? CacheState::ttl : CacheState::off;
    return;
  }
  if (!node.connection) {
    const Result<std::uint32_t> member = cache_.join();
    if (!member) return;
    node.connection.emplace(cache_, *member, std::string_view());
  }
  if (node.primary != no_node) return node.connection->begin_unproved(session);
  node.connection->begin(session);
  state_ = CacheState::tracking;
}

void NodeCaches::renew(Node& node) {
  if (node.connection) {
    node.primary == no_node ? node.connection->renew() : node.connection->renew_unproved();
  }
  node.has_entries = node.was_asked = false;
  has_ends_ = true;
}

void NodeCaches::end(Node& node) {
  if (node.connection) node.connection->end();
  forget_question(node);
  node.has_entries = node.was_asked = false;
  has_ends_ = true;
}

void NodeCaches::forget_question(Node& node) {
  if (node.connection) node.connection->refuse_question();
  node.question.reset();
}

void NodeCaches::follow(NodeNumber number, Session& session) {
  Node& node = at(number);
  node.writes.end_until(session.answered_until());
  end_given_up(number, session.answered_until());
  node.user.follow(session);
  if (!node.connection) return;
  switch (node.connection->follow()) {
    case TrackedConnection::Change::none: break;
    case TrackedConnection::Change::ended: end(node); break;
    case TrackedConnection::Change::unheard: forget_all(number); break;
  }
  note_next_proof(number);
}

void NodeCaches::set_primary(NodeNumber number, NodeNumber primary) {
  Node& node = at(number);
  if (std::exchange(node.primary, primary) == primary) return;
  forget_question(node);
  renew(node);
  note_next_proof(number);
}

void NodeCaches::prove(NodeNumber number, const TrackedConnection::Staged& staged) {
  if (at(number).connection) at(number).connection->prove_until(staged);
}

// A fetch that is under way is not stored.
void NodeCaches::disprove(NodeNumber number) {
  const std::uint32_t member = this->member(number);
  if (member == cache::Generations::untracked) return;
  const bool is_proved = cache_.generations().proved_at(member) != Instant::min();
  if (is_proved || at(number).was_asked) renew(at(number));
}

void NodeCaches::handle_over(NodeNumber number) {
  end(at(number));
  at(number).writes.end_all();
  end_given_up(number, UINT64_MAX);
}

void NodeCaches::handle_departure(NodeNumber number, Slot slot) {
  drop_slot(slot);
  Node& node = at(number);
  if (node.question && node.question_slot == slot) forget_question(node);
}

void NodeCaches::handle_push(NodeNumber number, const Value& push) {
  const Invalidation what = for_each_invalidated(push, [this, number](std::string_view key) {
    fetches_.update_tickets(cache_, cache_.invalidate(key), number);
  });
  if (what == Invalidation::all_keys) forget_all(number);
}

void NodeCaches::forget_all(NodeNumber number) {
  fetches_.update_tickets(cache_, cache_.invalidate_all(member(number)));
  has_ends_ = true;
}

// Any node may answer a request that goes on, so its reply is not stored. What has left a replica
// may go to one that has less than a later read has to see.
std::size_t NodeCaches::note_handed_on(Tag tag) {
  if (!tags::is_fetch(tag)) return 0;
  Fetches::Fetch& fetch = Fetches::fetch_of(tag);
  if (std::exchange(fetch.is_at_replica, false)) fetch.is_sealed = true;
  fetch.node = no_node;
  fetch.ticket.is_storable = false;
  fetch.asked = {};
  return std::exchange(fetch.bytes_in_front, 0);
}

// ---- Proofs.

// A MOVED says that this key is elsewhere by now, and proves nothing. The next read that the node
// answers brings another key.
void NodeCaches::handle_proof(Node& node, const Event& event) {
  if (event.kind == Event::Kind::completed && event.value && !event.value->is_error()) {
    if (node.connection) node.connection->handle_answer();
    return;
  }
  handle_refusal(node, event);
}

void NodeCaches::handle_refusal(Node& node, const Event& event) {
  const bool is_elsewhere =
      event.error != nullptr && event.error->code == ErrorCode::cluster_redirect;
  if (is_elsewhere && node.question) drop_slot(node.question_slot);
  const bool is_refused =
      event.error != nullptr && event.error->code == ErrorCode::permission_denied;
  if (is_refused) node.may_ask = false;
  forget_question(node);
}

// Before follow() takes the probe for one that was given up. A node's error is no proof: a node
// that has lost the slot, or the cluster, answers with one.
void NodeCaches::handle_reply(NodeNumber number, const Event& event) {
  const Fetches::Fetch& fetch = Fetches::fetch_of(event.tag);
  Node& node = at(number);
  if (fetch.node != number || event.value->is_error()) return;
  if (!node.connection || !node.connection->is_tracked()) return;
  if (node.primary != no_node) return remember_question(at(node.primary), fetch);
  node.connection->handle_reply_to(request_ids::request_of(fetch.request));
  remember_question(node, fetch);
  // From here on there are entries of its own to be proved, not only those of its replicas.
  if (node.question) node.connection->set_question(text_of(node));
}

void NodeCaches::remember_question(Node& node, const Fetches::Fetch& fetch) {
  const std::string_view key = fetch.question.key;
  if (node.question || !node.may_ask || key.size() > question_key_bytes_max) return;
  node.question = Block::allocate(requests_, exists.size() + encoding::bulk_size(key.size()));
  if (!node.question) return;
  char* const begin = static_cast<char*>(node.question.data());
  encoding::write_bulk(copy_bytes(exists, begin), key);
  node.question_slot = fetch.slot;
}

void NodeCaches::want_proof(cache::Mark mark, Instant now) {
  for_each_node([&](NodeNumber number, Node& each) {
    if (!each.connection || !each.connection->is_tracked() || each.primary != no_node) return;
    each.connection->want_proof(mark, now);
    note_next_proof(number);
  });
}

// While a barrier waits, each turn asks. Most of the time the node that had not proved by the last
// turn has not proved yet, and one of a thousand is looked at.
bool NodeCaches::has_proved(cache::Mark mark) {
  for (std::size_t i = 0; i < nodes_.end(); ++i) {
    if (to_prove_ >= nodes_.end()) to_prove_ = 0;
    const bool is_asked =
        nodes_.has(to_prove_) && at(to_prove_).connection && at(to_prove_).primary == no_node;
    const bool is_proved = !is_asked || at(to_prove_).connection->has_proved(mark);
    if (!is_proved) return false;
    ++to_prove_;
  }
  return true;
}

void NodeCaches::follow_all() {
  for (NodeNumber number = 0; number < nodes_.end(); ++number) {
    if (!nodes_.has(number)) continue;
    Node& node = at(number);
    if (!node.connection) continue;
    if (node.connection->follow() == TrackedConnection::Change::unheard) forget_all(number);
    if (!node.connection->is_tracked()) forget_question(node);
    note_next_proof(number);
  }
}

void NodeCaches::note_next_proof(NodeNumber number) {
  const Node& node = at(number);
  if (node.connection) proofs_.note(number, node.connection->next_proof());
}

void NodeCaches::validate() const {
  for_each_node([this](NodeNumber number, const Node& each) {
    PLIMSOLL_CHECK(!each.connection ||
                   proofs_.next_of_group(number) <= each.connection->next_proof());
  });
}

}  // namespace plimsoll::inline v0
