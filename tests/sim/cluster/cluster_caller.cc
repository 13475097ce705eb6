#include "plimsoll/tests/sim/cluster/cluster_caller.h"

#include <algorithm>
#include <utility>

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/cluster/cluster_limits.h"
#include "plimsoll/tests/sim/cluster/reply_numbers.h"
#include "plimsoll/tests/sim/group/places.h"

// More than 500 lines, because what a caller asks is what its answers are held against.

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration pause_between_clients_max = milliseconds(50);
constexpr Duration ask_again_pause = milliseconds(50);
constexpr Duration ask_timeout = seconds(2);
constexpr std::size_t seeds_of_caller = 3;
constexpr std::size_t several_keys_max = 6;
// Of the keys of a slot, those of a caller who waits for missing ones: so few that it is seen if
// one of them is found missing for too long, and enough that some of them are missing for long.
constexpr std::size_t watched_keys_count = 12;

// What a push takes that says that a key has changed; where nothing can hold it up; and where
// connections are slow, or a replica is given all that its new primary has.
constexpr Duration news_at_once_time_max = milliseconds(50);
constexpr Duration news_time_max = milliseconds(1500);
// A server that wakes up runs what it was sent while it was frozen, and answers what was asked for
// a proof. One that is cut off proves nothing once another server can have taken its place.
constexpr Duration waking_up_time_max = seconds(5);
// Of questions five, one at the beginning of the second, two that may come early, and one that was
// asked before.
constexpr std::uint64_t views_in_second_max = 9;

// The keys of one read are in several slots.
std::size_t key_behind(std::size_t first, std::size_t count) {
  return (first + count * (keys_in_slot_count / 2 + 1)) % cluster_keys_count;
}

}  // namespace

ClusterCaller::Habits::Habits(Random& random)
    : pause_max(milliseconds(random.one_in(3) ? 3 : random.between(5, 300))),
      batch_max(random.between(1, random.one_in(3) ? 30 : 8)),
      has_cache(random.one_in(2)),
      is_told_of_cluster(random.one_in(2)),
      only_reads(has_cache && random.one_in(2)),
      keys(only_reads ? random.one_of(std::array{Keys::all, Keys::known, Keys::rare}) : Keys::all) {
}

ClusterCaller::ClusterCaller(Environment& environment, std::uint32_t number, ModelCluster& cluster,
                             Budget& budget, ClusterCache* shared)
    : environment_(environment),
      number_(number),
      cluster_(cluster),
      budget_(budget),
      random_(environment.scenario.seed, Random::Purpose::cluster_caller, number),
      habits_(random_),
      driver_(environment, number, *this) {
  for (std::size_t i = 0; i < std::min(seeds_of_caller, cluster.size()); ++i) {
    hosts_.push_back(host_of(i));
  }
  host_views_.assign(hosts_.begin(), hosts_.end());
  cluster_options_.seed_hosts = host_views_;
  // What those share who have a cache together was read at owners.
  const bool may_read = !habits_.has_cache || shared == nullptr;
  if (may_read && ClusterReader::reads(environment, number, habits_.has_cache)) {
    reader_.emplace(environment, number, cluster, driver_);
  }
  if (reader_) cluster_options_.replicas = reader_->options();
  driver_.follow(*this);
  driver_.use_cluster(cluster_options_,
                      habits_.is_told_of_cluster ? Driver::Knows::cluster : Driver::Knows::nothing);
  if (!habits_.has_cache) return;
  if (shared == nullptr) own_cache_.emplace(random_);
  cache_ = shared == nullptr ? &*own_cache_ : shared;
}

ClusterCaller::~ClusterCaller() = default;

