// More than 500 lines, because what happens, and what it makes of each reply, is one world.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cluster_faults.h"
#include "plimsoll/tests/core/client/cluster_world.h"
#include "plimsoll/tests/core/client/model_reads.h"

// Random worlds: callers whose clients share a near cache, other writers, and a cluster to which
// everything happens that happens to clusters. What each key has held is known, one value behind
// another (ClusterTracking), so that each reply can be told to be true, or of some time ago:
//
//  - Nothing is found in the cache that a client is writing.
//  - Whatever is found in the cache was read at the node that has the slot, as far as the client
//    knows; and that node has told the client of no change, or its telling is still under way.
//  - No reply is older than what the client had read of the key's changes when it was called.
//  - No reply is older than a write that had succeeded when it was called, of any of the clients;
//    or than a write of the same client that was called before, if no node has refused anything.
//  - Nothing goes back: no reply is older than one to the same words that had come before it was
//    called; and, if a client has the cache for itself, than any reply about the key.
//  - No reply is older than the lease, or than a barrier that was over when it was called, or than
//    its max_staleness.
//  - In the end everything is true.
//
// Those about time do not hold while a node takes a slot for its own that it has lost, since such a
// node answers as if nothing had happened; and what was read there may be served for a lease more.

namespace plimsoll::testing::cluster_cache_random_test {
namespace {

using namespace std::chrono_literals;

constexpr NodeIndex nodes = 6;  // 3 primaries with a replica each
constexpr Duration lease = 300ms;
constexpr Duration entry_ttl = 200ms;
constexpr std::size_t cache_bytes = std::size_t{32} * 1024;

// Keys of four slots, of which two are moved about.
const std::vector<std::string> keys{"b", "{b}1", "{b}2", "c", "{c}1", "a", "d"};
const std::vector<unsigned> moving_slots{3300, 7365};

bool is_by_time(unsigned seed) { return seed % 8 == 5; }

ClusterWorldOptions options_of(unsigned seed) {
  ClusterWorldOptions options{.with_replicas = true,
                              .seeds = {ClusterWorld::port(0), ClusterWorld::port(1)}};
  options.client.random_seed = seed;
  options.client.inflight_requests_limit = seed % 5 == 0 ? 8 : 1000;
  options.client.inflight_overflow = seed % 4 < 2 ? OnLimit::wait : OnLimit::reject;
  options.client.read_resends_max = seed % 3 == 0 ? 2 : 0;
  if (seed % 7 < 2) options.knows = ClusterWorldOptions::Knows::nothing;
  options.cache = cache::CacheOptions{.bytes_max = cache_bytes,
                                      .server_ttl_cap = seed % 6 == 1,
                                      .cache_nil = seed % 2 == 0,
                                      .coherence_lease = lease,
                                      .seed = seed};
  if (is_by_time(seed)) {
    options.cache->mode = cache::CacheMode::ttl;
    options.cache->entry_ttl = entry_ttl;
  } else {
    options.client.tracking.method =
        seed % 4 == 3 ? TrackingOptions::Method::opt_in : TrackingOptions::Method::all_reads;
  }
  return options;
}

class Chaos {
 public:
  explicit Chaos(unsigned seed) : seed_(seed), random_(seed), world_(options_of(seed)) {
    callers_.push_back(Caller{.world = &world_});
    for (unsigned i = 0; i < (seed % 3 == 2 ? seed % 4 : 0); ++i) {
      others_.push_back(std::make_unique<ClusterWorld>(options_of(seed), world_));
      callers_.push_back(Caller{.world = others_.back().get()});
    }
    for (Caller& caller : callers_) {
      ClusterWorld& world = *caller.world;
      if (seed % 4 != 0) world.delay = [this] { return std::chrono::microseconds(pick(3000)); };
      if (seed % 9 == 0) {
        world.piece = [this](std::size_t bytes) {
          return std::min(bytes, static_cast<std::size_t>(1 + pick(200)));
        };
      }
      if (seed % 16 == 0) world.validate_always();
      if (seed % 7 < 2) call(caller);
      world.connect();
      world.on_outcome = [this, &caller](Tag tag) {
        judge(caller, tag);
        if (has_ended_) return;
        if (pick(8) == 0) call(caller);
      };
    }
    world_.advance(100ms);
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    end();
  }

