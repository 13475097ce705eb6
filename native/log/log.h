#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>

// What the library has to say to whoever runs the process: warnings of the memory line, of the
// container, of a configuration that could not be read. Never anything for each request.
//
// Names and severities are those of OpenTelemetry's log data model
// (opentelemetry.io/docs/specs/otel/logs/data-model).

namespace plimsoll::native {

/// With OpenTelemetry's severity numbers.
enum class Severity : std::uint8_t { debug = 5, info = 9, warn = 13, error = 17 };

/// "WARN".
std::string_view severity_text(Severity severity);

struct LogAttribute {
  std::string_view name;  ///< "plimsoll.memory.limit"
  std::string_view value;
};

/// Views that live for as long as the call that they are handed to.
struct LogRecord {
  Severity severity;
  std::string_view event_name;  ///< "plimsoll.container.limit_near": the same for the same cause
  std::string_view body;        ///< a sentence for people, without secrets
  std::span<const LogAttribute> attributes;
};

/// Called with each record, from any thread, one call at a time, with no lock of a client held. It
/// may not log, throw, call set_log_hook() or fork: each record, and each fork, waits for it.
using LogHook = std::function<void(const LogRecord&)>;

/// Takes the place of the one before; returns when that is no longer being called. At first, and
/// with an empty one, warnings and errors go to standard error, a line each.
void set_log_hook(LogHook hook);

/// Hands a record to the hook.
void log(Severity severity, std::string_view event_name, std::string_view body,
         std::initializer_list<LogAttribute> attributes = {});

namespace detail {

/// For a fork, whose child must not inherit the lock taken: nothing is told in between. A hook may
/// ask the runtime for figures, and so this lock is taken before that of the runtime.
void lock_log();
void unlock_log();

}  // namespace detail

}  // namespace plimsoll::native
