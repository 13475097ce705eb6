#include "plimsoll/core/client/near_cache.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/written.h"
#include "plimsoll/core/resp/wire_value.h"

// More than 500 lines, because fetches, their replies, invalidations and proofs change the same
// flights and the same generation.
//
// A proof that a caller asked for (open_proof()) is a flight whose request is a PING. Callers join
// it as long as its PING has not been sent, so one PING serves all who ask at a time.

namespace plimsoll {

using Keep = cache::Cache::Keep;

namespace {

// How many keys of writes on side connections are fenced by name at a time.
constexpr std::size_t beside_max = 256;

// The time between two calls that free expired entries, if one call does not free all of them.
constexpr Duration relief_wait = std::chrono::milliseconds(10);

bool is_invalidation(const Value& push) {
  const auto elements = push.as_elements();
  if (!elements || elements->size() != 2) return false;
  const auto kind = (*elements->begin()).as_bytes();
  return kind && *kind == "invalidate";
}

constexpr std::string_view encoded_ping = "*1\r\n$4\r\nPING\r\n";

constexpr Error no_memory{.code = ErrorCode::rejected_by_limit,
                          .what = "the requests pool has no memory for one who waits for a proof"};

CommandView ping() { return CommandView::from_encoded(encoded_ping); }

}  // namespace

NearCache::NearCache(cache::Cache& cache, std::uint32_t slot, std::string_view place,
                     Duration clock_step, Session& main, Account& requests, Account& replies)
    : cache_(cache),
      slot_(slot),
      main_(main),
      requests_(requests),
      replies_(replies),
      clock_step_(clock_step),
      flights_(requests),
      source_(cache, main, flights_, place),
      cached_reader_(replies),
      writes_(cache, requests),
      waiting_(cache, requests),
      beside_(requests, beside_max) {
  if (cache.options().mode == cache::CacheMode::ttl) state_ = State::ttl;
}

NearCache::~NearCache() {
  if (beside_unknown_) cache_.end_write_of_all();
  while (!beside_.empty()) {
    const Beside& write = beside_.front();
    write.of_all ? cache_.end_write_of_all() : cache_.end_write(write.fence);
    beside_.pop_front();
  }
  source_.leave();
  cache_.leave(slot_);
}

Result<RequestId> NearCache::submit(const CommandView& command, Instant now, Instant deadline,
                                    Tag tag, Duration max_staleness) {
  clock_step_.note(now);
  commands::QuestionReader reader;
  const bool is_read = reader.read(command, cache_.filter().module_reads());
  if (is_read && may_fetch(reader.question())) {
    if (main_.is_closed()) return main_.refusal();
    const auto id = fetch(reader.question(), command, now, deadline, tag, max_staleness);
    if (id) return *id;
  }
  const Result<RequestId> id = main_.submit(command, deadline, tag);
  if (id && !is_read) note_staged(command, *id);
  return id;
}

// Without tracking, or while the client closes, no entry is vouched for, so the proof is immediate
// (open_proof()).
Result<RequestId> NearCache::prove(Instant now, Instant deadline, Tag tag) {
  if (main_.state() == Session::State::closed) return main_.refusal();
  if (!has_room_to_wait()) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "too many requests are under way",
                 .value = main_.in_flight() + flights_.joined_count(),
                 .limit = main_.options().inflight_requests_limit};
  }
  const Result<Flights::Flight*> proof = open_proof(now);
  if (!proof) return proof.error();
  const RequestId id = flights_.add(**proof, deadline, tag);
  main_.take_places(flights_.joined_count());
  return id == 0 ? Result<RequestId>(no_memory) : id;
}

