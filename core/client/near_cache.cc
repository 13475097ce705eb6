#include "plimsoll/core/client/near_cache.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/written.h"
#include "plimsoll/core/resp/wire_value.h"

// More than 500 lines, because reads, replies, invalidations and proofs all change the same fetches
// and the same generation.
//
// A proof that a caller asked for (open_proof()) is a fetch whose request is a PING. Callers join
// it until its PING is sent, so one PING serves all callers that ask at about the same time.

namespace plimsoll::inline v0 {

using Keep = cache::Cache::Keep;

namespace {

// The most keys that are fenced one by one for writes on side connections. Beyond it all keys are
// fenced.
constexpr std::size_t side_writes_max = 256;

// How long to wait before erasing entries again, if one call did not erase all that are due.
constexpr Duration relief_wait = std::chrono::milliseconds(10);

bool is_invalidation(const Value& push) {
  const auto elements = push.as_elements();
  if (!elements || elements->size() != 2) return false;
  const auto kind = (*elements->begin()).as_bytes();
  return kind && *kind == "invalidate";
}

constexpr std::string_view encoded_ping = "*1\r\n$4\r\nPING\r\n";

constexpr Error no_memory{
    .code = ErrorCode::rejected_by_limit,
    .what = "the requests pool has no memory for a call that waits for a proof"};

CommandView ping() { return CommandView::from_encoded(encoded_ping); }

}  // namespace

NearCache::NearCache(cache::Cache& cache, std::uint32_t member, std::string_view place,
                     Duration clock_step, Session& main, Account& requests, Account& replies)
    : cache_(cache),
      member_(member),
      main_(main),
      requests_(requests),
      replies_(replies),
      clock_step_(clock_step),
      fetches_(requests),
      source_(cache, main, fetches_, place),
      cached_reader_(replies),
      writes_(cache, requests),
      waiting_(cache, requests),
      side_writes_(requests, side_writes_max) {
  if (cache.options().mode == cache::CacheMode::ttl) state_ = State::ttl;
}

NearCache::~NearCache() {
  if (side_writes_unknown_) cache_.end_write_of_all();
  while (!side_writes_.empty()) {
    const SideWrite& write = side_writes_.front();
    write.of_all ? cache_.end_write_of_all() : cache_.end_write(write.fence);
    side_writes_.pop_front();
  }
  source_.leave();
  cache_.leave(member_);
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
                 .value = main_.in_flight() + fetches_.joined_count(),
                 .limit = main_.options().inflight_requests_limit};
  }
  const Result<Fetches::Fetch*> proof = open_proof(now);
  if (!proof) return proof.error();
  const RequestId id = fetches_.add(**proof, deadline, tag);
  main_.take_places(fetches_.joined_count());
  return id == 0 ? Result<RequestId>(no_memory) : id;
}

