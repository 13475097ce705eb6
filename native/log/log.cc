#include "plimsoll/log.h"

#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

namespace plimsoll::inline v0::native {
namespace {

struct Hooked {
  std::mutex mutex;
  LogHook hook;
};

// Never destroyed: a thread of the library may log while static objects are being destroyed.
Hooked& hooked() {
  static Hooked& instance = *new Hooked;
  return instance;
}

void print(const LogRecord& record) {
  if (record.severity < Severity::warn) return;
  std::string line = "plimsoll: ";
  line += record.severity == Severity::warn ? "warning: " : "error: ";
  line += record.body;
  line += '\n';
  std::fputs(line.c_str(), stderr);
}

}  // namespace

std::string_view severity_text(Severity severity) {
  switch (severity) {
    case Severity::debug: return "DEBUG";
    case Severity::info: return "INFO";
    case Severity::warn: return "WARN";
    case Severity::error: return "ERROR";
  }
  return "?";
}

void set_log_hook(LogHook hook) {
  const std::lock_guard lock(hooked().mutex);
  hooked().hook = std::move(hook);
}

void log(Severity severity, std::string_view event_name, std::string_view body,
         std::initializer_list<LogAttribute> attributes) {
  const LogRecord record{.severity = severity,
                         .event_name = event_name,
                         .body = body,
                         .attributes = {attributes.begin(), attributes.size()}};
  const std::lock_guard lock(hooked().mutex);
  if (hooked().hook) {
    hooked().hook(record);
  } else {
    print(record);
  }
}

void detail::lock_log() { hooked().mutex.lock(); }
void detail::unlock_log() { hooked().mutex.unlock(); }

}  // namespace plimsoll::inline v0::native
