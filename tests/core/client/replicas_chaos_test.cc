#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/core/client/replica_world.h"

// The worlds of replicas_random_test with more that goes wrong: flushes, other histories, promoted
// replicas, other users, refused rights, MGETs, reads aside. CHAOS_FROM and CHAOS_COUNT choose the
// seeds.
//
// Random worlds of a primary and replicas: whatever happens, each read sees what this client wrote
// before it, is not older than lag_max, and has one outcome (ReplicaWorld checks the last). With a
// near cache all that holds for what is served from there, too, and in the end nothing stale is
// left.

namespace plimsoll::testing::replicas_chaos_test {
namespace {

using namespace std::chrono_literals;

constexpr Duration lag_max = 1s;

ReplicaOptions replica_options(unsigned seed) {
  const bool by_latency = seed % 3 == 0;
  return {.read_from = by_latency ? ReadFrom::lowest_latency : ReadFrom::prefer_replica,
          .lag_max = lag_max};
}

ClientOptions client_options(unsigned seed) {
  ClientOptions options;
  options.inflight_requests_limit = seed % 2 == 0 ? 5 : 1000;
  options.inflight_overflow = seed % 4 < 2 ? OnLimit::wait : OnLimit::reject;
  options.read_resends_max = static_cast<std::uint8_t>(seed % 5 == 0 ? 2 : 0);
  options.random_seed = seed;
  return options;
}

enum class Caching { no, yes };

// An entry of the primary may be as old as the lease, so that is no more than lag_max.
std::optional<cache::CacheOptions> cache_options(unsigned seed, Caching caching) {
  if (caching == Caching::no) return std::nullopt;
  return cache::CacheOptions{.bytes_max = std::size_t{256} * 1024,
                             .entries_max = seed % 3 == 0 ? std::size_t{3} : std::size_t{0},
                             .server_ttl_cap = seed % 7 == 0,
                             .coherence_lease = seed % 4 == 0 ? lag_max / 2 : lag_max};
}

ClientOptions client_options(unsigned seed, Caching caching) {
  ClientOptions options = client_options(seed);
  const bool opts_in = caching == Caching::yes && seed % 5 == 1;
  if (opts_in) options.tracking.method = TrackingOptions::Method::opt_in;
  return options;
}

class Chaos {
 public:
  explicit Chaos(unsigned seed, Caching caching = Caching::no)
      : random_(seed),
        caching_(caching),
        world_(all_, replica_options(seed), client_options(seed, caching), {},
               cache_options(seed, caching)) {
    world_.connect();
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      look();
    }
    calm();
    look();
    CHECK(world_.pending_count() == 0);
    CHECK(open_.empty());
    const std::string key = "k0";
    const Tag tag = submit({"GET", key}, key);
    world_.run();
    look();
    if (caching_ == Caching::no) CHECK(world_.outcome(tag) != "");
    if (caching_ == Caching::yes) look_for_stale();
  }

  std::uint64_t reads() const { return world_.replicas().counters().reads; }
  std::uint64_t reads_moved() const { return world_.replicas().counters().reads_moved; }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t reads_behind() const { return world_.replicas().counters().reads_behind; }

 private:
  struct Call {
    std::string key;
    bool is_write = false;
    bool is_aside = false;
    std::string other{};
    int other_floor = 0;
    int value = 0;  // a write's
    int floor = 0;  // a read's: the least that it may see
    std::optional<RequestId> id{};
  };

  int pick(int count) { return std::uniform_int_distribution<>(0, count - 1)(random_); }
  const std::string& replica() { return all_[static_cast<std::size_t>(pick(3))]; }

