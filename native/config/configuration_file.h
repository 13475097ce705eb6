#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "plimsoll/configuration.h"
#include "plimsoll/result.h"

// A configuration file that a running process follows: it is read again on request (reload()), or
// whenever it has changed (watch()).
//
//   auto file = native::ConfigurationFile::open(from).value();
//   file->watch();
//   auto client = co_await native::connect(file->current().url, file->current().client);

namespace plimsoll::inline v0::native {

/// How often a file was applied and refused.
struct ConfigurationFileStatistics {
  std::uint64_t applied = 0;  ///< including the first time
  std::uint64_t refused = 0;  ///< how often reading or applying it failed
  /// The last failure and its time. It is the current state if applied_at is earlier.
  std::string problem;
  std::optional<std::chrono::system_clock::time_point> refused_at;
  std::optional<std::chrono::system_clock::time_point> applied_at;
};

/// Thread-safe. In a child of fork() it may only be destroyed: open another one there.
class ConfigurationFile {
  struct State;
  struct Private {};

 public:
  /// load_configuration() and apply(), with their errors.
  static Result<std::shared_ptr<ConfigurationFile>> open(const LoadOptions& options);

  ConfigurationFile(Private, std::shared_ptr<State> state);
  ConfigurationFile(const ConfigurationFile&) = delete;
  ConfigurationFile& operator=(const ConfigurationFile&) = delete;
  /// Stops watching. Waits if the file is being read.
  ~ConfigurationFile();

  /// The configuration in force. Clients that are connected with its `client` get the current
  /// options; the cache stays the one that was created first.
  Configuration current() const;

  /// Reads the file again and applies it. Options that a running process can change take effect at
  /// once. A log record lists the changes, and which of them need new clients or a restart
  /// (docs/configuration.md). On an error of load_configuration() or apply(), which is logged as
  /// well, the last valid configuration stays in force. Blocks while it reads. Must not be called
  /// from a signal handler or a log hook.
  Result<void> reload();

  /// From now on calls reload(), in the runtime's upkeep thread, whenever the file or a file with a
  /// secret has changed, and then has not changed for one interval, so that a file is not read
  /// while somebody writes it. Replacing the file counts as a change: by a rename, or behind a
  /// symbolic link, as Kubernetes does. Does nothing if the configuration has no file.
  void watch(std::chrono::milliseconds interval = std::chrono::seconds(1));

  ConfigurationFileStatistics statistics() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace plimsoll::inline v0::native
