#include "plimsoll/bench/burst/plot.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

// In the panels' own unit: a second, between bursts.
constexpr double burst_width = 15;
constexpr double point_step = 0.25;
constexpr double lead_seconds = 2;
constexpr int panel_height = 330;
constexpr int head_height = 90;
constexpr int width = 1100;

// Of a palette that people tell apart who do not see all colours (Okabe and Ito).
const char* style_of(const std::string& contender) {
  const bool is_bounded = contender.find("bounded") != std::string::npos;
  if (contender.starts_with("hiredis")) {
    return is_bounded ? "lc rgb '#e69f00' lw 1.5" : "lc rgb '#d55e00' lw 1.5";
  }
  if (is_bounded) return "lc rgb '#009e73' lw 2.2";
  return contender == "plimsoll" ? "lc rgb '#0072b2' lw 2.2" : "lc rgb '#56b4e9' lw 1.5";
}

double mebibytes(double bytes) { return bytes / (1 << 20); }

// gnuplot's single quotes, and its own marks in text turned off by noenhanced.
std::string in_quotes(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) {
    text.insert(at, "'");
  }
  return "'" + text + "'";
}

std::vector<std::string> allocators_of(const std::vector<Run>& runs) {
  std::vector<std::string> names;
  for (const Run& run : runs) {
    if (std::find(names.begin(), names.end(), run.allocator) == names.end()) {
      names.push_back(run.allocator);
    }
  }
  return names;
}

void write_data(std::ostream& out, const std::string& name, const Run& run) {
  out << name << " << EOD\n";
  for (const Point& point : points_of(run.samples, run.bursts, burst_width, point_step)) {
    if (point.place >= -lead_seconds) out << point.place << ' ' << mebibytes(point.bytes) << '\n';
  }
  out << "EOD\n";
}

// The middle of each burst, by its name, and its shade.
void write_bursts(std::ostream& out, std::size_t count) {
  std::ostringstream ticks;
  for (std::size_t i = 0; i < count; ++i) {
    const double begin = static_cast<double>(i) * (burst_width + quiet_seconds);
    out << "set object " << i + 1 << " rectangle from " << begin << ", graph 0 to "
        << begin + burst_width << ", graph 1 behind fc rgb '#eeeeee' fs solid noborder\n";
    ticks << (i == 0 ? "" : ", ") << (i == 0 ? "'warm-up'" : "'burst " + std::to_string(i) + "'")
          << ' ' << begin + burst_width / 2 << ", '15 s' "
          << begin + burst_width + quiet_seconds / 2;
  }
  const double end = static_cast<double>(count) * (burst_width + quiet_seconds);
  out << "set xtics (" << ticks.str() << ") scale 0\n"
      << "set xrange [" << -lead_seconds << ':' << end << "]\n";
}

void write_panel(std::ostream& out, const std::string& allocator, const std::vector<Run>& runs,
                 double line) {
  out << "set title " << in_quotes(allocator) << "\nplot ";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].allocator != allocator) continue;
    out << "$run" << i << " using 1:2 with lines " << style_of(runs[i].contender) << " title "
        << in_quotes(runs[i].contender) << ", ";
  }
  out << line << " with lines dt 2 lc rgb '#444444' title 'memory line'\n";
}

}  // namespace

std::string plot_script(const std::vector<Run>& runs, const PlotText& text,
                        const std::string& path) {
  const std::vector<std::string> allocators = allocators_of(runs);
  const std::size_t columns = allocators.size() > 1 ? 2 : 1;
  const std::size_t rows = (allocators.size() + columns - 1) / columns;
  std::ostringstream out;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    write_data(out, "$run" + std::to_string(i), runs[i]);
  }
  out << "set terminal svg noenhanced size " << width << ',' << head_height + rows * panel_height
      << " dynamic background rgb 'white' font 'Helvetica,Arial,sans-serif,12'\n"
      << "set output " << in_quotes(path) << '\n'
      << "set multiplot layout " << rows << ',' << columns << " title "
      << in_quotes("Anonymous resident memory while events come in bursts") << ".\"\\n\"."
      << in_quotes(text.subtitle)
      << " font ',15' margins char 9, char 2, char 3, char 6 spacing char 9, char 5\n"
      << "set logscale y 2\nset yrange [4:2048]\nset ylabel 'MiB'\n"
      << "set grid ytics lc rgb '#dddddd'\nset border 3 lc rgb '#444444'\n"
      << "set xtics nomirror\nset ytics nomirror\n"
      << "set key top right horizontal maxrows 2 samplen 2 Left reverse\n";
  write_bursts(out, runs.empty() ? 0 : runs.front().bursts.size());
  for (const std::string& allocator : allocators) {
    write_panel(out, allocator, runs, mebibytes(static_cast<double>(text.line_bytes)));
  }
  out << "unset multiplot\n";
  return out.str();
}

void check_can_plot() {
  if (!has_program("gnuplot")) fail("gnuplot", "is missing: ./dev setup bench installs it");
}

void plot(const std::vector<Run>& runs, const PlotText& text, const std::string& path) {
  const std::string script = path + ".gnuplot";
  std::ofstream(script) << plot_script(runs, text, path);
  run_program({"gnuplot", script});
  std::filesystem::remove(script);
}

}  // namespace plimsoll::bench
