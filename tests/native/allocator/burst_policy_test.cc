#include "plimsoll/native/allocator/burst_policy.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>

#include <catch2/catch_test_macros.hpp>

// Processes that are made up, looked at as often as the policy says.

namespace plimsoll::testing::burst_policy_test {
namespace {

using native::BurstPolicy;
using native::ProcessUsage;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t mib = 1024 * 1024;

class Process {
 public:
  /// What an allocator gives back of what the process has above this.
  std::size_t live_bytes = 100 * mib;
  std::size_t anonymous_bytes = live_bytes;
  Duration asking_costs{};
  BurstPolicy policy;
  int asked = 0;
  int looks = 0;

  /// Goes on for so long with so many processors in use, give or take a part of that.
  void run(Duration time, double processors, double noise = 0) {
    const Instant end = now_ + time;
    while (now_ < end) {
      const Duration step = std::min(policy.look_interval(), Duration(end - now_));
      const double rate = processors * (1 + noise * (2 * unit_(random_) - 1));
      now_ += step;
      cpu_ += std::chrono::duration_cast<Duration>(step * rate);
      ++looks;
      if (policy.handle_look(now_, snapshot())) ask();
    }
  }

  /// From here on what happens counts.
  void settle() {
    run(minutes(2), 0);
    asked = 0;
    looks = 0;
  }

 private:
  ProcessUsage snapshot() const { return {.cpu = cpu_, .anonymous_bytes = anonymous_bytes}; }

  void ask() {
    ++asked;
    const std::size_t returned = anonymous_bytes - std::min(live_bytes, anonymous_bytes);
    anonymous_bytes -= returned;
    cpu_ += asking_costs;
    now_ += asking_costs;
    policy.handle_asked(now_, snapshot(), returned);
  }