  std::map<std::string, int>& struck() { return faults_.struck; }

 private:
  struct Call {
    enum class Kind { read, write, barrier } kind;
    std::string key{};
    Words words{};
    std::string value{};  // that is written; empty: DEL
    Duration max_staleness = cache::any_staleness;
    Instant called_at{};
    std::size_t place = 0;                        // among all calls
    std::map<std::string, std::size_t> floors{};  // what each key must have come to
    std::map<std::string, std::size_t> truths{};  // what was true then
    std::map<std::string, std::size_t> disputes{};
    std::size_t moves = 0;  // of its slot, until then
    bool has_succeeded = false;
    std::size_t index = 0;  // of the change that it has made
  };
  struct Caller {
    ClusterWorld* world;
    std::map<Tag, Call> calls{};
    std::map<std::string, std::size_t> seen{};  // by key: what the latest reply was
    Tag tags = 0;
  };

  int pick(int count) { return faults_.pick(count); }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return faults_.one_of(all);
  }
  ClusterModel& model() { return world_.model(); }

  // ---- What happens.

  void advance(Duration duration) {
    note_history();
    world_.advance(duration);
    note_history();
  }

  void step() {
    note_history();
    for (Caller& caller : callers_) {
      for (int calls = pick(4); calls > 0; --calls) call(caller);
      if (pick(3) == 0) browse(caller);
    }
    if (pick(3) == 0) write_elsewhere();
    const int move = pick(120);
    if (move < 26) {
      faults_.slots();
    } else if (move < 32) {
      faults_.network();
    } else if (move < 35) {
      faults_.owners();
    } else if (move < 38) {
      lag();
    } else if (move < 42) {
      minority();
    } else if (move < 45) {
      frozen_owner();
    } else if (move < 49) {
      faults_.words();
    } else if (move < 54) {
      cancel_one();
    } else if (move < 55) {
      world_.memory().refuse_one_after(static_cast<std::size_t>(pick(20)));
      ++struck()["memory refused"];
    } else if (move < 60) {
      faults_.tell_any();
    } else if (move < 66) {
      resynchronize();
    } else if (move < 74) {
      unheard();
    } else {
      faults_.recover();
    }
    note_history();
    if (pick(3) != 0) world_.run();
    if (pick(3) != 0) {
      advance(std::chrono::milliseconds(1 + pick(pick(8) == 0 ? 400 : 8)));
    }
    note_history();
    CHECK(world_.used(PoolKind::cache) <= cache_bytes + segment_bytes);
  }

  // Its replica has nothing of what came after the last replication.
  void lag() {
    const auto number = static_cast<NodeIndex>(pick(nodes));
    if (model().node(number).replica_of || !is_calm()) return;
    if (pick(2) == 0) return model().replicate(number);
    fail_over(number);
    if (pick(2) == 0) faults_.tell(number);
    ++struck()["failover with losses"];
  }

  // An owner is cut off with its clients: it serves for a while, then says so, then it is healed.
  void minority() {
    if (!cut_off_) {
      const auto number = static_cast<NodeIndex>(pick(nodes));
      if (model().node(number).replica_of || !is_calm()) return;
      model().replicate(number);
      fail_over(number);
      cut_off_ = number;
      ++struck()["minority"];
    } else if (!model().node(*cut_off_).is_down) {
      model().node(*cut_off_).is_down = true;
      ++struck()["minority is down"];
    } else {
      model().node(*cut_off_).is_down = false;
      faults_.tell(*cut_off_);
      cut_off_.reset();
    }
  }

  // It does nothing for some time, and is replaced; what lies in its sockets it answers later.
  void frozen_owner() {
    const auto number = static_cast<NodeIndex>(pick(nodes));
    if (model().node(number).replica_of || !is_calm()) return;
    world_.freeze(world_.address(number));
    const Duration asleep = std::chrono::milliseconds(pick(700));
    for (Caller& caller : callers_) call(caller);
    advance(asleep);
    model().replicate(number);
    fail_over(number);
    note_history();
    for (int i = 0; i < 3; ++i) write_elsewhere();
    for (Caller& caller : callers_) call(caller);
    advance(std::chrono::milliseconds(pick(100)));
    world_.wake(world_.address(number));
    world_.run();
    ++struck()["frozen owner replaced"];
  }

