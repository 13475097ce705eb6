#include "plimsoll/tests/sim/client/cached_reader.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/client/transactor.h"

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint64_t reading_rounds_max = 60;
constexpr Duration pause_max = microseconds(600);  // about a round trip
constexpr const char* own_write_unseen = "a read sees what its client wrote before";
constexpr std::uint64_t popular_keys = 2;

// A bulk string or a null, as a server or the cache says it.
std::optional<std::string> told_by(std::string_view wire) {
  if (!wire.starts_with('$') || wire.starts_with("$-")) return std::nullopt;
  wire.remove_prefix(wire.find('\n') + 1);
  return std::string(wire.substr(0, wire.size() - 2));
}

}  // namespace

void CachedReader::begin_life() {
  asked_.clear();
  last_write_.clear();
  own_versions_.clear();
  told_early_.clear();
  proved_.reset();
  rounds_left_ = 0;
}

// Once begun it goes on for a while: a cache lives by what is asked for again.
void CachedReader::act() {
  const bool is_news = environment().leaning == Leaning::late_news;
  rounds_left_ = random().between(1, is_news ? 2 * reading_rounds_max : reading_rounds_max);
  act_once();
}

void CachedReader::act_once() {
  if (rounds_left_ == 0) return;
  if (--rounds_left_ > 0) {
    desk_.go_on_after(*this, random().between(Duration::zero(), pause_max));
  }
  if (rests()) return;
  if (rounds_left_ % 4 == 0) read_own_name();
  lean();
  if (only_reads()) return read(random().one_in(4) ? draw_staleness() : cache::any_staleness);
  switch (random().below(16)) {
    case 0:
    case 1:
    case 2: return write();
    case 3: return erase();
    case 4: return random().one_in(4) ? flush() : write();
    case 5:
    case 6: return prove();
    case 7: {  // written, and read at once
      write();
      return read(cache::any_staleness);
    }
    default: return read_some();
  }
}

void CachedReader::read_some() {
  for (std::uint64_t left = random().between(1, 6); left > 0; --left) {
    const Duration staleness = draw_staleness();
    const std::uint64_t one_in = environment().leaning == Leaning::late_news ? 2 : 4;
    read(random().one_in(one_in) ? staleness : cache::any_staleness);
  }
}

Place CachedReader::some_place() {
  return {.server = static_cast<std::uint32_t>(driver().server()),
          .database = static_cast<int>(driver().options().database),
          .key = Versions::key(random().one_in(4) ? random().below(Versions::keys_count)
                                                  : random().below(popular_keys))};
}

void CachedReader::write() {
  const Duration timeout = desk_.draw_timeout();
  const bool expires = random().one_in(6);
  const RequestNumber number =
      desk_.enter(*this, deadline_of(timeout), expires ? 0 : 1, "SET of a cached key");
  Asked asked{.what = Asked::What::write, .place = some_place()};
  const std::string time = std::to_string(1 + random().below(400));
  // A right that goes before EXEC leaves out one of the two, which is no transaction's fault.
  const bool may_lose_right = environment().leaning == Leaning::rights;
  const bool is_transaction = !expires && !may_lose_right && random().one_in(4);
  asked.value =
      marked(asked.place.key, is_transaction ? Mark{.number = number, .part = 1, .parts = 2}
                                             : Mark{.number = number});
  const std::array<std::string_view, 5> words{"SET", asked.place.key, asked.value, "PX", time};
  CommandView command;
  command.args = std::span<const std::string_view>(words).first(expires ? 5 : 3);
  EncodedCommands both;
  if (is_transaction) {
    both.add({"MULTI"});
    both.add({"SET", "beside", marked("beside", {.number = number, .part = 0, .parts = 2})});
    both.add({"SET", asked.place.key, asked.value});
    both.add({"EXEC"});
    command = both.request();
  }
  if (!desk_.note_submitted(driver().submit(command, timeout, number), number)) return;
  last_write_[asked.place] = number;
  asked_[number] = std::move(asked);
  driver().settle();
}