void NearCache::note_side_request(const CommandView& command, RequestId id) {
  const auto remember = [&](const SideWrite& write) {
    return side_writes_.push_back(write) == Queue<SideWrite>::Push::accepted;
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
  // The command may write any key, or there is no room to remember its keys. So all keys are fenced
  // until it is over; without room even for its id, until no side connection has a request.
  if (!remember({.id = id, .fence = {}, .of_all = true})) {
    if (std::exchange(side_writes_unknown_, true)) return cache_.poison_all();
  }
  cache_.begin_write_of_all();
}

std::optional<Event> NearCache::poll_event() {
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
      main_.take_places(fetches_.joined_count());
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
    if (is_reply && probe_) handle_reply_to(*probe_);
    return std::nullopt;
  }
  if (!tags::is_fetch(event.tag)) return event;
  Fetches::Fetch& fetch = Fetches::fetch_of(event.tag);
  if (fetch.question.row == 0) return complete_proof(event, fetch);
  if (is_part) {
    take_part(event, fetch);
    return std::nullopt;
  }
  if (is_reply) handle_reply_to(fetch.request);
  return complete_fetch(event, fetch);
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

void NearCache::follow_side_connections(const SideConnections& sides) {
  if (side_writes_.empty() && !side_writes_unknown_) return;
  side_writes_.erase_if([&](const SideWrite& write) {
    if (!sides.is_answered(write.id)) return false;
    write.of_all ? cache_.end_write_of_all() : cache_.end_write(write.fence);
    return true;
  });
  if (side_writes_unknown_ && sides.none_is_under_way()) {
    side_writes_unknown_ = false;
    cache_.end_write_of_all();
  }
}

void NearCache::handle_not_read() {
  if (tracked_) cache_.generations().set_readable(member_, false);
}

void NearCache::handle_read() {
  if (tracked_) cache_.generations().set_readable(member_, true);
}

void NearCache::handle_timeout(Instant now) {
  clock_step_.note(now);
  fetches_.handle_timeout(now);
  if (now >= next_proof()) ask_for_proof(now);
  has_to_relieve_ = cache_.relieve(now);
  relieved_at_ = now;
}

Instant NearCache::poll_timeout() const {
  const Instant soon = std::max(after(relieved_at_, relief_wait), main_.now());
  const Instant relief = has_to_relieve_ ? soon : std::max(cache_.next_expiry(), soon);
  const bool is_relieved = !has_to_relieve_ && cache_.next_expiry() == never;
  return std::min({fetches_.next_deadline(), next_proof(), is_relieved ? never : relief});
}

// Whether the server sends invalidations for the key. In broadcast mode it does so only for keys
// with the prefixes of the options.
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

// Returns nothing if there is no room to remember the fetch; the read is then submitted like any
// other request.
std::optional<RequestId> NearCache::fetch(const commands::Question& question,
                                          const CommandView& command, Instant now, Instant deadline,
                                          Tag tag, Duration max_staleness) {
  // Checked first, because the pipeline is overloaded and a rejected read should cost less than a
  // fetch.
  if (main_.is_full() && !has_room_to_wait()) return std::nullopt;
  const cache::Freshness fresh = freshness(max_staleness, now);
  std::array<cache::Cache::Ticket::Seen, cache::fetch_keys_max> seen;
  cache::Cache::Ticket ticket = cache_.begin_fetch(question, source_.number(), member(), now, seen);
  const std::uint64_t hash = Fetches::hash_of(question, ticket);
  Fetches::Fetch* const same = fetches_.newest(question, hash, ticket);
  const bool is_alike = same != nullptr && same->ticket.source == ticket.source;
  if (is_alike && may_join(*same, fresh, now)) return join(*same, deadline, tag);
  // Only a read that asks for freshness awaits a proof, because its fetch may then be sent behind
  // later requests.
  if (max_staleness != cache::any_staleness && tracked_ && has_room_to_wait() &&
      cache_.has(question, ticket.source, ticket.stamp, now)) {
    const auto id = await_proof(question, hash, ticket, command, now, deadline, tag);
    if (id) return id;
  }
  if (state_ != State::ttl && !tracked_) ticket.is_storable = false;
  Fetches::Fetch* const fetch = fetches_.open(question, hash, ticket);
  if (fetch == nullptr) return std::nullopt;
  const RequestId id = fetches_.add(*fetch, deadline, tag);
  const Result<RequestId> request = id == 0 ? Error{} : submit_fetch(*fetch, command);
  if (!request) {
    while (fetches_.take_waiter(*fetch)) {
    }
    fetches_.close(*fetch);
    return std::nullopt;  // Session::submit() will return the error
  }
  fetch->request = *request;
  note_request(*request, staging_of(*fetch));
  return id;
}

Result<RequestId> NearCache::submit_fetch(Fetches::Fetch& fetch, const CommandView& command) {
  const bool opts_in = main_.options().tracking.method == TrackingOptions::Method::opt_in;
  fetch.asked.opts_in = opts_in && tracked_;
  if (cache_.options().server_ttl_cap) {
    fetch.asked.expiries_count = static_cast<std::uint8_t>(fetch.ticket.keys.size());
  }
  const Tag tag = Fetches::tag_of(fetch);
  if (fetch.asked.answers() == 1) return main_.submit_owed(command, never, tag);
  const Block all = encode_fetch(fetch.asked, fetch.question, command, requests_);
  if (!all) return Error{};
  CommandView request =
      CommandView::from_encoded({static_cast<const char*>(all.data()), all.size()});
  request.answers = fetch.asked.answers();
  request.effect = command.effect;
  return main_.submit_owed(request, never, tag);
}

// Whether no byte of the fetch's request was sent. For a fetch that awaits a proof, the request is
// the proof's.
bool NearCache::has_not_left(const Fetches::Fetch& fetch) const {
  if (fetch.asks_again) return false;
  const Fetches::Fetch& sent = fetch.awaited == nullptr ? fetch : *fetch.awaited;
  return !main_.was_exposed(sent.request);
}

// A request that was not sent yet will run after this call, so a read may join it. A request that
// was sent may have run at once, however late its reply comes. So its age counts, as the age of an
// entry does.
bool NearCache::may_join(const Fetches::Fetch& fetch, const cache::Freshness& fresh,
                         Instant now) const {
  if (fetch.waiters == nullptr || fetch.is_completed || fetch.is_sealed) return false;
  if (!cache_.is_current(fetch.ticket)) return false;
  if (has_not_left(fetch)) return true;
  if (fetch.ticket.mark <= fresh.after) return false;
  const Duration ttl = cache_.options().entry_ttl;
  Duration age_max = tracked_ ? cache_.options().coherence_lease : Duration::max();
  if (ttl != Duration::zero()) age_max = std::min(age_max, ttl);
  const Instant latest = now + clock_step_.value();
  return fetch.ticket.began_at >= fresh.since && after(fetch.ticket.began_at, age_max) >= latest;
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
  main_.take_places(fetches_.joined_count());
  return id == 0 ? std::nullopt : std::optional(id);
}

bool NearCache::has_room_to_wait() const {
  const std::size_t places = main_.options().inflight_requests_limit;
  return main_.in_flight() + fetches_.joined_count() < places;
}

std::uint32_t NearCache::member() const {
  return tracked_ ? member_ : cache::Generations::untracked;
}

// Called when a connection has become ready.
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
  cache_.generations().end(member_);
  has_to_relieve_ = true;
}