void NearCache::note_beside(const CommandView& command, RequestId id) {
  const auto remember = [&](const Beside& write) {
    return beside_.push_back(write) == Queue<Beside>::Push::accepted;
  };
  bool all_named = true;
  const commands::Written written = commands::keys_written(command, [&](std::string_view key) {
    if (!all_named) return;
    const cache::Cache::Fence fence = cache_.begin_write(key);
    all_named = remember({.id = id, .fence = fence, .of_all = false});
    if (!all_named) cache_.end_write(fence);
  });
  if (written == commands::Written::nothing) return;
  if (all_named && written == commands::Written::keys) return;
  // There is no room to remember all keys: fences all keys until these writes are over.
  if (!remember({.id = id, .fence = {}, .of_all = true})) {
    if (std::exchange(beside_unknown_, true)) return cache_.poison_all();
  }
  cache_.begin_write_of_all();
}

std::optional<Event> NearCache::poll_event() {
  while (completed_ != nullptr || asked_again_ != nullptr) {
    if (completed_ == nullptr) {
      Flights::Flight& next = *asked_again_;
      asked_again_ = next.next_awaiting;
      ask_again(next);
    } else if (const std::optional<Tag> tag = flights_.take_waiter(*completed_)) {
      return told(*tag);
    } else {
      end_proof(*completed_);
      flights_.close(*std::exchange(completed_, nullptr));
      outcome_.reset();
      cached_.reset();
      main_.take_places(flights_.joined_count());
    }
  }
  if (const auto ended = flights_.next_ended()) return failed(*ended);
  return std::nullopt;
}

std::optional<Event> NearCache::handle_event(const Event& event) {
  if (event.tag == own_user) {
    source_.handle_user(event);
    return std::nullopt;
  }
  if (event.error != nullptr) note_refusal(event);
  if (event.tag == own_auth) source_.handle_auth_outcome(event);
  if (event.kind == Event::Kind::ready) begin_generation();
  if (event.kind == Event::Kind::closed) source_.leave();
  if (event.kind == Event::Kind::pushed && event.value && handle_push(*event.value)) {
    return std::nullopt;
  }
  const bool is_part =
      event.kind == Event::Kind::queueing_failed || event.kind == Event::Kind::pushed;
  const bool is_reply = event.value.has_value() && !is_part;
  if (event.tag == own_proof) {
    if (is_reply && probe_) handle_reply_to(*probe_);
    return std::nullopt;
  }
  if (!tags::is_fetch(event.tag)) return event;
  Flights::Flight& flight = Flights::flight_of(event.tag);
  if (flight.question.row == 0) return complete_proof(event, flight);
  if (is_part) {
    take_part(event, flight);
    return std::nullopt;
  }
  if (is_reply) handle_reply_to(flight.request);
  return complete_fetch(event, flight);
}

void NearCache::follow_session() {
  const SessionCounters& counters = main_.counters();
  // A session that closes vouches for nothing, so no barrier has to wait for its proof.
  const bool is_up = main_.state() == Session::State::ready;
  if (!is_up || counters.connections != connection_) end_generation();
  if (counters.pushes_skipped != pushes_skipped_) {
    pushes_skipped_ = counters.pushes_skipped;
    if (tracked_) forget_all();
  }
  const RequestId answered_until = main_.answered_until();
  writes_.end_until(answered_until);
  if (probe_ && *probe_ < answered_until) give_up_probe();
  source_.retry();
}

void NearCache::follow_sides(const SideConnections& sides) {
  if (beside_.empty() && !beside_unknown_) return;
  beside_.erase_if([&](const Beside& write) {
    if (!sides.is_answered(write.id)) return false;
    write.of_all ? cache_.end_write_of_all() : cache_.end_write(write.fence);
    return true;
  });
  if (beside_unknown_ && sides.none_is_under_way()) {
    beside_unknown_ = false;
    cache_.end_write_of_all();
  }
}

void NearCache::handle_not_read() {
  if (tracked_) cache_.generations().set_readable(slot_, false);
}

void NearCache::handle_read() {
  if (tracked_) cache_.generations().set_readable(slot_, true);
}

