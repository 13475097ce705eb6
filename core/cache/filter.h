#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/commands/question.h"

// Which reads a cache takes part in: all that the command table calls cacheable, or fewer of them;
// and reads of modules, of which the table knows nothing.

namespace plimsoll::cache {

inline constexpr std::size_t key_prefixes_max = 64;

/// Names of commands are in any case. The texts must outlive the cache.
struct FilterOptions {
  /// Of the table's commands these alone; none: all that are cacheable.
  std::span<const std::string_view> only_commands{};

  /// Reads of which all keys begin with one of these, key_prefixes_max at most; none: all.
  std::span<const std::string_view> only_key_prefixes{};

  /// Commands that the table does not know, module_reads_max at most, each with its one key right
  /// behind its name, on which alone its reply depends: "JSON.GET".
  std::span<const std::string_view> module_reads{};
};

/// invalid_option, naming the field; `culprit` is then the text in it that is wrong, if it is one.
Status validate(const FilterOptions& options, std::string_view& culprit);

class Filter {
 public:
  /// `options` must be valid.
  explicit Filter(const FilterOptions& options);

  /// Whether the cache takes part in this read, which knows module_reads().
  bool admits(const commands::Question& question) const { return !has_to_look_ || finds(question); }

  /// For QuestionReader::read().
  std::span<const std::string_view> module_reads() const { return options_.module_reads; }

 private:
  bool finds(const commands::Question& question) const;
  bool has_prefix(std::string_view key) const;

  const FilterOptions options_;
  const bool has_to_look_;
  std::array<std::uint64_t, commands::module_row_first / 64> rows_{};  // a bit for each wanted
};

}  // namespace plimsoll::cache