bool NearCache::handle_push(const Value& push) {
  if (!is_invalidation(push)) return false;
  handle_invalidation(*++push.as_elements()->begin());
  return true;
}

// A null in place of the keys means that a database was flushed.
void NearCache::handle_invalidation(const Value& keys) {
  const auto elements = keys.as_elements();
  if (!elements) return forget_all();
  std::array<char, 512> joined;  // for a key that crosses buffers
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
    fetches_.update_tickets(cache_, cache_.invalidate(name));
  }
}

void NearCache::forget_all() {
  fetches_.update_tickets(cache_, cache_.invalidate_all(member_));
  has_to_relieve_ = true;
}

// Handles an answer that comes before the reply itself. If CLIENT CACHING fails, the read is not
// tracked, so its reply is not stored. PTTL returns the milliseconds that are left, -1 if the key
// does not expire, -2 if it does not exist, or an error if the user may not call PTTL or the server
// does not know it. Unless it is a time, only entry_ttl limits the entry.
void NearCache::take_part(const Event& event, Fetches::Fetch& fetch) {
  const std::optional<std::size_t> number = fetch.asked.expiry_asked(event.answers_owed);
  if (!number) {
    if (event.error != nullptr) fetch.ticket.is_storable = false;
    return;
  }
  cache::Cache::Ticket::Seen& key = fetch.ticket.keys[*number];
  key.has_expiry = true;
  const Result<std::int64_t> left = event.value->as_integer();
  if (!left || *left < 0) return;
  // Counts from the time before PTTL was sent, so that the entry expires too early rather than too
  // late.
  const auto left_max = std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max());
  const auto time = std::chrono::milliseconds(std::min<std::int64_t>(*left, left_max.count()));
  key.expires_at = after(fetch.ticket.began_at, time);
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
  const bool is_kept =
      value && !value->is_error() && (!value->is_null() || cache_.options().cache_nil);
  keep(fetch.ticket, fetch.question, value ? &*value : nullptr,
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
  if (ticket.source != source_.number()) keep = Keep::no;  // perhaps read by another user
  const auto changes =
      cache_.complete_fetch(ticket, question, main_.now(), keep, bytes, [&](char* out) {
        if (value != nullptr) write_wire(*value, out);
      });
  // Fetches still under way on this connection are answered later, so their replies are newer.
  for (const auto& change : std::span(changes.keys).first(changes.count)) {
    fetches_.update_tickets(cache_, change);
  }
}