void NearCache::handle_timeout(Instant now) {
  clock_step_.note(now);
  flights_.handle_timeout(now);
  if (now >= next_proof()) ask_for_proof(now);
  has_to_relieve_ = cache_.relieve(now);
  relieved_at_ = now;
}

Instant NearCache::poll_timeout() const {
  const Instant soon = std::max(after(relieved_at_, relief_wait), main_.now());
  const Instant relief = has_to_relieve_ ? soon : std::max(cache_.next_expiry(), soon);
  const bool is_relieved = !has_to_relieve_ && cache_.next_expiry() == never;
  return std::min({flights_.next_deadline(), next_proof(), is_relieved ? never : relief});
}

// In broadcast mode the server sends invalidations only for keys with these prefixes.
bool NearCache::may_track(std::string_view key) const {
  const TrackingOptions& tracking = main_.options().tracking;
  if (tracking.prefixes.empty()) return true;
  return std::any_of(tracking.prefixes.begin(), tracking.prefixes.end(),
                     [key](std::string_view prefix) { return key.starts_with(prefix); });
}

bool NearCache::may_fetch(const commands::Question& question) const {
  if (!cache_.filter().admits(question)) return false;
  if (question.more_keys.size() >= cache::cache_keys_max && !commands::is_mget(question)) {
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

// Returns nothing if there is no room to remember the fetch: it is a request like any other then.
std::optional<RequestId> NearCache::fetch(const commands::Question& question,
                                          const CommandView& command, Instant now, Instant deadline,
                                          Tag tag, Duration max_staleness) {
  // Checked first, so that a refused read costs less than a fetch: the pipeline is overloaded.
  if (main_.is_full() && !has_room_to_wait()) return std::nullopt;
  const cache::Freshness fresh = freshness(max_staleness, now);
  std::array<cache::Cache::Ticket::Seen, cache::fetch_keys_max> seen;
  cache::Cache::Ticket ticket = cache_.begin_fetch(question, source_.number(), slot(), now, seen);
  const std::uint64_t hash = Flights::hash_of(question, ticket);
  Flights::Flight* const same = flights_.newest(question, hash, ticket);
  const bool is_alike = same != nullptr && same->ticket.source == ticket.source;
  if (is_alike && may_join(*same, fresh, now)) return join(*same, deadline, tag);
  // Only for a read that asks for a proof: its fetch may be sent behind later requests then.
  if (max_staleness != cache::any_staleness && tracked_ && has_room_to_wait() &&
      cache_.has(question, ticket.source, ticket.stamp, now)) {
    const auto id = await_proof(question, hash, ticket, command, now, deadline, tag);
    if (id) return id;
  }
  if (state_ != State::ttl && !tracked_) ticket.is_storable = false;
  Flights::Flight* const flight = flights_.open(question, hash, ticket);
  if (flight == nullptr) return std::nullopt;
  const RequestId id = flights_.add(*flight, deadline, tag);
  const Result<RequestId> request = id == 0 ? Error{} : submit_flight(*flight, command);
  if (!request) {
    while (flights_.take_waiter(*flight)) {
    }
    flights_.close(*flight);
    return std::nullopt;  // the pipeline says why
  }
  flight->request = *request;
  note_request(*request, staging_of(*flight));
  return id;
}

Result<RequestId> NearCache::submit_flight(Flights::Flight& flight, const CommandView& command) {
  const bool opts_in = main_.options().tracking.method == TrackingOptions::Method::opt_in;
  flight.asked.opts_in = opts_in && tracked_;
  if (cache_.options().server_ttl_cap) {
    flight.asked.expiries_count = static_cast<std::uint8_t>(flight.ticket.keys.size());
  }
  const Tag tag = Flights::tag_of(flight);
  if (flight.asked.answers() == 1) return main_.submit_owed(command, never, tag);
  const Block all = encode_fetch(flight.asked, flight.question, command, requests_);
  if (!all) return Error{};
  CommandView request =
      CommandView::from_encoded({static_cast<const char*>(all.data()), all.size()});
  request.answers = flight.asked.answers();
  request.effect = command.effect;
  return main_.submit_owed(request, never, tag);
}

// A flight that awaits a proof has not been sent itself: the request of the proof counts.
bool NearCache::has_not_left(const Flights::Flight& flight) const {
  if (flight.asks_again) return false;
  const Flights::Flight& sent = flight.awaited == nullptr ? flight : *flight.awaited;
  return !main_.was_exposed(sent.request);
}

// A request that has not been sent will run after this call, so a read may join it. One that has
// been sent may have run at once, however long its reply takes: it counts by its age, like an
// entry.
bool NearCache::may_join(const Flights::Flight& flight, const cache::Freshness& fresh,
                         Instant now) const {
  if (flight.waiters == nullptr || flight.is_completed || flight.is_sealed) return false;
  if (!cache_.is_current(flight.ticket)) return false;
  if (has_not_left(flight)) return true;
  if (flight.ticket.mark <= fresh.after) return false;
  const Duration ttl = cache_.options().entry_ttl;
  Duration age_max = tracked_ ? cache_.options().coherence_lease : Duration::max();
  if (ttl != Duration::zero()) age_max = std::min(age_max, ttl);
  const Instant latest = now + clock_step_.value();
  return flight.ticket.began_at >= fresh.since && after(flight.ticket.began_at, age_max) >= latest;
}

std::optional<RequestId> NearCache::join(Flights::Flight& flight, Instant deadline, Tag tag) {
  if (!has_room_to_wait()) return std::nullopt;
  // A proof whose PING has not been sent counts for all who join it until then.
  if (flight.awaited != nullptr && has_not_left(flight)) {
    flight.ticket.mark = cache_.next_mark();
    flight.awaited->ticket.mark = cache_.next_mark();
  }
  const RequestId id = flights_.add(flight, deadline, tag);
  main_.take_places(flights_.joined_count());
  return id == 0 ? std::nullopt : std::optional(id);
}

bool NearCache::has_room_to_wait() const {
  const std::size_t places = main_.options().inflight_requests_limit;
  return main_.in_flight() + flights_.joined_count() < places;
}

std::uint32_t NearCache::slot() const { return tracked_ ? slot_ : cache::Generations::untracked; }

// A new connection is ready.
void NearCache::begin_generation() {
  end_generation();
  connection_ = main_.counters().connections;
  pushes_skipped_ = main_.counters().pushes_skipped;
  source_.handle_ready();
  if (cache_.options().mode == cache::CacheMode::ttl) return;
  if (main_.tracking().state == Tracking::State::tracked) {
    tracked_ = true;
    state_ = State::tracking;
    clock_step_.note(main_.now());
    proved_before_ = about_to_stage(main_.now());
    prove_until(proved_before_);
    handle_read();
  } else {
    const bool has_ttl = cache_.options().entry_ttl != Duration::zero();
    state_ = has_ttl ? State::ttl : State::off;
  }
}

void NearCache::end_generation() {
  probe_.reset();
  if (!std::exchange(tracked_, false)) return;
  cache_.generations().end(slot_);
  has_to_relieve_ = true;
}

bool NearCache::handle_push(const Value& push) {
  if (!is_invalidation(push)) return false;
  handle_invalidation(*++push.as_elements()->begin());
  return true;
}

// If there is a null in place of the keys, a database was flushed.
void NearCache::handle_invalidation(const Value& keys) {
  const auto elements = keys.as_elements();
  if (!elements) return forget_all();
  std::array<char, 512> joined;  // of a key that crosses buffers
  for (const Value key : *elements) {
    const auto bytes = key.as_bytes();
    if (!bytes || (!bytes->contiguous() && bytes->size() > joined.size())) return forget_all();
    std::string_view name;
    if (bytes->contiguous()) {
      name = bytes->view();
    } else {
      bytes->copy_to(joined.data());
      name = {joined.data(), bytes->size()};
    }
    flights_.update_tickets(cache_, cache_.invalidate(name));
  }
}

void NearCache::forget_all() {
  flights_.update_tickets(cache_, cache_.invalidate_all(slot_));
  has_to_relieve_ = true;
}

// Takes an answer that comes before the reply itself. If CLIENT CACHING fails, the read is not
// tracked. PTTL tells the time that is left, -1 for ever, -2 for no such key, or an error if it is
// not allowed or not known: then entry_ttl alone counts.
void NearCache::take_part(const Event& event, Flights::Flight& flight) {
  const std::optional<std::size_t> number = flight.asked.expiry_asked(event.answers_owed);
  if (!number) {
    if (event.error != nullptr) flight.ticket.is_storable = false;
    return;
  }
  cache::Cache::Ticket::Seen& key = flight.ticket.keys[*number];
  key.has_expiry = true;
  const Result<std::int64_t> left = event.value->as_integer();
  if (!left || *left < 0) return;
  // Counted from before the question, so that the entry expires too early rather than too late.
  const auto left_max = std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max());
  const auto time = std::chrono::milliseconds(std::min<std::int64_t>(*left, left_max.count()));
  key.expires_at = after(flight.ticket.began_at, time);
}

// Tells the first waiter now; poll_event() tells the others.
std::optional<Event> NearCache::complete_fetch(const Event& event, Flights::Flight& flight) {
  completed_ = &flight;
  outcome_ = event;
  // A refusal and a skipped reply count as well: the server has answered.
  const bool is_answer = event.kind == Event::Kind::completed || event.value.has_value() ||
                         event.error->executed == Executed::yes;
  if (is_answer && flight.waiters != nullptr) take_answer(flight, event.value);
  return poll_event();
}

// An error or a skipped reply is not stored, but from now on no older entry is served either.
void NearCache::take_answer(Flights::Flight& flight, const std::optional<Value>& value) {
  for (cache::Cache::Ticket::Seen& key : flight.ticket.keys) key.has_expiry = false;
  if (commands::is_mget(flight.question)) return take_answers(flight, value);
  const bool is_kept =
      value && !value->is_error() && (!value->is_null() || cache_.options().cache_nil);
  keep(flight.ticket, flight.question, value ? &*value : nullptr,
       is_kept ? Keep::if_current : Keep::no);
}

// Each element is what a GET of its key would have brought, except a null: its key may exist and
// not be a string.
void NearCache::take_answers(const Flights::Flight& mget, const std::optional<Value>& value) {
  const std::size_t count = mget.ticket.keys.size();
  std::optional<Elements::Iterator> at;
  if (value && value->type() == Type::array) {
    const auto elements = value->as_elements();
    if (elements && elements->size() == count) at = elements->begin();
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view key = commands::key_of(mget.question, i);
    const cache::Cache::Ticket ticket = cache_.part_of(mget.ticket, key, i);
    if (!at) {
      keep(ticket, commands::get_of(key), nullptr, Keep::no);
      continue;
    }
    const Value element = **at;
    keep(ticket, commands::get_of(key), &element,
         element.type() == Type::bulk_string ? Keep::if_current : Keep::no);
    ++*at;
  }
}

void NearCache::keep(const cache::Cache::Ticket& ticket, const commands::Question& question,
                     const Value* value, Keep keep) {
  const std::size_t bytes = value == nullptr ? 0 : wire_size(*value);
  if (ticket.source != source_.number()) keep = Keep::no;  // somebody else may have read it
  const auto changes = cache_.land(ticket, question, main_.now(), keep, bytes, [&](char* out) {
    if (value != nullptr) write_wire(*value, out);
  });
  // The other fetches of this connection are answered later, so their replies are newer.
  for (const auto& change : std::span(changes.keys).first(changes.count)) {
    flights_.update_tickets(cache_, change);
  }
}

Event NearCache::told(Tag tag) {
  Event event = *outcome_;
  event.tag = tag;
  return event;
}

Event NearCache::failed(const Flights::EndedWaiter& ended) {
  const bool timed_out = ended.why == Flights::Waiter::State::timed_out;
  const bool is_proof = ended.flight->question.row == 0;
  const bool is_sent = !is_proof && main_.was_exposed(ended.flight->request);
  error_ = {.code = timed_out ? ErrorCode::timed_out : ErrorCode::cancelled,
            .executed = is_sent ? Executed::maybe : Executed::no,
            .what = timed_out ? main_.deadline_passed() : "the request was cancelled"};
  if (ended.was_last) {
    if (ended.flight == proof_) proof_ = nullptr;
    main_.cancel(ended.flight->request);
  }
  return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &error_};
}

