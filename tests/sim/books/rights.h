#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/core/base/time.h"

namespace plimsoll::sim {

/// When servers gave users back the right to read the keys that caches are tried on.
class Rights {
 public:
  void note_given(std::uint32_t server, const std::string& user, Instant now) {
    given_[{server, user}].push_back(now);
  }

  /// For the first time after that; `never`: not yet.
  Instant given_after(std::uint32_t server, const std::string& user, Instant time) const {
    const auto found = given_.find({server, user});
    if (found == given_.end()) return never;
    for (const Instant given : found->second) {
      if (given > time) return given;
    }
    return never;
  }

 private:
  std::map<std::pair<std::uint32_t, std::string>, std::vector<Instant>> given_;
};

}  // namespace plimsoll::sim
