#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cluster_faults.h"
#include "plimsoll/tests/core/client/cluster_world.h"
#include "plimsoll/tests/core/resp/model.h"

// Random worlds with callers that block, exclusive users and subscribers to shard channels, in a
// cluster to which everything happens that happens to clusters. Whatever it is:
//
//  - Each call has one outcome. An element that a node has taken from a list is the outcome of the
//    call that took it, or that call is in doubt; no call takes two.
//  - CLIENT UNBLOCK ends no command whose caller still waits for it, and whose time is not over.
//    When all is well again, nothing blocks for a caller that has gone.
//  - No transaction is committed but on the connection on which its keys are watched.
//  - A message of a shard channel comes once at most. If one that the subscriber should have had is
//    missing, the next that comes says that there was a gap.
//  - There are never more connections than the options say, and nothing hangs once all is well.
//
// More than 500 lines, because all that happens to one client at a time is drawn from one seed.

namespace plimsoll::testing::cluster_sides_random_test {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> tags{"{b}", "{c}", "{a}"};
const std::vector<unsigned> moving_slots{3300, 7365};

ClusterWorldOptions options_of(unsigned seed) {
  ClusterWorldOptions options{.with_replicas = true,
                              .seeds = {ClusterWorld::port(0), ClusterWorld::port(1)}};
  options.redirects_max = seed % 3 == 0 ? 5 : 16;
  options.client.random_seed = seed;
  options.client.blocking_connections_max = 1 + seed % 7;
  options.client.subscriptions_max = 2;
  options.client.inflight_overflow = seed % 4 < 2 ? OnLimit::wait : OnLimit::reject;
  options.client.read_resends_max = seed % 9 == 0 ? 2 : 0;
  if (seed % 5 == 0) options.budget.memory_limit = std::size_t{4} << 20;
  return options;
}

// A caller's tag is in the words of a command that blocks, so that a node's doings can be told
// apart: in the last digits of the time, or in a second key.
Tag caller_of(const Words& words) {
  if (words.size() > 3) return std::stoul(words[2].substr(words[2].rfind(':') + 1));
  return std::stoul(words.back().substr(words.back().size() - 4));
}

class Chaos {
 public:
  explicit Chaos(unsigned seed)
      : random_(seed),
        world_(options_of(seed)),
        side_connections_max_(options_of(seed).client.blocking_connections_max +
                              options_of(seed).client.subscriptions_max) {
    if (seed % 3 != 0) {
      world_.delay = [this] { return std::chrono::microseconds(pick(3000)); };
    }
    if (seed % 8 == 0) {
      world_.piece = [this](std::size_t bytes) {
        return std::min(bytes, static_cast<std::size_t>(1 + pick(200)));
      };
    }
    if (seed % 16 == 0) world_.validate_always();
    ClusterSessions& sessions = world_.model().sessions();
    sessions.closes_when_demoted = seed % 2 == 0;
    sessions.on_unblocked = [this](const Words& words) { check_unblocked(caller_of(words)); };
    sessions.on_commit = [this](const ModelSession& session, const std::vector<Words>& queued) {
      check_commit(session, queued);
    };
    world_.on_event = [this](const Event& event) { note(event); };
    world_.connect();
    world_.advance(100ms);
    subscribe_all();
  }

  enum class End { calm, close };
  void run(int steps, End end_as) {
    for (int i = 0; i < steps; ++i) step();
    end_as == End::close ? close() : end();
  }

  const std::map<std::string, int>& struck() const { return faults_.struck; }

 private:
  struct Popper {
    bool is_cancelled = false;
    Instant time_over = never;  // when its own time, or its deadline, is over
  };
  struct Outcome {
    bool is_error = false;
    Executed executed = Executed::no;
    ErrorCode code{};
  };
  struct Exclusive {
    enum class Stage { none, open, watching, watched, committing } stage = Stage::none;
    ConnectionId handle{};
    Tag pending = 0;
    Tag attempt = 0;
    std::string key{};
  };
  struct Heard {
    std::string text;
    std::uint64_t missed;
  };
  struct Subscriber {
    ConnectionId connection{};
    Tag waits = 0;
    Tag changes = 0;
    bool has_second = true;
    std::string tag{};
    std::vector<Heard> heard{};
  };

  int pick(int count) { return faults_.pick(count); }
  Instant now() const { return world_.now(); }