bool NearCache::is_broadcast() const {
  return main_.options().tracking.method == TrackingOptions::Method::broadcast;
}

Result<Flights::Flight*> NearCache::open_proof(Instant now) {
  if (proof_ != nullptr && !main_.was_exposed(proof_->request)) {
    proof_->ticket.began_at = std::max(proof_->ticket.began_at, now);
    proof_->ticket.mark = cache_.next_mark();
    return proof_;
  }
  cache::Cache::Ticket ticket;
  ticket.began_at = now;
  ticket.mark = cache_.next_mark();
  Flights::Flight* const proof = flights_.open({}, Flights::hash_of({}, ticket), ticket);
  if (proof == nullptr) return no_memory;
  if (!tracked_) {
    proof->next_awaiting = std::exchange(asked_again_, proof);
    return proof;
  }
  const Result<RequestId> request = main_.submit(ping(), never, Flights::tag_of(*proof));
  if (!request) {
    flights_.close(*proof);
    return request.error();
  }
  proof->request = *request;
  proof->rounds_left = is_broadcast() ? 1 : 0;
  proof_ = proof;
  return proof;
}

// Returns nothing if there is no room for that.
std::optional<RequestId> NearCache::await_proof(const commands::Question& question,
                                                std::uint64_t hash,
                                                const cache::Cache::Ticket& ticket,
                                                const CommandView& command, Instant now,
                                                Instant deadline, Tag tag) {
  const Result<Flights::Flight*> proof = open_proof(now);
  if (!proof) return std::nullopt;
  Flights::Flight* const flight = flights_.open(question, hash, ticket, &command);
  if (flight == nullptr) return std::nullopt;
  flights_.begin_wait(*flight, **proof);
  const RequestId id = flights_.add(*flight, deadline, tag);
  if (id == 0) {
    flights_.close(*flight);
    return std::nullopt;
  }
  flight->next_awaiting = std::exchange((*proof)->awaited_by, flight);
  main_.take_places(flights_.joined_count());
  return id;
}

