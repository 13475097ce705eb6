#include "plimsoll/tests/sim/group/hearsay.h"

#include <algorithm>

#include "plimsoll/tests/sim/group/places.h"

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// How long a client lets an announcement outweigh what others say, less what clocks may differ by.
constexpr Duration announcement_time_max = seconds(5) + milliseconds(20);
constexpr Duration announcement_time = seconds(5) - milliseconds(20);

// Attempts of one client at one sentinel. Each attempt at a primary asks them all at once, and
// waits begin small.
constexpr std::size_t attempts_a_second_max = 40;

}  // namespace

void Hearsay::begin(std::size_t first_sentinel) {
  first_sentinel_ = first_sentinel;
  heard_.clear();
  opened_.clear();
  told_.reset();
  said_ = heard_last_ = {};
  announced_last_.reset();
  last_links_ = links_counts_ = {};
  was_late_ = {};
  main_server_.reset();
  astray_until_ = Instant::min();
  state_ = Session::State::idle;
  round_began_at_ = environment_.now();
}

Hearsay::Way Hearsay::way_to(const Action& open) {
  hear_all();
  std::optional<std::size_t> server;
  if (open.told != nullptr) {
    server = server_at(*open.told);
  } else if (open.peer == Peer::sentinel) {
    const std::size_t index = first_sentinel_ + static_cast<std::uint32_t>(open.seed);
    server = group_.first_sentinel() + index % sentinels_count;
  }
  require(server && is_sentinel(*server) == (open.peer == Peer::sentinel) &&
              *server < group_.first_sentinel() + sentinels_count,
          "a client connects to those that sentinels have told, and to sentinels");
  if (!server) return {.server = 0, .attempt = Link::Attempt::is_refused};
  Way way{.server = *server};
  if (!is_sentinel(*server)) {
    if (open.connection == first_connection) check_choice(*server);
    return way;
  }
  const std::size_t index = index_of(*server);
  check_attempts(index);
  if (environment_.now() < cut_until_[index]) way.attempt = Link::Attempt::is_not_answered;
  return way;
}

void Hearsay::check_attempts(std::size_t index) {
  std::deque<Instant>& attempts = attempts_[index];
  attempts.push_back(environment_.now());
  while (attempts.front() + seconds(1) < environment_.now()) attempts.pop_front();
  require(attempts.size() <= attempts_a_second_max,
          "a sentinel is not tried more often than so many times a second");
}

void Hearsay::note_opened(ConnectionId connection, std::uint64_t link, std::size_t server) {
  opened_[link] = {connection, server};
  if (is_sentinel(server)) {
    last_links_[index_of(server)] = link;
    ++links_counts_[index_of(server)];
  }
  if (connection != first_connection) return;
  if (main_server_ && *main_server_ != server) {
    environment_.coverage.count(Deed::primary_left);
  }
  main_server_ = server;
}

bool Hearsay::is_for_reads(std::uint64_t link) const {
  const auto found = opened_.find(link);
  return found != opened_.end() && Replicas::owns(found->second.connection);
}

bool Hearsay::has_heard_of(const std::set<std::string>& histories) const {
  for (const auto& [link, opened] : opened_) {
    if (opened.connection != first_connection) continue;
    for (const std::string& name : group_.reads().histories(link)) {
      if (histories.contains(name)) return true;
    }
  }
  return false;
}

bool Hearsay::is_there(std::uint64_t link) const {
  const auto found = opened_.find(link);
  return found != opened_.end() && driver_.has_link(found->second.connection, link);
}

void Hearsay::note_read(std::uint64_t link, std::size_t bytes) {
  for (const Saying& saying : group_.sayings().read(link, bytes)) heard_.push_back({saying, link});
}

void Hearsay::note_sent(std::uint64_t link, std::size_t bytes) {
  const auto found = opened_.find(link);
  if (found == opened_.end() || bytes == 0) return;
  const std::size_t server = found->second.server;
  if (is_sentinel(server)) {
    said_[index_of(server)].reset();  // it may be asked: then only the answer counts
    return;
  }
  if (Replicas::owns(found->second.connection)) return;
  end_announcement();
  require(!told_ || told_->primary == server,
          "nothing is sent to a server once sentinels have named another one");
}

