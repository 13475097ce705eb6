#include "plimsoll/demo/report.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "plimsoll/demo/figures.h"

namespace plimsoll::demo {
namespace {

constexpr std::size_t label_width = 9;
constexpr std::size_t most_read_count = 5;

// ECMA-48 sequences, as terminals know them.
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view green = "\x1b[1;32m";
constexpr std::string_view red = "\x1b[1;31m";
constexpr std::string_view plain = "\x1b[0m";
constexpr std::string_view clear_line = "\r\x1b[K";

// "libc6 2,948 times, libgcc-s1 2,940": the packages that most walks came by.
std::string most_visited(const Model& model, const std::vector<std::uint32_t>& visits) {
  std::vector<std::uint32_t> order(visits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto count = std::min(most_read_count, order.size());
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::ranges::partial_sort(order, end, [&](std::uint32_t left, std::uint32_t right) {
    return visits[left] != visits[right] ? visits[left] > visits[right] : left < right;
  });
  std::string text;
  for (auto next = order.begin(); next != end && visits[*next] > 0; ++next) {
    if (!text.empty()) text += ", ";
    text += model.packages()[*next].name + " " + with_commas(visits[*next]);
    if (next == order.begin()) text += " times";
  }
  return text;
}

std::string walked(const Model& model, const Plan& plan) {
  auto all = counted(plan.installed_count, "installed package", "installed packages");
  const auto others_count = plan.packages.size() - plan.installed_count;
  const auto others_total = model.packages().size() - plan.installed_count;
  if (others_total == 0) return all;
  return all + " and of " + with_commas(others_count) + " of the " + with_commas(others_total) +
         " others (see --visits)";
}

// "1,903 done, 98,097 rejected_by_limit, in 120 ms".
std::string outcomes_of(const CallOutcomes& calls) {
  std::string text = with_commas(calls.done) + " done";
  if (calls.waited > 0) text += " (" + with_commas(calls.waited) + " of them waited)";
  if (calls.refused > 0) text += ", " + with_commas(calls.refused) + " rejected_by_limit";
  return text + ", in " + as_time(calls.total);
}

}  // namespace

void Report::title(const std::string& what) {
  out_ << style(bold) << "Plimsoll demo: " << what << style(plain) << std::endl << std::endl;
}

void Report::files(const Options& options, const Inventory& inventory) {
  const auto listed_count = inventory.packages.size() - inventory.installed_count;
  line("files", counted(inventory.installed_count, "package", "packages") + " installed, from " +
                    options.status.string());
  if (inventory.lists_count > 0) {
    line("", with_commas(listed_count) + " more from " +
                 counted(inventory.lists_count, "list", "lists") + " in " + options.lists.string());
  } else {
    line("", "no lists of others in " + options.lists.string() + " (apt-get update fetches them)");
  }
  for (const auto& note : inventory.notes) line("", "left out: " + note);
}

void Report::server(const std::string& what, std::size_t in_flight_max) {
  line("server", what + ", one connection, at most " +
                     counted(in_flight_max, "request", "requests") + " in flight");
}

void Report::load(const Model& model, const Timing& load_timing) {
  timing("load", "writes", load_timing);
  line("", counted(model.packages().size(), "package", "packages") +
               ": a string, a hash and, where it needs others, a set; " +
               with_commas(model.provided().size()) + " virtual: a set");
}

void Report::walk(const Model& model, const Plan& plan, const Walks::Summary& summary,
                  const Timing& walk_timing) {
  timing("walk", "reads", walk_timing);
  line("", "the whole closures of " + walked(model, plan));
  if (summary.walks_count == 0) return;
  line("", counted(summary.visits_count / summary.walks_count, "package", "packages") +
               " each on average; the largest, " + model.packages()[summary.largest].name +
               ", has " + with_commas(summary.largest_members) + " (" +
               as_memory(summary.largest_installed_kib * 1024) + " installed)");
  line("", counted(summary.cyclic_count, "package lies", "packages lie") + " on a cycle; " +
               counted(summary.missing_count, "dependency is", "dependencies are") +
               " met by no package");
  line("", "visited most: " + most_visited(model, summary.visits));
}

void Report::memory(const MemoryFigures& figures) {
  std::string pools;
  for (const auto& pool : figures.pools) {
    if (pool.peak == 0) continue;
    if (!pools.empty()) pools += ", ";
    pools += pool.name + " " + as_memory(pool.peak);
  }
  line("memory", "client: " + as_memory(figures.peak) + " at most, under a limit of " +
                     as_memory(figures.limit));
  line("", "its pools at their peaks: " + pools);
  const auto growth = figures.resident - std::min(figures.resident, figures.resident_before);
  line("", "this process: " + as_memory(figures.resident) + " resident, " + as_memory(growth) +
               " more than before it connected");
  line("", "server: " + as_memory(figures.server) + " used");
}

void Report::burst(const BurstFigures& figures) {
  line("burst", "the line is drawn at " + as_memory(figures.limit) + " while the client runs");
  line("", "writes of " + as_memory(figures.value_bytes) +
               ", all at once: " + outcomes_of(figures.writes));
  line("", "reads of " + as_memory(figures.large_value_bytes) +
               ", all at once: " + outcomes_of(figures.reads));
  line("", "writes by " + counted(figures.callers_count, "caller", "callers") +
               " who wait for room: " + outcomes_of(figures.turns));
  line("", "client: " + as_memory(figures.peak) +
               " at most; this process: " + as_memory(figures.resident) +
               " resident, before the burst " + as_memory(figures.resident_before));
}

void Report::line(std::string_view label, const std::string& text) {
  begin_line(label);
  out_ << text << std::endl;
}

void Report::progress(std::string_view label, const std::string& text) {
  if (target_ == Target::file) return;
  begin_line(label);
  out_ << style(dim) << text << style(plain) << std::flush;
}

void Report::end(const Verdict& verdict, const std::string& stopped) {
  if (!stopped.empty() && verdict.replies_count() == 0) return fail(stopped);
  const bool good = verdict.wrong_count() == 0 && stopped.empty();
  for (const auto& complaint : verdict.complaints()) line("wrong", complaint);
  begin_last_line(good ? green : red);
  if (!stopped.empty()) out_ << "stopped: " << stopped << "; ";
  out_ << counted(verdict.replies_count(), "reply", "replies") << " and "
       << counted(verdict.closures_count(), "closure", "closures") << " checked, "
       << with_commas(verdict.wrong_count()) << " wrong" << style(plain) << std::endl;
}

void Report::end(Outcome outcome, const std::string& text) {
  begin_last_line(outcome == Outcome::good ? green : red);
  out_ << text << style(plain) << std::endl;
}

void Report::fail(const std::string& reason) { end(Outcome::bad, reason); }

void Report::timing(std::string_view label, const std::string& what, const Timing& timing) {
  const auto count = timing.latencies.count();
  line(label, with_commas(count) + " " + what + " in " + as_time(timing.total) + ": " +
                  as_rate(count, timing.total) + " a second, p50 " +
                  as_time(timing.latencies.percentile(0.5)) + ", p99 " +
                  as_time(timing.latencies.percentile(0.99)));
  if (timing.refused_count == 0) return;
  line("", with_commas(timing.refused_count) +
               " did not fit under the memory limit at first and were asked again");
}

void Report::begin_line(std::string_view label) {
  std::string padded(label);
  padded.resize(label_width, ' ');
  out_ << style(clear_line) << style(bold) << padded << style(plain);
}

void Report::begin_last_line(std::string_view colour) {
  out_ << style(clear_line) << "\n" << style(colour) << "demo: ";
}

std::string_view Report::style(std::string_view code) const {
  return target_ == Target::terminal ? code : std::string_view();
}

}  // namespace plimsoll::demo
