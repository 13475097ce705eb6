#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/log.h"

namespace plimsoll::testing {

/// What the library says while this lives: "WARN plimsoll.configuration.refused: BODY".
class Told {
 public:
  Told() {
    native::set_log_hook([this](const native::LogRecord& record) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::string(native::severity_text(record.severity)) + " " +
                       std::string(record.event_name) + ": " + std::string(record.body));
    });
  }
  ~Told() { native::set_log_hook({}); }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;

  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  std::size_t count(std::string_view part) const {
    std::size_t count = 0;
    for (const std::string& each : lines()) count += each.find(part) != each.npos ? 1U : 0U;
    return count;
  }

  bool has(std::string_view line) const { return count(line) > 0; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace plimsoll::testing
