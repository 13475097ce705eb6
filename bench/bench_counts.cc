// What a piece costs in instructions when there are many of them: names, requests, keys. It should
// be the same however many there are, so that nothing that is called for each walks over all.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/counts/cases.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"

namespace {

using namespace plimsoll::bench;

constexpr std::array<std::size_t, 4> full_counts{1'000, 4'000, 16'000, 64'000};
constexpr std::array<std::size_t, 2> quick_counts{10, 40};

// Of most pieces to least: what costs the digits of their number has room in it.
constexpr double growth_max = 2;

// callgrind's last lines have "==123== Collected : 4567".
double instructions_of(const std::string& name, std::size_t count) {
  const std::string text =
      run_program({"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", own_path(),
                   "--only", name, "--count", std::to_string(count)});
  const auto label = text.find("Collected : ");
  if (label == std::string::npos) fail("callgrind wrote what is not understood", text);
  return static_cast<double>(std::stoull(text.substr(label + 12)));
}

// How a run starts and ends is left out: a run of no pieces does that, too.
void add_case(const CountCase& one, std::span<const std::size_t> counts, Report& report) {
  const double without = instructions_of(one.name, 0);
  Row row{.name = one.what, .unit = "instructions a piece", .goal = ratio_at_most(growth_max)};
  for (const std::size_t count : counts) {
    const double each = per_operation(without, instructions_of(one.name, count), count);
    row.counters.emplace_back(std::to_string(count), static_cast<std::uint64_t>(each));
    if (count == counts.front()) row.peer = each;
    row.ours = each;
  }
  report.add(row);
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  CommandLine command_line(
      "Instructions a piece, of 64,000 pieces beside 1,000: \"ours\" is the former, \"peer\" the "
      "latter.",
      options);
  std::string only;
  std::size_t count = 1'000;
  const auto one = command_line.add("--only", only, "run one case, for a profiler");
  command_line.add("--count", count, "its pieces").needs(one);
  if (const auto status = command_line.parse(argc, argv)) return *status;
  for (const CountCase& each : count_cases()) {
    if (only != each.name) continue;
    each.run(count);
    return 0;
  }
  if (!only.empty()) fail("no such case", only);

  Report report = make_report("counts", options);
  report.add_machine(machine_description());
  if (!has_program("valgrind")) {
    if (!options.quick) fail("valgrind", "not installed");
    return report.finish();
  }
  for (const CountCase& each : count_cases()) {
    add_case(each, options.quick ? std::span<const std::size_t>(quick_counts) : full_counts,
             report);
  }
  return report.finish();
}
