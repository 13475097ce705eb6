#include <algorithm>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/sim/client/cached_reader.h"

// What readers do in worlds that are about their cache, and what has to hold there.

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration news_late_max = milliseconds(60);
constexpr Duration just_back = milliseconds(1);

}  // namespace

void CachedReader::lean() {
  if (desk_.is_calm()) return;
  switch (environment().leaning) {
    case Leaning::late_news:
      if (random().one_in(6)) driver().hold_news(random().between(Duration(1), news_late_max));
      if (random().one_in(3)) desk_.act_beside();
      if (random().one_in(4)) prove();
      return;
    case Leaning::masks:
      // What was asked for by the one is brought to the other by the next connection.
      read_own_name();
      if (!random().one_in(4)) return;
      desk_.become_another();
      if (random().one_in(2)) driver().lose_connection();
      return;
    case Leaning::returns: return come_and_go();
    case Leaning::none:
    case Leaning::rights:
    case Leaning::crowd: return;
  }
}

// Whoever asks for a key meanwhile has it fetched, and then it does not matter what was kept; nor
// where all keys change all the time.
bool CachedReader::rests() {
  if (environment().leaning != Leaning::returns || desk_.is_calm()) return false;
  if (cache_ != nullptr && !driver().is_ready()) return !random().one_in(6);
  return (cache_ == nullptr || waits_for_reads()) && !random().one_in(4);
}

bool CachedReader::waits_for_reads() const {
  return std::any_of(asked_.begin(), asked_.end(),
                     [](const auto& each) { return each.second.what == Asked::What::read; });
}

bool CachedReader::only_reads() {
  if (environment().leaning != Leaning::returns || desk_.is_calm()) return false;
  return cache_ != nullptr && !random().one_in(8);
}

// What was on its way is lost with the connection, and now and then the next one is lost before the
// server has told what was missed.
void CachedReader::come_and_go() {
  if (cache_ == nullptr || !driver().has_cache()) return;
  look_at_all();
  if (random().one_in(16)) driver().hold_news(random().between(Duration(1), news_late_max / 4));
  const bool is_new = environment().now() < after(driver().ready_since(), just_back);
  const std::uint64_t one_in = waits_for_reads() ? 24 : 6;
  // Now and then, what is asked for last does not arrive, and is asked for again.
  if (random().one_in(12)) read(cache::any_staleness);
  if (random().one_in(is_new ? 4 : one_in)) driver().lose_connection();
  if (random().one_in(8)) prove();
}

void CachedReader::look_at_all() {
  for (std::size_t i = 0; i < Versions::keys_count; ++i) {
    const Place place{.server = static_cast<std::uint32_t>(driver().server()),
                      .database = static_cast<int>(driver().options().database),
                      .key = Versions::key(i)};
    const Duration staleness = random().one_in(2) ? draw_staleness() : cache::any_staleness;
    if (staleness == Duration::zero()) continue;
    const cache::Freshness fresh = driver().near_cache()->freshness(staleness, driver().time());
    look_up(place, fresh, true_since(staleness));
  }
}

// Who wants what is true now has it fetched, and so nobody joins a fetch that has stalled. What is
// not much more than a step of the clock shows whether that is reckoned with.
Duration CachedReader::draw_staleness() {
  const bool is_news = environment().leaning == Leaning::late_news;
  if (random().one_in(is_news ? 12 : 2)) return Duration::zero();
  const Duration staleness = microseconds(random().skewed(50'000));
  return is_news && random().one_in(2) ? driver().clock_step() + staleness / 8 : staleness;
}

// Behind a reply that proves what the cache has, and before whatever the server has said since.
void CachedReader::look_at_once() {
  if (!has_writers(environment().leaning) || !driver().has_cache()) return;
  for (std::size_t i = 0; i < Versions::keys_count; ++i) {
    const Place place{.server = static_cast<std::uint32_t>(driver().server()),
                      .database = static_cast<int>(driver().options().database),
                      .key = Versions::key(i)};
    const Duration staleness = draw_staleness();
    if (staleness == Duration::zero()) continue;
    const cache::Freshness fresh = driver().near_cache()->freshness(staleness, driver().time());
    look_up(place, fresh, true_since(staleness));
  }
}

// Who the server takes the connection for; nobody, while that may change before it is asked.
std::string CachedReader::known_user() {
  const bool is_certain = driver().is_ready() && !environment().scenario.memory_is_short();
  return is_certain ? driver().user().value_or("") : "";
}

// The user was refused after that was asked for, and may have read since then only what was there
// when the right had been given back.
void CachedReader::check_rights(const Place& place, Instant superseded_at) {
  const std::optional<std::string>& user = driver().user();
  if (!user) return;
  const std::optional<Instant> refused_at = cache_->refused_at(place.server, *user);
  if (!refused_at) return;
  const Instant given_at = books().rights.given_after(place.server, *user, *refused_at);
  require(given_at != never, "nothing is served to a user who was told that it may not be read", 0);
  require(superseded_at >= given_at, "what is served was read since that was allowed again", 0);
  coverage().count(Deed::right_regained);
}

void CachedReader::note_refusal(const Asked& asked) {
  if (cache_ == nullptr || !driver().has_cache() || asked.source == cache::Sources::none) return;
  if (environment().leaning != Leaning::rights || asked.user.empty()) return;
  // Somebody else may have been refused: what waits for a proof is sent later than it was asked
  // for.
  if (asked.connected_at != driver().ready_since()) return;
  if (asked.users_before != driver().users_before()) return;
  coverage().count(Deed::right_refused);
  cache_->note_refused(asked.place.server, asked.user, asked.asked_at);
}

}  // namespace plimsoll::sim
