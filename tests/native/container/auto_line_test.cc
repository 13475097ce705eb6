#include "plimsoll/native/container/auto_line.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

// Where "auto" draws the line: time and readings are made up.

namespace plimsoll::testing::auto_line_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace native::container;

constexpr std::uint64_t mib = 1024 * 1024;
constexpr AutoBounds bounds{.least = 1 * mib, .full = 128 * mib};

// A cgroup with this much of 512 MiB in use.
Reading used(std::uint64_t bytes, const Events& events = {}, Stall stall = {}) {
  Reading reading;
  reading.levels.push_back({.place = "/box",
                            .limit = 512 * mib,
                            .limit_file = "/box/memory.max",
                            .usage = bytes,
                            .events = events,
                            .stall = stall});
  return reading;
}

Assessment judged(std::uint64_t bytes) { return assess(used(bytes), used(bytes), seconds(1)); }

Assessment judged(const Reading& now, const Reading& before) {
  return assess(now, before, seconds(1));
}

Instant at(Duration time) { return Instant(std::chrono::hours(1) + time); }

TEST_CASE("marks are parts of the limit, and of a large one amounts") {
  CHECK(marks_of(512 * mib).ample == 128 * mib);
  CHECK(marks_of(512 * mib).low == 64 * mib);
  CHECK(marks_of(512 * mib).critical == 16 * mib);
  CHECK(marks_of(1024 * 1024 * mib).ample == 2048 * mib);
  CHECK(marks_of(1024 * 1024 * mib).low == 1024 * mib);
  CHECK(marks_of(1024 * 1024 * mib).critical == 256 * mib);
}

TEST_CASE("room is judged by the headroom") {
  CHECK(judged(100 * mib).room == Room::ample);
  CHECK(judged(384 * mib).room == Room::ample);
  CHECK(judged(385 * mib).room == Room::enough);
  CHECK(judged(448 * mib).room == Room::enough);
  CHECK(judged(449 * mib).room == Room::low);
  CHECK(judged(449 * mib).shortage() == mib);
  CHECK(judged(496 * mib).room == Room::low);
  CHECK(judged(497 * mib).room == Room::critical);
  CHECK(judged(497 * mib).reason == "15 MiB left below the 512 MiB of /box");
}

TEST_CASE("memory.high counts as the limit: what is above it is throttled") {
  Reading reading = used(300 * mib);
  reading.levels[0].high = 256 * mib;
  const Assessment seen = judged(reading, reading);
  CHECK(seen.room == Room::critical);
  CHECK(seen.headroom == -44 * static_cast<std::int64_t>(mib));
  CHECK(seen.reason == "44 MiB above the 256 MiB of /box");
}

TEST_CASE("events count where room is less than ample; files fill what there is") {
  const Events before{.high = 1, .max = 1};
  const Events after{.high = 1, .max = 2};
  CHECK(judged(used(300 * mib, after), used(300 * mib, before)).room == Room::ample);
  CHECK(judged(used(400 * mib, after), used(400 * mib, before)).room == Room::low);
  CHECK(judged(used(400 * mib, {.high = 2, .max = 1}), used(400 * mib, before)).room == Room::low);
  CHECK(judged(used(400 * mib, before), used(400 * mib, before)).room == Room::enough);
  // A counter that fell is another cgroup's.
  CHECK(judged(used(400 * mib, {}), used(400 * mib, before)).room == Room::enough);
}

TEST_CASE("a kill in the container is as bad as it gets") {
  CHECK(judged(used(mib, {.oom_kill = 1}), used(mib)).room == Room::critical);
  CHECK(judged(used(mib, {.oom = 1}), used(mib)).room == Room::critical);
  CHECK(judged(used(mib, {.oom_kill = 3}), used(mib, {.oom_kill = 1})).kills == 2);
}

TEST_CASE("counters are compared only where both readings have them, of the same cgroup") {
  Reading unknown = used(mib);
  unknown.levels[0].events.reset();
  const Reading killed = used(mib, {.oom = 2, .oom_kill = 2});
  Reading elsewhere = killed;
  elsewhere.levels[0].place = "/other";
  for (const auto& [now, before] :
       {std::pair(killed, unknown), std::pair(unknown, killed), std::pair(elsewhere, used(mib))}) {
    CHECK(judged(now, before).room == Room::ample);
    CHECK(judged(now, before).kills == 0);
  }
}

TEST_CASE("a kill that each cgroup above counts as well is one") {
  const auto nested = [](std::uint64_t kills, bool has_events_below) {
    Reading reading = used(mib, {.oom_kill = kills});
    reading.levels.push_back(reading.levels[0]);
    reading.levels[1].place = "/";
    for (Level& level : reading.levels) level.has_events_below = has_events_below;
    return reading;
  };
  CHECK(judged(nested(3, true), nested(1, true)).kills == 2);
  CHECK(sum_of_events(nested(3, true)).oom_kill == 3);
  CHECK(judged(nested(3, false), nested(1, false)).kills == 4);
  CHECK(sum_of_events(nested(3, false)).oom_kill == 6);
}

