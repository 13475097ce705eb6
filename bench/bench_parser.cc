// The parser alone: bytes a second on the same buffers, ours against hiredis' reader.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/parser/buffers.h"
#include "plimsoll/bench/parser/parsers.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"

namespace plimsoll::bench {
namespace {

struct Options {
  CommonOptions common;
  std::string only;
};

struct Effort {
  std::size_t buffer_bytes;
  int rounds;
  int passes;
};
constexpr Effort full_effort{.buffer_bytes = 4 << 20, .rounds = 9, .passes = 8};
constexpr Effort quick_effort{.buffer_bytes = 256 << 10, .rounds = 1, .passes = 1};

using Parse = Seen (*)(std::string_view, Makes);

double megabytes_per_second(Parse parse, const std::string& bytes, Makes makes, int passes) {
  const auto start = std::chrono::steady_clock::now();
  for (int pass = 0; pass < passes; ++pass) parse(bytes, makes);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return static_cast<double>(bytes.size()) * passes / elapsed.count() * 1e-6;
}

// MB/s of each parser, as medians.
struct Rates {
  double ours;
  double hiredis;
};

Rates measure(const Buffer& buffer, Makes makes, const Effort& effort) {
  std::vector<double> ours;
  std::vector<double> hiredis;
  for (int round = 0; round < effort.rounds; ++round) {
    ours.push_back(megabytes_per_second(parse_with_ours, buffer.resp3, makes, effort.passes));
    hiredis.push_back(megabytes_per_second(parse_with_hiredis, buffer.resp2, makes, effort.passes));
  }
  return {median(ours), median(hiredis)};
}

// Also the warm-up.
void check(const Buffer& buffer) {
  const Seen seen = parse_with_hiredis(buffer.resp2, Makes::objects);
  if (seen.replies_count != buffer.replies_count ||
      parse_with_ours(buffer.resp3, Makes::views) != seen ||
      parse_with_ours(buffer.resp3, Makes::objects) != seen ||
      parse_with_hiredis(buffer.resp2, Makes::views).replies_count != buffer.replies_count) {
    fail(buffer.name, "the parsers did not see the same replies");
  }
}

void add_rows(const Buffer& buffer, const Effort& effort, Report& report) {
  check(buffer);
  const Rates views = measure(buffer, Makes::views, effort);
  const Rates objects = measure(buffer, Makes::objects, effort);
  report.add({.name = buffer.name + ", views, hiredis without objects",
              .ours = views.ours,
              .peer = views.hiredis,
              .unit = "MB/s",
              .goal = ratio_at_least(buffer.views_goal)});
  report.add({.name = buffer.name + ", objects, hiredis",
              .ours = objects.ours,
              .peer = objects.hiredis,
              .unit = "MB/s",
              .goal = ratio_at_least(buffer.objects_goal)});
  if (buffer.boost_redis_per_hiredis) {
    report.add({.name = buffer.name + ", views, Boost.Redis (estimated)",
                .ours = views.ours,
                .peer = objects.hiredis * *buffer.boost_redis_per_hiredis,
                .unit = "MB/s",
                .goal = ratio_at_least(2)});
  }
}

int run(const Options& options) {
  pin(getpid(), choose_cores().client);
  const Effort effort = options.common.quick ? quick_effort : full_effort;
  Report report = make_report("parser", options.common);
  report.add_machine(machine_description());
  for (const auto& buffer : make_buffers(effort.buffer_bytes)) {
    if (buffer.name.starts_with(options.only)) add_rows(buffer, effort, report);
  }
  return report.finish();
}

}  // namespace
}  // namespace plimsoll::bench

int main(int argc, char** argv) {
  plimsoll::bench::Options options;
  plimsoll::bench::CommandLine command_line(
      "The parser alone, in bytes a second, against hiredis' reader.", options.common);
  command_line.add("--only", options.only, "only cases whose names begin so");
  if (const auto status = command_line.parse(argc, argv)) return *status;
  return plimsoll::bench::run(options);
}