  // The clients have read, and do not ask for a while. What has happened then has to be known when
  // a barrier is over, or a lease.
  void unheard() {
    for (int i = 0; i < 2; ++i) delete_elsewhere();
    for (int i = 0; i < 2; ++i) {
      for (Caller& caller : callers_) browse(caller);
      advance(5ms);
    }
    if (pick(3) == 0) {
      faults_.owners();
    } else {
      for (int i = 1 + pick(6); i > 0; --i) faults_.slots();
    }
    for (int i = 0; i < 5; ++i) write_elsewhere();
    if (pick(2) == 0) {
      for (Caller& caller : callers_) {
        const Tag tag = begin(caller, {.kind = Call::Kind::barrier, .words = {"GET", "b"}});
        caller.world->prove(tag, 1s);
      }
      advance(20ms);
    } else {
      advance(age_max() + 50ms);
    }
    for (Caller& caller : callers_) {
      for (const std::string& key : keys) {
        for (const Words& words : reads_of(key)) read(caller, words, cache::any_staleness, 1s);
      }
    }
    ++struck()["unheard"];
  }

  static std::vector<Words> reads_of(const std::string& key) {
    return {
        {"GET", key}, {"EXISTS", key}, {"STRLEN", key}, {"LRANGE", key, "0", "-1"}, {"TYPE", key}};
  }

  void fail_over(NodeIndex primary) {
    model().promote_replica_of(primary);
    for (NodeIndex each = 0; each < nodes; ++each) {
      if (each != primary && pick(5) != 0) faults_.tell(each);
    }
  }

  bool is_calm() {
    return std::none_of(moving_slots.begin(), moving_slots.end(), [this](unsigned slot) {
      if (model().owner(slot) >= nodes) return true;
      for (NodeIndex each = 0; each < nodes; ++each) {
        const ModelNode& node = model().node(each);
        if (node.migrating.contains(slot) || node.importing.contains(slot)) return true;
      }
      return false;
    });
  }

  // A node that is a replica now, and knows it, forgets what it had.
  void resynchronize() {
    for (NodeIndex each = 0; each < nodes; ++each) {
      const ModelNode& node = model().node(each);
      const bool is_told = std::none_of(keys.begin(), keys.end(), [&](const std::string& key) {
        return node.view[model_slot_of(key)] == each;
      });
      if (!node.replica_of || !is_told || world_.is_frozen(world_.address(each))) continue;
      if (pick(2) == 0) continue;
      model().resynchronize(each);
      ++struck()["resynchronized"];
    }
  }

  std::string next_value() {
    const std::string number = std::to_string(++values_);
    return "v" + number + std::string(values_ % 5, 'x');
  }

  void write_elsewhere() {
    if (pick(4) == 0) return delete_elsewhere();
    world_.write_elsewhere({"SET", one_of(keys), next_value()});
    ++struck()["written elsewhere"];
  }
  void delete_elsewhere() { world_.write_elsewhere({"DEL", one_of(keys)}); }

  void call(Caller& caller) {
    const std::string& key = one_of(keys);
    const Duration timeout = pick(6) == 0 ? Duration(std::chrono::milliseconds(1 + pick(300)))
                                          : Duration(std::chrono::seconds(5));
    Duration max_staleness = cache::any_staleness;
    if (pick(4) == 0) {
      max_staleness = pick(2) == 0 ? 0ms : std::chrono::milliseconds(1 + pick(100));
    }
    switch (pick(16)) {
      case 0:
      case 1: return write(caller, {"DEL", key}, timeout);
      case 2:
      case 3:
      case 4: return write(caller, {"SET", key, next_value()}, timeout);
      case 5: return read(caller, {"EXISTS", key}, max_staleness, timeout);
      case 6: return read(caller, {"STRLEN", key}, max_staleness, timeout);
      case 7: return read(caller, {"LRANGE", key, "0", "-1"}, max_staleness, timeout);
      case 8: return read(caller, {"MGET", "b", "{b}1", "{b}2"}, max_staleness, timeout);
      case 9: return read(caller, {"MGET", "b", "c", "a"}, max_staleness, timeout);
      case 10: return read(caller, {"TYPE", key}, max_staleness, timeout);
      case 11: {
        const Tag tag = begin(caller, {.kind = Call::Kind::barrier, .words = {"GET", key}});
        caller.world->prove(tag, timeout);
        return;
      }
      default: return read(caller, {"GET", key}, max_staleness, timeout);
    }
  }

