#include "plimsoll/native/observe/observed.h"

#include <unistd.h>

#include <fstream>

#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {
namespace {

// proc(5), statm, in pages: the second number is resident memory, the third is the part of it that
// files back.
void read_process(Observed& all) {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  if (!(statm >> size >> resident >> shared)) return;
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  all.resident_bytes = resident * page_bytes;
  all.anonymous_bytes = resident > shared ? (resident - shared) * page_bytes : 0;
}

}  // namespace

Observed observe(std::size_t clients_max, std::size_t caches_max) {
  Observed all;
  Runtime& runtime = Runtime::get();
  all.clients = runtime.clients().look(clients_max, caches_max);
  all.memory = runtime.memory_statistics();
  read_process(all);
  return all;
}

}  // namespace plimsoll::inline v0::native
