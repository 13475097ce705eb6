#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>

// The library's log, for the operator of the process: warnings about the memory line, the
// container, or a configuration that could not be read. The library never logs each request.
//
// Names and severities are those of OpenTelemetry's log data model
// (opentelemetry.io/docs/specs/otel/logs/data-model).

namespace plimsoll::inline v0::native {

/// The values are OpenTelemetry's severity numbers.
enum class Severity : std::uint8_t { debug = 5, info = 9, warn = 13, error = 17 };

/// Returns OpenTelemetry's name of a severity: "WARN". A literal.
std::string_view severity_text(Severity severity);

/// A part of a log record, by a name that tools can search for.
struct LogAttribute {
  std::string_view name;  ///< "plimsoll.memory.limit"
  std::string_view value;
};

/// A log record. The views live until the hook returns.
struct LogRecord {
  Severity severity;
  std::string_view event_name;  ///< "plimsoll.container.limit_near": one name for each cause
  std::string_view body;        ///< a sentence for people, without secrets
  std::span<const LogAttribute> attributes;
};

/// Called with each record, from any thread, one call at a time, while no lock of a client is held.
/// A hook must not log, throw, call set_log_hook() or fork, because every other record and every
/// fork waits until it returns.
using LogHook = std::function<void(const LogRecord&)>;

/// Replaces the hook. When this returns, the old hook is not running, and is never called again.
/// Without a hook, or with an empty one, warnings and errors go to standard error, one line each.
/// From any thread.
void set_log_hook(LogHook hook);

/// Passes a record to the hook.
void log(Severity severity, std::string_view event_name, std::string_view body,
         std::initializer_list<LogAttribute> attributes = {});

namespace detail {

/// For fork(), whose child must not inherit this lock while another thread holds it: the forking
/// thread holds it meanwhile, so nothing is logged. A hook may ask the runtime for statistics, so
/// this lock is taken before the runtime's.
void lock_log();
void unlock_log();

}  // namespace detail

}  // namespace plimsoll::inline v0::native