  void step() {
    for (int calls = pick(4); calls > 0; --calls) call();
    for (Exclusive& user : users_) {
      if (pick(2) == 0) advance(user);
    }
    for (Subscriber& each : subscribers_) advance(each);
    const int move = pick(100);
    if (move < 30) {
      faults_.slots();
    } else if (move < 35) {
      faults_.network();
    } else if (move < 39) {
      faults_.owners();
    } else if (move < 42) {
      faults_.words();
    } else if (move < 55) {
      cancel_one();
    } else if (move < 56) {
      world_.memory().refuse_one_after(static_cast<std::size_t>(pick(20)));
      ++faults_.struck["memory refused"];
    } else if (move < 62) {
      faults_.tell_any();
    } else {
      faults_.recover();
    }
    if (pick(3) != 0) world_.run();
    if (pick(3) != 0) world_.advance(std::chrono::milliseconds(1 + pick(pick(8) == 0 ? 900 : 8)));
    world_.run();
    CHECK(world_.side_links() <= side_connections_max_);
  }

  void call() {
    const std::string& tag = faults_.one_of(tags);
    switch (pick(8)) {
      case 0:
      case 1: world_.push(++last_, tag + "q", 5s); break;
      case 2: world_.submit(++last_, {"SET", tag + "x", "other"}, 5s); break;
      case 3:
      case 4: {
        ++last_;
        world_.submit(last_, {"SPUBLISH", tag + "n" + std::to_string(pick(2)), "m" + id()}, 5s);
        break;
      }
      default: pop(tag + "q");
    }
  }
  std::string id() const { return std::to_string(last_); }

