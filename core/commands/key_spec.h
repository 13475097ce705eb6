#pragma once

#include <cstdint>

namespace plimsoll::inline v0::commands {

/// Where some of a command's keys are: a key specification (valkey.io/topics/key-specs), packed.
struct KeySpec {
  enum class Begin : std::uint8_t { index, keyword };
  enum class Find : std::uint8_t { range, numkeys };

  Begin begin;
  Find find;
  std::uint8_t writes;
  std::uint8_t keyword;       ///< index into key_keywords
  std::int8_t at;             ///< index, or where to look for the keyword; negative: from the end
  std::int8_t last_or_count;  ///< range: the last key, from the first or the end; otherwise numkeys
  std::int8_t first;          ///< numkeys: the first key; this and the place of numkeys count from
                              ///< the word where the spec begins
  std::int8_t step;
  std::int8_t limit;  ///< range to the end: 2 means only the first half of the words
};

}  // namespace plimsoll::inline v0::commands