void CachedReader::erase() {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 1, "DEL of a cached key");
  const Place place = some_place();
  const std::string mark = marked("", {.number = number});
  const std::array<std::string_view, 3> words{"DEL", place.key, mark};
  CommandView command;
  command.args = words;
  if (!desk_.note_submitted(driver().submit(command, timeout, number), number)) return;
  asked_[number] = {.what = Asked::What::other};
  driver().settle();
}

void CachedReader::flush() {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 0, "FLUSHDB");
  const std::array<std::string_view, 1> words{"FLUSHDB"};
  CommandView command;
  command.args = words;
  if (!desk_.note_submitted(driver().submit(command, timeout, number), number)) return;
  asked_[number] = {.what = Asked::What::other};
  driver().settle();
}

void CachedReader::prove() {
  if (cache_ == nullptr || !driver().has_cache()) return;
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 0, "a proof");
  const cache::Mark mark = cache_->core().next_mark();
  if (!desk_.note_submitted(driver().prove(timeout, number), number)) return;
  asked_[number] = {.what = Asked::What::proof, .since = environment().now(), .mark = mark};
  driver().settle();
}

void CachedReader::go_on() {
  if (proved_) return read_proved();
  if (!desk_.is_calm()) act_once();
}

// What is there was true when the proof was asked for.
void CachedReader::read_proved() {
  const Asked proof = *std::exchange(proved_, std::nullopt);
  for (std::size_t i = 0; i < Versions::keys_count; ++i) {
    Place place = some_place();
    place.key = Versions::key(i);
    if (look_up(place, {.after = proof.mark}, proof.since)) coverage().count(Deed::proved_hit);
  }
}

void CachedReader::read(Duration max_staleness) {
  const Place place = some_place();
  if (cache_ != nullptr && driver().has_cache()) {
    const cache::Freshness fresh = driver().near_cache()->freshness(max_staleness, driver().time());
    if (look_up(place, fresh, true_since(max_staleness))) return;
  }
  send_read(place, max_staleness);
}

// By the world's time. What comes out of a cache whose connection is tracked is as new as what its
// client was told beside, too, and no older than the lease; nor is what is fetched for it.
Instant CachedReader::true_since(Duration max_staleness) {
  if (max_staleness != cache::any_staleness) return environment().now() - max_staleness;
  if (cache_ == nullptr || !driver().has_cache() || !is_tracked()) return Instant::min();
  return std::max(driver().side_delivered_at(),
                  environment().now() - cache_->options().coherence_lease);
}

// Nobody writes it, and each user is told something else.
void CachedReader::read_own_name() {
  if (cache_ == nullptr || !driver().has_cache()) return;
  const commands::Question question = commands::get_of(SharedCache::user_key);
  Told told;
  const bool hit =
      cache_->core().visit(reader(), question, driver().time(), [&](std::string_view wire) {
        told = told_by(wire);
        return true;
      });
  cache_->note_lookup(hit);
  if (hit) {
    coverage().count(Deed::own_name_hit);
    const std::optional<std::string>& user = driver().user();
    require(!cache_->is_trusted() || !user || told == user,
            "what is served was read by the same user", 0);
    return;
  }
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 0, "GET of the own name");
  const std::array<std::string_view, 2> words{"GET", SharedCache::user_key};
  CommandView command;
  command.args = words;
  command.effect = CommandView::Effect::read;
  if (!desk_.note_submitted(driver().submit(command, timeout, number), number)) return;
  asked_[number] = {.what = Asked::What::other};
  driver().settle();
}

cache::Cache::Reader CachedReader::reader() {
  return driver().near_cache()->reader(cache::any_staleness, driver().time());
}

std::uint32_t CachedReader::source() {
  return cache_ != nullptr && driver().has_cache() ? reader().source : cache::Sources::none;
}

bool CachedReader::is_tracked() { return driver().near_cache()->state() != NearCache::State::ttl; }