  // As those do who read more than they write: most of it is in the cache.
  void browse(Caller& caller) {
    for (int i = pick(20); i > 0; --i) {
      const std::string& key = one_of(keys);
      const Words words = pick(2) == 0 ? Words{"GET", key} : one_of(reads_of(key));
      read(caller, words, cache::any_staleness, 5s);
      if (pick(4) == 0) world_.run();
    }
  }

  void read(Caller& caller, const Words& words, Duration max_staleness, Duration timeout) {
    const Tag tag = begin(caller, {.kind = Call::Kind::read,
                                   .key = words[1],
                                   .words = words,
                                   .max_staleness = max_staleness});
    caller.world->look_up(tag, words, max_staleness, timeout);
  }

  void write(Caller& caller, const Words& words, Duration timeout) {
    const Tag tag = begin(caller, {.kind = Call::Kind::write,
                                   .key = words[1],
                                   .words = words,
                                   .value = words.size() > 2 ? words[2] : ""});
    caller.world->submit(tag, words, timeout);
  }

  Tag begin(Caller& caller, Call call) {
    call.called_at = world_.now();
    call.place = ++places_;
    if (!call.key.empty()) call.moves = moves_[model_slot_of(call.key)];
    for (const std::string& each : keys) {
      call.floors[each] = floor_of(caller, call, each);
      call.disputes[each] = disputes_[each];
      call.truths[each] = truth(each);
    }
    if (call.kind == Call::Kind::write) writes_[call.key].insert({&caller, caller.tags + 1});
    caller.calls.emplace(++caller.tags, std::move(call));
    return caller.tags;
  }

  void cancel_one() {
    Caller& caller = callers_[static_cast<std::size_t>(pick(static_cast<int>(callers_.size())))];
    const std::vector<Tag> pending = caller.world->history().pending();
    if (pending.empty()) return;
    if (const auto id = caller.world->id_of(one_of(pending))) {
      caller.world->cancel(*id);
      ++struck()["cancelled"];
    }
  }

  // ---- What was so, and when.

  // The number of the key's last change that its owner has made.
  std::size_t truth(const std::string& key) { return model().tracking().true_changes(key); }
  // That of a time, or of some time before.
  std::size_t truth_at(const std::string& key, Instant when) {
    const auto& all = history_[key];
    const auto later =
        std::lower_bound(all.begin(), all.end(), when,
                         [](const auto& each, Instant limit) { return each.first < limit; });
    return later == all.begin() ? 0 : std::prev(later)->second;
  }

  // Whether a node that works, or will work again, takes what another one owns for its own.
  bool is_disputed(const std::string& key) {
    const unsigned slot = model_slot_of(key);
    for (NodeIndex each = 0; each < nodes; ++each) {
      const ModelNode& node = world_.node(each);
      const bool takes_it = node.view[slot] == each && !node.migrating.contains(slot);
      if (takes_it && model().owner(slot) != each) return true;
    }
    return false;
  }

  void note_history() {
    for (const std::string& key : keys) {
      if (is_disputed(key)) {
        ++disputes_[key];
        disputed_at_[key] = world_.now();
      }
      if (history_[key].empty() || history_[key].back().second != truth(key)) {
        history_[key].emplace_back(world_.now(), truth(key));
      }
      const unsigned slot = model_slot_of(key);
      std::vector<std::size_t> state{model().owner(slot)};
      for (NodeIndex each = 0; each < nodes; ++each) {
        state.push_back(world_.node(each).view[slot]);
        state.push_back(world_.node(each).migrating.contains(slot));
        state.push_back(world_.node(each).is_down || !world_.node(each).refusal.empty());
      }
      if (std::exchange(states_[slot], state) != state) ++moves_[slot];
    }
  }

  // ---- What is asked of a reply.

