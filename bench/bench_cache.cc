// What the near cache costs and saves.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

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
  CLI::App app("What the near cache costs and saves.");
  CommonOptions options;
  add_common_options(app, options);
  std::vector<std::string> known;
  for (const Part& part : parts) known.emplace_back(part.name);
  std::vector<std::string> names;
  app.add_option("parts", names, "which parts; all if none is named")->check(CLI::IsMember(known));
  std::string writer;
  std::int64_t writer_milliseconds = 0;
  app.add_option("--writer", writer, "only write to this server, as the part coherence wants");
  app.add_option("--writer-milliseconds", writer_milliseconds, "for so long");
  CLI11_PARSE(app, argc, argv);
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
