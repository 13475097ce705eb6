#include "plimsoll/native/bridge/event_log.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

namespace plimsoll::bridge {
namespace {

// The names that collectors of logs expect: "warn".
std::string level_of(native::Severity severity) {
  std::string level(native::severity_text(severity));
  std::ranges::transform(level, level.begin(),
                         [](char letter) { return static_cast<char>(letter | 0x20); });
  return level;
}

}  // namespace

void EventLog::write(native::Severity severity, std::string_view event, std::string_view message,
                     std::span<const native::LogAttribute> attributes) {
  std::string line;
  switch (format_) {
    case LogFormat::text: line.append("plimsoll-bridge: ").append(message).append("\n"); break;
    case LogFormat::json: line = json_line(severity, event, message, attributes); break;
  }
  write_line(line);
}

void EventLog::dump(std::string_view event, std::string_view text) {
  switch (format_) {
    case LogFormat::text: return write_line(text);
    case LogFormat::json: return write(native::Severity::info, event, text);
  }
}

// One write, because other processes may write to the same place.
void EventLog::write_line(std::string_view line) {
  const std::lock_guard lock(mutex_);
  out_ << line << std::flush;
}

std::string json_line(native::Severity severity, std::string_view event, std::string_view message,
                      std::span<const native::LogAttribute> attributes) {
  nlohmann::ordered_json entry = {{"time", to_rfc3339(std::chrono::system_clock::now())},
                                  {"level", level_of(severity)},
                                  {"event", event},
                                  {"message", message}};
  for (const native::LogAttribute& each : attributes) {
    entry["attributes"][std::string(each.name)] = each.value;
  }
  // A message may quote a file's name, which need not be UTF-8; invalid bytes are replaced.
  return entry.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

std::string to_rfc3339(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto whole = std::chrono::floor<std::chrono::seconds>(since);
  const std::time_t seconds = whole.count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto end = std::snprintf(text.data() + size, text.size() - size, ".%03dZ",
                                 static_cast<int>((since - whole).count()));
  return std::string(text.data(), size + static_cast<std::size_t>(end));
}

}  // namespace plimsoll::bridge