  std::minstd_rand random_{7};
  std::uniform_real_distribution<double> unit_{0, 1};
  Instant now_{hours(1)};
  Duration cpu_ = seconds(30);
};

TEST_CASE("a burst is over, and asked for once, when it has been quiet for the quiet period") {
  Process process;
  process.settle();
  process.anonymous_bytes = 600 * mib;
  process.run(seconds(10), 3);
  CHECK(process.asked == 0);
  process.run(milliseconds(1900), 0);
  CHECK(process.asked == 0);
  process.run(milliseconds(1200), 0);
  CHECK(process.asked == 1);
  CHECK(process.anonymous_bytes == process.live_bytes);
  process.run(seconds(9), 0);
  CHECK(process.asked == 1);
}

TEST_CASE("what is let go of late is asked for some seconds later") {
  Process process;
  process.settle();
  process.anonymous_bytes = process.live_bytes = 600 * mib;
  process.run(seconds(10), 2);
  process.run(seconds(4), 0);
  CHECK(process.asked == 1);
  process.live_bytes = 100 * mib;
  process.run(seconds(16), 0);
  CHECK(process.asked == 2);
  CHECK(process.anonymous_bytes == process.live_bytes);
}

TEST_CASE("a burst that only frees what was there shows in the processor time") {
  Process process;
  process.settle();
  process.live_bytes = 10 * mib;
  process.run(seconds(5), 0.5);
  process.run(seconds(4), 0);
  CHECK(process.asked == 1);
}

TEST_CASE("a burst that hardly needs a processor shows in the memory") {
  Process process;
  process.settle();
  process.anonymous_bytes = 110 * mib;
  process.run(seconds(10), 0.01);
  CHECK(process.asked == 1);
}

TEST_CASE("what happened before the first look counts as a burst") {
  Process process;
  process.run(seconds(5), 0);
  CHECK(process.asked == 1);
}

TEST_CASE("a load that stays as it is, is never asked for, however long") {
  Process process;
  process.anonymous_bytes = 600 * mib;
  for (const double processors : {0.1, 0.5, 1.0, 30.0}) {
    process.run(hours(2), processors, 0.4);
    CHECK(process.asked == 0);
  }
}

TEST_CASE("a load that wavers, since others have the processors now and then, is one that stays") {
  Process process;
  process.anonymous_bytes = 600 * mib;
  for (int i = 0; i < 100; ++i) {
    process.run(seconds(1), 1);
    process.run(seconds(3), 0.4);
    process.run(seconds(20), 0.5, 0.3);
    process.run(seconds(7), 0.3);
  }
  CHECK(process.asked == 0);
}

TEST_CASE("a load that falls to a fraction is a burst that is over; what stays is a load again") {
  Process process;
  process.run(minutes(10), 4, 0.3);
  process.run(seconds(15), 0.6);
  CHECK(process.asked == 1);
  process.run(hours(2), 0.6, 0.3);
  CHECK(process.asked == 1);
}

TEST_CASE("a thread that always computes does not hide a burst beside it") {
  Process process;
  process.run(minutes(5), 1, 0.1);
  CHECK(process.asked == 0);
  process.anonymous_bytes = 600 * mib;
  process.run(seconds(10), 4);
  process.run(seconds(15), 1, 0.1);
  CHECK(process.asked == 1);
  process.run(hours(1), 1, 0.1);
  CHECK(process.asked == 1);
}

TEST_CASE("nobody is asked while memory grows") {
  Process process;
  process.settle();
  for (int i = 0; i < 60; ++i) {
    process.anonymous_bytes += 4 * mib;
    process.run(process.policy.look_interval(), 0.01);
  }
  CHECK(process.asked == 0);
  process.run(seconds(3), 0.01);
  CHECK(process.asked == 1);
}

TEST_CASE("bursts that follow each other are not asked for more often than it is worth") {
  Process process;
  process.settle();
  for (int i = 0; i < 150; ++i) {
    process.anonymous_bytes = 600 * mib;
    process.run(seconds(1), 2);
    process.run(seconds(3), 0);
  }
  CHECK(process.asked <= 60);
  CHECK(process.asked >= 30);
}

TEST_CASE("an excess that stays in a quiet process is asked for again, ever less often in vain") {
  Process process;
  process.run(seconds(10), 0);
  CHECK(process.asked == 1);
  process.live_bytes = process.anonymous_bytes;
  process.run(hours(1), 0);
  CHECK(process.asked >= 7);
  CHECK(process.asked <= 10);
  const int before = process.asked;
  process.run(hours(10), 0);
  CHECK(process.asked - before >= 9);
  CHECK(process.asked - before <= 11);
}

TEST_CASE("what asking costs is not a burst of its own") {
  Process process;
  process.settle();
  process.asking_costs = milliseconds(800);
  process.anonymous_bytes = 600 * mib;
  process.run(seconds(5), 2);
  process.run(seconds(9), 0);
  CHECK(process.asked == 1);
}

TEST_CASE("a process that does nothing is looked at every five seconds") {
  Process process;
  process.settle();
  process.run(minutes(10), 0.02);
  CHECK(process.looks <= 121);
}

TEST_CASE("the quiet period can be changed on the way, and longer ones hold") {
  Process process;
  process.settle();
  process.run(seconds(10), 1);
  process.policy.configure({.quiet_period = minutes(3), .excess_min = mib});
  process.run(seconds(170), 0);
  CHECK(process.asked == 0);
  process.run(seconds(15), 0);
  CHECK(process.asked == 1);
  process.run(seconds(10), 1);
  process.policy.configure({.quiet_period = milliseconds(100), .excess_min = mib});
  process.run(milliseconds(250), 0);
  CHECK(process.asked == 2);
}

TEST_CASE("a clock that stands still, or figures that fall, do no harm") {
  BurstPolicy policy;
  const Instant now{hours(1)};
  CHECK_FALSE(policy.handle_look(now, {.cpu = seconds(9), .anonymous_bytes = 50 * mib}));
  CHECK_FALSE(policy.handle_look(now, {.cpu = seconds(19), .anonymous_bytes = 90 * mib}));
  CHECK_FALSE(policy.handle_look(now + seconds(1), {.cpu = seconds(3), .anonymous_bytes = 0}));
  CHECK(policy.handle_look(now + seconds(3), {.cpu = seconds(3), .anonymous_bytes = 0}));
}

}  // namespace
}  // namespace plimsoll::testing::burst_policy_test
