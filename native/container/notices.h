#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plimsoll/log.h"

namespace plimsoll::inline v0::native::container {

/// Collects log records while a lock is held. Declare it before the lock: its destructor logs at
/// the end of the scope, when the lock is released. A log hook may ask the runtime for metrics, and
/// would deadlock otherwise.
class Notices {
 public:
  struct Notice {
    Severity severity;
    std::string event_name;
    std::string body;

    // Attributes, all of them or none: amounts in bytes, and the limit's file.
    std::string line{};   ///< plimsoll.memory.limit
    std::string limit{};  ///< plimsoll.container.limit
    std::string file{};   ///< plimsoll.container.file
  };

  Notices() = default;
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;
  ~Notices();

  void add(Notice notice) { all_.push_back(std::move(notice)); }
  const std::vector<Notice>& all() const { return all_; }

 private:
  std::vector<Notice> all_;
};

}  // namespace plimsoll::inline v0::native::container