// If the connection is lost, its entries are no longer vouched for, so there is nothing to prove.
std::optional<Event> NearCache::complete_proof(const Event& event, Flights::Flight& proof) {
  follow_session();
  if (proof_ == &proof) proof_ = nullptr;
  outcome_ = Event{.kind = Event::Kind::completed, .tag = event.tag};
  if (!event.value) {
    if (tracked_) outcome_ = event;
  } else {
    handle_reply_to(proof.request);
    if (proof.rounds_left > 0 && tracked_) {
      --proof.rounds_left;
      const Result<RequestId> request = main_.submit(ping(), never, event.tag);
      if (request) {
        proof.request = *request;
        outcome_.reset();
        return poll_event();
      }
      error_ = request.error();
      outcome_ = Event{.kind = Event::Kind::failed, .tag = event.tag, .error = &error_};
    } else {
      prove_until(staging_of(proof));
    }
  }
  completed_ = &proof;
  return poll_event();
}

// All flights that awaited this proof ask again, whatever its outcome was. They go in front of the
// chain of those that do so already, so that this walks over its own flights only.
void NearCache::end_proof(Flights::Flight& proof) {
  Flights::Flight* last = nullptr;
  for (auto* each = proof.awaited_by; each != nullptr; each = each->next_awaiting) {
    each->asks_again = true;
    last = each;
  }
  if (last == nullptr) return;
  last->next_awaiting = asked_again_;
  asked_again_ = std::exchange(proof.awaited_by, nullptr);
}

