#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/core/client/replica_world.h"

// Random worlds of a primary and replicas: whatever happens, each read sees what this client wrote
// before it, is not older than lag_max, and has one outcome (ReplicaWorld checks the last).

namespace plimsoll::testing::replicas_random_test {
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

class Chaos {
 public:
  explicit Chaos(unsigned seed)
      : random_(seed), world_(all_, replica_options(seed), client_options(seed)) {
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
    CHECK(world_.outcome(tag) != "");
  }

  std::uint64_t reads() const { return world_.replicas().counters().reads; }
  std::uint64_t reads_moved() const { return world_.replicas().counters().reads_moved; }
  std::uint64_t reads_behind() const { return world_.replicas().counters().reads_behind; }

 private:
  struct Call {
    std::string key;
    bool is_write = false;
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
      submit({"GET", key}, key);
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
      world_.memory().refuse_one_after(static_cast<std::size_t>(pick(10)));
    } else {
      return world_.send();
    }
    if (pick(3) != 0) world_.run();
    if (pick(2) != 0) world_.advance(std::chrono::milliseconds(1 + pick(150)));
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

  Tag submit(const Words& words, const std::string& key) {
    const Tag tag = ++tags_;
    Call call{.key = key};
    call.floor = std::max(acknowledged_[key], value_before(key));
    open_[tag] = call;
    open_[tag].id = world_.submit(tag, words, 5s);
    if (world_.outcome(tag) != "") open_.erase(tag);  // refused
    return tag;
  }

  // What the primary had lag_max ago.
  int value_before(const std::string& key) const {
    int value = 0;
    for (const auto& [time, data] : past_) {
      if (time > world_.now() - lag_max) break;
      const auto found = data.find(key);
      if (found != data.end()) value = std::stoi(found->second);
    }
    return value;
  }

  // Looks at the outcomes since the last call.
  void look() {
    past_.emplace_back(world_.now(), world_.primary().data);
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
      if (!call.is_write && (outcome == "null" || outcome.starts_with('"'))) {
        const int seen = outcome == "null" ? 0 : std::stoi(outcome.substr(1));
        CAPTURE(each->first, call.key);
        REQUIRE(seen >= call.floor);
      }
      each = open_.erase(each);
    }
  }

  void calm() {
    for (const std::string& each : all_) {
      world_.wake(each);
      world_.revive(each);
      world_.server(each).refusal.clear();
      world_.server(each).is_link_up = true;
    }
    world_.wake("a:6379");
    world_.run();
    world_.advance(15s);
    if (own_) world_.client().release(*own_, world_.now());
    world_.run();
  }

  const std::vector<std::string> all_{"b:6379", "c:6379", "d:6379"};
  std::mt19937 random_;
  ReplicaWorld world_;
  Tag tags_ = 0;
  int value_ = 0;
  std::optional<ConnectionId> own_;
  std::map<Tag, Call> open_;
  std::map<std::string, int> acknowledged_;
  std::vector<std::pair<Instant, std::map<std::string, std::string>>> past_;
};

TEST_CASE("whatever happens, a read sees what its client wrote, and is not too old") {
  std::uint64_t reads = 0;
  std::uint64_t moved = 0;
  std::uint64_t behind = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Chaos chaos(seed);
    chaos.run(200);
    reads += chaos.reads();
    moved += chaos.reads_moved();
    behind += chaos.reads_behind();
  }
  // It happened at all.
  CHECK(reads > 500);
  CHECK(moved > 50);
  CHECK(behind > 50);
}

}  // namespace
}  // namespace plimsoll::testing::replicas_random_test
