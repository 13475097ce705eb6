#include "plimsoll/bench/burst/run.h"

#include <chrono>
#include <future>
#include <thread>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto sample_interval = std::chrono::milliseconds(100);
constexpr double idle_seconds = 2;
constexpr double burst_seconds_max = 900;

class Watch {
 public:
  Watch(Subject& subject, std::vector<Sample>& samples) : subject_(subject), samples_(samples) {}

  double now() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  void sample() {
    std::this_thread::sleep_for(sample_interval);
    const Account& account = subject_.account();
    samples_.push_back({now(), subject_.anonymous_bytes(), account.accounted, account.own});
  }

  /// Time stands still meanwhile.
  void leave_out(const auto& what) {
    const Clock::time_point begin = Clock::now();
    what();
    start_ += Clock::now() - begin;
  }

  void sample_for(double seconds) {
    const double end = now() + seconds;
    while (now() < end) sample();
  }

 private:
  Subject& subject_;
  std::vector<Sample>& samples_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

Run run_subject(const WorkerOptions& options, const Allocator& allocator, const Effort& effort,
                Feed& feed) {
  Run run;
  run.allocator = allocator.name;
  feed.start_over();
  Subject subject(options, allocator);
  Watch watch(subject, run.samples);
  watch.sample_for(idle_seconds);

  const std::uint64_t count = effort.events_count;
  for (std::uint64_t burst = 0; burst <= effort.bursts_count; ++burst) {
    const std::uint64_t first = burst * count;
    watch.leave_out([&] { feed.add_events(first, count); });
    Span span{.begin = watch.now()};
    feed.let_go();
    while (subject.account().done < first + count) {
      if (watch.now() > span.begin + burst_seconds_max) fail("burst", "it does not end");
      watch.sample();
    }
    span.end = watch.now();
    run.bursts.push_back(span);
    auto wrong =
        std::async(std::launch::async, [&] { return feed.take_wrong_count(first, count); });
    watch.sample_for(effort.quiet_seconds);
    run.wrong_count += wrong.get();
  }
  run.last = subject.account();
  if (run.last.done != count * (effort.bursts_count + 1)) ++run.wrong_count;
  return run;
}

}  // namespace plimsoll::bench
