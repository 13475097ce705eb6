// The parser alone: bytes a second on the same buffers, ours against hiredis' reader.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include <CLI/CLI.hpp>

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

template <typename Parse>
double megabytes_per_second(Parse parse, const std::string& bytes, int passes) {
  const auto start = std::chrono::steady_clock::now();
  for (int pass = 0; pass < passes; ++pass) parse(bytes);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return static_cast<double>(bytes.size()) * passes / elapsed.count() * 1e-6;
}

void measure(const Buffer& buffer, const Effort& effort, Report& report) {
  // Also the warm-up.
  if (parse_with_ours(buffer.resp3).replies_count != buffer.replies_count ||
      parse_with_ours(buffer.resp3) != parse_with_hiredis(buffer.resp2)) {
    fail(buffer.name, "the parsers did not see the same replies");
  }
  std::vector<double> ours;
  std::vector<double> hiredis;
  for (int round = 0; round < effort.rounds; ++round) {
    ours.push_back(megabytes_per_second(parse_with_ours, buffer.resp3, effort.passes));
    hiredis.push_back(megabytes_per_second(parse_with_hiredis, buffer.resp2, effort.passes));
  }
  Row row{.name = buffer.name + ", hiredis",
          .ours = median(ours),
          .peer = median(hiredis),
          .unit = "MB/s",
          .goal = ratio_at_least(buffer.goal)};
  report.add(row);
  if (buffer.boost_redis_per_hiredis) {
    row.name = buffer.name + ", Boost.Redis (estimated)";
    row.peer = *row.peer * *buffer.boost_redis_per_hiredis;
    report.add(row);
  }
}

int run(const Options& options) {
  pin(getpid(), choose_cores().client);
  const Effort effort = options.common.quick ? quick_effort : full_effort;
  Report report = make_report("parser", options.common);
  report.add_machine(machine_description());
  for (const auto& buffer : make_buffers(effort.buffer_bytes)) {
    if (buffer.name.starts_with(options.only)) measure(buffer, effort, report);
  }
  return report.finish();
}

}  // namespace
}  // namespace plimsoll::bench

int main(int argc, char** argv) {
  CLI::App app("The parser alone, in bytes a second, against hiredis' reader.");
  plimsoll::bench::Options options;
  plimsoll::bench::add_common_options(app, options.common);
  app.add_option("--only", options.only, "only cases whose names begin so");
  CLI11_PARSE(app, argc, argv);
  return plimsoll::bench::run(options);
}
