#include "plimsoll/bench/memory/parts.h"

#include <vector>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {

Figures run_child(const std::string& name, const MemoryEffort& effort) {
  std::vector<std::string> command = {own_path(), "--child", name};
  if (effort.divisor != full_memory_effort.divisor) command.emplace_back("--quick");
  return Figures::parse(run_program(command));
}

}  // namespace plimsoll::bench
