#include "plimsoll/core/client/near_cache.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/absent_reply.h"
#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/invalidation.h"
#include "plimsoll/core/client/node_caches.h"
#include "plimsoll/core/client/replica_caches.h"
#include "plimsoll/core/client/replicas.h"
#include "plimsoll/core/commands/encoded_commands.h"
#include "plimsoll/core/resp/wire_value.h"

// More than 500 lines, because reads, replies, invalidations and proofs all change the same fetches
// and the same generation.

namespace plimsoll::inline v0 {

using Keep = cache::Cache::Keep;

namespace {

// How long to wait before erasing entries again, if one call did not erase all that are due.
constexpr Duration relief_wait = std::chrono::milliseconds(10);

}  // namespace

NearCache::NearCache(cache::Cache& cache, std::uint32_t member, std::string_view place,
                     Duration clock_step, Session& main, Account& requests, Account& replies)
    : cache_(cache),
      main_(main),
      requests_(requests),
      replies_(replies),
      servers_(main, cache),
      clock_step_(clock_step),
      connection_(cache, member, encoded_ping),
      fetches_(requests),
      source_(cache, main, fetches_, place),
      cached_reader_(replies),
      writes_(cache, requests),
      waiting_(cache, requests),
      side_writes_(cache, requests) {
  if (cache.options().mode == cache::CacheMode::ttl) state_ = State::ttl;
}

NearCache::~NearCache() { source_.leave(); }

Status NearCache::use_cluster(Cluster& cluster) {
  // Of the one primary that there might have been. They are gone.
  const bool is_apart = servers_.reads_replicas();
  servers_.forget_replicas();
  replica_caches_ = {};
  nodes_ = Box<NodeCaches>::make(main_.accounts().connections, 0,
                                 NodeCaches::Parts{.cache = cache_,
                                                   .fetches = fetches_,
                                                   .source = source_,
                                                   .main_writes = writes_,
                                                   .state = state_,
                                                   .heard = side_delivery_,
                                                   .requests = requests_,
                                                   .connections = main_.accounts().connections});
  if (!nodes_ || !cluster.use_cache(*nodes_)) {
    return Error{.code = ErrorCode::out_of_memory,
                 .what = "the connections pool has no room for the cache of a cluster's client",
                 .value = sizeof(NodeCaches)};
  }
  end_generation();
  source_.enter_cluster();
  servers_.use_cluster(cluster, *nodes_);
  if (servers_.reads_replicas() && !is_apart) source_.keep_apart(connection_.number());
  is_of_cluster_ = true;
  return {};
}

Status NearCache::use_replicas(Replicas& replicas, Duration lag_max) {
  replica_caches_ =
      Box<ReplicaCaches>::make(main_.accounts().connections, 0, cache_, fetches_, state_, lag_max);
  if (!replica_caches_) {
    return Error{.code = ErrorCode::out_of_memory,
                 .what = "the connections pool has no room for a cache of what replicas answer",
                 .value = sizeof(ReplicaCaches)};
  }
  source_.keep_apart(connection_.number());
  replicas.use_cache(*replica_caches_);
  servers_.use_replicas(replicas, *replica_caches_);
  return {};
}

Result<RequestId> NearCache::submit(const CommandView& command, Instant now, Instant deadline,
                                    Tag tag, Duration max_staleness) {
  clock_step_.note(now);
  commands::QuestionReader reader;
  const bool is_read = reader.read(command, cache_.filter().module_reads());
  std::optional<Target> target;
  if (is_read && may_fetch(reader.question())) {
    target = target_of(reader.question(), command, now, max_staleness);
  }
  if (target) {
    if (main_.is_closed()) return main_.refusal();
    const auto id = fetch(*target, reader.question(), command, now, deadline, tag, max_staleness);
    if (id) return *id;
  }
  const auto id =
      servers_.submit(command, now, deadline, tag, max_staleness, side_delivery_.load());
  if (id && !is_read) note_staged(command, *id);
  return id;
}

// A transaction's reads show what replicas need not have yet. So with these it closes all keys,
// also if it writes none: nothing that they have said before is served behind it.
void NearCache::note_staged(const CommandView& command, RequestId id) {
  if (commands::are_several(command) && servers_.reads_replicas()) return close_all_until(id);
  nodes_ ? nodes_->note_submitted(command, id) : writes_.begin(command, id);
}

void NearCache::close_all_until(RequestId id) {
  nodes_ ? nodes_->close_all_until(id) : writes_.begin_all(id);
}

// In a cluster others may wait for longer who have come earlier, so the fences of the wait go on
// with the request: they would stay until those are admitted.
void NearCache::note_admitted(const CommandView& command, RequestId waiter, RequestId id) {
  if (!nodes_) return note_staged(command, id);
  nodes_->note_admitted(command, waiting_, waiter, id);
  if (commands::are_several(command) && servers_.reads_replicas()) close_all_until(id);
}

std::optional<Event> NearCache::poll_event() {
  if (barriers_ != nullptr) end_barriers();
  while (completed_ != nullptr || asked_again_ != nullptr) {
    if (completed_ == nullptr) {
      Fetches::Fetch& next = *asked_again_;
      asked_again_ = next.next_awaiting;
      ask_again(next);
    } else if (const std::optional<Tag> tag = fetches_.take_waiter(*completed_)) {
      return delivered(*tag);
    } else {
      end_proof(*completed_);
      fetches_.close(*std::exchange(completed_, nullptr));
      outcome_.reset();
      cached_.reset();
      cached_reader_.clear();
      servers_.note_waiters(waiters_count());
    }
  }
  if (const auto ended = fetches_.next_ended()) return failed(*ended);
  return std::nullopt;
}

std::optional<Event> NearCache::handle_event(const Event& event) {
  if (event.tag == internal_user) {
    source_.handle_user(event);
    return std::nullopt;
  }
  if (event.error != nullptr) note_refusal(event);
  if (event.tag == internal_auth) source_.handle_auth_outcome(event);
  if (event.kind == Event::Kind::ready) begin_generation();
  if (event.kind == Event::Kind::closed) source_.leave();
  if (event.kind == Event::Kind::pushed && event.value && handle_push(*event.value)) {
    return std::nullopt;
  }
  const bool is_part =
      event.kind == Event::Kind::queueing_failed || event.kind == Event::Kind::pushed;
  const bool is_reply = event.value.has_value() && !is_part;
  if (event.tag == internal_proof) {
    if (is_reply) connection_.handle_answer();
    return std::nullopt;
  }
  if (event.tag == internal_resume) {
    // If the connection was lost, the next one will ask.
    const bool is_outcome = resumption_ && !is_part && main_.state() == Session::State::ready;
    const bool is_answer = is_reply && event.error == nullptr;
    if (is_outcome && resumption_->handle_answer(is_answer ? event.value : std::nullopt)) {
      has_to_relieve_ = true;
    }
    return std::nullopt;
  }
  if (!tags::is_fetch(event.tag)) return event;
  Fetches::Fetch& fetch = Fetches::fetch_of(event.tag);
  if (fetch.question.row == 0) return complete_proof(event, fetch);
  if (is_part) {
    Fetches::take_part(event);
    return std::nullopt;
  }
  if (is_reply && fetch.node == no_node && proves(fetch)) {
    connection_.handle_reply_to(fetch.request);
  }
  return complete_fetch(event, fetch);
}

// What the reply proves, NodeCaches or ReplicaCaches know already.
std::optional<Event> NearCache::handle_outcome(const Event& event) {
  if (!tags::is_fetch(event.tag)) return event;
  Fetches::Fetch& fetch = Fetches::fetch_of(event.tag);
  servers_.judge_outcome(fetch);
  return complete_fetch(event, fetch);
}

void NearCache::follow_connection() {
  // Invalidations right behind the replies that are still to come may be lost.
  if (resumption_ && resumption_->suspend_if_lost()) fetches_.forbid_storing();
  switch (connection_.follow()) {
    case TrackedConnection::Change::none: return;
    case TrackedConnection::Change::ended: has_to_relieve_ = true; break;
    case TrackedConnection::Change::unheard: forget_all(); break;
  }
  if (resumption_) resumption_->forget();
}

void NearCache::follow_session() {
  follow_connection();
  writes_.end_until(main_.answered_until());
  source_.retry();
}

void NearCache::follow_connections() {
  follow_session();
  if (replica_caches_) replica_caches_->follow_all();
  if (!nodes_) return;
  servers_.cluster()->note_questions(servers_.now());
  nodes_->follow_all();
}

void NearCache::set_readable(ConnectionId connection, bool readable) {
  if (connection == first_connection) {
    connection_.set_readable(readable);
  } else if (nodes_ && ClusterNodes::owns(connection)) {
    nodes_->set_readable(ClusterNodes::number_of(connection), readable);
  } else if (replica_caches_ && Replicas::owns(connection)) {
    replica_caches_->set_readable(Replicas::index_of(connection), readable);
  }
}

void NearCache::handle_timeout(Instant now) {
  clock_step_.note(now);
  fetches_.handle_timeout(now);
  if (now >= next_proof()) ask_for_proof(now);
  if (resumption_ && now >= resumption_->until()) {
    resumption_->give_up();
    has_to_relieve_ = true;
  }
  has_to_relieve_ = cache_.relieve(now);
  relieved_at_ = now;
}

void NearCache::ask_for_proof(Instant now) {
  if (!nodes_) return connection_.ask_for_proof(now);
  nodes_->handle_timeout(
      now, [this, now](NodeNumber number) { servers_.cluster()->note_question(number, now); });
}

Instant NearCache::poll_timeout() {
  if (nodes_ && nodes_->take_ends()) has_to_relieve_ = true;
  if (replica_caches_ && replica_caches_->take_ends()) has_to_relieve_ = true;
  const Instant soon = std::max(after(relieved_at_, relief_wait), servers_.now());
  if (is_over_) return has_to_relieve_ ? soon : never;
  const Instant relief = has_to_relieve_ ? soon : std::max(cache_.next_expiry(), soon);
  const bool is_relieved = !has_to_relieve_ && cache_.next_expiry() == never;
  const Instant forgotten = resumption_ ? resumption_->until() : never;
  return std::min(
      {fetches_.next_deadline(), next_proof(), forgotten, is_relieved ? never : relief});
}

// Whether the server sends invalidations for the key. In broadcast mode it does so only for keys
// with the prefixes of the options.
bool NearCache::may_track(std::string_view key) const {
  const TrackingOptions& tracking = main_.options().tracking;
  if (tracking.prefixes.empty()) return true;
  return std::any_of(tracking.prefixes.begin(), tracking.prefixes.end(),
                     [key](std::string_view prefix) { return key.starts_with(prefix); });
}

// In a cluster, what a missing key has answered is not stored, and a reply of several keys does not
// say whether one of them was missing.
bool NearCache::may_fetch(const commands::Question& question) const {
  if (!cache_.filter().admits(question)) return false;
  const std::size_t more_keys_max = servers_.cluster() != nullptr ? 1 : cache::cache_keys_max;
  if (question.more_keys.size() >= more_keys_max && !commands::is_mget(question)) {
    cache_.count_uncacheable();
    return false;
  }
  switch (state_) {
    case State::off: return false;
    case State::ttl: return true;
    case State::unknown:
    case State::tracking: break;
  }
  return may_track(question.key) &&
         std::all_of(question.more_keys.begin(), question.more_keys.end(),
                     [this](std::string_view key) { return may_track(key); });
}

// Returns nothing if there is no room to remember the fetch; the read is then submitted like any
// other request.
std::optional<RequestId> NearCache::fetch(const Target& target, const commands::Question& question,
                                          const CommandView& command, Instant now, Instant deadline,
                                          Tag tag, Duration max_staleness) {
  // Checked first, because the pipeline is overloaded and a rejected read should cost less than a
  // fetch.
  if (servers_.is_full() && !has_room_to_wait()) return std::nullopt;
  const std::uint32_t ends_seen = cache_.generations().ends_count();
  const cache::Freshness fresh = freshness(max_staleness, now);
  std::array<cache::Cache::Ticket::Seen, cache::fetch_keys_max> seen;
  cache::Cache::Ticket ticket =
      cache_.begin_fetch(question, source_.number(), target.member, now, seen, target.slot);
  const std::uint64_t hash = Fetches::hash_of(question, ticket);
  Fetches::Fetch* const same = fetches_.newest(question, hash, ticket);
  const bool is_alike = same != nullptr && same->ticket.source == ticket.source;
  if (is_alike && may_join(*same, fresh, now) && goes_on_in_time(*same, deadline)) {
    return join(*same, deadline, tag);
  }
  // Only a read that asks for freshness awaits a proof, because its fetch may then be sent behind
  // later requests.
  if (max_staleness != cache::any_staleness && connection_.is_tracked() && has_room_to_wait() &&
      cache_.has(question, ticket.source, ticket.stamp, now)) {
    const auto id = await_proof(question, hash, ticket, command, now, deadline, tag);
    if (id) return id;
  }
  if (!target.may_store) ticket.is_storable = false;
  Fetches::Fetch* const fetch = fetches_.open(question, hash, ticket);
  if (fetch == nullptr) return std::nullopt;
  fetch->asked.asks_proof = wants_proof(fresh);
  fetch->node = target.node;
  fetch->is_at_replica = target.is_replica;
  fetch->is_scattered = fetch->is_sealed = target.is_scattered;
  fetch->ends_seen = ends_seen;
  fetch->slot = target.slot.value_or(0);
  const RequestId id = fetches_.add(*fetch, deadline, tag);
  const Result<RequestId> request = id == 0 ? Error{} : submit_fetch(*fetch, command);
  if (!request) {
    while (fetches_.take_waiter(*fetch)) {
    }
    fetches_.close(*fetch);
    return std::nullopt;  // Session::submit() will return the error
  }
  note_request(*fetch, *request, staging_of(*fetch));
  return id;
}

// The reply of a replica proves nothing. A request that was parked may be sent to any node, so its
// reply is not stored.
void NearCache::note_request(Fetches::Fetch& fetch, RequestId request, const Staged& staged) {
  fetch.request = request;
  if (servers_.cluster() == nullptr) {
    if (fetch.node == no_node && proves(fetch)) connection_.note_request(request, staged);
    return;
  }
  if (Cluster::node_of(request) != fetch.node) {
    fetch.node = no_node;
    fetch.is_at_replica = false;
  }
  if (fetch.node == no_node) return;
  nodes_->note_request(fetch.node, request_ids::request_of(request), staged);
}

Result<RequestId> NearCache::submit_fetch(Fetches::Fetch& fetch, const CommandView& command) {
  const bool opts_in = main_.options().tracking.method == TrackingOptions::Method::opt_in;
  fetch.asked.opts_in = opts_in && is_tracked(fetch);
  if (cache_.options().server_ttl_cap) {
    fetch.asked.expiries_count = static_cast<std::uint8_t>(fetch.ticket.keys.size());
  }
  if (fetch.asked.answers() == 1) return servers_.submit_fetch(fetch, command);
  const Block all = encode_fetch(fetch.asked, fetch.question, command, requests_);
  if (!all) return Error{};
  CommandView request =
      CommandView::from_encoded({static_cast<const char*>(all.data()), all.size()});
  request.answers = fetch.asked.answers();
  request.effect = command.effect;
  fetch.bytes_in_front = static_cast<std::uint32_t>(all.size() - encoded_size(command));
  return servers_.submit_fetch(fetch, request);
}

// Whether a fetch has to bring a proof with its reply: if the caller wants to know what is so now,
// or has heard something beside its reads, and a reply alone is no proof. Without a connection it
// is not known yet whether it will be.
bool NearCache::wants_proof(const cache::Freshness& fresh) const {
  if (servers_.cluster() != nullptr || state() == State::ttl) return false;
  if (!connection_.is_tracked()) return !fresh.is_any();
  if (!main_.proves_by_ping()) return false;
  return fresh.since != Instant::min() || !connection_.has_proved(fresh.after);
}

bool NearCache::proves(const Fetches::Fetch& fetch) const {
  return !main_.proves_by_ping() || fetch.asked.asks_proof;
}

// A fetch that waits for a proof, or has waited for one, has it in front of its reply.
bool NearCache::brings_proof(const Fetches::Fetch& fetch) {
  return fetch.asked.asks_proof || fetch.awaited != nullptr || fetch.asks_again;
}

// Whether no byte of the fetch's request was sent. For a fetch that awaits a proof, the request is
// the proof's.
bool NearCache::has_not_left(const Fetches::Fetch& fetch) const {
  if (fetch.asks_again) return false;
  const Fetches::Fetch& sent = fetch.awaited == nullptr ? fetch : *fetch.awaited;
  return !servers_.was_exposed(sent.request);
}

// A request that was not sent yet will run after this call, so a read may join it. A request that
// was sent may have run at once, however late its reply comes. So its age counts, as the age of an
// entry does.
bool NearCache::may_join(const Fetches::Fetch& fetch, const cache::Freshness& fresh,
                         Instant now) const {
  if (fetch.waiters == nullptr || fetch.is_completed || fetch.is_sealed) return false;
  if (!cache_.is_current(fetch.ticket)) return false;
  if (wants_proof(fresh) && !brings_proof(fetch)) return false;
  // The replica answers behind what it has said of itself so far.
  if (fetch.is_at_replica &&
      (fresh.since != Instant::min() || !servers_.may_answer(fetch, now, fresh.after))) {
    return false;
  }
  if (has_not_left(fetch)) return true;
  if (fetch.ticket.mark <= fresh.after) return false;
  const Duration ttl = cache_.options().entry_ttl;
  Duration age_max = is_tracked(fetch) ? cache_.options().coherence_lease : Duration::max();
  if (ttl != Duration::zero()) age_max = std::min(age_max, ttl);
  const Instant latest = now + clock_step_.value();
  return fetch.ticket.began_at >= fresh.since && after(fetch.ticket.began_at, age_max) >= latest;
}

// A fetch leaves a silent replica when half of its first caller's time has passed, which would be
// too late for a caller with less time.
bool NearCache::goes_on_in_time(const Fetches::Fetch& fetch, Instant deadline) const {
  if (!fetch.is_at_replica) return true;
  return fetch.waiters == nullptr || fetch.waiters->deadline <= deadline;
}

std::optional<RequestId> NearCache::join(Fetches::Fetch& fetch, Instant deadline, Tag tag) {
  if (!has_room_to_wait()) return std::nullopt;
  // A PING that was not sent yet proves what was true at this call, too, so its mark is drawn
  // again.
  if (fetch.awaited != nullptr && has_not_left(fetch)) {
    fetch.ticket.mark = cache_.next_mark();
    fetch.awaited->ticket.mark = cache_.next_mark();
  }
  const RequestId id = fetches_.add(fetch, deadline, tag);
  servers_.note_waiters(waiters_count());
  return id == 0 ? std::nullopt : std::optional(id);
}

bool NearCache::has_room_to_wait() const {
  const std::size_t places = main_.options().inflight_requests_limit;
  return servers_.in_flight() + waiters_count() < places;
}

// ---- The main connection, or the cluster.

// A read before the client knows whether there is a cluster is sent as it is.
std::optional<NearCache::Target> NearCache::target_of(const commands::Question& question,
                                                      const CommandView& command, Instant now,
                                                      Duration max_staleness) {
  if (!servers_.is_one()) {
    const auto target =
        servers_.choose(question, command, now, max_staleness, side_delivery_.load());
    if (target || servers_.cluster() != nullptr) return target;
  }
  if (main_.is_finding_mode()) return std::nullopt;
  return Target{.member = connection_.member(),
                .may_store = connection_.is_tracked() || state() == State::ttl};
}

// Callers who wait, without a place in a pipeline.
std::size_t NearCache::waiters_count() const { return fetches_.joined_count() + barriers_count_; }

// ---- What is vouched for.

// Called when the main connection has become ready.
void NearCache::begin_generation() {
  follow_connection();
  if (!is_lost()) end_generation();
  // The server may be another one, and what replicas had of the last one counts no longer.
  if (servers_.replicas() != nullptr) servers_.replicas()->handle_ready();
  source_.handle_ready();
  clock_step_.note(main_.now());
  if (servers_.cluster() != nullptr || cache_.options().mode == cache::CacheMode::ttl) return;
  const bool is_tracked = main_.tracking().state == Tracking::State::tracked;
  if (is_tracked && main_.proves_by_ping()) {
    state_ = State::tracking;
    return begin_behind_bridge();
  }
  end_generation();
  if (is_tracked) {
    state_ = State::tracking;
    connection_.begin(main_);
  } else {
    const bool has_ttl = cache_.options().entry_ttl != Duration::zero();
    state_ = has_ttl ? State::ttl : State::off;
  }
}

// What is read from now on may be older than this: it may come from a cache.
void NearCache::begin_behind_bridge() {
  const bool is_remembered = main_.resumes_within() != Duration::zero() && !is_broadcast();
  if (is_remembered && !resumption_) {
    Account& account = main_.accounts().connections;
    resumption_ = Box<Resumption>::make(account, 0, cache_, main_, connection_);
  }
  if (is_remembered && resumption_ && resumption_->begin()) return;
  end_generation();
  connection_.begin_unproved(main_);
  connection_.ask_for_proof(main_.now());
}

// Also that of a connection that was lost, and could have been resumed.
void NearCache::end_generation() {
  if (!connection_.is_tracked() && !is_lost()) return;
  if (resumption_) resumption_->forget();
  connection_.end();
  has_to_relieve_ = true;
}

// In a cluster nothing is read on the main connection.
bool NearCache::handle_push(const Value& push) {
  const Invalidation what = for_each_invalidated(push, [this](std::string_view key) {
    fetches_.update_tickets(cache_, cache_.invalidate(key));
  });
  if (what == Invalidation::none) return false;
  if (resumption_) resumption_->count();
  if (what == Invalidation::all_keys) forget_all();
  return true;
}

void NearCache::forget_all() {
  fetches_.update_tickets(cache_, connection_.invalidate_all());
  has_to_relieve_ = true;
}

// Delivers the outcome to the first waiter; poll_event() delivers it to the others.
std::optional<Event> NearCache::complete_fetch(const Event& event, Fetches::Fetch& fetch) {
  completed_ = &fetch;
  outcome_ = event;
  // An error reply and a skipped reply count as well, because the server has answered.
  const bool is_answer = event.kind == Event::Kind::completed || event.value.has_value() ||
                         event.error->executed == Executed::yes;
  if (is_answer && fetch.waiters != nullptr) take_answer(fetch, event.value);
  return poll_event();
}

// An error or a skipped reply is not stored, but it erases older entries, so that no read goes back
// in time.
void NearCache::take_answer(Fetches::Fetch& fetch, const std::optional<Value>& value) {
  for (cache::Cache::Ticket::Seen& key : fetch.ticket.keys) key.has_expiry = false;
  if (commands::is_mget(fetch.question)) return take_answers(fetch, value);
  bool is_kept = value && !value->is_error() && (!value->is_null() || cache_.options().cache_nil);
  if (is_kept && servers_.cluster() != nullptr && is_tracked(fetch) &&
      may_be_of_absent_key(fetch.question, *value)) {
    is_kept = false;
    cache_.count_absent();
  }
  keep(fetch, fetch.ticket, fetch.question, value ? &*value : nullptr,
       is_kept ? Keep::if_current : Keep::no);
}

// Stores each element as the reply to a GET of its key. A null is not stored: its key may exist
// with another type, for which GET returns an error.
void NearCache::take_answers(const Fetches::Fetch& mget, const std::optional<Value>& value) {
  const std::size_t count = mget.ticket.keys.size();
  std::optional<Elements::Iterator> at;
  if (value && value->type() == Type::array) {
    const auto elements = value->as_elements();
    if (elements && elements->size() == count) at = elements->begin();
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view key = commands::key_of(mget.question, i);
    const cache::Cache::Ticket ticket = ticket_of(mget, i);
    if (!at) {
      keep(mget, ticket, commands::get_of(key), nullptr, Keep::no);
      continue;
    }
    const Value element = **at;
    keep(mget, ticket, commands::get_of(key), &element,
         element.type() == Type::bulk_string ? Keep::if_current : Keep::no);
    ++*at;
  }
}

// If nothing has gone out of reach since an MGET over several slots began, each key has the owner
// that it had then, on the same connection.
cache::Cache::Ticket NearCache::ticket_of(const Fetches::Fetch& mget, std::size_t number) {
  const std::string_view key = commands::key_of(mget.question, number);
  if (!mget.is_scattered) return cache_.part_of(mget.ticket, key, number);
  const Slot slot = slot_of_key(key);
  const NodeNumber node = servers_.cluster()->owner_of(slot);
  cache::Cache::Ticket ticket =
      cache_.part_of(mget.ticket, key, number, nodes_->member(node), slot);
  const bool is_as_it_was = !cache_.generations().have_ended_since(mget.ends_seen);
  if (!is_as_it_was || !nodes_->may_store(node)) ticket.is_storable = false;
  return ticket;
}

void NearCache::keep(const Fetches::Fetch& fetch, const cache::Cache::Ticket& ticket,
                     const commands::Question& question, const Value* value, Keep keep) {
  const std::size_t bytes = value == nullptr ? 0 : wire_size(*value);
  if (ticket.source != source_.number()) keep = Keep::no;  // perhaps read by another user
  if (keep != Keep::no && ticket.is_storable && fetch.is_at_replica) servers_.note_stored(fetch);
  const auto changes =
      cache_.complete_fetch(ticket, question, servers_.now(), keep, bytes, [&](char* out) {
        if (value != nullptr) write_wire(*value, out);
      });
  if (!servers_.is_one() && !is_known_who_answered(fetch)) return;
  // Fetches still under way on this connection are answered later, so their replies are newer.
  for (const auto& change : std::span(changes.keys).first(changes.count)) {
    fetches_.update_tickets(cache_, change, fetch.node);
  }
}

bool NearCache::is_known_who_answered(const Fetches::Fetch& fetch) const {
  return servers_.cluster() != nullptr ? fetch.node != no_node : fetch.node != Fetches::elsewhere;
}

Event NearCache::delivered(Tag tag) {
  Event event = *outcome_;
  event.tag = tag;
  return event;
}

Event NearCache::failed(const Fetches::EndedWaiter& ended) {
  const bool timed_out = ended.why == Fetches::Waiter::State::timed_out;
  const bool is_proof = ended.fetch->question.row == 0;
  const bool is_sent =
      !is_proof && (ended.fetch->is_scattered || servers_.was_exposed(ended.fetch->request));
  error_ = {
      .code = timed_out ? ErrorCode::timed_out : ErrorCode::cancelled,
      .executed = is_sent ? Executed::maybe : Executed::no,
      .what = timed_out ? servers_.deadline_passed(*ended.fetch) : "the request was cancelled"};
  if (ended.was_last) {
    if (ended.fetch == proof_) proof_ = nullptr;
    if (!is_proof || servers_.cluster() == nullptr) servers_.cancel(ended.fetch->request);
  }
  return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &error_};
}

bool NearCache::is_broadcast() const {
  return main_.options().tracking.method == TrackingOptions::Method::broadcast;
}

Instant NearCache::next_proof() const {
  if (is_over_) return never;
  return nodes_ ? nodes_->next_proof() : connection_.next_proof();
}

}  // namespace plimsoll::inline v0