void Hearsay::note_settled() {
  hear_all();
  follow_state();
  check();
}

// Whether a round of questions has begun, or a connection is there.
void Hearsay::follow_state() {
  const Session::State state = driver_.state();
  const bool has_link = driver_.has_main_link();
  const bool is_left = state == Session::State::opening && had_main_link_ && !has_link;
  had_main_link_ = has_link;
  if (state == state_ && is_left) begin_round();
  if (state == state_) return;
  if (state_ == Session::State::opening) end_round();
  if (state == Session::State::opening) begin_round();
  state_ = state;
  if (state == Session::State::closing || state == Session::State::closed) told_.reset();
}

void Hearsay::hear_all() {
  for (const Heard& heard : heard_) hear(heard);
  heard_.clear();
}

void Hearsay::hear(const Heard& heard) {
  const Saying& saying = heard.saying;
  end_announcement();
  if (state_ == Session::State::closing || state_ == Session::State::closed) return;
  if (!is_there(heard.link)) return;
  const Said said{saying.primary, heard.link, environment_.now()};
  was_late_[index_of(saying.sentinel)] = may_be_late(index_of(saying.sentinel));
  said_[index_of(saying.sentinel)] = heard_last_[index_of(saying.sentinel)] = said;
  environment_.note("client", number_,
                    saying.kind == Saying::Kind::answer ? "hears from % that % is the primary"
                                                        : "hears from % of a switch to %",
                    saying.sentinel, saying.primary);
  if (saying.kind == Saying::Kind::answer) return hear_answer(saying);
  announced_last_ = said;
  count_if_elsewhere(saying.primary, Deed::switch_heard);
  told_ = {.primary = saying.primary,
           .sentinel = saying.sentinel,
           .until = environment_.now() + announcement_time - driver_.clock_step(),
           .is_doubted = false};
}

void Hearsay::hear_answer(const Saying& saying) {
  if (told_ && told_->primary != saying.primary) {
    if (environment_.now() < told_->until && saying.sentinel != told_->sentinel) {
      told_->is_doubted = true;
      return;
    }
    told_.reset();
  }
  if (told_ || may_be_late(index_of(saying.sentinel))) return;
  if (2 * count_naming(saying.primary, said_) <= sentinels_count) return;
  count_if_elsewhere(saying.primary, Deed::majority_heard);
  told_ = {.primary = saying.primary,
           .sentinel = saying.sentinel,
           .until = Instant{},
           .is_doubted = false};
}

void Hearsay::count_if_elsewhere(std::size_t primary, Deed deed) {
  if (main_server_ && *main_server_ != primary) environment_.coverage.count(deed);
}

// Then all votes count again, as far as they are known here.
void Hearsay::end_announcement() {
  if (!told_ || environment_.now() < told_->until) return;
  if (told_->until == Instant{}) {
    // What most have said counts as long as they are there.
    if (2 * count_naming(told_->primary, heard_last_) <= sentinels_count) told_.reset();
    return;
  }
  const bool is_confirmed = 2 * count_naming(told_->primary, said_) > sentinels_count;
  if (told_->is_doubted || !is_confirmed) return told_.reset();
  told_->until = Instant{};
}

std::size_t Hearsay::count_naming(std::size_t primary, const AllSaid& all) const {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const std::optional<Said>& said) {
        return said && said->primary == primary && is_there(said->link);
      }));
}

bool Hearsay::is_round_over() const {
  const Duration patience = driver_.options().connect_timeout / 4 - 2 * driver_.clock_step();
  return environment_.now() >= round_began_at_ + patience ||
         driver_.frozen_until() > round_began_at_;
}