  Duration age_max() const { return is_by_time(seed_) ? entry_ttl : lease; }

  // At the time of the call.
  std::size_t floor_of(Caller& caller, const Call& call, const std::string& key) {
    std::size_t floor = std::max(truth_at(key, call.called_at - age_max()), written_[key]);
    if (call.max_staleness == Duration::zero()) {
      floor = std::max(floor, truth(key));
    } else if (call.max_staleness != cache::any_staleness) {
      floor = std::max(floor, truth_at(key, call.called_at - call.max_staleness));
    }
    if (is_by_time(seed_)) return floor;
    floor = std::max({floor, proved_of_all(key), seen_[question_of(call, key)]});
    floor = std::max(floor, caller.world->told(key));
    if (callers_.size() == 1) floor = std::max(floor, caller.seen[key]);
    return floor;
  }
  // What one client has read another one may find, so that all have to prove.
  std::size_t proved_of_all(const std::string& key) {
    std::size_t least = SIZE_MAX;
    for (const Caller& caller : callers_) least = std::min(least, proved_[caller.world][key]);
    return least;
  }
  static Words question_of(const Call& call, const std::string& key) {
    if (call.words[0] == "MGET") return {"GET", key};
    return call.words;
  }

  bool may_be_lost(const Call& call, const std::string& key) {
    if (is_disputed(key) || disputes_[key] != call.disputes.at(key)) return true;
    if (call.max_staleness == Duration::zero()) return false;
    return disputes_[key] > 0 && call.called_at <= disputed_at_[key] + age_max();
  }

  void judge(Caller& caller, Tag tag) {
    Call& call = caller.calls.at(tag);
    const std::string outcome = caller.world->outcome(tag);
    call.has_succeeded = caller.world->history().has_succeeded(tag);
    writes_[call.key].erase({&caller, tag});
    CAPTURE(tag, call.words, outcome);
    if (!call.has_succeeded) return;
    switch (call.kind) {
      case Call::Kind::barrier: return judge_barrier(caller, call);
      case Call::Kind::write: return judge_write(call);
      case Call::Kind::read: break;
    }
    const bool is_hit = outcome.starts_with("hit ");
    const std::string reply = is_hit ? outcome.substr(4) : outcome;
    if (is_hit && !has_ended_) ++struck()["hit"];
    if (is_hit && !has_ended_ && callers_.size() > 1) ++struck()["hit of a shared cache"];
    if (reply.starts_with("error")) return;
    if (call.words[0] != "MGET") return judge_read(caller, call, call.key, reply, is_hit);
    const std::vector<std::string> elements = elements_of(reply);
    REQUIRE(elements.size() + 1 == call.words.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      judge_read(caller, call, call.words[i + 1], elements[i], is_hit);
    }
    if (is_hit) ++struck()["hit by MGET"];
  }

  static std::vector<std::string> elements_of(const std::string& reply) {
    std::vector<std::string> all;
    for (std::size_t at = 1; at < reply.size();) {
      const std::size_t end = std::min(reply.find(", ", at), reply.size() - 1);
      all.push_back(reply.substr(at, end - at));
      at = end + 2;
    }
    return all;
  }

  void judge_barrier(Caller& caller, const Call& call) {
    ++struck()["barrier"];
    for (const std::string& key : keys) {
      if (may_be_lost(call, key)) continue;
      std::size_t& proved = proved_[caller.world][key];
      proved = std::max(proved, call.truths.at(key));
    }
  }

  void judge_write(Call& call) {
    const auto& all = model().tracking().changes(call.key);
    if (call.value.empty()) return;  // who has deleted it nobody can tell
    for (std::size_t i = all.size(); i > 0; --i) {
      const ClusterTracking::Change& change = all[i - 1];
      if (change.is_loss || change.value != std::vector<std::string>{call.value}) continue;
      if (!change.by_owner) return;
      call.index = i;
      written_[call.key] = std::max(written_[call.key], i);
      return;
    }
  }