bool CachedReader::look_up(const Place& place, const cache::Freshness& fresh, Instant since) {
  if (cache_ == nullptr || !driver().has_cache()) return false;
  const cache::Cache::Reader wanted = driver().near_cache()->reader(fresh);
  const commands::Question question = commands::get_of(place.key);
  Told told;
  const bool hit =
      cache_->core().visit(wanted, question, driver().time(), [&](std::string_view wire) {
        told = told_by(wire);
        return true;
      });
  cache_->note_lookup(hit);
  if (!hit) return false;
  coverage().count(is_tracked() ? Deed::cache_hit : Deed::cache_hit_by_time);
  if (cache_->is_trusted()) check_hit(place, told, wanted.source, since);
  return true;
}

std::size_t CachedReader::version_of(const Place& place, const Told& told) {
  const std::size_t version = books().versions.find(place, told);
  require(version != Versions::none, "a cache has only what a server said", 0);
  return version;
}

void CachedReader::check_hit(const Place& place, const Told& told, std::uint32_t source,
                             Instant since) {
  const Instant now = environment().now();
  const std::size_t version = version_of(place, told);
  if (version == Versions::none) return;
  const Instant superseded_at = books().versions.superseded_at(place, version);
  environment().note("client", desk_.user_number(), "finds version % of %, true until %", version,
                     place.key.c_str(), superseded_at.time_since_epoch());
  const SharedCache::Floor floor = cache_->floor(place, source);
  require(version >= floor.written, "what a client of the cache wrote is seen from then on", 0);
  const auto own = last_write_.find(place);
  require(own == last_write_.end() || !asked_.contains(own->second),
          "nothing is served of a key that is being written", 0);
  require(superseded_at >= since, "what is served was true when it had to be", 0);
  check_rights(place, superseded_at);
  const cache::CacheOptions& options = cache_->options();
  if (options.entry_ttl != Duration::zero() && !is_tracked()) {
    require(after(superseded_at, options.entry_ttl) >= now, "nothing is served beyond its time", 0);
    return;
  }
  require(version >= floor.told, "nothing older is served than was told before", 0);
  require(after(superseded_at, options.coherence_lease) >= now,
          "what is served was true within the lease", 0);
  require(after(cache_->heard_at(), options.coherence_lease) >= now,
          "a lookup past its lease misses", 0);
  require(superseded_at >= cache_->vouched_since(), "nothing is served from before a reconnect", 0);
  require(superseded_at >= cache_->heard_until(place.server),
          "nothing is served that all clients of the cache have heard to be outdated", 0);
  if (cache_->is_from_before(place)) coverage().count(Deed::resumed_hit);
  cache_->note_told(place, source, books().versions.find_from(place, told, floor.told));
}

// Since when: a read may join another one of that key that is under way.
Instant CachedReader::asked_since(const Place& place) {
  Instant since = environment().now();
  for (const auto& [number, asked] : asked_) {
    const bool is_read = asked.what == Asked::What::read;
    if (!is_read || asked.place < place || place < asked.place) continue;
    since = std::min(since, asked.asked_at);
  }
  return since;
}

void CachedReader::send_read(const Place& place, Duration max_staleness) {
  const Duration timeout = desk_.draw_timeout();
  const RequestNumber number = desk_.enter(*this, deadline_of(timeout), 0, "GET of a cached key");
  const std::array<std::string_view, 2> words{"GET", place.key};
  CommandView command;
  command.args = words;
  command.effect = CommandView::Effect::read;
  Asked asked{.what = Asked::What::read, .place = place, .since = true_since(max_staleness)};
  asked.source = source();
  asked.asked_at = asked_since(place);
  asked.user = known_user();
  asked.users_before = driver().users_before();
  asked.connected_at = driver().ready_since();
  if (cache_ != nullptr) asked.floor = cache_->floor(place, asked.source);
  if (const auto own = last_write_.find(place); own != last_write_.end()) {
    asked.written_before = own->second;
  }
  const Result<RequestId> id = driver().submit_fresh(max_staleness, command, timeout, number);
  if (!desk_.note_submitted(id, number)) return;
  if (cache_ != nullptr) cache_->note_read(place, driver());
  asked.counts = Fetches::is_waiter_id(*id) && asked.source != cache::Sources::none;
  asked_[number] = std::move(asked);
  driver().settle();
}

