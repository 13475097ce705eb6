#include "plimsoll/tests/sim/mutants/hunt.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string_view>

#include "plimsoll/tests/exhaustive/client_plans.h"
#include "plimsoll/tests/exhaustive/story.h"
#include "plimsoll/tests/sim/mutants/mutants.h"
#include "plimsoll/tests/sim/run.h"

namespace plimsoll::mutants {
namespace {

using Progress = std::atomic<std::uint64_t>;

// A number that parent and child both see.
class SharedProgress {
 public:
  SharedProgress() {
    void* const page = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::runtime_error("mmap");
    seeds_ = new (page) Progress(0);
  }
  ~SharedProgress() { ::munmap(seeds_, sizeof(Progress)); }
  SharedProgress(const SharedProgress&) = delete;
  SharedProgress& operator=(const SharedProgress&) = delete;

  Progress& seeds() { return *seeds_; }

 private:
  Progress* seeds_;
};

int out = -1;  // the child's way to its parent

[[noreturn]] void report(std::string_view property) {
  const ssize_t written = ::write(out, property.data(), property.size());
  ::_exit(written == static_cast<ssize_t>(property.size()) ? 0 : 1);
}

void report_failed_check(const char* condition, const char*, int) {
  report("in small worlds: CHECK(" + std::string(condition) + ")");
}

// Of the small worlds.
std::string first_failure() {
  exhaustive::Story::set_check_hook(&report_failed_check);
  exhaustive::Tally tally;
  for (const exhaustive::Plan& plan : exhaustive::all_plans()) {
    try {
      exhaustive::carry_out(plan, tally);
    } catch (const exhaustive::Failure& failure) {
      return "in small worlds: " + failure.property();
    }
  }
  return "";
}

std::string first_violation_in(sim::Scenario::Size size, std::uint64_t count, Progress& seeds) {
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    ++seeds;
    const sim::Outcome outcome = sim::run(sim::Scenario::of_seed(seed, size));
    if (outcome.violation) return outcome.violation->property;
  }
  return "";
}

std::string first_violation_in_groups(const Effort& effort, Progress& seeds) {
  return first_violation_in(sim::Scenario::Size::group, effort.group_seeds, seeds);
}

std::string first_violation_in_clusters(const Effort& effort, Progress& seeds) {
  return first_violation_in(sim::Scenario::Size::cluster, effort.cluster_seeds, seeds);
}

std::string first_violation(const Effort& effort, Progress& seeds) {
  for (std::uint64_t i = 1; i <= effort.small_seeds + effort.seeds; ++i) {
    seeds = i;
    const bool small = i <= effort.small_seeds;
    const auto size = small ? sim::Scenario::Size::small : sim::Scenario::Size::normal;
    const std::uint64_t seed = small ? i : i - effort.small_seeds;
    const sim::Outcome outcome = sim::run(sim::Scenario::of_seed(seed, size));
    if (outcome.violation) return outcome.violation->property;
  }
  const std::string failure =
      effort.small_worlds == Effort::SmallWorlds::all ? first_failure() : "";
  // Mutants of a group's worlds, or a cluster's, have only those.
  if (!failure.empty() || chosen != 0) return failure;
  const std::string in_groups = first_violation_in_groups(effort, seeds);
  return in_groups.empty() ? first_violation_in_clusters(effort, seeds) : in_groups;
}

[[noreturn]] void hunt_in_child(int mutant, const Effort& effort, Progress& seeds) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(signal, SIG_DFL);
  chosen = mutant;
  const std::string_view worlds =
      mutant == 0 ? "" : all[static_cast<std::size_t>(mutant) - 1].worlds;
  report(worlds == "group"     ? first_violation_in_groups(effort, seeds)
         : worlds == "cluster" ? first_violation_in_clusters(effort, seeds)
                               : first_violation(effort, seeds));
}

// What the child says before it ends, or why it says nothing.
std::string wait_for(pid_t child, int in, std::chrono::seconds time_max) {
  const std::chrono::milliseconds patience = time_max;
  pollfd news{.fd = in, .events = POLLIN, .revents = 0};
  const bool ends = ::poll(&news, 1, static_cast<int>(patience.count())) > 0;
  if (!ends) ::kill(child, SIGKILL);
  std::array<char, 512> text{};
  const ssize_t size = ends ? ::read(in, text.data(), text.size()) : 0;
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!ends) return "does not end";
  if (WIFSIGNALED(status)) return "crashes: signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "ends with status " + std::to_string(WEXITSTATUS(status));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

Finding hunt(int mutant, const Effort& effort) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  SharedProgress progress;
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    out = ends[1];
    hunt_in_child(mutant, effort, progress.seeds());
  }
  ::close(ends[1]);
  Finding finding;
  finding.property = wait_for(child, ends[0], effort.time_max);
  finding.seeds = progress.seeds();
  ::close(ends[0]);
  return finding;
}

}  // namespace plimsoll::mutants