  void judge_read(Caller& caller, const Call& call, const std::string& key,
                  const std::string& reply, bool is_hit) {
    CAPTURE(key, is_hit, truth(key));
    if (is_hit) check_closed(key);
    if (is_hit && !is_by_time(seed_)) check_vouched(caller, key);
    if (may_be_lost(call, key)) {
      ++struck()["read in a dispute"];
      return;
    }
    std::size_t floor = call.floors.at(key);
    floor = std::max(floor, own_write_before(caller, call, key));
    CAPTURE(floor);
    const std::optional<std::size_t> index = index_of(question_of(call, key), key, reply, floor);
    if (!index) show_history(key);
    REQUIRE(index.has_value());
    std::size_t& seen = seen_[question_of(call, key)];
    seen = std::max(seen, *index);
    caller.seen[key] = std::max(caller.seen[key], *index);
    ++struck()[is_hit ? "true hit" : "true reply"];
    if (call.max_staleness == Duration::zero()) ++struck()["true now"];
  }

  // Also if it was not awaited. If the slot has moved, or a node has refused something, that node
  // may have run what was on its way behind it.
  std::size_t own_write_before(const Caller& caller, const Call& call, const std::string& key) {
    if (moves_[model_slot_of(key)] != call.moves || key != call.key) return 0;
    std::size_t floor = 0;
    for (const auto& [tag, write] : caller.calls) {
      if (write.place > call.place) break;
      if (write.key == key && write.moves == call.moves) floor = std::max(floor, write.index);
    }
    return floor;
  }

  // The first of the key's changes from `floor` on after which the reply was true.
  std::optional<std::size_t> index_of(const Words& question, const std::string& key,
                                      const std::string& reply, std::size_t floor) {
    const auto& all = model().tracking().changes(key);
    for (std::size_t i = floor; i <= all.size(); ++i) {
      if (i > 0 && !all[i - 1].by_owner) continue;
      if (ClusterWorld::shown(answer(question, key, i)) == reply) return i;
    }
    return std::nullopt;
  }
  std::string answer(const Words& question, const std::string& key, std::size_t index) {
    std::map<std::string, std::vector<std::string>> data;
    if (index > 0) {
      const auto& value = model().tracking().changes(key)[index - 1].value;
      if (value) data[key] = *value;
    }
    return answer_of_read(data, question).value();
  }
  void show_history(const std::string& key) {
    std::string text;
    for (const ClusterTracking::Change& change : model().tracking().changes(key)) {
      text += std::to_string(change.node) + ": " + (change.value ? change.value->back() : "none");
      text += change.by_owner ? "\n" : " (lost)\n";
    }
    UNSCOPED_INFO(text);
  }

  // No client of the cache has a write under way.
  void check_closed(const std::string& key) {
    for (const auto& [caller, tag] : writes_[key]) {
      CAPTURE(tag);
      CHECK_FALSE(caller->world->outcome(tag).empty());
    }
  }

  // The node that has the slot, as far as the client knows that has read it, will tell that client
  // of the next change, or has told and is not heard yet.
  void check_vouched(Caller& caller, const std::string& key) {
    const std::string address = caller.world->owner_known(model_slot_of(key));
    CAPTURE(address);
    CHECK(std::any_of(callers_.begin(), callers_.end(), [&](const Caller& each) {
      const std::string at = each.world->owner_known(model_slot_of(key));
      return each.world->is_tracked(key, at) || each.world->is_told_soon(key, at);
    }));
  }

  // ---- The end.

  void end() {
    faults_.end_all();
    cut_off_.reset();
    model().tell_all();
    note_history();
    if (pick(2) == 0) {
      for (NodeIndex each = 0; each < nodes; ++each) {
        if (model().node(each).replica_of) model().resynchronize(each);
      }
    }
    if (pick(2) == 0) {
      prove_all();
      check_all(Truth::at_call);
    }
    advance(12s);
    has_ended_ = true;
    check_all(Truth::now);
    check_all(Truth::now);
    advance(12s);
    for (int i = 0; i < 20 && is_any_under_way(); ++i) advance(1ms);
    CHECK_FALSE(is_any_under_way());
    for (Caller& caller : callers_) {
      CHECK(caller.world->pending_count() == 0);
      CHECK(caller.world->cluster().counters().parked == 0);
    }
    world_.cache().validate();
  }

