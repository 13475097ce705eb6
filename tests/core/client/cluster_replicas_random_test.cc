#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cluster_faults.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// Random worlds of clients that read from the replicas of a cluster, with a near cache and without.
// Replicas lag, lose their
// primaries and refuse; slots move; primaries fail, with and without losses. Whatever it is, each
// call has one outcome; a read sees what its client wrote before, and nothing that is older than
// lag_max, or than the lease; and once all is well again, all calls succeed. ClusterHistory checks
// most of it.

namespace plimsoll::testing::cluster_replicas_random_test {
namespace {

using namespace std::chrono_literals;

// Keys of four slots, of which two are moved about.
const std::vector<std::string> keys{"b", "{b}1", "{b}2", "c", "{c}1", "a", "d"};
// The client reads these, too, but only others write them, so that lag_max alone says what it sees.
const std::vector<std::string> keys_of_others{"{b}e", "{c}e", "{a}e"};
const std::vector<unsigned> moving_slots{3300, 7365};

std::size_t primaries_of(unsigned seed) { return 2 + seed % 2; }
std::size_t replicas_of(unsigned seed) { return 1 + seed / 2 % 2; }
std::size_t nodes_of(unsigned seed) { return primaries_of(seed) * (1 + replicas_of(seed)); }

ReplicaOptions replicas_from(unsigned seed) {
  static constexpr Duration lags[] = {100ms, 250ms, 1s};
  ReplicaOptions options{.read_from = ReadFrom::prefer_replica, .lag_max = lags[seed % 3]};
  if (seed % 5 == 1) options.read_from = ReadFrom::lowest_latency;
  if (seed % 5 == 2) options.read_from = ReadFrom::az_affinity;
  if (seed % 5 == 3) options.read_from = ReadFrom::az_affinity_replicas_and_primary;
  if (seed % 5 == 2 || seed % 5 == 3) options.zone = "east";
  return options;
}

constexpr Duration lease = 300ms;

bool has_cache(unsigned seed) { return seed / 4 % 2 == 1; }

ClusterWorldOptions options_of(unsigned seed) {
  ClusterWorldOptions options{.primaries = primaries_of(seed),
                              .replicas_count = replicas_of(seed),
                              .seeds = {ClusterWorld::port(0), ClusterWorld::port(1)},
                              .replicas = replicas_from(seed)};
  options.client.random_seed = seed;
  options.client.inflight_requests_limit = seed % 4 == 0 ? 8 : 1000;
  options.client.inflight_overflow = seed % 8 < 4 ? OnLimit::wait : OnLimit::reject;
  if (seed % 7 == 0) options.knows = ClusterWorldOptions::Knows::nothing;
  if (seed % 11 == 0) options.budget.memory_limit = std::size_t{4} << 20;
  if (!has_cache(seed)) return options;
  options.cache = cache::CacheOptions{.bytes_max = std::size_t{32} * 1024,
                                      .server_ttl_cap = seed % 4 == 3,
                                      .coherence_lease = lease,
                                      .seed = seed};
  options.client.tracking.method =
      seed % 16 < 8 ? TrackingOptions::Method::opt_in : TrackingOptions::Method::all_reads;
  return options;
}

struct Counts {
  std::size_t reads = 0;          // that had an answer
  std::size_t replica_reads = 0;  // that replicas have run
  std::size_t dated = 0;          // of which the age was looked at
  std::size_t hits = 0;           // that the cache had
  std::map<std::string, int> struck{};
};

class Chaos {
 public:
  explicit Chaos(unsigned seed)
      : random_(seed),
        world_(options_of(seed)),
        faults_(world_, random_, moving_slots, nodes_of(seed), primaries_of(seed)),
        nodes_(nodes_of(seed)),
        has_cache_(has_cache(seed)),
        lag_max_(replicas_from(seed).lag_max),
        laziness_(static_cast<int>(1 + seed / 3 % 6)) {
    if (seed % 3 != 0) {
      world_.delay = [this] { return std::chrono::microseconds(pick(3000)); };
    }
    if (seed % 9 == 0) {
      world_.piece = [this](std::size_t bytes) {
        return std::min(bytes, static_cast<std::size_t>(1 + pick(200)));
      };
    }
    if (seed % 16 == 0) world_.validate_always();
    for (NodeIndex each = 0; each < nodes_; ++each) {
      world_.node(each).zone = each % 3 == 0 ? "west" : "east";
    }
    if (has_cache_) world_.history().note_cached_for(lease);
    world_.connect();
    world_.advance(100ms);
    world_.on_outcome = [this](Tag) {
      if (pick(8) == 0) call();
    };
  }