void NearCache::ask_again(Flights::Flight& flight) {
  const bool is_proof = flight.question.row == 0;
  if (!is_proof) flights_.end_wait(flight);
  if (flight.waiters == nullptr) {
    flights_.close(flight);
    main_.take_places(flights_.joined_count());
    return;
  }
  if (is_proof) {
    outcome_ = Event{.kind = Event::Kind::completed};
  } else if (!take_from_cache(flight)) {
    CommandView command = CommandView::from_encoded(flight.command);
    command.effect = CommandView::Effect::read;
    const Staged staged = about_to_stage(main_.now());
    const Result<RequestId> request = submit_flight(flight, command);
    if (request) {
      flight.request = *request;
      return note_request(*request, staged);
    }
    error_ = request.error();
    outcome_ = Event{.kind = Event::Kind::failed, .error = &error_};
  }
  completed_ = &flight;
}

bool NearCache::take_from_cache(Flights::Flight& flight) {
  cache::Cache::Reader wanted = reader({.after = flight.ticket.mark});
  wanted.scratch = &replies_;
  wanted.is_counted = true;
  const bool found =
      cache_.visit(wanted, flight.question, main_.now(), [this](std::string_view wire) {
        cached_ = Block::allocate(replies_, wire.size());
        if (cached_) copy_bytes(wire, static_cast<char*>(cached_.data()));
        return static_cast<bool>(cached_);
      });
  if (!found) return false;
  const Result<Value> value = cached_reader_.read(cached_reply());
  if (!value) {
    cached_.reset();  // or keep_reply() would return it as the next caller's reply
    return false;
  }
  outcome_ = Event{.kind = Event::Kind::completed, .value = *value};
  return true;
}