// By its own account, which excuses it from what it need not try.
bool ClusterCaller::has_trouble_with(std::size_t server) const {
  const Cluster* const known = driver_.cluster();
  bool has_trouble = known == nullptr;
  if (known == nullptr) return has_trouble;
  known->for_each([&](const Cluster::Known& each) {
    if (server_at(each.node.address) != server) return;
    has_trouble |= each.node.is_doubtful(driver_.time()) ||
                   each.state == ClusterNode::Known::suspect ||
                   each.state == ClusterNode::Known::lost;
  });
  if (known->replicas() == nullptr) return has_trouble;
  known->replicas()->for_each([&](const KnownReplica& each) {
    const bool is_there = each.state != KnownReplica::State::idle && each.session != nullptr &&
                          each.session->state() == Session::State::ready;
    if (server_at(each.address) == server) has_trouble |= !is_there;
  });
  return has_trouble;
}

void ClusterCaller::start() {
  environment_.schedule.plan(random_.between(Duration::zero(), pause_between_clients_max), *this,
                             begin);
}

void ClusterCaller::handle(std::uint32_t what, std::uint64_t) {
  switch (static_cast<Plan>(what)) {
    case begin: return begin_life();
    case act: act_planned_ = false; return act_once();
    case prove_again: return ask_for_proof();
  }
}

bool ClusterCaller::strikes(Fault fault, std::uint64_t one_in) {
  if (environment_.calm || !environment_.scenario.faults.has(fault) || !random_.one_in(one_in)) {
    return false;
  }
  environment_.coverage.count(fault);
  return true;
}

ClientOptions ClusterCaller::draw_options() {
  ClientOptions options;
  options.client_name = "sim";
  options.random_seed = random_.next();
  options.seeds_count = static_cast<std::uint8_t>(hosts_.size());
  options.read_resends_max = random_.one_in(3) ? 1 : 0;
  if (cache_ != nullptr) {
    options.tracking.method = TrackingOptions::Method::all_reads;
    options.tracking.required = true;
  }
  if (environment_.calm) return options;
  options.connect_timeout = random_.between(milliseconds(500), seconds(4));
  options.reconnect_wait_min = random_.between(milliseconds(1), milliseconds(20));
  options.reconnect_wait_max = random_.between(milliseconds(200), seconds(2));
  options.health_check_interval = milliseconds(20 + random_.skewed(6000));
  options.tombstone_age_max = milliseconds(100 + random_.skewed(6000));
  draw_limits(environment_.scenario.seed, number_, lives_++, options);
  return options;
}

void ClusterCaller::begin_life() {
  if (!over_) return;
  if (driver_.frozen()) {
    return environment_.schedule.plan_at(driver_.frozen_until(), *this, begin);
  }
  driver_.finish();
  if (leaving_) return;
  require(asked_.empty(), "a client that is over owes no outcome");
  views_.clear();
  cluster_.news().begin(number_);
  if (reader_) reader_->begin();
  over_ = false;
  const bool started =
      driver_.start(draw_options(), budget_, 0, cache_ == nullptr ? nullptr : &cache_->core());
  require(started, "there is room for every client");
  plan_act();
}

// What a client was told; a server that nobody knows does not answer.
Driver::Guide::Way ClusterCaller::way_to(const Action& open) {
  if (open.told == nullptr) return {.server = static_cast<std::size_t>(open.seed)};
  const std::optional<std::size_t> server = server_at(*open.told);
  const bool is_known = server && *server < cluster_.size();
  require(is_known, "a client goes only where it was sent");
  return {.server = is_known ? *server : 0};
}

void ClusterCaller::plan_act() {
  if (std::exchange(act_planned_, true)) return;
  environment_.schedule.plan(random_.between(Duration::zero(), habits_.pause_max), *this, act);
}

void ClusterCaller::act_once() {
  if (driver_.frozen()) {
    act_planned_ = true;
    return environment_.schedule.plan_at(driver_.frozen_until(), *this, act);
  }
  if (over_ || environment_.calm) return;
  misbehave();
  if (submitted_ >= environment_.scenario.requests) return;
  for (std::uint64_t left = random_.between(1, habits_.batch_max); left > 0; --left) {
    if (over_ || driver_.frozen()) break;
    const std::size_t key = some_key();
    if (!habits_.only_reads && random_.one_in(2)) {
      write(key);
    } else if (habits_.keys == Habits::Keys::all && random_.one_in(6)) {
      read_several(random_.one_in(3) ? Ask::count : Ask::values);
    } else {
      read(key);
    }
  }
  if (!over_ && !driver_.frozen()) driver_.settle();
  plan_act();
}

