#include "plimsoll/tests/sim/world.h"

#include <algorithm>

#include "plimsoll/tests/sim/line_options.h"

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Once the faults are over, in simulated time. The longest wait of a client's is for a connection
// of which nobody says that it is dead, and then for the next attempt.
constexpr Duration recovery_time_max = seconds(25);
constexpr Duration drought_time_max = seconds(30);
constexpr Duration leaving_time_max = seconds(10);

// Longer than a page is kept that nobody needs.
constexpr Duration rest_time = (free_page_ticks_max + 3) * budget_tick;

// Long enough for what is on its way.
constexpr Duration quiet_time = milliseconds(500);

// Plans that nobody waits for any more are bounded too: those of timers and of frozen clients.
constexpr std::size_t plans_per_client_max = 20'000;

// More means that some of them only keep each other busy.
constexpr std::uint64_t steps_at_once_max = 100'000;

}  // namespace

World::World(const Scenario& scenario, Trace::Printing printing)
    : environment_(scenario, printing),
      random_(scenario.seed, Random::Purpose::world),
      validate_every_(scenario.size == Scenario::Size::small ? 1 : 4096) {
  const bool tight = scenario.faults.has(Fault::tight_limit);
  const bool shared = random_.percent(tight ? 75 : 50);
  BudgetOptions options = draw_line(random_, scenario.faults);
  // What is short in a drought are replies: with too few segments for requests, those who never
  // rest would keep the others out, and may.
  if (scenario.faults.has(Fault::dry_replies)) {
    options = with_requests_for(shared ? scenario.clients : 1, options);
  }
  if (tight) environment_.coverage.count(Fault::tight_limit);
  environment_.rests = random_.one_in(8);
  for (std::uint32_t i = 0; i < (shared ? 1 : scenario.clients); ++i) {
    lines_.push_back(std::make_unique<WatchedLine>(environment_, i, options));
  }
  for (std::uint32_t i = 0; i < scenario.servers; ++i) {
    servers_.push_back(std::make_unique<Server>(environment_, i));
  }
  Random caches(scenario.seed, Random::Purpose::caches);
  const std::uint64_t drawn = caches.below(3);
  const std::uint64_t most = environment_.leaning == Leaning::returns ? 1 + drawn % 2 : 1;
  for (std::uint64_t left = leans_to_cache() ? most : drawn; left > 0; --left) {
    const auto number = static_cast<std::uint32_t>(caches_.size());
    caches_.push_back(std::make_unique<SharedCache>(environment_, number));
  }
  for (std::uint32_t i = 0; i < scenario.clients; ++i) {
    Budget& budget = lines_[shared ? 0 : i]->budget();
    users_.push_back(std::make_unique<User>(environment_, i, budget, draw_cache(caches)));
  }
  injector_.emplace(environment_, Injector::Targets{servers_, lines_});
}

bool World::leans_to_cache() const { return is_about_a_cache(environment_.leaning); }

SharedCache* World::draw_cache(Random& random) {
  if (leans_to_cache()) {
    // Whoever has none writes what the others hear of late.
    const bool writes = has_writers(environment_.leaning) && users_.size() % 2 == 1;
    return writes ? nullptr : caches_[users_.size() / 2 % caches_.size()].get();
  }
  const std::size_t which = random.below(caches_.size() + 1);
  return which == caches_.size() ? nullptr : caches_[which].get();
}

template <class Done>
bool World::run_until(Instant limit, const Done& done) {
  while (!environment_.referee.violation()) {
    if (done()) return true;
    if (!environment_.schedule.step(limit)) return false;
    check_step();
  }
  return true;
}