void CachedReader::handle_outcome(const Event& event, bool truthful) {
  const auto found = asked_.find(event.tag);
  if (found == asked_.end()) return;
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  const bool is_read = asked.what == Asked::What::read;
  if (is_read && cache_ != nullptr) cache_->note_read(asked.place, driver());
  const bool lacks_right =
      event.error != nullptr && event.error->code == ErrorCode::permission_denied;
  if (is_read && lacks_right && truthful) note_refusal(asked);
  if (!checks(event, truthful)) {
    told_early_.erase(event.tag);
    return;
  }
  switch (asked.what) {
    case Asked::What::read:
      check_read(asked, event);
      if (environment().leaning == Leaning::returns) look_at_once();
      return;
    case Asked::What::write: return note_write(asked, event.tag);
    case Asked::What::proof:
      proved_ = asked;
      look_at_once();
      return desk_.go_on_soon(*this);
    case Asked::What::other: return;
  }
}

bool CachedReader::checks(const Event& event, bool truthful) {
  const bool trusted = cache_ == nullptr || cache_->is_trusted();
  return event.error == nullptr && truthful && trusted;
}

void CachedReader::check_read(const Asked& asked, const Event& event) {
  if (!event.value || event.value->is_error()) return;
  const Told told = event.value->is_null() ? Told() : Told(text_of(*event.value));
  const std::size_t version = version_of(asked.place, told);
  if (version == Versions::none) return;
  const RequestNumber number = event.tag;
  coverage().count(Deed::key_read);
  const auto own = own_versions_.find(asked.written_before);
  require(own == own_versions_.end() || version >= own->second, own_write_unseen, number);
  if (asked_.contains(asked.written_before)) told_early_.emplace(asked.written_before, version);
  require(version >= asked.floor.written,
          "a read sees what clients of its cache were told that they wrote", number);
  const Instant superseded_at = books().versions.superseded_at(asked.place, version);
  require(superseded_at >= asked.since, "a read is as fresh as it had to be", number);
  if (cache_ == nullptr || !driver().has_cache() || !is_tracked()) return;
  require(version >= asked.floor.told, "a read is told nothing older than was told before", number);
  if (!asked.counts) return;
  cache_->note_told(asked.place, asked.source,
                    books().versions.find_from(asked.place, told, asked.floor.told));
}

void CachedReader::note_write(const Asked& asked, RequestNumber number) {
  const std::size_t version = books().versions.find(asked.place, asked.value);
  require(version != Versions::none, "a write that is acknowledged was made", number);
  if (version == Versions::none) return;
  own_versions_[number] = version;
  const auto [first, last] = told_early_.equal_range(number);
  require(std::all_of(first, last, [&](const auto& told) { return told.second >= version; }),
          own_write_unseen, number);
  told_early_.erase(first, last);
  if (cache_ != nullptr && driver().has_cache()) cache_->note_written(asked.place, version);
}

// What another connection has just told is not newer than what the cache has, whoever wrote it.
void CachedReader::note_side_delivery() {
  if (cache_ == nullptr || !driver().has_cache()) return;
  const cache::Freshness fresh =
      driver().near_cache()->freshness(cache::any_staleness, driver().time());
  for (std::uint64_t i = 0; i < popular_keys; ++i) {
    const Place place{.server = static_cast<std::uint32_t>(driver().server()),
                      .database = static_cast<int>(driver().options().database),
                      .key = Versions::key(i)};
    look_up(place, fresh, true_since(cache::any_staleness));
  }
}

void CachedReader::check() {
  if (cache_ != nullptr) cache_->check();
}

}  // namespace plimsoll::sim
