#include "plimsoll/tests/sim/client/user.h"

#include <algorithm>
#include <utility>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/sim/client/cached_reader.h"
#include "plimsoll/tests/sim/client/listener.h"
#include "plimsoll/tests/sim/client/locker.h"
#include "plimsoll/tests/sim/client/popper.h"
#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/transactor.h"

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kept_max = 32;
constexpr std::size_t hoarded_max = 4096;
constexpr Duration life_pause_max = milliseconds(20);  // between two clients of a user
constexpr Duration visit_wait_max = seconds(2);
constexpr Duration chatter_pause_max = milliseconds(1);

}  // namespace

User::Habits::Habits(Random& random, const Environment& environment) {
  const Scenario& scenario = environment.scenario;
  const bool small = scenario.size == Scenario::Size::small;
  batch_max = small ? random.between(1, 6) : random.between(1, 64);
  pause_max = random.between(microseconds(10), milliseconds(random.one_in(4) ? 300 : 5));
  waits_for_replies = random.one_in(2);
  value_max = random.one_in(4) ? 200'000 : random.between(8, 3000);
  resends_max = random.one_in(3) ? static_cast<std::uint8_t>(random.between(1, 3)) : 0;
  may_wait_for_ever = random.one_in(2);
  errands = random.one_in(3) ? 0 : random.between(1, small ? 2 : 4);
  greedy = random.percent(small ? 75 : 15) && scenario.faults.has(Fault::tight_limit);
  hoards = random.one_in(3) && scenario.faults.has(Fault::hoarding);
  const bool visits = random.one_in(2) && scenario.faults.has(Fault::visitors);
  leaves_after = visits ? 1 + random.below(scenario.requests) : 0;
  babbles = random.one_in(2) && scenario.faults.has(Fault::dry_replies);
  if (environment.leaning != Leaning::none) errands = 1;
  const bool loses =
      environment.leaning == Leaning::masks || environment.leaning == Leaning::returns;
  if (loses) resends_max = 2;
}

User::User(Environment& environment, std::uint32_t number, Budget& budget, SharedCache* cache)
    : environment_(environment),
      number_(number),
      budget_(budget),
      cache_(cache),
      random_(environment.scenario.seed, Random::Purpose::user, number),
      habits_(random_, environment),
      driver_(environment, number, *this),
      identity_random_(environment.scenario.seed, Random::Purpose::identity, number),
      leant_random_(environment.scenario.seed, Random::Purpose::leant_user, number) {
  Desk& desk = *this;
  errands_.push_back(std::make_unique<Transactor>(desk));
  errands_.push_back(std::make_unique<Popper>(desk));  // [popper]
  errands_.push_back(std::make_unique<Locker>(desk));
  errands_.push_back(std::make_unique<Listener>(desk));
  errands_.push_back(std::make_unique<CachedReader>(desk, cache));
  if (cache != nullptr) cache->join(driver_);
}

void User::start() {
  const Duration latest = habits_.leaves_after > 0 ? visit_wait_max : life_pause_max;
  environment_.schedule.plan(random_.between(Duration::zero(), latest), *this, begin);
}

void User::handle(std::uint32_t what, std::uint64_t detail) {
  switch (static_cast<Plan>(what)) {
    case begin: return begin_life();
    case act: act_planned_ = false; return act_once();
    case prove: return ask_for_proof();
    case go_on: return go_on_with(detail);
    case chatter: chatter_planned_ = false; return babble();
  }
}

bool User::strikes(Fault fault, std::uint64_t one_in) {
  if (!has(fault) || !random_.one_in(one_in)) return false;
  environment_.coverage.count(fault);
  return true;
}