void ClusterCaller::misbehave() {
  if (!asked_.empty() && strikes(Fault::cancel, 20)) {
    auto victim = asked_.begin();
    std::advance(victim, random_.below(asked_.size()));
    environment_.note("client", number_, "cancels %", victim->first);
    driver_.cancel(victim->second.id);
  }
  if (strikes(Fault::freeze, 80)) {
    driver_.freeze(random_.between(milliseconds(1), milliseconds(random_.one_in(4) ? 6000 : 800)));
  }
}

// Two of each slot are used most; others are missing for long, and then written.
std::size_t ClusterCaller::some_key() {
  const bool is_busy = cluster_.has_busy_slot() && !random_.one_in(8);
  const std::size_t slot = is_busy ? 0 : random_.below(cluster_slots_count);
  if (habits_.keys == Habits::Keys::rare) {
    return slot * keys_in_slot_count + keys_in_slot_count - 1 - random_.below(watched_keys_count);
  }
  const bool is_rare = habits_.keys == Habits::Keys::all && random_.one_in(3);
  const std::size_t place = random_.below(is_rare ? keys_in_slot_count : 2);
  return slot * keys_in_slot_count + place;
}

Duration ClusterCaller::draw_timeout() {
  if (strikes(Fault::short_deadline, 8)) return milliseconds(random_.between(1, 20));
  return random_.one_in(3) ? seconds(20) : random_.between(milliseconds(50), seconds(5));
}

RequestNumber ClusterCaller::enter(Duration timeout, std::uint16_t runs_max, const char* what,
                                   std::size_t key) {
  ++submitted_;
  ++environment_.coverage.requests;
  const Instant deadline = after(environment_.now(), timeout);
  const RequestNumber number = environment_.ledger.begin(deadline, runs_max);
  environment_.note("client", number_, "submits % % of key %", number, what, key);
  return number;
}

void ClusterCaller::note_submitted(const Result<RequestId>& id, RequestNumber number,
                                   const Asked& asked) {
  if (id) {
    asked_[number] = asked;
    asked_[number].id = *id;
    return;
  }
  environment_.note("client", number_, "% is refused: %", number, name(id.error().code).data());
  environment_.coverage.count_outcome(id.error());
  environment_.ledger.refuse(number);
  cluster_.order().note_ended(number);
  cluster_.news().note_ended(number_, number, environment_.now());
}

void ClusterCaller::write(std::size_t key) {
  const Duration timeout = environment_.calm ? ask_timeout : draw_timeout();
  const RequestNumber number = enter(timeout, 1, "SET", key);
  if (environment_.calm) proof_ = number;
  const std::string name = cluster_key(key);
  const std::string value = marked("", {.number = number});
  const std::array<std::string_view, 3> words{"SET", name, value};
  cluster_.order().note_submitted(number_, name, number);
  cluster_.news().note_submitted(number_, number);
  const Asked asked{.what = Asked::What::write, .key = key};
  note_submitted(driver_.submit(*commands::prepare(words), timeout, number), number, asked);
}

void ClusterCaller::add_key(Asked& asked, std::size_t key) {
  asked.acknowledged.push_back(acknowledged_[key].size());
  if (!reader_) return;
  asked.at = environment_.now();
  asked.promises.push_back(reader_->look(slot_of_key(cluster_key(key))));
}

ClusterCaller::Asked ClusterCaller::asked_of(std::size_t key) {
  Asked asked{.what = Asked::What::read,
              .key = key,
              .told = cache_ == nullptr ? 0 : cache_->told_count(key)};
  add_key(asked, key);
  return asked;
}