  void pop(const std::string& key) {
    ++last_;
    Popper& popper = poppers_[last_];
    if (pick(4) == 0) {
      world_.submit(last_, {"BLPOP", key, key + ":" + id(), "0"}, Duration::zero());
      return;
    }
    static const std::vector<double> times{0.05, 0.3, 2, 4000};
    const double seconds = faults_.one_of(times);
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%.2f%04d", seconds, static_cast<int>(last_));
    const Duration time =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::stod(text.data())));
    popper.time_over = now() + time;
    world_.submit(last_, {"BLPOP", key, text.data()}, pick(3) == 0 ? Duration(5ms) : 2s);
  }

  void cancel_one() {
    std::vector<Tag> pending;
    for (const auto& [tag, popper] : poppers_) {
      if (world_.outcome(tag).empty() && world_.id_of(tag)) pending.push_back(tag);
    }
    if (pending.empty()) return;
    const Tag tag = faults_.one_of(pending);
    poppers_[tag].is_cancelled = true;
    world_.cancel(*world_.id_of(tag));
    ++faults_.struck["cancelled"];
  }

  void note(const Event& event) {
    const bool ends = event.kind == Event::Kind::completed || event.kind == Event::Kind::failed;
    if (!ends) return;
    outcomes_[event.tag] = {
        .is_error = event.error != nullptr,
        .executed = event.error == nullptr ? Executed::yes : event.error->executed,
        .code = event.error == nullptr ? ErrorCode{} : event.error->code};
    for (Subscriber& each : subscribers_) {
      if (each.waits != event.tag || event.kind != Event::Kind::completed) continue;
      const MessagesMissed missed = world_.client().messages_missed();
      each.heard.push_back({.text = show(*event.value), .missed = missed.gaps + missed.lost});
    }
  }

  void check_unblocked(Tag caller) {
    ++faults_.struck["unblocked"];
    const Popper& popper = poppers_.at(caller);
    CAPTURE(caller);
    CHECK((popper.is_cancelled || now() >= popper.time_over));
  }

  // ---- Exclusive users.

  void check_commit(const ModelSession& session, const std::vector<Words>& queued) {
    if (queued[0][0] != "SET") return;
    const std::string& key = queued[0][1];
    const std::string& attempt = queued[0][2];
    CAPTURE(attempt);
    CHECK(session.watched.contains(key));
    CHECK((!marked_.contains(attempt) || session.watched.contains(key + ":" + attempt)));
    CHECK(committed_.insert(attempt).second);
    ++faults_.struck["committed"];
  }

  void advance(Exclusive& user) {
    using Stage = Exclusive::Stage;
    if (user.stage == Stage::none) {
      const Result<ConnectionId> opened = world_.client().open_exclusive(now());
      if (!opened) return;
      user.handle = *opened;
      user.stage = Stage::open;
    }
    if (user.pending != 0 && world_.outcome(user.pending).empty()) return;
    if (user.stage == Stage::open) return begin(user);
    const Outcome& outcome = outcomes_[user.pending];
    const bool is_refused = world_.outcome(user.pending).starts_with("refused");
    const std::string attempt = std::to_string(user.attempt);
    if (user.stage == Stage::committing) {
      const bool is_committed = world_.outcome(user.pending).starts_with("[");
      CAPTURE(attempt, world_.outcome(user.pending));
      if (is_committed) CHECK(committed_.contains(attempt));
      const bool is_none =
          is_refused || (outcome.is_error ? outcome.executed == Executed::no : !is_committed);
      if (is_none) CHECK_FALSE(committed_.contains(attempt));
      user.stage = Stage::open;
    } else if (is_refused || outcome.is_error) {
      user.stage = Stage::open;  // from WATCH on
      ++faults_.struck["begun anew"];
    } else if (user.stage == Stage::watching && pick(2) == 0) {
      user.stage = Stage::watched;
      user.pending = ++last_;
      world_.submit_to(user.handle, last_, {{"GET", user.key}}, 2s);
      return;
    } else {
      user.stage = Stage::committing;
      user.pending = ++last_;
      world_.submit_to(user.handle, last_, {{"SET", user.key, attempt}, {"GET", user.key}}, 2s);
      return;
    }
    const bool is_lost =
        is_refused || (outcome.is_error && outcome.code != ErrorCode::cluster_redirect);
    if (is_lost || pick(6) == 0) {
      world_.client().release(user.handle, now());
      user = {};
    }
  }

  void begin(Exclusive& user) {
    user.attempt = user.pending = ++last_;
    user.key = faults_.one_of(tags) + "x";
    user.stage = Exclusive::Stage::watching;
    if (pick(4) == 0) {
      world_.submit_to(user.handle, ++last_, {{"GET", faults_.one_of(tags) + "x"}}, 2s);
      user.attempt = user.pending = ++last_;
    }
    Words watch{"WATCH", user.key};
    if (pick(2) == 0) {
      watch.push_back(user.key + ":" + std::to_string(user.attempt));
      marked_.insert(std::to_string(user.attempt));
    }
    world_.submit_to(user.handle, user.pending, {watch}, 2s);
    // The watch of an attempt that failed is not over yet, and is for another slot.
    if (world_.last_error().code == ErrorCode::invalid_argument && !world_.id_of(user.pending)) {
      world_.submit_to(user.handle, ++last_, {{"UNWATCH"}}, 2s);
    }
  }

  // ---- Subscribers.

  void subscribe_all() {
    for (std::size_t i = 0; i < subscribers_.size(); ++i) {
      Subscriber& each = subscribers_[i];
      each.tag = tags[i];
      each.connection = world_.client().open_subscription(now()).value();
      each.changes = ++last_;
      world_.subscribe(each.connection, last_, {each.tag + "n0", each.tag + "n1"});
      world_.advance(100ms);
      REQUIRE(world_.history().has_succeeded(each.changes));
    }
  }

  void advance(Subscriber& each) {
    if (each.waits == 0 || !world_.outcome(each.waits).empty()) {
      if (pick(4) == 0) return;
      each.waits = ++last_;
      world_.next_message(each.connection, each.waits);
    }
    if (pick(12) != 0 || world_.outcome(each.changes).empty()) return;
    each.changes = ++last_;
    const Words channels{each.tag + "n1"};
    each.has_second ? world_.unsubscribe(each.connection, last_, channels, 2s)
                    : world_.subscribe(each.connection, last_, channels, 2s);
    each.has_second = !each.has_second;
  }

  void check(const Subscriber& each) {
    const std::string channel = each.tag + "n0";
    std::map<std::string, std::size_t> places;
    std::vector<std::uint64_t> missed;
    for (std::size_t i = 0; i < each.heard.size(); ++i) {
      CAPTURE(each.heard[i].text);
      CHECK(places.emplace(each.heard[i].text, i).second);
      missed.push_back(each.heard[i].missed + (i == 0 ? 0 : missed[i - 1]));
    }
    std::uint64_t told = 0;
    bool is_missing = false;
    for (const ClusterSessions::Published& one : world_.model().sessions().published()) {
      if (one.channel != channel) continue;
      const auto found =
          places.find("push [\"smessage\", \"" + channel + "\", \"" + one.text + "\"]");
      if (found == places.end()) {
        is_missing |= one.by_owner;
        continue;
      }
      if (!one.by_owner) continue;
      CAPTURE(one.text);
      CHECK((!is_missing || missed[found->second] > told));
      told = missed[found->second];
      is_missing = false;
    }
    CHECK_FALSE(is_missing);
  }

  // ---- The end.

  // The user closes the client in the middle of it.
  void close() {
    world_.client().close(now());
    for (int i = 0; i < 5; ++i) {
      world_.advance(1s);
      // Users go on for a while: they do not know yet.
      for (Exclusive& user : users_) {
        if (user.stage != Exclusive::Stage::none) advance(user);
      }
    }
    CHECK(world_.pending_count() == 0);
    CHECK(world_.side_links() == 0);
    faults_.end_all();
    world_.model().tell_all();
    world_.advance(1s);
    CHECK(world_.model().sessions().blocked().empty());
    check_popped();
    world_.verify();
  }

  void end() {
    faults_.end_all();
    world_.model().tell_all();
    world_.advance(20s);
    for (const Words& each : world_.model().sessions().blocked()) {
      CAPTURE(caller_of(each), world_.outcome(caller_of(each)));
      CHECK(world_.outcome(caller_of(each)).empty());
    }
    for (const auto& [tag, popper] : poppers_) {
      const bool should_be_over = popper.is_cancelled || now() >= popper.time_over;
      CAPTURE(tag);
      CHECK((!should_be_over || !world_.outcome(tag).empty()));
    }
    for (Exclusive& user : users_) give_back(user);
    for (std::size_t i = 0; i < poppers_.size() + 1; ++i) {
      if (count_of_pending() == 0) break;
      for (const std::string& tag : tags) world_.push(++last_, tag + "q", 3s);
      world_.advance(50ms);
    }
    CHECK(count_of_pending() == 0);
    for (Exclusive& user : users_) finish(user);
    for (Subscriber& each : subscribers_) finish(each);
    world_.advance(4s);
    CHECK(world_.pending_count() == 0);
    for (const Tag each : world_.history().pending()) UNSCOPED_INFO("pending: " << each);
    CHECK(world_.model().sessions().blocked().empty());
    check_popped();
    for (const Subscriber& each : subscribers_) check(each);
    world_.verify();
    CHECK(world_.client().statistics().waiting == 0);
    CHECK(world_.used(PoolKind::requests) < segment_bytes);
  }

  std::size_t count_of_pending() const {
    return static_cast<std::size_t>(std::count_if(poppers_.begin(), poppers_.end(), [&](auto& one) {
      return world_.outcome(one.first).empty();
    }));
  }

  void give_back(Exclusive& user) {
    if (user.stage == Exclusive::Stage::none) return;
    world_.client().release(user.handle, now());
    user = {};
    world_.advance(100ms);
  }

  // All is well, so an attempt of each user is committed in the end.
  void finish(Exclusive& user) {
    const std::size_t before = committed_.size();
    for (int i = 0; i < 100 && committed_.size() == before; ++i) {
      advance(user);
      world_.advance(50ms);
    }
    CHECK(committed_.size() > before);
    give_back(user);
  }

  void finish(Subscriber& each) {
    const std::string channel = each.tag + "n0";
    ++last_;
    world_.submit(last_, {"SPUBLISH", channel, "m" + id()}, 3s);
    const std::string last = "push [\"smessage\", \"" + channel + "\", \"m" + id() + "\"]";
    world_.advance(50ms);
    for (int i = 0; i < 2000; ++i) {
      if (!each.heard.empty() && each.heard.back().text == last) break;
      if (each.waits == 0 || !world_.outcome(each.waits).empty()) {
        each.waits = ++last_;
        world_.next_message(each.connection, each.waits);
      }
      world_.advance(5ms);
    }
    REQUIRE_FALSE(each.heard.empty());
    CHECK(each.heard.back().text == last);
    if (const auto waits = world_.id_of(each.waits)) world_.cancel(*waits);
    world_.advance(50ms);
  }

  void check_popped() {
    std::map<Tag, std::vector<std::string>> taken;
    for (const ClusterSessions::Popped& each : world_.model().sessions().popped()) {
      taken[caller_of(each.words)].push_back("[\"" + each.words[1] + "\", \"" + each.element +
                                             "\"]");
    }
    for (const auto& [tag, popper] : poppers_) {
      const std::vector<std::string>& elements = taken[tag];
      CAPTURE(tag, world_.outcome(tag));
      CHECK(elements.size() <= 1);
      if (world_.history().has_succeeded(tag)) {
        CHECK(world_.outcome(tag) == (elements.empty() ? "null" : elements[0]));
      } else if (!elements.empty()) {
        CHECK(outcomes_[tag].executed != Executed::no);
      }
    }
  }

  std::mt19937 random_;
  ClusterWorld world_;
  const std::size_t side_connections_max_;
  ClusterFaults faults_{world_, random_, moving_slots};
  Tag last_ = 0;
  std::map<Tag, Popper> poppers_;
  std::map<Tag, Outcome> outcomes_;
  std::array<Exclusive, 2> users_;
  std::array<Subscriber, 2> subscribers_;
  std::set<std::string> marked_;
  std::set<std::string> committed_;
};

TEST_CASE("whatever happens, what blocks, watches and listens is right, and nothing hangs") {
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
    chaos.run(seed % 10 == 0 ? 300 : 100, seed % 11 == 0 ? Chaos::End::close : Chaos::End::calm);
    for (const auto& [what, times] : chaos.struck()) struck[what] += times;
  }
  if (to - from > 50) CHECK(struck.size() == 16);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_sides_random_test
