#include "plimsoll/core/client/near_cache.h"

#include <algorithm>
#include <array>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/written.h"

namespace plimsoll {
namespace {

// Writes beside the main connection whose keys are fenced by name at a time.
constexpr std::size_t beside_max = 256;

// Between two calls that free what expired, where more of that is left than one call frees.
constexpr Duration relief_wait = std::chrono::milliseconds(10);

bool is_invalidation(const Value& push) {
  const auto elements = push.as_elements();
  if (!elements || elements->size() != 2) return false;
  const auto kind = (*elements->begin()).as_bytes();
  return kind && *kind == "invalidate";
}

}  // namespace

NearCache::NearCache(cache::Cache& cache, std::uint32_t slot, std::string_view place,
                     Duration clock_step, Session& main, Account& requests, Account& replies)
    : cache_(cache),
      slot_(slot),
      main_(main),
      requests_(requests),
      replies_(replies),
      place_(cache.digest(place)),
      clock_step_(clock_step),
      flights_(requests),
      cached_reader_(replies),
      writes_(cache, requests),
      waiting_(cache, requests),
      beside_(requests, beside_max) {
  main.ask_user();
  if (cache.options().mode == cache::CacheMode::ttl) state_ = State::ttl;
}

NearCache::~NearCache() {
  if (beside_unknown_) cache_.end_write_of_all();
  while (!beside_.empty()) {
    const Beside& write = beside_.front();
    write.of_all ? cache_.end_write_of_all() : cache_.end_write(write.fence);
    beside_.pop_front();
  }
  leave_source();
  cache_.leave(slot_);
}

// In broadcast mode the server speaks of these keys alone.
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

std::uint32_t NearCache::slot() const { return tracked_ ? slot_ : cache::Generations::untracked; }

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

// None where it is a request like any other: there is no room to remember it.
std::optional<RequestId> NearCache::fetch(const commands::Question& question,
                                          const CommandView& command, Instant now, Instant deadline,
                                          Tag tag, Duration max_staleness) {
  // At the cost of a refusal, not of a fetch: whoever sheds load does so to have less to do.
  if (main_.is_full() && !has_room_to_wait()) return std::nullopt;
  const cache::Freshness fresh = freshness(max_staleness, now);
  std::array<cache::Cache::Ticket::Seen, cache::fetch_keys_max> seen;
  cache::Cache::Ticket ticket = cache_.begin_fetch(question, source(), slot(), now, seen);
  const std::uint64_t hash = Flights::hash_of(question, ticket);
  Flights::Flight* const same = flights_.newest(question, hash, ticket);
  const bool is_alike = same != nullptr && same->ticket.source == ticket.source;
  if (is_alike && may_join(*same, fresh, now)) return join(*same, deadline, tag);
  // It may be fetched behind later requests, then: that is for those alone who ask for proof.
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

// What has not left will run after this call. What has may have run when it left, however long its
// reply takes: it counts as an entry does.
bool NearCache::may_join(const Flights::Flight& flight, const cache::Freshness& fresh,
                         Instant now) const {
  if (flight.waiters == nullptr || flight.has_landed || flight.is_sealed) return false;
  if (!cache_.is_current(flight.ticket)) return false;
  if (has_not_left(flight)) return true;
  if (flight.ticket.mark <= fresh.after) return false;
  const Duration ttl = cache_.options().entry_ttl;
  Duration age_max = tracked_ ? cache_.options().coherence_lease : Duration::max();
  if (ttl != Duration::zero()) age_max = std::min(age_max, ttl);
  const Instant latest = now + clock_step_.value();
  return flight.ticket.began_at >= fresh.since && after(flight.ticket.began_at, age_max) >= latest;
}

// Of one that awaits a proof, that is the proof.
bool NearCache::has_not_left(const Flights::Flight& flight) const {
  if (flight.asks_again) return false;
  const Flights::Flight& sent = flight.awaited == nullptr ? flight : *flight.awaited;
  return !main_.was_exposed(sent.request);
}

std::optional<RequestId> NearCache::join(Flights::Flight& flight, Instant deadline, Tag tag) {
  if (!has_room_to_wait()) return std::nullopt;
  // A proof that has not left counts for whoever has joined until then.
  if (flight.awaited != nullptr && has_not_left(flight)) {
    flight.ticket.mark = cache_.next_mark();
    flight.awaited->ticket.mark = cache_.next_mark();
  }
  const RequestId id = flights_.add(flight, deadline, tag);
  main_.take_places(flights_.joined_count());
  return id == 0 ? std::nullopt : std::optional(id);
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
  // More than can be remembered: until all of them are over.
  if (!remember({.id = id, .fence = {}, .of_all = true})) {
    if (std::exchange(beside_unknown_, true)) return cache_.poison_all();
  }
  cache_.begin_write_of_all();
}

// The connection that is ready now is not the one that was.
void NearCache::begin_generation() {
  end_generation();
  connection_ = main_.counters().connections;
  pushes_skipped_ = main_.counters().pushes_skipped;
  may_ping_ = main_.may_ping();
  enter_source();
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

void NearCache::handle_not_read() {
  if (tracked_) cache_.generations().set_readable(slot_, false);
}

void NearCache::handle_read() {
  if (tracked_) cache_.generations().set_readable(slot_, true);
}

void NearCache::follow_session() {
  const SessionCounters& counters = main_.counters();
  // One that closes vouches for nothing, so no barrier has to wait for what it would prove.
  const bool is_up = main_.state() == Session::State::ready;
  if (!is_up || counters.connections != connection_) end_generation();
  if (counters.pushes_skipped != pushes_skipped_) {
    pushes_skipped_ = counters.pushes_skipped;
    if (tracked_) forget_all();
  }
  const RequestId answered_until = main_.answered_until();
  writes_.end_until(answered_until);
  if (probe_ && *probe_ < answered_until) give_up_probe();
  if (asks_user_) ask_for_user();
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

bool NearCache::handle_push(const Value& push) {
  if (!is_invalidation(push)) return false;
  handle_invalidation(*++push.as_elements()->begin());
  return true;
}

// A null in place of the keys: a database was flushed.
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

std::optional<Event> NearCache::handle_event(const Event& event) {
  if (event.tag == own_user) {
    take_user(event);
    return std::nullopt;
  }
  if (event.error != nullptr) note_refusal(event);
  if (event.tag == own_auth) handle_auth_outcome(event);
  if (event.kind == Event::Kind::ready) begin_generation();
  if (event.kind == Event::Kind::closed) leave_source();
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
  if (event.tag < flight_tag_first || event.tag >= own_tag_first) return event;
  Flights::Flight& flight = Flights::flight_of(event.tag);
  if (flight.question.row == 0) return land_proof(event, flight);
  if (is_part) {
    take_part(event, flight);
    return std::nullopt;
  }
  if (is_reply) handle_reply_to(flight.request);
  return land(event, flight);
}

// The first of those who wait is told now, the others when they are asked for.
std::optional<Event> NearCache::land(const Event& event, Flights::Flight& flight) {
  landed_ = &flight;
  landing_ = event;
  // Also a refusal, and a reply that was skipped: the server has answered.
  const bool is_answer = event.kind == Event::Kind::completed || event.value.has_value() ||
                         event.error->executed == Executed::yes;
  if (is_answer && flight.waiters != nullptr) take_answer(flight, event.value);
  return poll_event();
}

Event NearCache::told(Tag tag) {
  Event event = *landing_;
  event.tag = tag;
  return event;
}

std::optional<Event> NearCache::poll_event() {
  while (landed_ != nullptr || asked_again_ != nullptr) {
    if (landed_ == nullptr) {
      Flights::Flight& next = *asked_again_;
      asked_again_ = next.next_awaiting;
      ask_again(next);
    } else if (const std::optional<Tag> tag = flights_.take_waiter(*landed_)) {
      return told(*tag);
    } else {
      end_proof(*landed_);
      flights_.close(*std::exchange(landed_, nullptr));
      landing_.reset();
      cached_.reset();
      main_.take_places(flights_.joined_count());
    }
  }
  if (const auto ended = flights_.next_ended()) return failed(*ended);
  return std::nullopt;
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

}  // namespace plimsoll
