// The work of one row of bench/budget.toml, for tools that count. Prints a line for each figure
// that this process can count itself.

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string_view>

#include "plimsoll/bench/allocations.h"
#include "plimsoll/bench/budget/rows.h"
#include "plimsoll/bench/program.h"

// callgrind counts what runs inside of this function, which it knows by this name:
// --toggle-collect. The empty instruction keeps the call from becoming a jump.
extern "C" [[gnu::noinline]] void plimsoll_counted_step(plimsoll::bench::Row& row) {
  row.step();
  asm volatile("");
}

namespace {

using namespace plimsoll::bench;

// Against what hangs.
constexpr unsigned patience_seconds = 300;

// A system call that nothing else makes: tools that trace system calls see by these where a counted
// step begins and ends.
void mark() { static_cast<void>(getppid()); }

// Does `step` and the server's part until `count` requests more have ended; returns how many have.
template <class Step>
std::size_t run(Row& row, std::size_t count, const Step& step) {
  const std::size_t before = row.completed();
  while (row.completed() - before < count) {
    step();
    row.serve();
  }
  return row.completed() - before;
}

void measure(const RowKind& kind) {
  const auto row = kind.make();
  // Pools and buffers have their size after this.
  run(*row, kind.requests_count / 2, [&] { row->step(); });
  const std::size_t counted = run(*row, kind.requests_count, [&] {
    mark();
    plimsoll_counted_step(*row);
    mark();
  });
  std::printf("requests %zu\n", counted);
  std::uint64_t allocations = 0;
  const std::size_t watched = run(*row, kind.requests_count, [&] {
    start_counting_allocations();
    row->step();
    allocations += stop_counting_allocations();
  });
  std::printf("allocations %.4f\n",
              static_cast<double>(allocations) / static_cast<double>(watched));
  std::fflush(stdout);
  // The rows' callbacks go on for ever; the end of the process ends them.
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  alarm(patience_seconds);
  const std::string_view name = argc == 2 ? argv[1] : "--help";
  if (name == "idle_client") {
    std::printf("bytes %ju\n", static_cast<std::uintmax_t>(idle_client_bytes()));
    return 0;
  }
  for (const RowKind& kind : row_kinds()) {
    if (name == "--list") std::printf("%s\n", kind.name);
    if (name == kind.name) measure(kind);
  }
  if (name != "--list") fail("work", "takes --list, idle_client, or the name of a row");
}
