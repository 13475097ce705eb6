#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/commands/question.h"

namespace plimsoll::testing {

/// A question that owns its words.
struct Asked {
  std::uint16_t row = 1;
  std::string key;
  std::vector<std::string> rest{};
  std::size_t more_begin = 0;
  std::size_t more_count = 0;

  bool operator==(const Asked&) const = default;

  bool depends_on(std::string_view name) const {
    if (key == name) return true;
    for (std::size_t i = 0; i < more_count; ++i) {
      if (rest[more_begin + i] == name) return true;
    }
    return false;
  }
};

/// The same as views, of an Asked that lives on.
class Views {
 public:
  explicit Views(const Asked& asked) : rest_(asked.rest.begin(), asked.rest.end()) {
    question_ = {.row = asked.row, .key = asked.key, .rest = rest_, .more_keys = {}};
    if (asked.more_count == 0) return;
    question_.more_keys = question_.rest.subspan(asked.more_begin, asked.more_count);
  }
  Views(const Views&) = delete;
  Views& operator=(const Views&) = delete;

  const commands::Question& operator*() const { return question_; }

 private:
  std::vector<std::string_view> rest_;
  commands::Question question_;
};

}  // namespace plimsoll::testing
