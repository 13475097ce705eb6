#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/commands/question.h"

// Decides which reads a cache serves and stores: the commands that the command table marks as
// cacheable, or some of them, and reads of modules that the options name, since the table does not
// have these.

namespace plimsoll::inline v0::cache {

inline constexpr std::size_t key_prefixes_max = 64;

/// Names of commands may be in upper or lower case. The texts must outlive the cache.
struct FilterOptions {
  /// Only these of the table's commands are cached. Empty: all cacheable ones.
  std::span<const std::string_view> only_commands{};

  /// Only reads whose keys all begin with one of these are cached; key_prefixes_max at most. Empty:
  /// reads of all keys.
  std::span<const std::string_view> only_key_prefixes{};

  /// Commands of modules to cache as well, such as "JSON.GET"; module_reads_max at most. Each must
  /// have exactly one key, right behind its name, and a reply that depends on that key alone.
  std::span<const std::string_view> module_reads{};
};

/// Fails with invalid_option, which names the field. `culprit` is then the wrong text in that
/// field, or empty if the error is about the field as a whole.
Status validate(const FilterOptions& options, std::string_view& culprit);

class Filter {
 public:
  /// `options` must be valid.
  explicit Filter(const FilterOptions& options);

  /// Whether the cache serves and stores this read. The question must come from
  /// QuestionReader::read() with module_reads().
  bool admits(const commands::Question& question) const { return !has_to_look_ || finds(question); }

  /// The names to pass to QuestionReader::read().
  std::span<const std::string_view> module_reads() const { return options_.module_reads; }

 private:
  bool finds(const commands::Question& question) const;
  bool has_prefix(std::string_view key) const;

  const FilterOptions options_;
  const bool has_to_look_;
  // A bit for each row of the command table, set for the commands in only_commands.
  std::array<std::uint64_t, commands::module_row_first / 64> rows_{};
};

}  // namespace plimsoll::inline v0::cache
