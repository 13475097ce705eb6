// What a process holds while its server says nothing for ten seconds, and callers go on asking: our
// client with a memory line, and hiredis, which nothing bounds. `--svg` draws the picture in
// README.md.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "plimsoll/bench/command_line.h"
#include "plimsoll/bench/machine.h"
#include "plimsoll/bench/memory/process.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/stall/loads.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace {

using namespace plimsoll::bench;
using plimsoll::testing::ValkeyServer;

constexpr const char* line_text = "16 MiB";
constexpr double mebibyte = 1 << 20;
constexpr double line_mebibytes = 16;

/// When the server falls silent, when it goes on, and when the load ends: in seconds.
struct Times {
  double silent = 3;
  double resumed = 13;
  double end = 20;
};
constexpr Times full_times;
constexpr Times quick_times{.silent = 0.3, .resumed = 0.8, .end = 1.5};

/// What the child prints in a line: a look at its memory.
struct Look {
  double seconds = 0;
  double above_idle = 0;  ///< MiB of anonymous resident memory, less what the idle process had
  double used = 0;        ///< MiB, as the client says
};

struct Run {
  std::vector<Look> looks;
  StallTally tally;
};

int run_child(const std::string& contender, const Times& times) {
  ValkeyServer server;
  const auto idle = static_cast<double>(anonymous_rss_bytes());
  const auto start = std::chrono::steady_clock::now();
  bool is_silent = false;
  const StallLook look = [&](std::size_t used) {
    const std::chrono::duration<double> now = std::chrono::steady_clock::now() - start;
    const bool should_be_silent = now.count() >= times.silent && now.count() < times.resumed;
    if (should_be_silent != is_silent) {
      is_silent = should_be_silent;
      is_silent ? server.pause() : server.resume();
    }
    const double above_idle = static_cast<double>(anonymous_rss_bytes()) - idle;
    std::cout << "look " << now.count() << ' ' << above_idle / mebibyte << ' '
              << static_cast<double>(used) / mebibyte << '\n';
  };
  const std::chrono::duration<double> length(times.end);
  const StallTally tally = contender == "hiredis"
                               ? run_hiredis_stall(server.socket_path(), length, look)
                               : run_plimsoll_stall(server.socket_path(), line_text, length, look);
  std::cout << "tally " << tally.asked << ' ' << tally.answered << ' ' << tally.rejected << ' '
            << tally.failed << '\n';
  return 0;
}

Run run(const std::string& contender, bool quick) {
  std::vector<std::string> command = {own_path(), "--child", contender};
  if (quick) command.emplace_back("--quick");
  std::istringstream lines(run_program(command));
  Run found;
  for (std::string word; lines >> word;) {
    if (word == "look") {
      Look& look = found.looks.emplace_back();
      lines >> look.seconds >> look.above_idle >> look.used;
    } else if (word == "tally") {
      lines >> found.tally.asked >> found.tally.answered >> found.tally.rejected >>
          found.tally.failed;
    } else {
      fail(contender, "an unexpected word: " + word);
    }
  }
  return found;
}

double most(const Run& run, double Look::* member) {
  double value = 0;
  for (const Look& look : run.looks) value = std::max(value, look.*member);
  return value;
}

void add_rows(const std::string& contender, const Run& run, Report& report) {
  const auto add = [&](const std::string& what, double value, const char* unit) {
    report.add({.name = contender + ": " + what, .ours = value, .unit = unit});
  };
  add("resident above idle, most", most(run, &Look::above_idle), "MiB");
  add("SETs asked", static_cast<double>(run.tally.asked), "requests");
  add("answered", static_cast<double>(run.tally.answered), "requests");
  add("rejected by a limit", static_cast<double>(run.tally.rejected), "requests");
  add("failed in another way", static_cast<double>(run.tally.failed), "requests");
}

void write_data(std::ostream& out, const char* name, const Run& run) {
  out << name << " << EOD\n";
  for (const Look& look : run.looks) {
    out << look.seconds << ' ' << look.above_idle << ' ' << look.used << '\n';
  }
  out << "EOD\n";
}

void plot(const Run& ours, const Run& theirs, const Times& times, const std::string& path) {
  const std::string script = path + ".gnuplot";
  std::ofstream out(script);
  write_data(out, "$ours", ours);
  write_data(out, "$theirs", theirs);
  out << "set terminal svg noenhanced size 860,380 dynamic background rgb 'white' "
         "font 'Helvetica,Arial,sans-serif,13'\n"
      << "set output '" << path << "'\n"
      << "set title 'Memory of a process whose server stops answering for ten seconds' "
         "font ',15'\n"
      << "set xlabel 'seconds; 5,000 SETs of 4 KiB are asked in each'\n"
      << "set ylabel 'MiB above the idle process'\n"
      << "set xrange [0:" << times.end << "]\nset yrange [0:*]\n"
      << "set grid ytics lc rgb '#dddddd'\nset border 3 lc rgb '#444444'\n"
      << "set xtics nomirror\nset ytics nomirror\nset key top left Left reverse samplen 2\n"
      << "set object 1 rectangle from " << times.silent << ", graph 0 to " << times.resumed
      << ", graph 1 behind fc rgb '#eeeeee' fs solid noborder\n"
      << "set label 'the server is silent' at " << (times.silent + times.resumed) / 2
      << ", graph 0.93 center tc rgb '#777777'\n"
      << "plot $theirs using 1:2 with lines lc rgb '#d55e00' lw 2 title 'hiredis', "
         "$ours using 1:2 with lines lc rgb '#0072b2' lw 2.5 title 'Plimsoll', "
      << line_mebibytes << " with lines dt 2 lc rgb '#444444' title 'memory_limit = " << line_text
      << "'\n";
  out.close();
  run_program({"gnuplot", script});
  std::filesystem::remove(script);
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  CommandLine command_line(
      "What a process holds while its server says nothing and callers go on asking.", options);
  std::string svg;
  command_line.add("--svg", svg, "draw the memory over time into this file");
  std::string child;
  command_line.add("--child", child, "run one contender in this process and print what is seen");
  if (const auto status = command_line.parse(argc, argv)) return *status;
  const Times times = options.quick ? quick_times : full_times;
  if (!child.empty()) return run_child(child, times);
  if (!svg.empty() && !has_program("gnuplot")) {
    fail("gnuplot", "is missing: ./dev setup bench installs it");
  }
  Report report = make_report("stall", options);
  report.add_machine(machine_description());
  const Run ours = run("plimsoll", options.quick);
  add_rows("plimsoll", ours, report);
  report.add({.name = "plimsoll: accounted, most, of the line",
              .ours = most(ours, &Look::used),
              .peer = line_mebibytes,
              .unit = "MiB",
              .goal = ratio_at_most(1)});
  const Run theirs = run("hiredis", options.quick);
  add_rows("hiredis", theirs, report);
  if (!svg.empty()) plot(ours, theirs, times, svg);
  return report.finish();
}
