#include "plimsoll/demo/process_memory.h"

#include <fstream>
#include <string>

namespace plimsoll::demo {

std::uint64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::uint64_t kib = 0;
    status >> kib;
    return kib * 1024;
  }
  return 0;
}

}  // namespace plimsoll::demo