  enum class End { calm, close };
  void run(int steps, End end_as) {
    for (int i = 0; i < steps; ++i) step();
    world_.on_outcome = {};
    if (end_as == End::close) return close();
    calm();
    end();
  }

  void add_to(Counts& counts) {
    for (const Tag tag : reads_) counts.reads += world_.history().has_succeeded(tag) ? 1 : 0;
    counts.hits += hits_;
    counts.replica_reads += world_.model().replica_reads().size();
    counts.dated += world_.history().dated_reads_count(world_.model(), lag_max_);
    for (const auto& [what, times] : faults_.struck) counts.struck[what] += times;
  }

 private:
  int pick(int count) { return faults_.pick(count); }
  NodeIndex any_node() { return static_cast<NodeIndex>(pick(static_cast<int>(nodes_))); }

  void step() {
    note_lost();
    write_elsewhere();
    replicate();
    for (int calls = pick(5); calls > 0; --calls) call();
    const int move = pick(100);
    if (move < 20) {
      faults_.slots();
    } else if (move < 25) {
      faults_.network();
    } else if (move < 27) {
      faults_.owners();
    } else if (move < 29) {
      fail_over_with_losses();
    } else if (move < 32) {
      faults_.words();
    } else if (move < 36) {
      refuse_at_replica();
    } else if (move < 40) {
      lose_link();
    } else if (move < 44) {
      cancel_one();
    } else if (move < 45) {
      world_.memory().refuse_one_after(static_cast<std::size_t>(pick(20)));
      ++faults_.struck["memory refused"];
    } else if (move < 46) {
      faults_.strangers();
    } else if (move < 52) {
      faults_.tell_any();
    } else {
      faults_.recover();
    }
    if (pick(3) != 0) world_.run();
    if (pick(3) != 0) world_.advance(std::chrono::milliseconds(1 + pick(pick(8) == 0 ? 400 : 40)));
  }

  void write_elsewhere() {
    for (const std::string& key : keys_of_others) {
      if (pick(8) != 0) continue;
      const std::string element = "e" + std::to_string(++elements_);
      world_.history().note_elsewhere(element);
      world_.write_elsewhere({"RPUSH", key, element});
    }
  }

  // Mostly a replica keeps up with its primary; some worlds have lazier ones.
  void replicate() {
    for (NodeIndex each = 0; each < nodes_; ++each) {
      if (!world_.node(each).replica_of || !works(each)) continue;
      if (!works(*world_.node(each).replica_of)) continue;
      resynchronize(each);
      if (pick(laziness_) != 0) continue;
      ClusterReplication& replication = world_.model().replication();
      if (pick(3) != 0) {
        replication.catch_up(each);
      } else if (replication.catch_up(each, static_cast<std::size_t>(1 + pick(3))) > 0) {
        ++faults_.struck["a part replicated"];
      }
    }
  }

  bool works(NodeIndex number) const {
    const std::string address = world_.address(number);
    return !world_.is_frozen(address) && !world_.is_dead(address);
  }

