// How many requests of a trace the cache would have answered: through the store as it is shipped,
// one shard, bounded by entries or by bytes. Without a trace it replays one that it makes up, and
// compares with a list that is searched from end to end.

#include <string>

#include "plimsoll/bench/cache/replay.h"
#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/program.h"

namespace {

using namespace plimsoll::bench;
using plimsoll::cache::EvictionPolicy;

Row make_row(const std::string& name, const Hits& hits) {
  const auto requests = static_cast<double>(hits.requests);
  return {.name = name,
          .ours = hits.requests == 0 ? 0 : static_cast<double>(hits.hits) / requests,
          .unit = "hits per request",
          .counters = {
              {"requests", hits.requests}, {"hits", hits.hits}, {"hit_bytes", hits.hit_bytes}}};
}

std::string case_of(const std::string& trace, const std::string& policy, const Capacity& capacity) {
  std::string text = trace + ", " + policy;
  if (capacity.entries > 0) text += ", " + std::to_string(capacity.entries) + " entries";
  if (capacity.bytes > 0) text += ", " + std::to_string(capacity.bytes) + " bytes";
  return text;
}

EvictionPolicy policy_of(const std::string& name) {
  return name == "lfu" ? EvictionPolicy::lfu : EvictionPolicy::lru;
}

void add_made_up(const CommonOptions& options, Report& report) {
  const Trace trace = make_trace(20261120, options.quick ? 30'000 : 300'000);
  for (const char* const name : {"lru", "lfu"}) {
    for (const std::size_t entries : {50u, 400u}) {
      const EvictionPolicy policy = policy_of(name);
      const Hits ours = replay(trace, policy, {.entries = entries});
      const Hits naive = replay_naively(trace, policy, entries);
      report.add(make_row(case_of("made up", name, {.entries = entries}), ours));
      report.add({.name = "  hits more or less than a naive list has",
                  .ours = ours.hits > naive.hits ? static_cast<double>(ours.hits - naive.hits)
                                                 : static_cast<double>(naive.hits - ours.hits),
                  .unit = "hits",
                  .goal = counter_at_most(0)});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  CommandLine command_line("How many requests of a trace the cache would have answered.", options);
  std::string path;
  std::string policy = "lru";
  Capacity capacity;
  const auto trace = command_line
                         .add("--trace", path,
                              "little-endian ids of 32 bits, with sizes if its name has "
                              ".u32x2 in it; may be compressed by xz")
                         .existing_file();
  command_line.add("--policy", policy, "lru or lfu").one_of({"lru", "lfu"});
  command_line.add("--capacity", capacity.entries, "in entries").positive().needs(trace);
  command_line.add("--capacity-bytes", capacity.bytes, "in bytes, with all that the store takes")
      .positive()
      .needs(trace);
  if (const auto status = command_line.parse(argc, argv)) return *status;
  if (!path.empty() && capacity.entries == 0 && capacity.bytes == 0) {
    fail("--trace", "needs --capacity or --capacity-bytes");
  }

  Report report = make_report("hit_ratio", options);
  report.add_machine(machine_description());
  if (path.empty()) {
    add_made_up(options, report);
  } else {
    const std::string name = path.substr(path.rfind('/') + 1);
    report.add(make_row(case_of(name, policy, capacity),
                        replay(read_trace(path), policy_of(policy), capacity)));
  }
  return report.finish();
}