  void step() {
    // Keys that begin with "s" are written on an exclusive connection, so that writes of one key
    // have an order.
    const std::string key = (pick(3) == 0 ? "s" : "k") + std::to_string(pick(3));
    const int move = pick(100);
    if (move < 15) {
      write(key);
    } else if (move < 55) {
      caching_ == Caching::yes&& pick(3) == 0 ? step_of_cache() : void(submit({"GET", key}, key));
    } else if (move < 68) {
      world_.replicate(replica());
    } else if (move < 71) {
      world_.cut(pick(6) == 0 ? "a:6379" : replica());
    } else if (move < 73) {
      world_.kill(replica());
    } else if (move < 77) {
      world_.revive(replica());
    } else if (move < 80) {
      world_.freeze(pick(6) == 0 ? "a:6379" : replica());
    } else if (move < 86) {
      for (const char* each : {"a:6379", "b:6379", "c:6379", "d:6379"}) world_.wake(each);
    } else if (move < 89) {
      refuse();
    } else if (move < 91) {
      rename();
    } else if (move < 94) {
      cancel_one();
    } else if (move < 96) {
      const int times = 1 + pick(memory_);
      world_.memory().refuse_one_after(static_cast<std::size_t>(pick(10 * times)));
    } else if (move < 98) {
      return world_.send();
    } else {
      odd();
    }
    if (pick(3) != 0) world_.run();
    if (pick(2) != 0) world_.advance(std::chrono::milliseconds(1 + pick(150)));
  }

  void odd() {
    switch (pick(8)) {
      case 0: world_.say(replica(), ">2\r\n$10\r\ninvalidate\r\n_\r\n"); break;
      case 1:
        world_.primary().history = std::string(40, static_cast<char>('a' + pick(20)));
        world_.cut("a:6379");
        break;
      case 2:
        // The client keeps views of the texts.
        world_.client().set_credentials(
            {.username = "u",
             .password = std::string_view("abc").substr(static_cast<std::size_t>(pick(3)), 1)});
        break;
      case 3: world_.server(replica()).is_replica = pick(3) != 0; break;
      case 4: world_.server(replica()).refused["GET"] = "-NOPERM no\r\n"; break;
      case 5: world_.server(replica()).refused["CLIENT"] = "-ERR no\r\n"; break;
      case 6: world_.say("a:6379", ">2\r\n$10\r\ninvalidate\r\n_\r\n"); break;
      case 7:
        for (const std::string& each : all_) {
          world_.server(each).refused.clear();
          world_.server(each).is_replica = true;
        }
        break;
    }
  }

  void read_aside(const std::string& key) {
    if (!own_) {
      const auto opened = world_.client().open_exclusive(world_.now());
      if (!opened) return;
      own_ = *opened;
    }
    const Tag tag = ++tags_;
    Call call{.key = key, .is_aside = true};
    call.id = submit_aside(tag, {"GET", key});
    if (world_.outcome(tag) == "") open_[tag] = call;
  }

  void read_several(const std::string& key) {
    const std::string other = "e" + std::to_string(pick(3));
    const Words words{"MGET", key, other};
    if (world_.look_up(words)) return;
    const Tag tag = ++tags_;
    Call call{.key = key, .other = other};
    call.floor = std::max({acknowledged_[key], heard_[key], value_before(key, lag_max)});
    call.other_floor =
        std::max({acknowledged_[other], heard_[other], value_before(other, lag_max)});
    open_[tag] = call;
    open_[tag].id = world_.submit(tag, words, 5s);
    if (world_.outcome(tag) != "") open_.erase(tag);
  }

  // Keys that begin with "e" are written by somebody else.
  void step_of_cache() {
    const std::string key = "e" + std::to_string(pick(3));
    const int move = pick(11);
    if (move == 8) return read_aside(pick(2) == 0 ? key : "s" + std::to_string(pick(3)));
    if (move == 9) return read_several(pick(2) == 0 ? "k0" : "s1");
    if (move == 10) return read_several(key);
    if (move < 3) {
      world_.write_elsewhere(key, std::to_string(++value_));
    } else if (move < 6) {
      submit({"GET", key}, key);
    } else if (move < 7) {
      const Duration bounds[] = {Duration::zero(), 300ms, 5s};
      submit({"GET", key}, key, bounds[pick(3)]);
    } else {
      const Tag tag = ++tags_;
      barriers_[tag] = world_.primary().data;
      world_.prove(tag);
    }
  }

