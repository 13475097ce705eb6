// What the client keeps, and where it stops: queues, idle connections, the accounts against the
// allocator, and the memory line under bursts, silence and replies that are too large.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/memory/attribution.h"
#include "plimsoll/bench/memory/parts.h"
#include "plimsoll/bench/program.h"

namespace {

using namespace plimsoll::bench;

struct Part {
  const char* name;
  AddRows add;
};
constexpr std::array parts = {
    Part{"queues", add_queues},         Part{"idle", add_idle},
    Part{"truth", add_truth},           Part{"slow_consumer", add_slow_consumer},
    Part{"blackhole", add_blackhole},   Part{"oversized", add_oversized},
    Part{"accounting", add_accounting},
};

struct Child {
  const char* name;
  Measure measure;
};
constexpr std::array children = {
    Child{"queues", measure_queues},           Child{"idle", measure_idle},
    Child{"idle_tls", measure_idle_tls},       Child{"truth", measure_truth},
    Child{"truth_full", measure_truth_full},   Child{"drop_oldest", measure_drop_oldest},
    Child{"drop_newest", measure_drop_newest}, Child{"pause_reading", measure_pause_reading},
    Child{"blackhole", measure_blackhole},     Child{"oversized", measure_oversized},
};

int run_one_child(const std::string& name, const MemoryEffort& effort) {
  for (const Child& child : children) {
    if (name != child.name) continue;
    child.measure(effort).print();
    return 0;
  }
  fail("no child of this name", name);
}

int run_parts(const std::vector<std::string>& names, const CommonOptions& options,
              const MemoryEffort& effort) {
  if (!can_attribute()) fail("bench memory", "a sanitizer needs malloc for itself");
  Report report = make_report("memory", options);
  report.add_machine(machine_description());
  for (const Part& part : parts) {
    const bool chosen = std::find(names.begin(), names.end(), part.name) != names.end();
    if (names.empty() || chosen) part.add(effort, report);
  }
  return report.finish();
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  CommandLine command_line("What the client keeps in memory, and where it stops.", options);
  std::vector<std::string> known;
  for (const Part& part : parts) known.emplace_back(part.name);
  std::vector<std::string> names;
  command_line.add("parts", names, "which parts; all if none is named").one_of(known);
  std::string child;
  command_line.add("--child", child, "measure one thing in this process and print its figures");
  std::size_t gets = 0;
  std::uint16_t port = 6379;
  command_line.add("--gets", gets, "only run so many GETs, for a profiler");
  std::size_t kept_gets = 0;
  command_line.add("--kept-gets", kept_gets, "the same, with each reply kept whole");
  command_line.add("--port", port, "of the server for these");
  if (const auto status = command_line.parse(argc, argv)) return *status;
  if (gets > 0 || kept_gets > 0) {
    gets > 0 ? run_gets(gets, port) : run_kept_gets(kept_gets, port);
    return 0;
  }
  const MemoryEffort& effort = options.quick ? quick_memory_effort : full_memory_effort;
  return child.empty() ? run_parts(names, options, effort) : run_one_child(child, effort);
}
