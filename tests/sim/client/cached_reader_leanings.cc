#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/sim/client/cached_reader.h"

// What readers do in worlds that are about their cache, and what has to hold there.

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration news_late_max = milliseconds(60);

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
    case Leaning::none:
    case Leaning::rights:
    case Leaning::crowd: return;
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
  if (environment().leaning != Leaning::late_news || !driver().has_cache()) return;
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
