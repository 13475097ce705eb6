#include "plimsoll/tests/sim/group/caller.h"

#include <algorithm>
#include <span>
#include <utility>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/group/places.h"

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t group_cache_bytes = 64 * 1024;
constexpr std::size_t group_cache_line_bytes = 4 * 1024 * 1024;
constexpr Duration pause_between_lives_max = milliseconds(50);
constexpr Duration proof_pause = milliseconds(100);
constexpr Duration proof_timeout = seconds(2);

// Of a bulk string, as a server or the cache says it, or of the first in an array.
std::uint64_t write_in(std::string_view wire) {
  if (wire.starts_with('*')) wire.remove_prefix(wire.find('\n') + 1);
  if (!wire.starts_with('$') || wire.starts_with("$-")) return 0;
  wire.remove_prefix(wire.find('\n') + 1);
  return mark_of(wire).number;
}

std::string key_of(std::uint32_t caller, std::size_t key) {
  return std::string(1, static_cast<char>('a' + caller)) + std::to_string(key);
}

}  // namespace

Caller::Habits::Habits(Random& random)
    : pause_max(milliseconds(random.between(5, 400))),
      batch_max(random.between(1, 4)),
      has_cache(random.one_in(2)),
      subscribes(random.one_in(2)) {}

Caller::Caller(Environment& environment, std::uint32_t number, Group& group, Budget& budget)
    : environment_(environment),
      number_(number),
      group_(group),
      budget_(budget),
      random_(environment.scenario.seed, Random::Purpose::caller, number),
      habits_(random_),
      sentinel_options_{.primary_name = group_name},
      driver_(environment, number, *this),
      hearsay_(environment, number, group, driver_) {
  driver_.follow(hearsay_);
  Random of_reader(environment.scenario.seed, Random::Purpose::reader, number);
  if (habits_.has_cache ? of_reader.one_in(2) : !of_reader.one_in(4)) {
    reader_.emplace(environment, number, group, driver_, hearsay_);
    driver_.read_from_replicas(reader_->options());
  }
  if (habits_.has_cache) make_cache();
}

Caller::~Caller() = default;

void Caller::make_cache() {
  cache::CacheOptions options{
      .bytes_max = group_cache_bytes, .mode = cache::CacheMode::tracking, .seed = random_.next()};
  // So that one bound holds for what is read at the primary and at replicas.
  if (reader_)
    options.coherence_lease = std::min(options.coherence_lease, reader_->options().lag_max);
  cache_budget_.emplace(BudgetOptions{.memory_limit = group_cache_line_bytes}, cache_memory_);
  cache_.emplace(options, cache::Cache::take_memory(*cache_budget_, options).value());
}

void Caller::start() {
  environment_.schedule.plan(random_.between(Duration::zero(), pause_between_lives_max), *this,
                             begin);
}

void Caller::handle(std::uint32_t what, std::uint64_t) {
  switch (static_cast<Plan>(what)) {
    case begin: return begin_life();
    case act: act_planned_ = false; return act_once();
    case prove_again: return ask_for_proof();
  }
}

bool Caller::strikes(Fault fault, std::uint64_t one_in) {
  if (!has(fault) || !random_.one_in(one_in)) return false;
  environment_.coverage.count(fault);
  return true;
}

ClientOptions Caller::draw_options() {
  ClientOptions options;
  options.client_name = "sim";
  options.random_seed = random_.next();
  options.sentinel = &sentinel_options_;
  options.seeds_count = static_cast<std::uint8_t>(random_.between(1, Group::sentinels_count));
  options.read_resends_max = random_.one_in(3) ? 1 : 0;
  if (cache_) {
    options.tracking.method = TrackingOptions::Method::all_reads;
    options.tracking.required = true;
  }
  if (reader_) options.inflight_requests_limit = reader_->inflight_requests_limit();
  if (environment_.calm) return options;
  options.connect_timeout = random_.between(milliseconds(500), seconds(4));
  options.reconnect_wait_min = random_.between(milliseconds(1), milliseconds(20));
  options.reconnect_wait_max = random_.between(milliseconds(200), seconds(2));
  options.health_check_interval = milliseconds(20 + random_.skewed(6000));
  options.tombstone_age_max = milliseconds(100 + random_.skewed(6000));
  return options;
}

