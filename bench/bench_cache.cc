// What the near cache costs and saves.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "plimsoll/bench/cache/parts.h"
#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"

namespace {

using namespace plimsoll::bench;

struct Part {
  const char* name;
  AddCacheRows add;
};
constexpr std::array parts = {
    Part{"hit", add_hit},
    Part{"door", add_door},
    Part{"miss", add_miss},
    Part{"coherence", add_coherence},
};

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  CommandLine command_line("What the near cache costs and saves.", options);
  std::vector<std::string> known;
  for (const Part& part : parts) known.emplace_back(part.name);
  std::vector<std::string> names;
  command_line.add("parts", names, "which parts; all if none is named").one_of(known);
  std::string writer;
  std::int64_t writer_milliseconds = 0;
  command_line.add("--writer", writer, "only write to this server, as the part coherence wants");
  command_line.add("--writer-milliseconds", writer_milliseconds, "for so long");
  if (const auto status = command_line.parse(argc, argv)) return *status;
  if (!writer.empty()) {
    write_for(writer, std::chrono::milliseconds(writer_milliseconds));
    return 0;
  }

  Report report = make_report("cache", options);
  report.add_machine(machine_description());
  const CacheEffort& effort = options.quick ? quick_cache_effort : full_cache_effort;
  for (const Part& part : parts) {
    const bool chosen = std::find(names.begin(), names.end(), part.name) != names.end();
    if (names.empty() || chosen) part.add(effort, report);
  }
  return report.finish();
}