void World::run() {
  const auto all = [this](auto holds) {
    return [this, holds] { return std::all_of(users_.begin(), users_.end(), holds); };
  };
  for (const auto& user : users_) user->start();
  injector_->start();
  run_until(Instant{} + environment_.scenario.time_max,
            all([](const auto& user) { return user->is_done(); }));
  if (environment_.referee.violation()) return;

  if (environment_.scenario.faults.has(Fault::dry_replies)) live_through_drought();
  calm_down();
  const auto proved = all([](const auto& user) { return user->client_is_proved(); });
  const auto recovered = [&] { return environment_.ledger.pending_count() == 0 && proved(); };
  run_until(environment_.now() + recovery_time_max, recovered);
  // On a tight line, idle connections of other clients may hold the memory for one more connection.
  const bool lacks_connection = std::any_of(
      users_.begin(), users_.end(), [](const auto& user) { return user->waits_for_connection(); });
  if (lacks_connection) run_until(environment_.now() + side_connection_idle_max, recovered);
  environment_.referee.require(environment_.ledger.pending_count() == 0,
                               "once the faults are over, every request ends", "request",
                               environment_.ledger.some_pending());
  require(proved(), "once the faults are over, every client works");
  if (environment_.referee.violation()) return;

  run_until(environment_.now() + quiet_time, [] { return false; });
  check_quiet();
  if (environment_.rests) rest();
  for (const auto& user : users_) user->leave();
  const auto gone = all([](const auto& user) { return user->has_left(); });
  run_until(environment_.now() + leaving_time_max, gone);
  require(gone(), "a client that is closed ends");
  if (environment_.referee.violation()) return;
  for (const auto& line : lines_) line->check_idle();
}

// Replies come one at a time, by the progress reserve, and those of some clients never cease to.
void World::live_through_drought() {
  environment_.note("world", 0, "all is well, but that there is no memory for replies");
  environment_.drought = true;
  environment_.calm = true;
  environment_.network.calm_down(Pipe::Pieces::as_before);
  for (const auto& server : servers_) server->calm_down();
  injector_->calm_down();
  for (const auto& user : users_) user->release_all();
  injector_->begin_drought();
  for (const auto& user : users_) user->prove_client();
  const auto live_on = [this] {
    return std::all_of(users_.begin(), users_.end(),
                       [](const auto& user) { return user->lives_on(); });
  };
  run_until(environment_.now() + drought_time_max, live_on);
  require(live_on(), "without memory for replies, every client gets the reserve in its turn");
  environment_.drought = false;
}

// Free pages are not kept for ever. Clients see to that, as long as there are any.
void World::rest() {
  const bool any = std::any_of(users_.begin(), users_.end(),
                               [](const auto& user) { return user->driver().has_client(); });
  if (!any) return;
  // Who saw to it may have ended: whoever does something next takes it over.
  for (const auto& user : users_) user->stir();
  // What a lost connection still brings to a server may be news for others: then they begin anew.
  for (Instant begin = Instant::min(); begin < last_news();) {
    begin = environment_.now();
    run_until(begin + rest_time, [] { return false; });
  }
  for (const auto& line : lines_) line->check_rested(users_);
}

Instant World::last_news() const {
  Instant last{};
  for (const auto& user : users_) last = std::max(last, user->driver().heard_at());
  return last;
}

void World::calm_down() {
  environment_.note("world", 0, "the faults are over");
  environment_.calm = true;
  environment_.network.calm_down();
  for (const auto& server : servers_) server->calm_down();
  injector_->calm_down();
  for (const auto& user : users_) user->prove_client();
}

void World::check_step() {
  const std::uint64_t steps = environment_.schedule.steps();
  require(environment_.schedule.steps_at_once() < steps_at_once_max, "nobody goes in circles");
  for (const auto& user : users_) user->driver().check_news_of_room();
  for (const auto& line : lines_) line->check_step(users_);
  if (steps % 64 == 0 || validate_every_ == 1) {
    for (const auto& line : lines_) line->check_accounts(users_);
    for (const auto& user : users_) user->check();
    require(environment_.schedule.size() <= plans_per_client_max * users_.size(),
            "the number of plans is bounded");
  }
  if (steps % validate_every_ == 0) {
    for (const auto& user : users_) user->driver().validate();
    for (const auto& line : lines_) line->validate();
  }
}

// Everybody is there, and nobody does anything.
void World::check_quiet() {
  const bool quiet = std::all_of(users_.begin(), users_.end(),
                                 [](const auto& user) { return user->driver().is_quiet(); });
  if (!quiet) return;  // a health check is on its way
  for (const auto& user : users_) user->check_quiet();
  for (const auto& line : lines_) line->check_quiet(users_);
}

}  // namespace plimsoll::sim
