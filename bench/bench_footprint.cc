// What a process has resident that uses the client, and what of it the accounts say: the figures by
// which docs/memory.md sizes a container.

#include <string>
#include <vector>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/footprint/states.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/program.h"

namespace {

using namespace plimsoll::bench;

int run_one_child(const std::string& name, Footprint size) {
  for (const FootprintState& state : footprint_states()) {
    if (name != state.name) continue;
    state.measure(size).print();
    return 0;
  }
  fail("no state of this name", name);
}

void add_state(const FootprintState& state, const CommonOptions& options, Report& report) {
  std::vector<std::string> command = {own_path(), "--child", state.name};
  if (options.quick) command.emplace_back("--quick");
  const Figures figures = Figures::parse(run_program(command));
  const std::string text = state.text;
  const auto add = [&](const std::string& what, double bytes) {
    report.add({.name = text + ": " + what, .ours = bytes / 1024, .unit = "KiB"});
  };
  add("anonymous", figures.at("anonymous"));
  add("code and data of files", figures.at("file"));
  add("accounted", figures.at("accounted"));
  if (!figures.has("payload")) return;
  add("keys and values", figures.at("payload"));
  report.add({.name = text + ": entries", .ours = figures.at("entries"), .unit = "entries"});
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  CommandLine command_line("What a process has resident that uses the client.", options);
  std::string child;
  command_line.add("--child", child, "make one state in this process and print its figures");
  if (const auto status = command_line.parse(argc, argv)) return *status;
  if (!child.empty()) {
    return run_one_child(child, options.quick ? Footprint::quick : Footprint::full);
  }
  Report report = make_report("footprint", options);
  report.add_machine(machine_description());
  for (const FootprintState& state : footprint_states()) add_state(state, options, report);
  return report.finish();
}
