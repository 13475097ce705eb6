#include "plimsoll/core/cluster/view_schedule.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::view_schedule_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers come at once. `has_view` says whether the question of this number gets one; requests want
// a view all the time.
template <class HasView>
std::vector<Duration> questions_within(Duration time, ViewSchedule::Need need, HasView has_view) {
  ViewSchedule schedule(7);
  std::vector<Duration> asked;
  for (Duration at{}; at <= time; at += milliseconds(1)) {
    const Instant now = Instant{} + at;
    schedule.want(now, need);
    if (!schedule.is_due(now)) continue;
    schedule.begin(now);
    has_view(asked.size()) ? schedule.handle_view(now) : schedule.handle_failure(now);
    asked.push_back(at);
  }
  return asked;
}

std::size_t most_in_a_second(const std::vector<Duration>& asked) {
  std::size_t most = 0;
  for (auto first = asked.begin(); first != asked.end(); ++first) {
    const auto end = std::lower_bound(first, asked.end(), *first + seconds(1));
    most = std::max(most, static_cast<std::size_t>(end - first));
  }
  return most;
}

constexpr auto always = [](std::size_t) { return true; };

TEST_CASE("while nodes have views to give, they are asked once or five times a second") {
  CHECK(questions_within(seconds(10), ViewSchedule::Need::normal, always).size() == 11);
  CHECK(questions_within(seconds(10), ViewSchedule::Need::urgent, always).size() == 51);
}

TEST_CASE(
    "after a redirection a view is wanted some time later, and each client draws its own time") {
  constexpr std::size_t clients = 1000;
  std::vector<Duration> waits;
  for (std::uint64_t seed = 0; seed < clients; ++seed) {
    ViewSchedule schedule(seed * 0x9e3779b97f4a7c15);
    schedule.begin(Instant{});
    schedule.handle_view(Instant{});
    const Instant redirected = Instant{} + seconds(30);
    CHECK_FALSE(schedule.handle_redirection(redirected));
    waits.push_back(schedule.next() - redirected);
    // Further ones do not make it come sooner.
    CHECK_FALSE(schedule.handle_redirection(redirected));
    CHECK(schedule.next() - redirected == waits.back());
  }
  std::sort(waits.begin(), waits.end());
  CHECK(waits.front() >= ViewSchedule::some_time_min);
  CHECK(waits.back() <= ViewSchedule::some_time_max);
  // With five nodes that is some 30 questions a second for each.
  CHECK(most_in_a_second(waits) <= 5 * 50);
}

TEST_CASE("what has cost as many redirections as a view is worth asks for one at once") {
  ViewSchedule schedule(7);
  schedule.begin(Instant{});
  schedule.handle_view(Instant{});
  const Instant now = Instant{} + ViewSchedule::interval;
  for (int i = 1; i < ViewSchedule::redirections_max; ++i) {
    CHECK_FALSE(schedule.handle_redirection(now));
  }
  CHECK_FALSE(schedule.is_due(now));
  CHECK(schedule.handle_redirection(now));
  CHECK(schedule.is_due(now));
  // They count from the last question on.
  schedule.begin(now);
  schedule.handle_view(now);
  CHECK_FALSE(schedule.handle_redirection(now + seconds(1)));
  CHECK_FALSE(schedule.is_due(now + seconds(1)));
}

TEST_CASE("after a question in vain, another node is asked soon") {
  const auto only_second = [](std::size_t number) { return number == 1; };
  const std::vector<Duration> asked =
      questions_within(seconds(1), ViewSchedule::Need::urgent, only_second);
  CHECK(asked[1] <= ViewSchedule::failed_wait_min);
  // And the view that it has given does not make the next one late.
  CHECK(asked[2] <= asked[1] + ViewSchedule::urgent_interval);
}

TEST_CASE("wherever some nodes have no view to give, questions stay as rare on average") {
  for (const std::size_t nodes : {2U, 3U, 4U, 5U, 7U}) {
    const auto only_last = [nodes](std::size_t number) { return number % nodes == nodes - 1; };
    const auto only_first = [nodes](std::size_t number) { return number % nodes != nodes - 1; };
    for (const auto need : {ViewSchedule::Need::normal, ViewSchedule::Need::urgent}) {
      for (const auto& asked : {questions_within(seconds(20), need, only_last),
                                questions_within(seconds(20), need, only_first)}) {
        CAPTURE(nodes, asked.size());
        CHECK(asked.size() <= 101 + ViewSchedule::early_max);
        CHECK(most_in_a_second(asked) <= 5 + ViewSchedule::early_max);
      }
    }
  }
}

TEST_CASE("while no node has a view to give, and no request waits, the wait doubles") {
  ViewSchedule schedule(7);
  schedule.want(Instant{}, ViewSchedule::Need::normal);
  Duration most = ViewSchedule::failed_wait_min;
  for (int i = 0; i < 10; ++i) {
    const Instant now = schedule.next();
    REQUIRE(schedule.is_due(now));
    schedule.begin(now);
    schedule.handle_failure(now);
    const Duration wait = schedule.next() - now;
    CHECK(wait >= most / 2);
    CHECK(wait <= most);
    most = std::min(2 * most, ViewSchedule::failed_wait_max);
  }
}

TEST_CASE("a successor puts off a view that was wanted for some time, and no other") {
  ViewSchedule schedule(7);
  schedule.begin(Instant{});
  schedule.handle_view(Instant{});
  schedule.want_some_time(Instant{});
  const Instant found = schedule.next();
  schedule.handle_successor(found);
  CHECK(schedule.next() >= found + ViewSchedule::some_time_min);
  CHECK(schedule.next() <= found + ViewSchedule::some_time_max);
  schedule.want(found, ViewSchedule::Need::urgent);
  CHECK(schedule.is_due(found));
  schedule.begin(found);
  CHECK(schedule.next() == found + ViewSchedule::answer_max);
}

}  // namespace
}  // namespace plimsoll::view_schedule_test
