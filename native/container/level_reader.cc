#include "plimsoll/native/container/level_reader.h"

#include <algorithm>
#include <utility>

#include "plimsoll/native/container/values.h"

namespace plimsoll::inline v0::native::container {
namespace {

constexpr std::size_t shown_bytes_max = 40;

// Shows the text of a file in a problem: one line, printable, short.
std::string shown(std::string_view text) {
  std::string line = "\"";
  for (const char c : take_line(text).substr(0, shown_bytes_max)) {
    line += c >= ' ' && c <= '~' ? c : '?';
  }
  return line + '"';
}

}  // namespace

void LevelReader::problem(const std::string& path, const std::string& what) {
  if (reading_.problems.size() == problems_max) return;
  reading_.problems.push_back(path + (what.empty() ? "" : " " + what));
}

std::optional<std::string> LevelReader::text(const std::string& path, Presence presence) {
  FileText file = files_.read(path, kernel_file_bytes_max);
  if (file.state == FileText::State::read) return std::move(file.text);
  if (file.state == FileText::State::failed) problem(file.problem, "");
  const bool is_missed = file.state == FileText::State::missing && presence == Presence::required;
  if (is_missed) problem(path, "is not there");
  return std::nullopt;
}

std::optional<std::uint64_t> LevelReader::bound(const std::string& path, Presence presence) {
  const std::optional<std::string> said = text(path, presence);
  if (!said) return std::nullopt;
  const std::optional<Bound> parsed = parse_bound(*said);
  if (!parsed) {
    problem(path, "says " + shown(*said) + R"(; expected a number of bytes, or "max")");
    return std::nullopt;
  }
  return parsed->bytes;
}

std::optional<std::uint64_t> LevelReader::number(const std::string& path) {
  const std::optional<std::string> said = text(path, Presence::required);
  if (!said) return std::nullopt;
  const auto parsed = parse_number(*said);
  if (!parsed) problem(path, "says " + shown(*said) + "; expected a number");
  return parsed;
}

std::optional<std::uint64_t> LevelReader::figure(std::string_view said, const std::string& path,
                                                 const char* key) {
  const auto found = find_number(said, key);
  if (!found) problem(path, "has no line of \"" + std::string(key) + "\" and a number");
  return found;
}

void LevelReader::read_v1(const std::string& directory, Rank rank) {
  Level level{.place = directory, .limit_file = directory + "/memory.limit_in_bytes"};
  level.limit = bound(level.limit_file, Presence::required);
  if (!level.limit && rank == Rank::above) return;
  level.usage = number(directory + "/memory.usage_in_bytes");
  const std::string stat_file = directory + "/memory.stat";
  const std::optional<std::string> stat = text(stat_file, Presence::required);
  if (stat) {
    level.inactive_file = figure(*stat, stat_file, "total_inactive_file").value_or(0);
    level.active_file = figure(*stat, stat_file, "total_active_file").value_or(0);
  }
  read_v1_events(level);
  if (stat && rank == Rank::own) {
    limit_of_all_ = find_number(*stat, "hierarchical_memory_limit");
    if (limit_of_all_ && *limit_of_all_ >= unlimited_bytes_min) limit_of_all_.reset();
  }
  reading_.levels.push_back(std::move(level));
}

void LevelReader::read_v1_events(Level& level) {
  const auto failures = number(level.place + "/memory.failcnt");
  const FileText oom = files_.read(level.place + "/memory.oom_control", kernel_file_bytes_max);
  if (oom.state == FileText::State::failed) return problem(oom.problem, "");
  if (!failures) return;
  level.events = Events{.max = *failures,
                        .oom_kill = find_number(oom.text, "oom_kill").value_or(0)};  // from 4.13 on
}

void LevelReader::add_hidden_v1_limit() {
  if (!limit_of_all_ || reading_.levels.empty()) return;
  for (const Level& level : reading_.levels) {
    if (level.limit && *level.limit <= *limit_of_all_) return;
  }
  Level hidden = reading_.levels.front();
  hidden.events.reset();
  hidden.limit = limit_of_all_;
  hidden.limit_file = hidden.place + "/memory.stat (hierarchical_memory_limit)";
  reading_.levels.push_back(std::move(hidden));
}

bool LevelReader::is_hierarchical(const std::string& directory) const {
  const FileText file = files_.read(directory + "/memory.use_hierarchy", kernel_file_bytes_max);
  return file.state != FileText::State::read || parse_number(file.text) != 0;
}

// Reads a v2 cgroup. At the root, and where the controller is not enabled, these files do not
// exist.
void LevelReader::read_v2(const std::string& directory, Rank rank) {
  Level level{.place = directory,
              .limit_file = directory + "/memory.max",
              .high_file = directory + "/memory.high"};
  level.limit = bound(level.limit_file, Presence::optional);
  level.high = bound(level.high_file, Presence::optional);
  if (rank == Rank::own) read_stall(level, directory + "/memory.pressure");
  const bool is_limited = level.limit || level.high;
  if (!is_limited && rank == Rank::above) return;
  const std::string usage_file = directory + "/memory.current";
  const auto presence = is_limited ? Presence::required : Presence::optional;
  if (const auto usage = text(usage_file, presence)) {
    level.usage = parse_number(*usage);
    if (!level.usage) problem(usage_file, "says " + shown(*usage) + "; expected a number");
  }
  const std::string stat_file = directory + "/memory.stat";
  if (const auto stat = text(stat_file, presence)) {
    // Without the controller, memory.stat may exist but have none of these.
    if (level.usage) level.inactive_file = figure(*stat, stat_file, "inactive_file").value_or(0);
    if (level.usage) level.active_file = figure(*stat, stat_file, "active_file").value_or(0);
  }
  read_v2_events(level, presence);
  reading_.levels.push_back(std::move(level));
}

void LevelReader::read_v2_events(Level& level, Presence presence) {
  std::string path = level.place + "/memory.events.local";
  FileText local = files_.read(path, kernel_file_bytes_max);
  if (local.state == FileText::State::failed) return problem(local.problem, "");
  std::optional<std::string> said;
  if (local.state == FileText::State::read) {
    said = std::move(local.text);
  } else {
    path = level.place + "/memory.events";
    said = text(path, presence);
    level.has_events_below = true;
  }
  if (!said) return;
  const auto high = figure(*said, path, "high");
  const auto max = figure(*said, path, "max");
  const auto oom = figure(*said, path, "oom");
  if (!high || !max || !oom) return;
  level.events = Events{.high = *high,
                        .max = *max,
                        .oom = *oom,
                        .oom_kill = find_number(*said, "oom_kill").value_or(0)};  // from 4.13 on
}

void LevelReader::read_stall(Level& level, const std::string& path) {
  // The file is missing if the kernel was built or booted without PSI; EOPNOTSUPP: switched off.
  const FileText file = files_.read(path, kernel_file_bytes_max);
  if (file.state != FileText::State::read) return;
  level.stall = parse_stall(file.text);
  if (level.stall) return;
  problem(path, "says " + shown(file.text) + "; expected \"some avg10=... total=...\"");
}

void LevelReader::read_machine() {
  Level level{.place = "/proc/meminfo", .is_machine = true, .limit_file = "/proc/meminfo"};
  const auto meminfo = text(level.place, Presence::required);
  if (!meminfo) return;
  level.limit = figure(*meminfo, level.place, "MemTotal");
  if (level.limit == 0U) level.limit.reset();
  if (!level.limit) return;
  if (const auto available = find_number(*meminfo, "MemAvailable")) {
    level.usage = *level.limit - std::min(*level.limit, *available);
  }
  level.limit_file += " (MemTotal)";
  read_stall(level, "/proc/pressure/memory");
  reading_.levels.push_back(std::move(level));
}

}  // namespace plimsoll::inline v0::native::container
