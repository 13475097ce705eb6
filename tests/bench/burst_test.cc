#include <atomic>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/bench/burst/account.h"
#include "plimsoll/bench/burst/plan.h"
#include "plimsoll/bench/burst/plot.h"
#include "plimsoll/bench/burst/samples.h"
#include "plimsoll/bench/burst/stealing_pool.h"
#include "plimsoll/bench/burst/subject.h"

namespace plimsoll::bench::burst_test {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

TEST_CASE("each task is done once, also those that tasks submit") {
  constexpr int tasks_count = 10'000;
  std::vector<std::atomic<int>> done(2 * tasks_count);
  std::atomic<int> left{2 * tasks_count};
  std::promise<void> over;
  {
    StealingPool pool(4);
    const auto note = [&](int task) {
      ++done[static_cast<std::size_t>(task)];
      if (--left == 0) over.set_value();
    };
    for (int i = 0; i < tasks_count; ++i) {
      pool.submit([&, i] {
        note(i);
        pool.submit([&, i] { note(tasks_count + i); });
      });
    }
    over.get_future().wait();
  }
  for (const std::atomic<int>& count : done) REQUIRE(count == 1);
}

TEST_CASE("the tasks of a thread that is held up are done by the others") {
  std::promise<void> all_others_done;
  std::promise<void> over;
  std::atomic<int> others{100};
  StealingPool pool(4);
  pool.submit([&] {
    for (int i = 0; i < 100; ++i) {
      pool.submit([&] {
        if (--others == 0) all_others_done.set_value();
      });
    }
    all_others_done.get_future().wait();
    over.set_value();
  });
  over.get_future().wait();
  CHECK(pool.stolen_count() >= 100);
}

TEST_CASE("a pool that ends waits for the task at hand") {
  std::promise<void> began;
  std::promise<void> let_go;
  std::atomic<bool> done = false;
  std::thread releasing;
  {
    StealingPool pool(1);
    pool.submit([&] {
      began.set_value();
      let_go.get_future().wait();
      done = true;
    });
    began.get_future().wait();
    releasing = std::thread([&] { let_go.set_value(); });
  }
  CHECK(done);
  releasing.join();
}

TEST_CASE("the same seed is the same job, and its result that of body and values in any order") {
  const Plan plan(7);
  CHECK(plan.body(3) == Plan(7).body(3));
  CHECK(plan.body(3) != Plan(8).body(3));
  CHECK(plan.body(3) != plan.body(4));
  CHECK(plan.body(3).size() == event_bytes);
  CHECK(plan.value(3).size() == value_bytes);
  std::uint64_t sum = 0;
  for (std::size_t nth = plan.lookups_count(3); nth > 0; --nth) {
    sum += sum_of_value(plan.value(plan.lookup(3, nth - 1)));
  }
  CHECK(result_of(sum_of_body(plan.body(3)), sum) == plan.result(3));
  CHECK(result_of(sum_of_body(plan.body(3)), sum + 1) != plan.result(3));
  CHECK(plan.result(3).size() == result_bytes);
}

TEST_CASE("events look up 1 to 1000 keys, most of them few and some of them all") {
  const Plan plan(1);
  std::size_t few = 0;
  std::size_t most = 0;
  for (std::uint64_t event = 0; event < 10'000; ++event) {
    const std::size_t count = plan.lookups_count(event);
    REQUIRE(count >= 1);
    REQUIRE(count <= lookups_max);
    REQUIRE(plan.lookup(event, count - 1) < keys_count);
    if (count <= 6) ++few;
    if (count == lookups_max) ++most;
  }
  CHECK(few > 5'000);
  CHECK(most > 10);
  CHECK(most < 60);
}

TEST_CASE("back is within a tenth or 4 MiB of what was before, whichever is more") {
  CHECK(back_bytes_max(10 * mebibyte) == 14 * mebibyte);
  CHECK(back_bytes_max(100 * mebibyte) == 110 * mebibyte);
}

TEST_CASE("of the samples counts the most within a span, and the last before a time") {
  const std::vector<Sample> samples{{.seconds = 1, .anonymous = 9},
                                    {.seconds = 2, .anonymous = 5},
                                    {.seconds = 3, .anonymous = 7}};
  CHECK(most_anonymous(samples, {.begin = 2, .end = 3}) == 7);
  CHECK(most_anonymous(samples, {.begin = 4, .end = 5}) == 0);
  CHECK(sample_at(samples, 2.5).anonymous == 5);
  CHECK(sample_at(samples, 0).anonymous == 9);
  CHECK(sample_at(samples, 9).anonymous == 7);
}

TEST_CASE("bursts of any length are drawn at one width, what is between them in seconds") {
  const std::vector<Span> bursts{{.begin = 2, .end = 12}, {.begin = 27, .end = 67}};
  CHECK(place_of(bursts, 1, 10) == -1);
  CHECK(place_of(bursts, 7, 10) == 5);
  CHECK(place_of(bursts, 13, 10) == 11);
  CHECK(place_of(bursts, 27, 10) == 25);
  CHECK(place_of(bursts, 47, 10) == 30);
  CHECK(place_of(bursts, 70, 10) == 38);
}

TEST_CASE("a point is the most of the samples at its place") {
  const std::vector<Span> bursts{{.begin = 0, .end = 10}};
  const std::vector<Sample> samples{{.seconds = 10.0, .anonymous = 1},
                                    {.seconds = 10.2, .anonymous = 3},
                                    {.seconds = 10.4, .anonymous = 2},
                                    {.seconds = 10.6, .anonymous = 1}};
  const std::vector<Point> points = points_of(samples, bursts, 10, 0.5);
  REQUIRE(points.size() == 2);
  CHECK(points[0].bytes == 3);
  CHECK(points[1].bytes == 1);
}

TEST_CASE("anonymous memory is read where the system says it, and is none where it does not") {
  CHECK(anonymous_bytes("Rss:   1676 kB\nAnonymous:     116 kB\nLazyFree:   0 kB\n") == 116 * 1024);
  CHECK(anonymous_bytes("") == 0);
}

TEST_CASE("a worker's line is read back, and what is no such line is not") {
  const Account account{.done = 1, .accounted = 2, .accounted_peak = 3, .own = 4, .own_peak = 5};
  const auto read = from_line(to_line(account));
  REQUIRE(read);
  CHECK(read->done == 1);
  CHECK(read->own_peak == 5);
  CHECK_FALSE(from_line("1 2 3 4"));
  CHECK_FALSE(from_line("1 2 3 4 5 6"));
  CHECK_FALSE(from_line("hiredis: no"));
}

TEST_CASE("a plot has a panel for each allocator, and quotes what it is given") {
  Run run;
  run.bursts = {{.begin = 0, .end = 1}};
  run.samples = {{.seconds = 0, .anonymous = mebibyte}};
  run.allocator = "glibc";
  run.contender = "plimsoll";
  Run other = run;
  other.allocator = "it's";
  const std::string script = plot_script({run, other}, {.subtitle = "a 'machine'"}, "plot.svg");
  CHECK(script.find("set title 'glibc'\nplot $run0") != std::string::npos);
  CHECK(script.find("set title 'it''s'\nplot $run1") != std::string::npos);
  CHECK(script.find("a ''machine''") != std::string::npos);
}

}  // namespace
}  // namespace plimsoll::bench::burst_test
