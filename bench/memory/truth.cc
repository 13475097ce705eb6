#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/bench/memory/attribution.h"
#include "plimsoll/bench/memory/mixed_load.h"
#include "plimsoll/bench/memory/parts.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"
#include "plimsoll/core/client/client.h"

namespace plimsoll::bench {
namespace {

constexpr std::size_t samples_count = 1'000;
constexpr int tries_max = 100;

// Kept at a time: so few that there is room, and so many that there is none at times.
constexpr std::size_t some_replies = 120;
constexpr std::size_t many_replies = 500;

// The accounts, and what the allocator and the system say, of one moment.
struct Sample {
  double accounted = 0;
  double core = 0;         // by allocator and system
  double in_segments = 0;  // the same, with each segment whole that was touched
  double client = 0;
  double tls = 0;
  double libraries = 0;
  double bench = 0;

  // Percent of the accounts; positive: there is more than they say.
  double above() const { return (core - accounted) / accounted * 100; }
  double off_in_segments() const { return std::fabs(in_segments - accounted) / accounted * 100; }
};

Sample sample_of(double accounted, const Attribution& memory, std::size_t clients_count) {
  const auto spent = [&](Owner owner) {
    return static_cast<double>(memory.of(owner).spent_bytes());
  };
  // The core's part of a client lies within its Driver, and is charged.
  const double within_drivers = static_cast<double>(clients_count * sizeof(plimsoll::Client));
  return {.accounted = accounted,
          .core = static_cast<double>(memory.core_bytes()) + within_drivers,
          .in_segments = static_cast<double>(memory.core_bytes_in_segments()) + within_drivers,
          .client = spent(Owner::client) - within_drivers,
          .tls = spent(Owner::tls),
          .libraries = spent(Owner::libraries),
          .bench = spent(Owner::bench)};
}

// Others may be at work: the accounts have to be the same before and after. None where they never
// are.
std::optional<Sample> take_sample(const MixedLoad& load) {
  for (int i = 0; i < tries_max; ++i) {
    const std::size_t before = load.used();
    const Attribution memory = attributed();
    if (load.used() != before) continue;
    return sample_of(static_cast<double>(before), memory, load.clients_count());
  }
  return std::nullopt;
}

double median_of(const std::vector<Sample>& samples, double Sample::* member) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.*member);
  return median(std::move(values));
}

void summarise(const std::vector<Sample>& samples, Figures& figures) {
  std::vector<double> distances;
  double above = -100;
  double below = -100;
  double in_segments = 0;
  for (const Sample& sample : samples) {
    distances.push_back(std::fabs(sample.above()));
    above = std::max(above, sample.above());
    below = std::max(below, -sample.above());
    in_segments = std::max(in_segments, sample.off_in_segments());
  }
  figures["samples"] = static_cast<double>(samples.size());
  figures["distance, most"] = *std::max_element(distances.begin(), distances.end());
  figures["distance, median"] = median(std::move(distances));
  figures["above"] = above;
  figures["below"] = below;
  figures["off in segments"] = in_segments;
  figures["accounted"] = median_of(samples, &Sample::accounted);
  figures["core"] = median_of(samples, &Sample::core);
  figures["client"] = median_of(samples, &Sample::client);
  figures["tls"] = median_of(samples, &Sample::tls);
  figures["libraries"] = median_of(samples, &Sample::libraries);
  figures["bench"] = median_of(samples, &Sample::bench);
}

Figures measure(const MemoryEffort& effort, std::size_t kept_replies_max) {
  start_attribution();
  const WorkFor own(Owner::bench);
  const std::size_t wanted = samples_count / effort.divisor;
  std::vector<Sample> samples;
  samples.reserve(wanted);
  Figures figures;
  double moved = 0;
  MixedLoad load(kept_replies_max);
  // On the thread that serves all clients: it does nothing else meanwhile.
  load.run(wanted, [&] {
    if (const auto sample = take_sample(load)) {
      samples.push_back(*sample);
    } else {
      ++moved;
    }
  });
  if (samples.empty()) fail("truth", "the accounts never stood still");
  summarise(samples, figures);
  figures["moved"] = moved;
  figures["requests"] = static_cast<double>(load.requests_count());
  return figures;
}

// What is told without a goal.
struct Row {
  const char* name;
  const char* figure;
  const char* unit;
};
constexpr std::array rows = {
    Row{"the same, median", "distance, median", "% of accounts"},
    Row{"more memory than accounts say, most", "above", "% of accounts"},
    Row{"less memory than accounts say, most", "below", "% of accounts"},
    Row{"off with segments whole, most", "off in segments", "% of accounts"},
    Row{"samples lost, since accounts moved", "moved", "samples"},
    Row{"samples", "samples", "samples"},
    Row{"requests meanwhile", "requests", "requests"},
    Row{"median, accounted", "accounted", "B"},
    Row{"median, core's memory", "core", "B"},
    Row{"median, native/, not accounted", "client", "B"},
    Row{"median, OpenSSL", "tls", "B"},
    Row{"median, Asio, and values for the caller", "libraries", "B"},
    Row{"median, the benchmark", "bench", "B"},
};

void add_load(const std::string& load, const Figures& figures, Report& report) {
  report.add({.name = load + "core's memory off its accounts, most",
              .ours = figures.at("distance, most"),
              .unit = "% of accounts",
              .goal = counter_at_most(2)});
  for (const Row& row : rows) {
    report.add({.name = load + row.name, .ours = figures.at(row.figure), .unit = row.unit});
  }
}

}  // namespace

Figures measure_truth(const MemoryEffort& effort) { return measure(effort, some_replies); }

Figures measure_truth_full(const MemoryEffort& effort) { return measure(effort, many_replies); }

void add_truth(const MemoryEffort& effort, Report& report) {
  add_load("light load, ", run_child("truth", effort), report);
  add_load("full load, ", run_child("truth_full", effort), report);
}

}  // namespace plimsoll::bench
