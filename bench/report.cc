#include "plimsoll/bench/report.h"

#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

namespace plimsoll::bench {
namespace {

// Enough digits to compare by, and none that a second run would contradict.
std::string shown(std::optional<double> value) {
  if (!value) return "-";
  char text[32];
  const double size = std::fabs(*value);
  const int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4;
  std::snprintf(text, sizeof text, "%.*f", size == 0 ? 0 : decimals, *value);
  return text;
}

std::string shown(const std::optional<Goal>& goal) {
  if (!goal) return "";
  char text[64];
  std::snprintf(text, sizeof text, "%s %s %g", goal->of == Goal::Of::ratio ? "ratio" : "ours",
                goal->bound == Goal::Bound::at_least ? ">=" : "<=", goal->value);
  return text;
}

nlohmann::ordered_json or_null(std::optional<double> value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

std::optional<double> ratio_of(const Row& row) {
  if (!row.ours || !row.peer || *row.peer == 0) return std::nullopt;
  return *row.ours / *row.peer;
}

std::optional<bool> is_met(const Row& row) {
  if (!row.goal) return std::nullopt;
  const auto figure = row.goal->of == Goal::Of::ratio ? ratio_of(row) : row.ours;
  if (!figure) return false;
  return row.goal->bound == Goal::Bound::at_least ? *figure >= row.goal->value
                                                  : *figure <= row.goal->value;
}

Report::Report(std::string bench, Format format, Judging judging, std::FILE* out)
    : bench_(std::move(bench)), format_(format), judging_(judging), out_(out) {}

void Report::add_machine(const std::string& description) {
  if (format_ == Format::table) {
    std::fprintf(out_, "%s, on %s\n%-52s %11s %11s %8s  %-17s %s\n", bench_.c_str(),
                 description.c_str(), "case", "ours", "peer", "ratio", "unit", "goal");
  } else {
    // A row like any other, so that a reader of the stream needs no second schema.
    print_json({.name = "machine: " + description}, std::nullopt);
  }
  std::fflush(out_);
}

void Report::add(const Row& row) {
  const auto met = judging_ == Judging::goals ? is_met(row) : std::nullopt;
  if (met) {
    if (row.goal->of == Goal::Of::time) {
      missed_times_count_ += !*met;
    } else {
      goals_count_ += 1;
      missed_count_ += !*met;
    }
  }
  if (format_ == Format::table) {
    print_row(row, met);
  } else {
    print_json(row, met);
  }
  std::fflush(out_);
}

int Report::finish() {
  if (format_ == Format::table) {
    if (judging_ == Judging::nothing) {
      std::fprintf(out_, "smoke run: too short to judge, no goal was checked\n");
    } else {
      std::fprintf(out_, "%d of %d goals met%s\n", goals_count_ - missed_count_, goals_count_,
                   missed_times_count_ > 0 ? "; a time is over its goal (not counted)" : "");
    }
  }
  return missed_count_ == 0 ? 0 : 1;
}

void Report::print_row(const Row& row, std::optional<bool> met) {
  std::string counters;
  for (const auto& [name, value] : row.counters) {
    counters += (counters.empty() ? "" : ", ") + name + " " + std::to_string(value);
  }
  std::fprintf(out_, "%-52s %11s %11s %8s  %-17s %s%s%s\n", row.name.c_str(),
               shown(row.ours).c_str(), shown(row.peer).c_str(), shown(ratio_of(row)).c_str(),
               row.unit.c_str(), shown(row.goal).c_str(),
               !met   ? ""
               : *met ? "  met"
                      : "  MISSED",
               counters.c_str());
}

void Report::print_json(const Row& row, std::optional<bool> met) {
  nlohmann::ordered_json line;
  line["bench"] = bench_;
  line["case"] = row.name;
  line["ours"] = or_null(row.ours);
  line["peer"] = or_null(row.peer);
  line["ratio"] = or_null(ratio_of(row));
  line["unit"] = row.unit;
  line["goal"] = row.goal ? nlohmann::ordered_json(shown(row.goal)) : nullptr;
  line["met"] = met ? nlohmann::ordered_json(*met) : nullptr;
  for (const auto& [name, value] : row.counters) line[name] = value;
  std::fprintf(out_, "%s\n", line.dump().c_str());
}

}  // namespace plimsoll::bench