void NearCache::prove_until(const Staged& staged) {
  if (tracked_) cache_.generations().prove(slot_, staged.at, staged.mark);
}

void NearCache::note_request(RequestId id, const Staged& staged) {
  if (!tracked_ || probe_) return;
  probe_ = id;
  probe_staged_ = staged;
}

void NearCache::ask_for_proof(Instant now) {
  asked_at_ = now;
  const RequestId next = main_.staged_until();
  const Staged staged = about_to_stage(now);
  if (!main_.submit_own(ping(), own_proof)) return;
  probe_ = next;
  probe_staged_ = staged;
}

// A probe without a reply proves nothing. The lease may have come due while the probe was under
// way: unless a PING is sent now, poll_timeout() would stay in the past.
void NearCache::give_up_probe() {
  probe_.reset();
  if (main_.now() >= next_proof()) ask_for_proof(main_.now());
}

// After half a lease, so that the proof comes before its end. `asked_at_` counts as well: if there
// is no room for a PING, it is not tried again all the time.
Instant NearCache::next_proof() const {
  if (!tracked_ || probe_) return never;
  const Duration half = cache_.options().coherence_lease / 2;
  return after(std::max(cache_.generations().proved_at(slot_), asked_at_), half);
}

// All invalidations for what happened before the probe was staged have arrived. Broadcasts come
// behind all replies of the server's turn, so with these one more answer must have come.
void NearCache::handle_reply_to(RequestId id) {
  if (!probe_ || id < *probe_) return;
  probe_.reset();
  const Staged before = std::exchange(proved_before_, probe_staged_);
  prove_until(is_broadcast() ? before : probe_staged_);
}

}  // namespace plimsoll