void Caller::begin_life() {
  if (!over_) return;
  if (driver_.frozen()) {
    return environment_.schedule.plan_at(driver_.frozen_until(), *this, begin);
  }
  driver_.finish();
  if (leaving_) return;
  require(asked_.empty(), "a client that is over owes no outcome");
  exclusive_.reset();
  subscription_.reset();
  over_ = false;
  for (std::size_t i = 0; i < acknowledged_.size(); ++i) {
    acknowledged_before_[i] = acknowledged_[i].size();
  }
  if (reader_) reader_->note_new_client();
  hearsay_.begin(random_.below(Group::sentinels_count));
  const bool started = driver_.start(draw_options(), budget_, 0, cache_ ? &*cache_ : nullptr);
  require(started, "there is room for every client");
  plan_act();
}

void Caller::plan_act() {
  if (std::exchange(act_planned_, true)) return;
  environment_.schedule.plan(random_.between(Duration::zero(), habits_.pause_max), *this, act);
}

void Caller::act_once() {
  if (driver_.frozen()) {
    act_planned_ = true;
    return environment_.schedule.plan_at(driver_.frozen_until(), *this, act);
  }
  if (over_ || environment_.calm) return;
  misbehave();
  if (submitted_ >= environment_.scenario.requests) return;
  if (!over_ && !driver_.frozen()) do_something();
  plan_act();
}

void Caller::misbehave() {
  if (!asked_.empty() && strikes(Fault::cancel, 10)) {
    auto victim = asked_.begin();
    std::advance(victim, random_.below(asked_.size()));
    environment_.note("client", number_, "cancels %", victim->first);
    driver_.cancel(victim->second.id);
  }
  if (strikes(Fault::cut_from_sentinels, 40)) cut_off();
  if (strikes(Fault::freeze, 80)) {
    driver_.freeze(random_.between(milliseconds(1), milliseconds(random_.one_in(4) ? 6000 : 800)));
  }
}

void Caller::cut_off() {
  std::optional<std::size_t> sentinel;
  if (!random_.one_in(3)) sentinel = random_.below(Group::sentinels_count);
  const Duration time = random_.between(milliseconds(100), seconds(8));
  environment_.note("client", number_, "is cut from % for %",
                    sentinel ? "a sentinel" : "all sentinels", time);
  hearsay_.cut(sentinel, time);
  for (const ConnectionId connection : hearsay_.cut_connections()) {
    driver_.lose_connection(connection);
  }
}

void Caller::do_something() {
  if (habits_.subscribes && !subscription_ && random_.one_in(8)) return subscribe();
  if (random_.one_in(8)) return write_beside();
  for (std::uint64_t left = random_.between(1, habits_.batch_max); left > 0; --left) {
    random_.one_in(2) ? read() : write();
  }
}

Duration Caller::draw_timeout() {
  if (strikes(Fault::short_deadline, 8)) return milliseconds(random_.between(1, 20));
  return random_.one_in(3) ? seconds(20) : random_.between(milliseconds(50), seconds(5));
}

RequestNumber Caller::enter(Duration timeout, std::uint16_t runs_max, const char* what) {
  ++submitted_;
  ++environment_.coverage.requests;
  const Instant deadline = after(environment_.now(), timeout);
  const RequestNumber number = environment_.ledger.begin(deadline, runs_max);
  environment_.note("client", number_, "submits % %, timeout %", number, what, timeout);
  return number;
}

