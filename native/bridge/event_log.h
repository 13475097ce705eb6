#pragma once

#include <chrono>
#include <mutex>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/log.h"
#include "plimsoll/native/bridge/config/log_format.h"

// What the bridge tells the person or the program that runs it, except the access log: problems,
// and what it did on a signal. One line for each event, as text for people or as JSON. Never
// contains tokens, passwords or payload. Thread-safe.

namespace plimsoll::bridge {

class EventLog {
 public:
  /// `out` must outlive this object.
  EventLog(std::ostream& out, LogFormat format) : out_(out), format_(format) {}

  /// For a configuration that says so only after the log was needed.
  void set_format(LogFormat format) { format_ = format; }
  LogFormat format() const { return format_; }

  /// `event` is one name for each cause, for tools to search for: "reload_refused". `message` is a
  /// sentence for people. `attributes` are only part of JSON.
  void write(native::Severity severity, std::string_view event, std::string_view message,
             std::span<const native::LogAttribute> attributes = {});

  /// Writes a text of many lines: as it is, or as the message of an event.
  void dump(std::string_view event, std::string_view text);

 private:
  void write_line(std::string_view line);

  std::mutex mutex_;
  std::ostream& out_;
  LogFormat format_;
};

/// A line of the log as JSON, with its end.
std::string json_line(native::Severity severity, std::string_view event, std::string_view message,
                      std::span<const native::LogAttribute> attributes = {});

/// RFC 3339 in UTC, with milliseconds: "2026-01-31T23:59:59.000Z".
std::string to_rfc3339(std::chrono::system_clock::time_point time);

}  // namespace plimsoll::bridge
