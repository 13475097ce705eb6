#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plimsoll/log.h"

namespace plimsoll::native::container {

/// What is to be logged when no lock is held any more: declared before the lock, it logs at the end
/// of the scope.
class Notices {
 public:
  struct Notice {
    Severity severity;
    std::string event_name;
    std::string body;

    // Attributes, all or none: bytes, and the file that says so.
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

}  // namespace plimsoll::native::container