bool Caller::note_submitted(const Result<RequestId>& id, RequestNumber number, const Asked& asked) {
  if (id) {
    asked_[number] = asked;
    asked_[number].id = *id;
    return true;
  }
  environment_.note("client", number_, "% is refused: %", number, name(id.error().code).data());
  environment_.coverage.count_outcome(id.error());
  environment_.ledger.refuse(number);
  return false;
}

void Caller::write() {
  const std::size_t key = random_.below(keys_count);
  const Duration timeout = draw_timeout();
  const RequestNumber number = enter(timeout, 1, "SET");
  const std::string name = key_of(number_, key);
  const std::string value = marked(name, {.number = number});
  const std::array<std::string_view, 3> words{"SET", name, value};
  CommandView command;
  command.args = words;
  const Asked asked{
      .what = Asked::What::write, .owner = number_, .key = key, .at = environment_.now()};
  if (note_submitted(driver_.submit(command, timeout, number), number, asked)) driver_.settle();
}

// From the cache, if it has it.
void Caller::read() {
  if (reader_) return read_anywhere();
  const std::size_t key = random_.below(keys_count);
  const std::string name = key_of(number_, key);
  const Asked asked{.what = Asked::What::read,
                    .owner = number_,
                    .key = key,
                    .acknowledged = acknowledged_[key].size(),
                    .at = environment_.now()};
  if (cache_ && driver_.has_cache()) {
    const cache::Cache::Reader reader =
        driver_.near_cache()->reader(cache::any_staleness, driver_.time());
    const bool is_hit =
        cache_->visit(reader, commands::get_of(name), driver_.time(), [&](std::string_view wire) {
          check_read(wire, asked);
          return true;
        });
    if (is_hit) return environment_.coverage.count(Deed::group_hit);
  }
  const Duration timeout = draw_timeout();
  const RequestNumber number = enter(timeout, 0, "GET");
  const std::array<std::string_view, 2> words{"GET", name};
  CommandView command;
  command.args = words;
  command.effect = CommandView::Effect::read;
  if (note_submitted(driver_.submit(command, timeout, number), number, asked)) driver_.settle();
}

// The second key is nobody's, and says which read it is: so it is known who has answered.
void Caller::read_anywhere() {
  const auto callers = static_cast<std::uint32_t>(environment_.scenario.clients);
  // One who has a cache reads one key of somebody else's often, so that it is there.
  const bool is_favourite = cache_ && random_.one_in(2);
  const bool is_own = !is_favourite && random_.percent(60);
  auto owner = is_own ? number_ : static_cast<std::uint32_t>(random_.below(callers));
  if (is_favourite) owner = (number_ + 1) % callers;
  const std::size_t key = is_favourite ? 0 : random_.below(keys_count + 1);
  const Duration timeout = draw_timeout();
  const Instant now = environment_.now();
  // By the client's clock, which may lag.
  const Instant leaves_at =
      timeout == Duration::zero() ? never : now + timeout / 2 - driver_.clock_step();
  const Asked asked{.what = Asked::What::read,
                    .owner = owner,
                    .key = key,
                    .acknowledged = owner == number_ ? acknowledged_[key].size() : 0,
                    .at = now,
                    .leaves_at = leaves_at};
  const std::string name = key_of(owner, key);
  if (cache_ && !environment_.calm && read_from_cache(name, asked)) return;
  const RequestNumber number = enter(timeout, 0, "MGET");
  const std::string mark = marked("", {.number = number});
  const std::array<std::string_view, 3> words{"MGET", name, mark};
  CommandView command;
  command.args = words;
  command.effect = CommandView::Effect::read;
  if (note_submitted(driver_.submit(command, timeout, number), number, asked)) driver_.settle();
}

// The reply to an MGET is cached key by key.
bool Caller::read_from_cache(const std::string& name, const Asked& asked) {
  if (!driver_.has_cache()) return false;
  const cache::Cache::Reader reader =
      driver_.near_cache()->reader(cache::any_staleness, driver_.time());
  std::optional<RequestNumber> found;
  cache_->visit(reader, commands::get_of(name), driver_.time(), [&](std::string_view wire) {
    found = write_in(wire);
    return true;
  });
  if (!found) return false;
  const auto first = std::min(acknowledged_before_[asked.key], asked.acknowledged);
  reader_->check_hit(
      *found, name, asked.at,
      std::span(acknowledged_[asked.key]).subspan(first, asked.acknowledged - first));
  return true;
}

