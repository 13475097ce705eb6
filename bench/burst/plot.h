#pragma once

// Resident memory over time as an SVG, by gnuplot: a panel for each allocator, a line for each
// client, the bursts shaded.

#include <string>
#include <vector>

#include "plimsoll/bench/burst/run.h"

namespace plimsoll::bench {

struct PlotText {
  std::string subtitle;  ///< machine and date
  std::size_t line_bytes = 0;
};

/// What gnuplot is told to write the plot to `path`. All runs have as many bursts.
std::string plot_script(const std::vector<Run>& runs, const PlotText& text,
                        const std::string& path);

/// Ends the process if gnuplot is missing.
void check_can_plot();

/// Writes the plot. Ends the process if gnuplot fails.
void plot(const std::vector<Run>& runs, const PlotText& text, const std::string& path);

}  // namespace plimsoll::bench
