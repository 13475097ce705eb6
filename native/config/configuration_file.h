#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "plimsoll/configuration.h"
#include "plimsoll/result.h"

// A configuration that changes while the process runs: its file is read again when somebody asks,
// or whenever it has changed.
//
//   auto file = native::ConfigurationFile::open(from).value();
//   file->watch();
//   auto client = co_await native::connect(file->current().url, file->current().client);

namespace plimsoll::native {

/// What became of a file.
struct ConfigurationFileStatistics {
  std::uint64_t applied =
      0;  ///< times that what it said was made the process's, the first included
  std::uint64_t refused = 0;  ///< times that it was not
  /// Why, the last time; and when. Whether that still holds: applied_at is earlier.
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
  /// Stops watching; waits for a file that is just being read.
  ~ConfigurationFile();

  /// What is in force. New clients made of its `client` have what changed since; its cache stays
  /// the one that was made first.
  Configuration current() const;

  /// Reads the file again, and makes what it says now the process's: what a running process takes
  /// holds at once. A record says what changed, and what of it is for new clients, or takes a new
  /// start (docs/configuration.md). Else the errors of load_configuration() and apply(), also as a
  /// record, and the last good configuration stays. Blocks for as long as reading takes; not from
  /// a signal handler, nor from a log hook.
  Result<void> reload();

  /// From now on reload() whenever the file, or one that a secret is read from, has changed and
  /// then has stayed as it is for an interval, so that it is not read while somebody writes it. On
  /// the runtime's thread for upkeep. A file that is replaced, by a rename or behind a symbolic
  /// link as Kubernetes does it, is one that has changed. Without a file nothing is watched.
  void watch(std::chrono::milliseconds interval = std::chrono::seconds(1));

  ConfigurationFileStatistics statistics() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace plimsoll::native