bool ClusterCaller::read_cached(std::size_t key) {
  if (cache_ == nullptr || !driver_.has_cache()) return false;
  const std::string name = cluster_key(key);
  const cache::Cache::Reader reader =
      driver_.near_cache()->reader(cache::any_staleness, driver_.time());
  Asked asked = asked_of(key);
  // Of what is cached, check_hit() knows more.
  const bool has_owner = reader_ && std::exchange(asked.promises[0].lag_max, false);
  const bool is_hit = cache_->core().visit(
      reader, commands::get_of(name), driver_.time(), [&](std::string_view wire) {
        environment_.note("client", number_, "has cached what it finds of key %", key);
        check_values(wire, asked);
        check_hit(writes_in(wire).at(0), key, has_owner);
        return true;
      });
  if (is_hit) environment_.coverage.count(reader_ ? Deed::cluster_reader_hit : Deed::cluster_hit);
  return is_hit;
}

void ClusterCaller::read(std::size_t key) {
  if (read_cached(key)) return;
  const std::string name = cluster_key(key);
  const std::array<std::string_view, 2> words{"GET", name};
  submit_read(words, asked_of(key));
}

// Over several slots.
void ClusterCaller::read_several(Ask ask) {
  const std::size_t count = random_.between(2, several_keys_max);
  Asked asked{.what = ask == Ask::count ? Asked::What::count : Asked::What::several,
              .key = some_key(),
              .keys_count = count};
  std::vector<std::string> names;
  std::vector<std::string_view> words{ask == Ask::count ? "EXISTS" : "MGET"};
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t key = key_behind(asked.key, i);
    add_key(asked, key);
    words.emplace_back(names.emplace_back(cluster_key(key)));
  }
  submit_read(words, asked);
}

void ClusterCaller::submit_read(std::span<const std::string_view> words, const Asked& asked) {
  const Duration timeout = draw_timeout();
  const RequestNumber number = enter(timeout, 0, words[0].data(), asked.key);
  note_submitted(driver_.submit(*commands::prepare(words), timeout, number), number, asked);
}

void ClusterCaller::handle_outcome(const Event& event, bool truthful) {
  const RequestNumber number = event.tag;
  const auto found = asked_.find(number);
  require(found != asked_.end(), "an outcome is of a request that has none yet");
  if (found == asked_.end()) return;
  const Asked asked = found->second;
  asked_.erase(found);
  cluster_.order().note_ended(number);
  cluster_.news().note_ended(number_, number, environment_.now());
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
    if (event.error->code == ErrorCode::cluster_redirect) {
      cluster_.news().note_unheeded(number_, slot_of_key(cluster_key(asked.key)));
    }
    environment_.trace.mix(static_cast<std::uint64_t>(event.error->code) * 4 +
                           static_cast<std::uint64_t>(event.error->executed));
    return;
  }
  environment_.note("client", number_, "% is completed", number);
  ++environment_.coverage.completed;
  if (asked.what == Asked::What::count) return check_count(scratch_, asked);
  if (asked.what != Asked::What::write) return check_values(scratch_, asked);
  WriteBook& writes = cluster_.writes();
  writes.note_acknowledged(number);
  if (writes.is_lost(number)) environment_.coverage.count(Deed::ack_by_old_primary);
  acknowledged_[asked.key].push_back(number);
  if (reader_) reader_->look(slot_of_key(cluster_key(asked.key)));
  if (cache_ != nullptr) cache_->note_told(asked.key, number);
  if (!environment_.calm) read_cached(asked.key);  // before others of its cache can hear of it
  if (number == proof_ && !writes.is_lost(number)) ++proved_count_;
}

void ClusterCaller::check_values(std::string_view wire, const Asked& asked) {
  const std::vector<RequestNumber> found = writes_in(wire);
  environment_.note("client", number_, "finds % of key %", found.empty() ? 0 : found[0], asked.key);
  require(found.size() == asked.keys_count, "there is a value for each key that was asked for");
  for (std::size_t i = 0; i < std::min(found.size(), asked.keys_count); ++i) {
    const std::size_t key = key_behind(asked.key, i);
    const auto promise = reader_ ? asked.promises[i] : ClusterReader::Promise{.lag_max = false};
    check_value(found[i], key, promise.own_writes ? asked.acknowledged[i] : 0);
    if (promise.lag_max) reader_->check(found[i], cluster_key(key), asked.at);
  }
  if (asked.what == Asked::What::read && !found.empty()) check_told(found[0], asked);
}