  // A replica that knows that its primary is another one gets everything anew, some time. If only
  // the link was lost, the replica goes on where it stopped.
  void resynchronize(NodeIndex number) {
    ModelNode& node = world_.node(number);
    const ClusterReplication& replication = world_.model().replication();
    const bool has_to = !replication.is_primary(number) && !replication.is_linked(number) &&
                        replication.is_primary(*node.replica_of);
    if (!has_to || takes_slots(number) || pick(6) != 0) return;
    if (node.replid == world_.node(*node.replica_of).replid && pick(4) != 0) {
      node.is_link_up = true;
      ++faults_.struck["link found again"];
      return;
    }
    world_.model().resynchronize(number);
    ++faults_.struck["resynchronized"];
  }

  bool takes_slots(NodeIndex number) {
    return std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
      return world_.node(number).view[model_slot_of(key)] == number;
    });
  }

  void lose_link() {
    const NodeIndex number = any_node();
    if (!world_.model().replication().is_linked(number)) return;
    world_.node(number).is_link_up = false;
    if (pick(2) == 0) world_.node(number).refusal = "-MASTERDOWN no link\r\n";
    ++faults_.struck["link lost"];
  }

  void refuse_at_replica() {
    const NodeIndex number = any_node();
    ModelNode& node = world_.node(number);
    if (!node.replica_of) return;
    node.refusal = pick(2) == 0 ? "-LOADING wait\r\n" : "-MASTERDOWN no link\r\n";
    ++faults_.struck["a replica refuses"];
  }

  void fail_over_with_losses() {
    const auto owner = faults_.lossy_failover();
    if (!owner) return;
    for (const std::string& key : keys) {
      if (world_.model().owner(model_slot_of(key)) == *owner) world_.history().note_lost(key);
    }
  }

  void call() {
    const std::string& key = faults_.one_of(keys);
    const Tag tag = ++tags_;
    const Duration timeout = pick(6) == 0 ? Duration(std::chrono::milliseconds(1 + pick(300)))
                                          : Duration(std::chrono::seconds(5));
    // What is written all the time is never found in a cache.
    switch (has_cache_ && pick(3) != 0 ? 5 : pick(16)) {
      case 0: world_.submit(tag, {"MGET", "{b}1", "{b}2"}, timeout); break;
      case 1: world_.submit(tag, {"MGET", "a", "b", "c", "d", "{b}1"}, timeout); break;
      case 2:
        world_.submit_transaction(
            tag, {{"RPUSH", key, std::to_string(tag)}, {"LRANGE", key, "0", "-1"}}, timeout);
        break;
      case 3:
      case 4: world_.push(tag, key, timeout); break;
      case 5:
      case 6: read(tag, faults_.one_of(keys_of_others), timeout); break;
      // What was just written is what a replica is likely to lack.
      case 7:
        world_.push(tag, key, timeout);
        read(++tags_, key, timeout);
        break;
      default: read(tag, key, timeout);
    }
  }

  void read(Tag tag, const std::string& key, Duration timeout) {
    reads_.push_back(tag);
    if (!has_cache_) {
      world_.read(tag, key, timeout);
      return;
    }
    if (pick(4) == 0) {
      world_.read(tag, key, timeout);
      world_.history().note_sent_to_replica(tag);  // perhaps: a fetch does not say
      return;
    }
    const Words words = ClusterHistory::words_of_any_read(key);
    if (world_.look_up(tag, words, cache::any_staleness, timeout)) ++hits_;
  }

  void cancel_one() {
    const std::vector<Tag> pending = world_.history().pending();
    if (pending.empty()) return;
    if (const auto id = world_.id_of(faults_.one_of(pending))) {
      world_.cancel(*id);
      ++faults_.struck["cancelled"];
    }
  }

  // What a node takes that does not know yet that it was replaced is lost. What it and its replicas
  // answer is of any age.
  void note_lost() {
    for (const auto* const some : {&keys, &keys_of_others}) note_lost(*some);
  }

