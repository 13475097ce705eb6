#pragma once

// The two options that every benchmark has.

#include <string>

#include <CLI/CLI.hpp>

#include "plimsoll/bench/report.h"

namespace plimsoll::bench {

struct CommonOptions {
  bool json = false;
  bool quick = false;
};

inline void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_flag("--json", options.json, "one JSON object a line in place of the table");
  app.add_flag("--quick", options.quick, "a smoke run of seconds, which judges no goal");
}

inline Report make_report(const std::string& bench, const CommonOptions& options) {
  return Report(bench, options.json ? Report::Format::json : Report::Format::table,
                options.quick ? Report::Judging::nothing : Report::Judging::goals);
}

}  // namespace plimsoll::bench