  void cancel_one() {
    if (open_.empty()) return;
    const auto each = std::next(open_.begin(), pick(static_cast<int>(open_.size())));
    if (each->second.id) world_.cancel(*each->second.id);
  }

  void write(const std::string& key) {
    if (key[0] == 's' && !own_) {
      const auto opened = world_.client().open_exclusive(world_.now());
      if (!opened) return;
      own_ = *opened;
    }
    ++value_;
    const Words words{"SET", key, std::to_string(value_)};
    const Tag tag = ++tags_;
    Call call{.key = key, .is_write = true, .value = value_};
    if (key[0] == 's') {
      call.id = submit_aside(tag, words);
    } else if (pick(3) == 0) {
      call.id = world_.submit_transaction(tag, {{"MULTI"}, words, {"EXEC"}});
    } else {
      call.id = world_.submit(tag, words, 5s);
    }
    if (world_.outcome(tag) == "") open_[tag] = call;
  }

  // A lost exclusive connection is not replaced: write() opens another.
  std::optional<RequestId> submit_aside(Tag tag, const Words& words) {
    const auto id = world_.submit_to(*own_, tag, words);
    if (world_.outcome(tag).starts_with("refused with connection_lost")) {
      world_.client().release(*own_, world_.now());
      own_.reset();
    }
    return id;
  }

  void refuse() {
    NodeScript& server = world_.server(replica());
    const char* const refusals[] = {"", "", "-LOADING wait\r\n", "-MASTERDOWN no link\r\n"};
    server.refusal = refusals[pick(4)];
    server.is_link_up = pick(4) != 0;
  }

  void rename() {
    world_.primary().replicas.clear();
    for (const std::string& each : all_) {
      if (pick(3) != 0) world_.primary().replicas.push_back(each);
    }
  }

  Tag submit(const Words& words, const std::string& key,
             Duration max_staleness = cache::any_staleness) {
    const Tag tag = ++tags_;
    Call call{.key = key};
    call.floor = std::max(acknowledged_[key], value_before(key, std::min(lag_max, max_staleness)));
    if (max_staleness == cache::any_staleness) call.floor = std::max(call.floor, heard_[key]);
    if (max_staleness == Duration::zero() && key[0] == 'e') call.floor = value_at_primary(key);
    if (const auto hit = world_.look_up(words, max_staleness)) {
      ++hits_;
      CAPTURE(tag, key, *hit);
      REQUIRE((*hit == "_" || *hit == "" ? 0 : std::stoi(*hit)) >= call.floor);
      return tag;
    }
    open_[tag] = call;
    open_[tag].id = world_.submit(tag, words, 5s, max_staleness);
    if (world_.outcome(tag) != "") open_.erase(tag);  // refused
    return tag;
  }

  int value_at_primary(const std::string& key) {
    const auto found = world_.primary().data.find(key);
    return found == world_.primary().data.end() ? 0 : std::stoi(found->second);
  }

  // What the primary had so long ago.
  int value_before(const std::string& key, Duration ago) const {
    int value = 0;
    for (const auto& [time, data] : past_) {
      if (time > world_.now() - ago) break;
      const auto found = data.find(key);
      if (found != data.end()) value = std::stoi(found->second);
    }
    return value;
  }