// On a connection of its own. Its key is read by those who read from replicas.
void Caller::write_beside() {
  if (exclusive_ && random_.one_in(6)) {
    return driver_.release(*std::exchange(exclusive_, std::nullopt));
  }
  if (!exclusive_) {
    exclusive_ = driver_.open_exclusive();
    if (!exclusive_) return;
    driver_.settle();
    if (over_ || !exclusive_) return;
  }
  const Duration timeout = draw_timeout();
  const RequestNumber number = enter(timeout, 1, "SET beside");
  const std::string name = key_of(number_, key_beside);
  const std::string value = marked(name, {.number = number});
  const std::array<std::string_view, 3> words{"SET", name, value};
  CommandView command;
  command.args = words;
  const Asked asked{.what = Asked::What::write,
                    .owner = number_,
                    .key = key_beside,
                    .at = environment_.now(),
                    .is_beside = true};
  const Result<RequestId> id = driver_.submit_to(*exclusive_, command, timeout, number);
  if (note_submitted(id, number, asked)) return driver_.settle();
  driver_.release(*std::exchange(exclusive_, std::nullopt));
}

void Caller::subscribe() {
  subscription_ = driver_.open_subscription();
  if (!subscription_) return;
  driver_.settle();
  if (over_ || !subscription_) return;
  const Duration timeout = draw_timeout();
  const RequestNumber number = enter(timeout, 0, "SUBSCRIBE");
  const std::array<std::string_view, 1> names{"news"};
  const Asked asked{.what = Asked::What::other, .at = environment_.now(), .is_beside = true};
  const Result<RequestId> id =
      driver_.subscribe(*subscription_, SubscriptionKind::channel, names, timeout, number);
  if (note_submitted(id, number, asked)) driver_.settle();
}

void Caller::handle_outcome(const Event& event, bool truthful) {
  const RequestNumber number = event.tag;
  const auto found = asked_.find(number);
  require(found != asked_.end(), "an outcome is of a request that has none yet");
  if (found == asked_.end()) return;
  const Asked asked = found->second;
  asked_.erase(found);
  const std::uint64_t hash = event.value ? hash_of(*event.value, scratch_) : 0;
  environment_.trace.mix(number);
  environment_.trace.mix(hash);
  environment_.ledger.end(number, {.error = event.error,
                                   .reply_hash = hash,
                                   .truthful = truthful,
                                   .excused_until = driver_.frozen_until(),
                                   .clock_step = driver_.clock_step()});
  if (event.error != nullptr) {
    environment_.note("client", number_, "% fails: % (executed: %)", number,
                      name(event.error->code).data(), name(event.error->executed).data());
    environment_.coverage.count_outcome(*event.error);
    environment_.trace.mix(static_cast<std::uint64_t>(event.error->code) * 4 +
                           static_cast<std::uint64_t>(event.error->executed));
    if (reader_ && asked.what == Asked::What::read) reader_->check_failed(number, *event.error);
    return;
  }
  environment_.note("client", number_, "% is completed", number);
  ++environment_.coverage.completed;
  if (asked.what == Asked::What::read) return check_answer(number, asked);
  if (group_.writes().has_run(number)) note_completed(number, asked);
}

void Caller::note_completed(RequestNumber number, const Asked& asked) {
  WriteBook& writes = group_.writes();
  hearsay_.check_acknowledged(writes.server(number));
  writes.note_acknowledged(number);
  if (writes.is_lost(number)) environment_.coverage.count(Deed::ack_by_old_primary);
  if (asked.what == Asked::What::write) acknowledged_[asked.key].push_back(number);
  if (number == proof_ && writes.server(number) == group_.primary()) is_proved_ = true;
}