Event NearCache::delivered(Tag tag) {
  Event event = *outcome_;
  event.tag = tag;
  return event;
}

Event NearCache::failed(const Fetches::EndedWaiter& ended) {
  const bool timed_out = ended.why == Fetches::Waiter::State::timed_out;
  const bool is_proof = ended.fetch->question.row == 0;
  const bool is_sent = !is_proof && main_.was_exposed(ended.fetch->request);
  error_ = {.code = timed_out ? ErrorCode::timed_out : ErrorCode::cancelled,
            .executed = is_sent ? Executed::maybe : Executed::no,
            .what = timed_out ? main_.deadline_passed() : "the request was cancelled"};
  if (ended.was_last) {
    if (ended.fetch == proof_) proof_ = nullptr;
    main_.cancel(ended.fetch->request);
  }
  return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &error_};
}

bool NearCache::is_broadcast() const {
  return main_.options().tracking.method == TrackingOptions::Method::broadcast;
}

Result<Fetches::Fetch*> NearCache::open_proof(Instant now) {
  if (proof_ != nullptr && !main_.was_exposed(proof_->request)) {
    proof_->ticket.began_at = std::max(proof_->ticket.began_at, now);
    proof_->ticket.mark = cache_.next_mark();
    return proof_;
  }
  cache::Cache::Ticket ticket;
  ticket.began_at = now;
  ticket.mark = cache_.next_mark();
  Fetches::Fetch* const proof = fetches_.open({}, Fetches::hash_of({}, ticket), ticket);
  if (proof == nullptr) return no_memory;
  if (!tracked_) {
    proof->next_awaiting = std::exchange(asked_again_, proof);
    return proof;
  }
  const Result<RequestId> request = main_.submit(ping(), never, Fetches::tag_of(*proof));
  if (!request) {
    fetches_.close(*proof);
    return request.error();
  }
  proof->request = *request;
  proof->rounds_left = is_broadcast() ? 1 : 0;
  proof_ = proof;
  return proof;
}

// Returns nothing if there is no room to await a proof.
std::optional<RequestId> NearCache::await_proof(const commands::Question& question,
                                                std::uint64_t hash,
                                                const cache::Cache::Ticket& ticket,
                                                const CommandView& command, Instant now,
                                                Instant deadline, Tag tag) {
  const Result<Fetches::Fetch*> proof = open_proof(now);
  if (!proof) return std::nullopt;
  Fetches::Fetch* const fetch = fetches_.open(question, hash, ticket, &command);
  if (fetch == nullptr) return std::nullopt;
  fetches_.begin_wait(*fetch, **proof);
  const RequestId id = fetches_.add(*fetch, deadline, tag);
  if (id == 0) {
    fetches_.close(*fetch);
    return std::nullopt;
  }
  fetch->next_awaiting = std::exchange((*proof)->awaited_by, fetch);
  main_.take_places(fetches_.joined_count());
  return id;
}