  // Also a proof that nobody has asked for. Otherwise each queue keeps a chunk.
  bool is_any_under_way() {
    return world_.used(PoolKind::requests) >= callers_.size() * 2 * segment_bytes ||
           std::any_of(callers_.begin(), callers_.end(), [](const Caller& caller) {
             return caller.world->client().statistics().in_flight > 0;
           });
  }

  void prove_all() {
    has_ended_ = true;
    if (is_by_time(seed_)) {
      advance(entry_ttl);
    } else {
      for (Caller& caller : callers_) {
        prove(caller);
      }
    }
    ++struck()["proved in the end"];
  }

  // With few places, calls from before may have all of them for a while.
  void prove(Caller& caller) {
    for (int tries = 0; tries < 1000; ++tries) {
      const Tag tag = begin(caller, {.kind = Call::Kind::barrier, .words = {"GET", "b"}});
      if (caller.world->prove(tag, 5s)) {
        advance(5s);
        CHECK(caller.world->outcome(tag) == "proved");
        return;
      }
      advance(10ms);
    }
    FAIL("there is never room for a barrier");
  }

  // What was called before may still write. If not, nothing changes any more.
  enum class Truth { at_call, now };
  void check_all(Truth truth_of) {
    for (Caller& caller : callers_) {
      for (const std::string& key : keys) {
        for (const Words& words : reads_of(key)) {
          const Tag tag = begin(caller, {.kind = Call::Kind::read, .key = key, .words = words});
          const bool is_hit = caller.world->look_up(tag, words, cache::any_staleness, 5s);
          if (!is_hit) advance(caller.world->outcome(tag).empty() ? 20ms : 0ms);
          if (caller.world->outcome(tag).empty()) advance(3s);
          const std::string outcome = caller.world->outcome(tag);
          const std::string reply = is_hit ? outcome.substr(4) : outcome;
          CAPTURE(key, words, is_hit);
          CHECK_FALSE(reply.empty());
          if (truth_of == Truth::now) {
            CHECK(reply == ClusterWorld::shown(answer(words, key, truth(key))));
          }
          if (is_hit) ++struck()["hit in the end"];
        }
      }
    }
  }

  const unsigned seed_;
  std::mt19937 random_;
  ClusterWorld world_;
  std::vector<std::unique_ptr<ClusterWorld>> others_;
  std::deque<Caller> callers_;
  ClusterFaults faults_{world_, random_, moving_slots};
  std::optional<NodeIndex> cut_off_;
  std::size_t values_ = 0;
  std::size_t places_ = 0;
  std::map<std::string, std::size_t> disputes_;
  std::map<std::string, Instant> disputed_at_;
  std::map<std::string, std::vector<std::pair<Instant, std::size_t>>> history_;
  std::map<unsigned, std::vector<std::size_t>> states_;
  std::map<unsigned, std::size_t> moves_;
  std::map<std::string, std::size_t> written_;
  std::map<const ClusterWorld*, std::map<std::string, std::size_t>> proved_;
  std::map<Words, std::size_t> seen_;
  std::map<std::string, std::set<std::pair<Caller*, Tag>>> writes_;  // that may be under way
  bool has_ended_ = false;
};

TEST_CASE("whatever happens to a cluster, a near cache serves what is true, or was a lease ago") {
  // More seeds by hand: PLIMSOLL_SEEDS=from-to.
  unsigned from = 1;
  unsigned to = 24;
  if (const char* const text = std::getenv("PLIMSOLL_SEEDS")) {
    char* end = nullptr;
    from = static_cast<unsigned>(std::strtoul(text, &end, 10));
    to = static_cast<unsigned>(std::strtoul(*end == '-' ? end + 1 : text, nullptr, 10));
  }
  std::map<std::string, int> struck;
  for (unsigned seed = from; seed <= to; ++seed) {
    CAPTURE(seed);
    Chaos chaos(seed);
    chaos.run(seed % 10 == 0 ? 400 : 150);
    for (const auto& [what, times] : chaos.struck()) struck[what] += times;
  }
  // It happened at all.
  std::string all;
  for (const auto& [what, times] : struck) all += what + ": " + std::to_string(times) + "\n";
  if (std::getenv("PLIMSOLL_SHOW") != nullptr) WARN(all);
  CAPTURE(all);
  if (to - from >= 23) CHECK(struck.size() == 30);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_cache_random_test
