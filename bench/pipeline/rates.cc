#include <string>
#include <vector>

#include "plimsoll/bench/pipeline/cases.h"
#include "plimsoll/bench/pipeline/load.h"
#include "plimsoll/bench/pipeline/sample.h"
#include "plimsoll/bench/pipeline/valkey_benchmark.h"
#include "plimsoll/bench/statistics.h"

namespace plimsoll::bench {
namespace {

// About a second of work for each contender in a round.
std::size_t gets_count(Shape shape) {
  if (shape.depth == 1) return 15'000;
  if (shape.depth == 10) return 150'000;
  return shape.depth == 100 ? 750'000 : 1'500'000;
}

// In a round contenders take turns so often: what disturbs the machine for longer than a slice
// disturbs all of them.
constexpr std::size_t slices_count = 15;

using Contenders = std::vector<std::string>;

// The medians over all slices of all rounds, in the order of the contenders.
std::vector<Sample> compare(const Contenders& names, Shape shape, const Endpoint& endpoint,
                            const Effort& effort, std::vector<double>* valkey_benchmark_rates) {
  const std::size_t count = gets_count(shape) / effort.divisor;
  std::vector<std::vector<Sample>> samples(names.size());
  for (int round = 0; round < effort.rounds; ++round) {
    std::vector<std::unique_ptr<Contender>> contenders;
    for (const auto& name : names) {
      contenders.push_back(make_contender({name, shape}, endpoint, effort.pace));
      warm_up(*contenders.back());
    }
    for (std::size_t slice = 0; slice < slices_count; ++slice) {
      for (std::size_t i = 0; i < contenders.size(); ++i) {
        samples[i].push_back(take_sample(*contenders[i], shape, count / slices_count));
      }
      // It counts in milliseconds, and starts a process: longer turns, and fewer.
      if (valkey_benchmark_rates != nullptr && slice % 3 == 0) {
        valkey_benchmark_rates->push_back(
            run_valkey_benchmark(endpoint, shape.depth, count * 3 / slices_count));
      }
    }
  }
  std::vector<Sample> medians;
  for (const auto& of_one : samples) medians.push_back(median_of(of_one));
  return medians;
}

Row rate_row(std::string name, double ours, double peer, std::optional<Goal> goal) {
  return {.name = std::move(name), .ours = ours, .peer = peer, .unit = "GET/s", .goal = goal};
}

void add_batches(std::size_t depth, const Endpoint& endpoint, const Effort& effort,
                 Report& report) {
  std::vector<double> rates;
  const auto medians =
      compare({"ours", "hiredis", "raw"}, {Pattern::batches, depth}, endpoint, effort, &rates);
  const auto& [ours, hiredis, raw] = std::tie(medians[0], medians[1], medians[2]);
  const std::string name = "batches of " + std::to_string(depth) + ", ";
  report.add(rate_row(name + "valkey-benchmark", ours.gets_per_second, median(rates),
                      ratio_at_least(depth == 1000 ? 0.95 : 0.9)));
  report.add(rate_row(name + "hiredis", ours.gets_per_second, hiredis.gets_per_second,
                      ratio_at_least(1.0)));
  report.add(rate_row(name + "raw loop", ours.gets_per_second, raw.gets_per_second, std::nullopt));
  if (depth == 1) {
    report.add({.name = "1 in flight, half of replies within, hiredis",
                .ours = ours.p50_seconds * 1e6,
                .peer = hiredis.p50_seconds * 1e6,
                .unit = "us",
                .goal = ratio_at_most(1.1)});
  }
}

void add_window(std::size_t depth, std::optional<Goal> rate_goal, std::optional<Goal> cpu_goal,
                const Endpoint& endpoint, const Effort& effort, Report& report) {
  const auto medians = compare({"ours", "hiredis-libev", "raw"}, {Pattern::window, depth}, endpoint,
                               effort, nullptr);
  const auto& [ours, hiredis, raw] = std::tie(medians[0], medians[1], medians[2]);
  const std::string name = "window of " + std::to_string(depth) + ", ";
  report.add(rate_row(name + "hiredis on libev", ours.gets_per_second, hiredis.gets_per_second,
                      rate_goal));
  report.add(rate_row(name + "raw loop", ours.gets_per_second, raw.gets_per_second, std::nullopt));
  report.add({.name = name + "CPU, hiredis on libev",
              .ours = ours.cpu_seconds_per_get * 1e6,
              .peer = hiredis.cpu_seconds_per_get * 1e6,
              .unit = "us/GET",
              .goal = cpu_goal});
}

}  // namespace

void add_rates(const Endpoint& endpoint, const Effort& effort, Report& report) {
  for (const std::size_t depth : {1, 10, 100, 1000}) add_batches(depth, endpoint, effort, report);
  add_window(1000, ratio_at_least(1.15), std::nullopt, endpoint, effort, report);
  add_window(100, std::nullopt, ratio_at_most(0.6), endpoint, effort, report);
}

}  // namespace plimsoll::bench