ClientOptions User::draw_options() {
  ClientOptions options;
  options.client_name = "sim";
  options.read_resends_max = habits_.resends_max;
  options.random_seed = random_.next();
  if (has(Fault::wrong_password) || random_.one_in(4)) options.password = "right";
  if (environment_.scenario.faults.has(Fault::rotation)) {
    options.password = environment_.passwords.back();
    passwords_told_ = environment_.passwords.size();
  }
  if (has(Fault::no_database) || random_.one_in(4)) options.database = 1;
  if (is_about_a_cache(environment_.leaning)) options.database = 0;
  if (environment_.rests) options.health_check_interval = Duration::zero();
  if (cache_ != nullptr) options.tracking = cache_->tracking();
  draw_identity(options);
  options.seeds_count = driver_.addresses().draw_count();
  options.primary_only = options.seeds_count > 1;
  if (environment_.calm) return options;
  options.inflight_requests_limit = random_.one_in(3) ? 1 + random_.skewed(200) : 1000;
  if (number_ % 2 == 1) {
    options.inflight_overflow = OnLimit::wait;
    options.waiters_max = 1 + options.inflight_requests_limit / 2;
  }
  options.connect_timeout = random_.between(milliseconds(50), seconds(3));
  options.close_timeout = random_.between(Duration::zero(), seconds(1));
  options.reconnect_wait_min = random_.between(milliseconds(1), milliseconds(20));
  options.reconnect_wait_max = random_.between(milliseconds(20), seconds(3));
  if (random_.one_in(8))
    options.reconnect_attempts_max = static_cast<std::uint32_t>(random_.below(8));
  options.health_check_interval =
      random_.one_in(8) ? Duration::zero() : milliseconds(20 + random_.skewed(6000));
  if (environment_.rests) options.health_check_interval = Duration::zero();
  options.tombstone_age_max = milliseconds(20 + random_.skewed(6000));
  options.blocking_connections_max = static_cast<std::uint32_t>(random_.between(1, 8));
  options.subscription_messages_max = 1 + random_.skewed(1000);
  constexpr std::array policies = {OverflowPolicy::drop_oldest, OverflowPolicy::drop_newest,
                                   OverflowPolicy::pause_reading};
  options.subscription_overflow = random_.one_of(policies);
  if (random_.one_in(4)) options.reply_bytes_max = reply_bytes_max_min + random_.skewed(100'000);
  lean(options);
  return options;
}

// A client that has ended makes room for the next one.
void User::begin_life() {
  if (!over_) return;
  if (driver_.frozen()) {
    return environment_.schedule.plan_at(driver_.frozen_until(), *this, begin);
  }
  driver_.finish();
  if (leaving_ || gone_) return;
  environment_.referee.require(errand_of_.empty(), "a client that is over owes no outcome",
                               "client", number_);
  for (const auto& errand : errands_) errand->begin_life();
  ++life_;
  over_ = false;
  std::size_t server = random_.below(environment_.network.servers_count());
  if (is_about_a_cache(environment_.leaning)) server = 0;
  if (!driver_.start(draw_options(), budget_, server,
                     cache_ == nullptr ? nullptr : &cache_->core())) {
    over_ = true;
    environment_.schedule.plan(milliseconds(10), *this, begin);
    return;
  }
  plan_act();
}

void User::plan_act() {
  if (act_planned_) return;
  act_planned_ = true;
  environment_.schedule.plan(random_.between(Duration::zero(), habits_.pause_max), *this, act);
}

void User::act_once() {
  if (driver_.frozen()) {
    act_planned_ = true;
    return environment_.schedule.plan_at(driver_.frozen_until(), *this, act);
  }
  if (over_ || !driver_.has_client()) return;
  const std::uint64_t life = life_;
  if (!environment_.calm) misbehave();
  if (over_ || life != life_ || driver_.frozen()) return plan_act();
  const bool visit_ends = habits_.leaves_after > 0 && submitted_ >= habits_.leaves_after;
  if (visit_ends && !environment_.calm) return depart();
  send_credentials();
  change_identity();
  const bool leans = environment_.leaning != Leaning::none;
  const std::uint64_t errands = cache_ != nullptr && !leans ? 2 : habits_.errands;
  if (errands > 0 && !environment_.calm && !has_submitted_all() && random_.one_in(errands)) {
    draw_errand().act();
    if (over_ || life != life_) return plan_act();
  }
  const bool waits = habits_.waits_for_replies && pending_ > 0;
  if (!waits && !environment_.calm && !has_submitted_all()) submit_batch();
  // Whoever waits acts with the next outcome.
  if (!waits && (!has_submitted_all() || pending_ > 0)) plan_act();
}

// Who has a cache uses it.
Errand& User::draw_errand() {
  if (environment_.leaning == Leaning::crowd && random_.percent(75)) return *errands_[popper];
  if (is_about_a_cache(environment_.leaning) && random_.percent(75)) return *errands_.back();
  if (cache_ != nullptr && random_.percent(75)) return *errands_.back();
  return *errands_[random_.below(errands_.size())];
}

bool User::is_busy() const {
  return std::any_of(errands_.begin(), errands_.end(),
                     [](const auto& each) { return each->is_busy(); });
}

void User::misbehave() {
  if (strikes(Fault::cancel, 3)) cancel_some();
  if (!kept_.empty() && random_.one_in(habits_.hoards ? 200 : 4)) {
    release_some(random_.between(1, kept_.size()));
  }
  if (strikes(Fault::read_pause, 40)) {
    driver_.pause_reading(random_.between(microseconds(100), milliseconds(800)));
  }
  if (strikes(Fault::shutdown, 60)) return driver_.close();
  if (strikes(Fault::abort, 100)) return driver_.abort();
  if (strikes(Fault::freeze, 60)) {
    driver_.freeze(random_.between(microseconds(100), milliseconds(1500)));
  }
}

// What it keeps it keeps for longer.
void User::depart() {
  environment_.coverage.count(Fault::visitors);
  gone_ = true;
  driver_.close();
}

// A reply that all but fills its segments, and behind it replies that nobody waits for any more: of
// one of those, part is in the last of these segments.
void User::submit_and_regret() {
  const std::size_t segments = random_.between(1, 2);
  const std::size_t value_bytes = segments * segment_capacity - random_.between(16, 200);
  submit(RequestKind::echo, Duration::zero(), value_bytes);
  const std::uint64_t known = recent_count_;
  std::uint64_t count = random_.between(1, 16);
  count = std::min<std::uint64_t>(count, environment_.scenario.requests - submitted_);
  submitted_ += count;
  for (; count > 0; --count) submit(RequestKind::mget, Duration::zero(), 0);
  driver_.settle();
  for (std::uint64_t i = known; i < recent_count_; ++i) cancel(recent_[i % recent_.size()]);
}

void User::submit_batch() {
  if (habits_.greedy && strikes(Fault::cancel, 6)) return submit_and_regret();
  std::uint64_t count = random_.between(1, habits_.batch_max);
  if (strikes(Fault::burst, 20)) count *= 30;
  count = std::min<std::uint64_t>(count, environment_.scenario.requests - submitted_);
  for (std::uint64_t i = 0; i < count; ++i) {
    const RequestKind kind = draw_kind();
    const Duration timeout = draw_timeout();
    submit(kind, timeout, draw_value_bytes());
    ++submitted_;
  }
  driver_.settle();
}

void User::submit(RequestKind kind, Duration timeout, std::size_t value_bytes) {
  const Instant deadline = timeout == Duration::zero() ? never : after(environment_.now(), timeout);
  const bool resent = is_read(kind) && habits_.resends_max > 0;
  std::uint16_t runs_max = resent ? habits_.resends_max + 1 : 1;
  if (!is_numbered(kind)) runs_max = 0;
  const RequestNumber number = environment_.ledger.begin(deadline, runs_max);
  ++environment_.coverage.requests;
  const CommandView command = writer_.write(kind, number, value_bytes, random_);
  environment_.note("client", number_, "submits % %, timeout %", number, name(kind), timeout);
  const Result<RequestId> id = driver_.submit(command, timeout, number);
  if (id) {
    ++pending_;
    recent_[recent_count_++ % recent_.size()] = {*id, number, life_};
    return;
  }
  environment_.note("client", number_, "% is refused: %", number, name(id.error().code).data());
  environment_.coverage.count_outcome(id.error());
  environment_.ledger.refuse(number);
  if (number == proof_number_) proof_ = Proof::wanted;
}

RequestKind User::draw_kind() {
  constexpr std::array large = {RequestKind::set, RequestKind::set, RequestKind::mget,
                                RequestKind::echo};
  if (habits_.greedy && random_.one_in(2)) return random_.one_of(large);
  return static_cast<RequestKind>(random_.below(request_kinds_count));
}

Duration User::draw_timeout() {
  if (strikes(Fault::short_deadline, 4)) return random_.between(microseconds(50), milliseconds(5));
  switch (random_.below(4)) {
    case 0: return habits_.may_wait_for_ever ? Duration::zero() : seconds(20);
    case 1: return milliseconds(250);
    case 2: return random_.between(milliseconds(50), seconds(2));
    default: return seconds(5);
  }
}

std::size_t User::draw_value_bytes() {
  const bool greedy = habits_.greedy && !environment_.calm;
  if (greedy && random_.one_in(4)) {
    if (random_.one_in(2)) return random_.between(10'000, random_.one_in(8) ? 1'500'000 : 200'000);
    // As many whole segments, or nearly.
    const std::size_t segments = random_.between(1, 3);
    return segments * segment_capacity - random_.below(2500);
  }
  if (!random_.one_in(16)) return random_.below(32);
  return random_.skewed(habits_.value_max);
}

void User::cancel_some() {
  if (recent_count_ == 0) return;
  const std::uint64_t known = std::min<std::uint64_t>(recent_count_, recent_.size());
  if (habits_.greedy && random_.one_in(3)) {
    for (std::uint64_t age = 1; age <= known; ++age) {
      if (random_.one_in(2)) cancel(recent_[(recent_count_ - age) % recent_.size()]);
    }
    return;
  }
  cancel(recent_[(recent_count_ - 1 - random_.below(known)) % recent_.size()]);
}

void User::cancel(const Submitted& victim) {
  if (victim.life != life_) return;
  environment_.note("client", number_, "cancels %", victim.number);
  driver_.cancel(victim.id);
}

void User::handle_outcome(const Event& event, bool truthful) {
  const auto errand = errand_of_.find(event.tag);
  const bool is_own = errand == errand_of_.end();
  if (is_own) --pending_;
  if (!truthful && cache_ != nullptr) cache_->note_lie();
  const RequestNumber number = event.tag;
  Ledger::Outcome outcome{
      .error = event.error,
      .truthful = truthful,
      .excused_until = std::max(driver_.frozen_until(), environment_.jumped_until),
      .clock_step = driver_.clock_step()};
  // What blocks has that much longer to be unblocked.
  if (!is_own) outcome.excused_until += driver_.options().tombstone_age_max;
  outcome.reply_hash = event.value ? hash_of(*event.value, scratch_) : 0;
  environment_.trace.mix(number);
  environment_.trace.mix(outcome.reply_hash);
  if (event.error == nullptr) {
    environment_.note("client", number_, "% is completed", number);
    ++environment_.coverage.completed;
    const bool hoards = habits_.hoards && is_own && strikes(Fault::hoarding, 2);
    const bool keeps = is_own && strikes(Fault::kept_replies, habits_.greedy ? 2 : 8);
    if (keeps || hoards) keep(number, outcome.reply_hash);
  } else {
    environment_.note("client", number_, "% fails: % (executed: %)", number,
                      name(event.error->code).data(), name(event.error->executed).data());
    environment_.coverage.count_outcome(*event.error);
    environment_.trace.mix(static_cast<std::uint64_t>(event.error->code) * 4 +
                           static_cast<std::uint64_t>(event.error->executed));
  }
  environment_.ledger.end(number, outcome);
  if (!is_own) {
    Errand& its = *errand->second;
    errand_of_.erase(errand);
    its.handle_outcome(event, truthful);
    if (std::exchange(side_delivered_at_, driver_.side_delivered_at()) !=
        driver_.side_delivered_at()) {
      for (const auto& each : errands_) each->note_side_delivery();
    }
    return;
  }
  if (environment_.drought && habits_.babbles && !std::exchange(chatter_planned_, true)) {
    environment_.schedule.plan(random_.between(Duration::zero(), chatter_pause_max), *this,
                               chatter);
  }
  if (number == proof_number_) {
    proof_ = event.error == nullptr ? Proof::given : Proof::wanted;
  } else if (habits_.waits_for_replies && pending_ == 0 && !has_submitted_all()) {
    plan_act();
  }
}

void User::keep(RequestNumber number, std::uint64_t hash) {
  if (kept_.size() >= (habits_.hoards ? hoarded_max : kept_max)) return;
  const std::size_t bytes = scratch_.size();  // that is the reply, as on the wire
  Result<Reply> reply = driver_.keep_reply(bytes);
  if (!reply) return;
  const std::size_t large_bytes = bytes < Reply::copied_bytes_max ? 0 : bytes;
  kept_.push_back({std::move(reply).value(), hash, number, large_bytes});
  large_bytes_kept_ += large_bytes;
}

void User::release_some(std::size_t count) {
  for (; count > 0; --count) {
    const Kept& last = kept_.back();
    environment_.referee.require(hash_of(last.reply.value(), scratch_) == last.hash,
                                 "a kept reply stays what it was", "request", last.number);
    large_bytes_kept_ -= last.large_bytes;
    kept_.pop_back();
  }
}

void User::handle_closed(const Error&) {
  over_ = true;
  environment_.schedule.plan(random_.between(Duration::zero(), life_pause_max), *this, begin);
}

}  // namespace plimsoll::sim