  // Looks at the outcomes since the last call.
  void look() {
    past_.emplace_back(world_.now(), world_.primary().data);
    for (auto each = barriers_.begin(); each != barriers_.end();) {
      const std::string outcome = world_.outcome(each->first);
      if (outcome.empty() && pending_barrier(each->first)) {
        ++each;
        continue;
      }
      if (!outcome.starts_with("refused") && outcome.empty()) {
        for (const auto& [key, value] : each->second) {
          if (key[0] == 'e') acknowledged_[key] = std::max(acknowledged_[key], std::stoi(value));
        }
      }
      each = barriers_.erase(each);
    }
    for (auto each = open_.begin(); each != open_.end();) {
      const std::string outcome = world_.outcome(each->first);
      if (outcome.empty()) {
        ++each;
        continue;
      }
      const Call& call = each->second;
      if (call.is_write && outcome.find("\"OK\"") != std::string::npos) {
        acknowledged_[call.key] = std::max(acknowledged_[call.key], call.value);
      }
      if (call.is_aside && outcome.starts_with('"')) {
        heard_[call.key] = std::max(heard_[call.key], std::stoi(outcome.substr(1)));
      }
      if (!call.other.empty() && outcome.starts_with('[')) {
        const auto number = [](const std::string& word) {
          return word.starts_with('"') ? std::stoi(word.substr(1)) : 0;
        };
        const std::size_t comma = outcome.find(',');
        CAPTURE(each->first, call.key, call.other, outcome);
        REQUIRE(number(outcome.substr(1)) >= call.floor);
        REQUIRE(number(outcome.substr(comma + 2)) >= call.other_floor);
      }
      if (!call.is_write && (outcome == "null" || outcome.starts_with('"'))) {
        const int seen = outcome == "null" ? 0 : std::stoi(outcome.substr(1));
        CAPTURE(each->first, call.key);
        REQUIRE(seen >= call.floor);
      }
      each = open_.erase(each);
    }
  }

  bool pending_barrier(Tag tag) const { return world_.is_pending(tag); }

  void look_for_stale() {
    for (const std::string& each : all_) world_.replicate(each);
    world_.run();
    for (const char* kind : {"k", "s", "e"}) {
      for (int i = 0; i < 3; ++i) {
        const std::string key = kind + std::to_string(i);
        const std::string found = world_.read(++tags_, {"GET", key});
        const int value = value_at_primary(key);
        CAPTURE(key, found);
        const std::string number = std::to_string(value);
        const bool is_missing = found == "null" || found == "hit _";
        CHECK((value == 0 ? is_missing : found == "hit " + number || found == '"' + number + '"'));
      }
    }
  }

  void calm() {
    for (const std::string& each : all_) {
      world_.wake(each);
      world_.revive(each);
      world_.server(each).refusal.clear();
      world_.server(each).refused.clear();
      world_.server(each).is_replica = true;
      world_.server(each).is_link_up = true;
    }
    world_.wake("a:6379");
    world_.run();
    world_.advance(15s);
    for (const std::string& each : all_) world_.server(each).history = world_.primary().history;
    if (own_) world_.client().release(*own_, world_.now());
    world_.run();
  }

  const std::vector<std::string> all_{"b:6379", "c:6379", "d:6379"};
  std::mt19937 random_;
  const Caching caching_;
  const int memory_ = static_cast<int>(random_() % 4) + 1;
  std::uint64_t hits_ = 0;
  std::map<Tag, std::map<std::string, std::string>> barriers_;
  ReplicaWorld world_;
  Tag tags_ = 0;
  int value_ = 0;
  std::optional<ConnectionId> own_;
  std::map<Tag, Call> open_;
  std::map<std::string, int> acknowledged_;
  std::map<std::string, int> heard_;  // on the exclusive connection
  std::vector<std::pair<Instant, std::map<std::string, std::string>>> past_;
};

TEST_CASE("whatever happens, neither does the cache go behind what its client wrote") {
  std::uint64_t reads = 0;
  std::uint64_t moved = 0;
  std::uint64_t hits = 0;
  const char* const from = std::getenv("CHAOS_FROM");
  const char* const count = std::getenv("CHAOS_COUNT");
  const unsigned first = from == nullptr ? 1 : static_cast<unsigned>(std::stoul(from));
  const unsigned last = first + (count == nullptr ? 120 : static_cast<unsigned>(std::stoul(count)));
  for (unsigned seed = first; seed < last; ++seed) {
    CAPTURE(seed);
    Chaos chaos(seed, Caching::yes);
    chaos.run(200);
    reads += chaos.reads();
    moved += chaos.reads_moved();
    hits += chaos.hits();
  }
  CHECK(reads > 500);
  CHECK(moved > 50);
  CHECK(hits > 500);
}

}  // namespace
}  // namespace plimsoll::testing::replicas_chaos_test