TEST_CASE("stalls count from the bound on, and as long as they go on") {
  const auto stalled = [](double percent, std::uint64_t microseconds) {
    return used(mib, {}, {.percent = percent, .microseconds = microseconds});
  };
  CHECK(judged(stalled(9.9, 200'000), stalled(0, 0)).room == Room::ample);
  CHECK(judged(stalled(10, 200'000), stalled(0, 0)).room == Room::low);
  CHECK(judged(stalled(10, 200'000), stalled(0, 0)).reason ==
        "10 % of the time somebody waits for memory in /box");
  CHECK(judged(stalled(50, 200'000), stalled(60, 200'000)).room == Room::ample);
  CHECK(judged(stalled(50, 299'999), stalled(60, 200'000)).room == Room::ample);
  // Of the machine only where it is short itself.
  Reading now = stalled(50, 900'000);
  Reading before = stalled(50, 0);
  now.levels[0].is_machine = before.levels[0].is_machine = true;
  CHECK(judged(now, before).room == Room::ample);
}

TEST_CASE("the line begins at its share, or at what there is room for") {
  CHECK(auto_bounds(0.25, 512 * mib, mib, 0).full == 128 * mib);
  CHECK(auto_bounds(0.25, 2 * mib, mib, 0).full == mib);
  CHECK(auto_bounds(0.25, std::nullopt, mib, 64 * mib).full == 64 * mib);
  CHECK(auto_bounds(0.25, 0, mib, 64 * mib).full == mib);
  AutoLine line;
  CHECK(line.begin(judged(100 * mib), bounds, 0, at({})) == 128 * mib);
  CHECK(line.begin(judged(400 * mib), bounds, 0, at({})) == 48 * mib);
  CHECK(line.begin(judged(500 * mib), bounds, 0, at({})) == mib);
  CHECK(line.begin(Assessment(), bounds, 0, at({})) == 128 * mib);
}

TEST_CASE("what a line before it has in use is not missing twice") {
  AutoLine line;
  CHECK(line.begin(judged(400 * mib), bounds, 30 * mib, at({})) == 78 * mib);
  CHECK(line.begin(judged(460 * mib), bounds, 30 * mib, at({})) == 18 * mib);
  CHECK(line.begin(judged(500 * mib), bounds, 30 * mib, at({})) == mib);
  CHECK(line.begin(judged(400 * mib), bounds, 100 * mib, at({})) == 128 * mib);
}

TEST_CASE("it yields by what is short and an eighth, below what is used, by half at most") {
  AutoLine line;
  line.begin(judged(100 * mib), bounds, 0, at({}));
  CHECK(line.follow(judged(430 * mib), bounds, 100 * mib, at(seconds(1))) == 128 * mib);
  CHECK(line.follow(judged(450 * mib), bounds, 100 * mib, at(seconds(2))) == 82 * mib - 1);
  const std::size_t third = line.follow(judged(490 * mib), bounds, 82 * mib, at(seconds(3)));
  CHECK(third / mib == 44);  // 58 are short, with the eighth; of those it gives 82 / 128
  CHECK(line.lowered() == 2);
  SECTION("a kill is near: at once") {
    CHECK(line.follow(judged(505 * mib), bounds, third, at(seconds(4))) == mib);
  }
  SECTION("a leak that goes on squeezes it to the least, and no further") {
    for (int i = 4; i < 12; ++i) line.follow(judged(470 * mib), bounds, mib, at(seconds(i)));
    CHECK(line.line() == bounds.least);
  }
}

TEST_CASE("for hints it yields a step a second") {
  AutoLine line;
  line.begin(judged(100 * mib), bounds, 0, at({}));
  const Events once{.max = 1};
  const Assessment hint = judged(used(400 * mib, once), used(400 * mib));
  CHECK(line.follow(hint, bounds, 128 * mib, at(seconds(1))) == 112 * mib - 1);
  CHECK(line.follow(hint, bounds, 112 * mib, at(milliseconds(1500))) == 112 * mib - 1);
  CHECK(line.follow(hint, bounds, 112 * mib, at(milliseconds(2000))) / mib == 97);
}

TEST_CASE("it goes up by steps after a calm, and only where room is ample") {
  AutoLine line;
  line.begin(judged(100 * mib), bounds, 0, at({}));
  line.follow(judged(450 * mib), bounds, 100 * mib, at({}));
  const std::size_t low = line.line();
  REQUIRE(low == 82 * mib - 1);
  line.follow(judged(100 * mib), bounds, 82 * mib, at(raise_patience_min - milliseconds(1)));
  CHECK(line.line() == low);
  line.follow(judged(400 * mib), bounds, 82 * mib, at(raise_patience_min));
  CHECK(line.line() == low);
  line.follow(judged(100 * mib), bounds, 82 * mib, at(raise_patience_min));
  CHECK(line.line() == low + 8 * mib + 1);
  CHECK(line.raised() == 1);
  for (int i = 2; i < 10; ++i) line.follow(judged(mib), bounds, mib, at(i * raise_patience_min));
  CHECK(line.line() == bounds.full);
}

TEST_CASE("a step up that had to be taken back is waited for twice as long, up to a bound") {
  AutoLine line;
  line.begin(judged(100 * mib), bounds, 0, at({}));
  Duration time{};
  line.follow(judged(450 * mib), bounds, 100 * mib, at(time));
  Duration patience = raise_patience_min;
  for (int i = 0; i < 8; ++i) {
    const std::size_t low = line.line();
    line.follow(judged(mib), bounds, low, at(time + patience - milliseconds(1)));
    CHECK(line.line() == low);
    time += patience;
    line.follow(judged(mib), bounds, low, at(time));
    CHECK(line.line() > low);
    time += seconds(1);
    line.follow(judged(450 * mib), bounds, line.line(), at(time));
    patience = std::min(2 * patience, raise_patience_max);
  }
}

TEST_CASE("the share follows the limit; where something cannot be read, only down") {
  AutoLine line;
  line.begin(judged(100 * mib), bounds, 0, at({}));
  const AutoBounds wide{.least = mib, .full = 256 * mib};
  const AutoBounds narrow{.least = mib, .full = 64 * mib};
  Assessment partial = judged(100 * mib);
  partial.is_partial = true;
  CHECK(line.follow(partial, wide, 0, at(seconds(1))) == 128 * mib);
  CHECK(line.follow(judged(100 * mib), wide, 0, at(seconds(2))) == 256 * mib);
  CHECK(line.follow(partial, narrow, 0, at(seconds(3))) == 64 * mib);
  CHECK(line.follow(judged(450 * mib), narrow, 64 * mib, at(seconds(4))) < 64 * mib);
  const std::size_t low = line.line();
  CHECK(line.follow(partial, narrow, 0, at(seconds(100))) == low);
  CHECK(line.follow(judged(100 * mib), narrow, 0, at(seconds(101))) > low);
}

// Several processes with caches that fill what they may, and a neighbour, in 512 MiB. They look
// one after the other, eight times a second.
struct Neighbourhood {
  explicit Neighbourhood(std::size_t count) : lines(count), kept(count, 0) {
    for (AutoLine& line : lines) line.begin(judged(0), bounds, 0, at({}));
  }

  std::uint64_t sum() const {
    std::uint64_t bytes = neighbour;
    for (const std::uint64_t each : kept) bytes += each;
    return bytes;
  }

  void look() {
    time += milliseconds(125);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      lines[i].follow(judged(sum()), bounds, kept[i], at(time));
      // A cache gives up at once, and fills by 5 MiB a look.
      kept[i] = std::min<std::uint64_t>(lines[i].line(), kept[i] + 5 * mib);
    }
    most = std::max(most, sum());
  }

  std::vector<AutoLine> lines;
  std::vector<std::uint64_t> kept;
  std::uint64_t neighbour = 40 * mib;
  std::uint64_t most = 0;
  Duration time{};
};

TEST_CASE("processes that share a container stay below its limit together, and come to rest") {
  Neighbourhood all(6);  // six shares of a quarter
  for (int i = 0; i < 8 * 600; ++i) all.look();
  CHECK(all.most < 512 * mib);
  const auto moves = [&all] {
    std::uint64_t count = 0;
    for (const AutoLine& line : all.lines) count += line.lowered() + line.raised();
    return count;
  };
  const std::uint64_t before = moves();
  for (int i = 0; i < 8 * 600; ++i) all.look();
  // Ten minutes: not one move a minute each.
  CHECK(moves() - before < 60);
  CHECK(all.most < 512 * mib);
  for (const std::uint64_t kept : all.kept) CHECK(kept > 8 * mib);
}

TEST_CASE("a neighbour that leaks is made way for by all, before it is too late") {
  Neighbourhood all(3);
  for (int i = 0; i < 8 * 60; ++i) all.look();
  while (all.neighbour < 490 * mib) {
    all.neighbour += 6 * mib;  // 48 MiB, a tenth of the container, a second
    all.look();
    CHECK(all.sum() < 512 * mib);
  }
  for (const AutoLine& line : all.lines) CHECK(line.line() == bounds.least);
  all.neighbour = 40 * mib;
  for (int i = 0; i < 8 * 600; ++i) all.look();
  for (const std::uint64_t kept : all.kept) CHECK(kept > 64 * mib);
}

}  // namespace
}  // namespace plimsoll::testing::auto_line_test