  void note_lost(const std::vector<std::string>& some) {
    for (const std::string& key : some) {
      const unsigned slot = model_slot_of(key);
      for (NodeIndex each = 0; each < nodes_; ++each) {
        const ModelNode& node = world_.node(each);
        if (node.view[slot] != each || world_.model().owner(slot) == each) continue;
        // The source of a move that only its target has finished asks for the target.
        if (node.migrating.contains(slot)) continue;
        world_.history().note_lost(key);
        world_.history().note_disputed(key, world_.now());
      }
    }
  }

  void calm() {
    note_lost();
    faults_.end_all();
    note_lost();
    world_.model().tell_all();
    for (NodeIndex each = 0; each < nodes_; ++each) {
      if (world_.node(each).replica_of) world_.model().resynchronize(each);
    }
    world_.advance(12s);
  }

  // The user closes the client in the middle of it.
  void close() {
    world_.client().close(world_.now());
    world_.advance(3s);
    CHECK(world_.pending_count() == 0);
    calm();
    world_.verify();
  }

  // All is well: every call succeeds, and the client has forgotten what was.
  void end() {
    CHECK(world_.pending_count() == 0);
    CHECK(world_.cluster().counters().parked == 0);
    // Questions of the client's own may be under way, for the sake of what is cached.
    for (int i = 0; i < 20 && world_.client().statistics().in_flight > 0; ++i) world_.advance(1ms);
    CHECK(world_.client().statistics().in_flight == 0);
    std::vector<Tag> last;
    for (int i = 0; i < 3; ++i) {
      for (const std::string& key : keys) {
        world_.push(++tags_, key, 3s);
        last.push_back(tags_);
        read(++tags_, key, 3s);
        last.push_back(tags_);
        world_.advance(20ms);
        replicate();
      }
    }
    world_.advance(3500ms);
    for (const Tag tag : last) {
      CAPTURE(tag);
      CHECK(world_.history().has_succeeded(tag));
    }
    world_.verify();
    // No request has left its bytes behind. Each connection's log keeps a page, and each queue a
    // chunk, for as long as questions go that way.
    CHECK(world_.used(PoolKind::requests) < (nodes_ + 2) * std::size_t{8} * 1024);
  }

  std::mt19937 random_;
  ClusterWorld world_;
  ClusterFaults faults_;
  const std::size_t nodes_;
  const bool has_cache_;
  const Duration lag_max_;
  const int laziness_;
  std::vector<Tag> reads_;
  std::size_t hits_ = 0;
  Tag tags_ = 0;
  int elements_ = 0;
};

TEST_CASE("whatever happens, a read from a replica sees its client's writes, and is not too old") {
  // More seeds by hand: PLIMSOLL_SEEDS=from-to.
  unsigned from = 1;
  unsigned to = 60;
  if (const char* const text = std::getenv("PLIMSOLL_SEEDS")) {
    char* end = nullptr;
    from = static_cast<unsigned>(std::strtoul(text, &end, 10));
    to = static_cast<unsigned>(std::strtoul(*end == '-' ? end + 1 : text, nullptr, 10));
  }
  Counts counts;
  for (unsigned seed = from; seed <= to; ++seed) {
    CAPTURE(seed);
    Chaos chaos(seed);
    chaos.run(seed % 10 == 0 ? 400 : 120, seed % 11 == 0 ? Chaos::End::close : Chaos::End::calm);
    chaos.add_to(counts);
  }
  // It happened at all.
  for (const auto& [what, times] : counts.struck) {
    CAPTURE(what);
    CHECK(times > 0);
  }
  CAPTURE(counts.reads, counts.replica_reads, counts.dated, counts.hits);
  if (to - from > 50) {
    CHECK(counts.struck.size() == 20);
    CHECK(counts.replica_reads > counts.reads / 20);
    CHECK(counts.dated > counts.replica_reads / 8);
    CHECK(counts.hits > counts.reads / 20);
  }
}

}  // namespace
}  // namespace plimsoll::testing::cluster_replicas_random_test