// If the connection was lost, its entries are out of reach, so there is nothing to prove and the
// proof succeeds.
std::optional<Event> NearCache::complete_proof(const Event& event, Fetches::Fetch& proof) {
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

// All fetches that awaited this proof ask again, whatever its outcome was. They are put in front of
// the chain `asked_again_`, so that this walks only over the fetches of this proof.
void NearCache::end_proof(Fetches::Fetch& proof) {
  Fetches::Fetch* last = nullptr;
  for (auto* each = proof.awaited_by; each != nullptr; each = each->next_awaiting) {
    each->asks_again = true;
    last = each;
  }
  if (last == nullptr) return;
  last->next_awaiting = asked_again_;
  asked_again_ = std::exchange(proof.awaited_by, nullptr);
}

void NearCache::ask_again(Fetches::Fetch& fetch) {
  const bool is_proof = fetch.question.row == 0;
  if (!is_proof) fetches_.end_wait(fetch);
  if (fetch.waiters == nullptr) {
    fetches_.close(fetch);
    main_.take_places(fetches_.joined_count());
    return;
  }
  if (is_proof) {
    outcome_ = Event{.kind = Event::Kind::completed};
  } else if (!take_from_cache(fetch)) {
    CommandView command = CommandView::from_encoded(fetch.command);
    command.effect = CommandView::Effect::read;
    const Staged staged = about_to_stage(main_.now());
    const Result<RequestId> request = submit_fetch(fetch, command);
    if (request) {
      fetch.request = *request;
      return note_request(*request, staged);
    }
    error_ = request.error();
    outcome_ = Event{.kind = Event::Kind::failed, .error = &error_};
  }
  completed_ = &fetch;
}

bool NearCache::take_from_cache(Fetches::Fetch& fetch) {
  cache::Cache::Reader wanted = reader({.after = fetch.ticket.mark});
  wanted.scratch = &replies_;
  wanted.is_counted = true;
  const bool found =
      cache_.visit(wanted, fetch.question, main_.now(), [this](std::string_view wire) {
        cached_ = Block::allocate(replies_, wire.size());
        if (cached_) copy_bytes(wire, static_cast<char*>(cached_.data()));
        return static_cast<bool>(cached_);
      });
  if (!found) return false;
  const Result<Value> value = cached_reader_.read(cached_reply());
  if (!value) {
    cached_.reset();  // otherwise keep_reply() would return these bytes as the next caller's reply
    return false;
  }
  outcome_ = Event{.kind = Event::Kind::completed, .value = *value};
  return true;
}

void NearCache::prove_until(const Staged& staged) {
  if (tracked_) cache_.generations().prove(member_, staged.at, staged.mark);
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
  if (!main_.submit_internal(ping(), internal_proof)) return;
  probe_ = next;
  probe_staged_ = staged;
}

// Ends a probe whose reply will not come, which proves nothing. The next proof may have become due
// while the probe was under way: without a PING now, poll_timeout() would return a past time again
// and again.
void NearCache::give_up_probe() {
  probe_.reset();
  if (main_.now() >= next_proof()) ask_for_proof(main_.now());
}

// Half a lease after the last proof, so that the next proof comes before the lease ends.
// `asked_at_` counts as well: if there is no room for a PING, the next attempt waits as long.
Instant NearCache::next_proof() const {
  if (!tracked_ || probe_) return never;
  const Duration half = cache_.options().coherence_lease / 2;
  return after(std::max(cache_.generations().proved_at(member_), asked_at_), half);
}

// The reply shows that all invalidations for changes before the probe was staged have arrived.
// Broadcasts come behind all replies of the server's turn of its event loop, so with them this
// reply proves only what happened before the previous probe was staged.
void NearCache::handle_reply_to(RequestId id) {
  if (!probe_ || id < *probe_) return;
  probe_.reset();
  const Staged before = std::exchange(proved_before_, probe_staged_);
  prove_until(is_broadcast() ? before : probe_staged_);
}

}  // namespace plimsoll::inline v0