// Whether the client may have given up the question by the time at which it reads the answer.
bool Hearsay::may_be_late(std::size_t index) const {
  const Instant late = std::max(group_.sentinel(index).well_since(), driver_.frozen_until());
  return environment_.scenario.faults.has(Fault::latency) ||
         late + driver_.options().connect_timeout > environment_.now();
}

// Whether a client may count a sentinel as absent that has not answered in this round: it cannot be
// reached, or it did not answer in time when it was asked last.
bool Hearsay::may_be_absent(std::size_t index) const {
  if (was_late_[index]) return true;
  if (cut_until_[index] >= round_began_at_) return true;
  const std::optional<Said>& last = heard_last_[index];
  const bool was_heard = last && last->link == last_links_[index];
  const Instant since = was_heard ? last->at : round_began_at_;
  const Sentinel& sentinel = group_.sentinel(index);
  if (!sentinel.is_well() || sentinel.well_since() >= since) return true;
  if (driver_.frozen_until() >= since) return true;
  if (!was_heard && links_counts_[index] > 1) return true;
  return last_links_[index] != 0 && !is_there(last_links_[index]);
}

void Hearsay::begin_round() { round_began_at_ = environment_.now(); }

void Hearsay::end_round() {
  for (std::size_t i = 0; i < sentinels_count; ++i) {
    was_late_[i] |= !heard_last_[i] || heard_last_[i]->at < round_began_at_;
  }
}

// The client goes to a server. Either a switch to it was announced, or most sentinels name it of
// those that answer in time.
void Hearsay::check_choice(std::size_t primary) {
  end_announcement();
  if (told_) return;  // note_sent() looks at that
  if (environment_.scenario.faults.has(Fault::latency)) return;
  // By the client's clock, an announcement may end later than by ours.
  const Duration latest = announcement_time_max + 2 * driver_.clock_step();
  const bool is_announced = announced_last_ && announced_last_->primary == primary &&
                            environment_.now() <= announced_last_->at + latest;
  if (is_announced) return;
  std::size_t named = 0;
  std::size_t others_named = 0;
  bool is_pending = false;
  for (std::size_t i = 0; i < sentinels_count; ++i) {
    const std::optional<Said>& said = heard_last_[i];
    if (said && said->at >= round_began_at_) {
      // What a sentinel said does not count once it is gone.
      if (said->primary == primary) ++named;
      if (said->primary != primary && is_there(said->link)) ++others_named;
    } else {
      is_pending |= !may_be_absent(i);
    }
  }
  if (2 * named > sentinels_count || is_round_over()) return;
  require(!is_pending, "every sentinel is waited for that may answer, for a while");
  require(named > others_named || is_pending,
          "a client goes where most of the sentinels say that answer");
}

void Hearsay::check_acknowledged(std::size_t server) {
  require(!told_ || told_->primary == server,
          "no write is acknowledged by a server once sentinels have named another one");
}

void Hearsay::check() {
  if (main_server_ && *main_server_ != group_.primary()) astray_until_ = environment_.now();
  end_announcement();
  const bool asks = state_ == Session::State::opening && !driver_.has_main_link();
  if (!asks) return;
  const Instant since = std::max(round_began_at_, driver_.frozen_until());
  const Duration patience =
      driver_.options().connect_timeout / 4 + 3 * driver_.clock_step() + microseconds(1);
  require(environment_.now() <= since + patience,
          "a client waits for sentinels no longer than a quarter of connect_timeout");
}

void Hearsay::cut(std::optional<std::size_t> sentinel, Duration time) {
  for (std::size_t i = 0; i < sentinels_count; ++i) {
    if (!sentinel || *sentinel == i) cut_until_[i] = environment_.now() + time;
  }
}

std::vector<ConnectionId> Hearsay::cut_connections() const {
  std::vector<ConnectionId> connections;
  for (std::size_t i = 0; i < sentinels_count; ++i) {
    if (environment_.now() >= cut_until_[i] || !is_there(last_links_[i])) continue;
    connections.push_back(opened_.at(last_links_[i]).connection);
  }
  return connections;
}

}  // namespace plimsoll::sim
