#include "plimsoll/bench/pipeline/sample.h"

#include <sys/resource.h>

#include <chrono>

#include "plimsoll/bench/statistics.h"

namespace plimsoll::bench {
namespace {

constexpr std::size_t warm_up_count = 5'000;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

template <typename Figure>
double median_of(const std::vector<Sample>& samples, Figure figure) {
  std::vector<double> values;
  for (const auto& sample : samples) values.push_back(sample.*figure);
  return median(std::move(values));
}

}  // namespace

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void warm_up(Contender& contender) { contender.run(warm_up_count, nullptr); }

Sample take_sample(Contender& contender, Shape shape, std::size_t count) {
  const bool one_in_flight = shape.depth == 1;
  Ticks ticks(one_in_flight ? count : 0);

  const double cpu_before = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  contender.run(count, one_in_flight ? &ticks : nullptr);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const double cpu = cpu_seconds() - cpu_before;

  return {.gets_per_second = static_cast<double>(count) / elapsed.count(),
          .cpu_seconds_per_get = cpu / static_cast<double>(count),
          .p50_seconds = median(ticks.gaps())};
}

Sample median_of(const std::vector<Sample>& samples) {
  return {.gets_per_second = median_of(samples, &Sample::gets_per_second),
          .cpu_seconds_per_get = median_of(samples, &Sample::cpu_seconds_per_get),
          .p50_seconds = median_of(samples, &Sample::p50_seconds)};
}

}  // namespace plimsoll::bench