// Nobody deletes a key, so those are there whose writes no failover has lost.
void ClusterCaller::check_count(std::string_view wire, const Asked& asked) {
  const WriteBook& writes = cluster_.writes();
  std::size_t least = 0;
  std::size_t most = 0;
  for (std::size_t i = 0; i < asked.keys_count; ++i) {
    const std::size_t key = key_behind(asked.key, i);
    const bool sees_own = !reader_ || asked.promises[i].own_writes;
    const auto known = std::span(acknowledged_[key]).first(sees_own ? asked.acknowledged[i] : 0);
    const auto is_there = [&](RequestNumber each) { return !writes.is_lost(each); };
    if (std::any_of(known.begin(), known.end(), is_there)) ++least;
    if (!writes.of_key(cluster_key(key)).empty()) ++most;
  }
  const std::optional<std::size_t> found = count_in(wire);
  require(found && least <= *found && *found <= most,
          "the parts of a count add up to the keys that are there");
  environment_.coverage.count(Deed::keys_counted);
}

void ClusterCaller::check_value(RequestNumber found, std::size_t key, std::size_t acknowledged) {
  const WriteBook& writes = cluster_.writes();
  require(found == 0 || writes.has_run(found), "a read finds what was written");
  std::uint64_t least = 0;
  for (std::size_t i = 0; i < acknowledged; ++i) {
    const RequestNumber before = acknowledged_[key][i];
    if (!writes.is_lost(before)) least = std::max(least, writes.sequence(before));
  }
  require(writes.sequence(found) >= least, "a caller reads what it was told that it wrote");
}

// A server that was frozen answers what it is asked next from what it had.
void ClusterCaller::check_told(RequestNumber found, const Asked& asked) {
  // Of two replicas, one may be further behind.
  if (cache_ == nullptr || reader_ || environment_.scenario.faults.has(Fault::node_frozen)) return;
  require(cache_->is_new_enough(found, asked.key, asked.told, cluster_.writes()),
          "no client of a cache is told anything older than another one was before");
  cache_->note_told(asked.key, found);
}

// Nothing is served of a slot that its node was heard to have lost, nor of a node that has said
// that the cluster is down. What the owner of the slot has answered is behind all that had run
// there, and so is what is served then: either the invalidation has come before that answer, or
// another server was the owner.
void ClusterCaller::check_hit(RequestNumber found, std::size_t key, bool has_owner) {
  check_staleness(found, key, has_owner);
  // Others may have read it, who have heard something else; and a replica may have less than its
  // primary.
  if (!own_cache_ || reader_) return;
  const std::string name = cluster_key(key);
  require(!cluster_.news().is_forgotten(number_, name),
          "nothing is served that was read at a node which does not serve its slot any more");
  const WriteBook& writes = cluster_.writes();
  const Instant before = cluster_.news().answered_at(number_, slot_of_key(name));
  for (const RequestNumber write : writes.of_key(name)) {
    const bool must_be_known = !writes.is_lost(write) && writes.ran_at(write) < before;
    require(!must_be_known || writes.sequence(found) >= writes.sequence(write),
            "a cached read is not older than what the owner of its slot has answered");
  }
}