// Replicas are held to something else than the primary.
void Caller::check_answer(RequestNumber number, const Asked& asked) {
  if (!reader_) return check_read(scratch_, asked);
  require(group_.reads().answer_to(number).link != 0, "a read that is completed was answered");
  if (environment_.now() < asked.leaves_at) {
    group_.reads().note_completed(number, environment_.ledger.requests_count());
  } else if (group_.reads().was_answered_twice(number)) {
    return;  // it may have left before the first had answered, and it is not known whose answer
             // came
  }
  if (!reader_->is_by_replica(number)) return check_read(scratch_, asked);
  const auto first = std::min(acknowledged_before_[asked.key], asked.acknowledged);
  reader_->check(number, write_in(scratch_), key_of(asked.owner, asked.key), asked.at,
                 std::span(acknowledged_[asked.key]).subspan(first, asked.acknowledged - first));
}

// What the primary says of itself is held against what it has. A client that has not heard of a
// switch yet may read from the old primary.
void Caller::check_read(std::string_view wire, const Asked& asked) {
  const bool is_with_primary = driver_.is_ready() && driver_.ready_since() < asked.at &&
                               hearsay_.main_server() == group_.primary() &&
                               group_.primary_since() <= driver_.ready_since();
  if (!is_with_primary) return;
  const WriteBook& writes = group_.writes();
  const RequestNumber found = write_in(wire);
  require(found == 0 || writes.has_run(found), "a read finds what was written");
  require(!writes.is_lost(found), "nothing is read that a failover has lost");
  std::uint64_t least = 0;
  for (std::size_t i = 0; i < asked.acknowledged; ++i) {
    const RequestNumber before = acknowledged_[asked.key][i];
    if (!writes.is_lost(before)) least = std::max(least, writes.sequence(before));
  }
  require(writes.sequence(found) >= least, "a caller reads what it was told that it wrote");
}

void Caller::handle_closed(const Error&) {
  over_ = true;
  hearsay_.end();
  environment_.schedule.plan(random_.between(Duration::zero(), pause_between_lives_max), *this,
                             begin);
}

void Caller::prove() {
  if (reader_) reader_->await_return();
  have_reads_returned_ = !reader_;
  ask_for_proof();
}

void Caller::ask_for_proof() {
  if (leaving_) return;
  if (reader_) have_reads_returned_ = reader_->have_reads_returned();
  if (is_proved_ && have_reads_returned_) return;
  environment_.schedule.plan(proof_pause, *this, prove_again);
  if (over_ || driver_.frozen()) return;
  if (is_proved_) return read_anywhere();
  if (asked_.contains(proof_)) return;
  proof_ = enter(proof_timeout, 1, "SET to prove it");
  const std::string name = key_of(number_, keys_count + 1);
  const std::string value = marked(name, {.number = proof_});
  const std::array<std::string_view, 3> words{"SET", name, value};
  CommandView command;
  command.args = words;
  const Asked asked{.what = Asked::What::other, .at = environment_.now()};
  const Result<RequestId> id = driver_.submit(command, proof_timeout, proof_);
  if (note_submitted(id, proof_, asked)) driver_.settle();
}

void Caller::leave() {
  leaving_ = true;
  hearsay_.end();
  if (!over_) driver_.close();
}

// At the primary and at replicas together.
void Caller::check_places() {
  if (!reader_ || over_) return;
  const auto taken = static_cast<std::size_t>(std::count_if(
      asked_.begin(), asked_.end(), [](const auto& each) { return !each.second.is_beside; }));
  require(taken <= driver_.options().inflight_requests_limit,
          "no more requests are in flight at all servers together than inflight_requests_limit");
}

void Caller::check() {
  driver_.check_news_of_room();
  check_places();
  if (!over_) hearsay_.check();
}

}  // namespace plimsoll::sim