// A server that is cut off says so before another one takes its place; a frozen one does not. With
// the true owner (`has_owner`), what was read at a replica is as old as lag_max allows, or at the
// owner, as old as its news.
void ClusterCaller::check_staleness(RequestNumber found, std::size_t key, bool has_owner) {
  const FaultSet& faults = environment_.scenario.faults;
  constexpr std::array delaying = {Fault::latency,  Fault::splits,      Fault::small_buffers,
                                   Fault::handover, Fault::node_killed, Fault::freeze};
  const bool has_delays = faults.has_any(delaying);
  const Duration news_time = has_delays ? news_time_max : news_at_once_time_max;
  // A client that shares its cache may be frozen: what it vouches for is served for a lease.
  const bool has_silence =
      faults.has(Fault::node_cut) || (!own_cache_ && faults.has(Fault::freeze));
  const Duration lease = cache_->coherence_lease();
  const Duration staleness_max = faults.has(Fault::node_frozen) ? lease + waking_up_time_max
                                 : has_silence                  ? lease + news_time
                                                                : news_time;
  const Duration lag_max = reader_ ? reader_->staleness_max() : Duration::zero();
  const Instant before =
      environment_.now() - (has_owner ? std::max(staleness_max, lag_max) : staleness_max + lag_max);
  if (driver_.frozen_until() > before) return;
  const WriteBook& writes = cluster_.writes();
  for (const RequestNumber write : writes.of_key(cluster_key(key))) {
    const bool must_be_known = !writes.is_lost(write) && writes.ran_at(write) < before;
    require(!must_be_known || writes.sequence(found) >= writes.sequence(write),
            "a cached read is not older than the lease, and what its server would have said");
  }
}

void ClusterCaller::validate() {
  driver_.validate();
  if (over_ || driver_.cluster() == nullptr) return views_.clear();
  const ClusterCounters counters = driver_.cluster()->counters();
  const Instant now = environment_.now();
  views_.emplace_back(now, counters.views + counters.views_refused);
  while (views_.front().first + seconds(1) < now) views_.pop_front();
  require(views_.back().second - views_.front().second <= views_in_second_max,
          "a client asks for the slots so many times a second at most");
}

void ClusterCaller::handle_closed(const Error&) {
  over_ = true;
  environment_.schedule.plan(random_.between(Duration::zero(), pause_between_clients_max), *this,
                             begin);
}

void ClusterCaller::prove() {
  if (reader_) reader_->await_return();
  ask_for_proof();
}

void ClusterCaller::ask_for_proof() {
  if (leaving_ || proved_count_ == cluster_slots_count) return;
  environment_.schedule.plan(ask_again_pause, *this, prove_again);
  if (over_ || driver_.frozen() || asked_.contains(proof_)) return;
  write(proved_count_ * keys_in_slot_count);
  driver_.settle();
}

bool ClusterCaller::has_read_again() {
  if (!reader_ || reader_->have_reads_returned()) return true;
  if (!over_ && !driver_.frozen() && asked_.empty()) {
    read(random_.below(cluster_keys_count));
    driver_.settle();
  }
  return false;
}

bool ClusterCaller::knows_all() const {
  const Cluster* const known = driver_.cluster();
  if (known == nullptr) return false;
  for (std::size_t slot = 0; slot < all_slots_count; ++slot) {
    const auto number = static_cast<SlotNumber>(slot);
    const NodeNumber owner = known->owners().owner_of(static_cast<Slot>(slot));
    if (owner == no_node) return false;
    if (server_at(known->owners().address_of(owner)) != cluster_.owner(number)) return false;
  }
  return true;
}

void ClusterCaller::check_cached() {
  if (cache_ == nullptr || over_ || !driver_.has_cache()) return;
  for (std::size_t i = 0; i < cluster_keys_count; ++i) {
    const std::string key = cluster_key(i);
    const cache::Cache::Reader reader =
        driver_.near_cache()->reader(cache::any_staleness, driver_.time());
    cache_->core().visit(reader, commands::get_of(key), driver_.time(), [&](std::string_view wire) {
      const RequestNumber truth = ModelCluster::write_of(cluster_.truth(key));
      require(writes_in(wire).at(0) == truth, "once all is quiet, what is cached is true");
      return true;
    });
  }
}

void ClusterCaller::leave() {
  leaving_ = true;
  if (!over_) driver_.close();
}

}  // namespace plimsoll::sim
