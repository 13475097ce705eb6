#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "plimsoll/core/commands/command_rows.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/core/commands/parts.h"

// Applies key specifications (valkey.io/topics/key-specs) to the words of a command.

namespace plimsoll::inline v0::commands {
namespace {

using Words = std::span<const std::string_view>;

Error misplaced(const char* what, const char* expected) {
  return {.code = ErrorCode::invalid_argument, .what = what, .expected = expected};
}

// Returns the word at which the keys of `spec` begin; nothing if its keyword is not among the
// words. `parts`: how many words the command has, of which `words` are the first.
std::optional<std::size_t> begin_of(const KeySpec& spec, Words words, std::size_t parts) {
  if (spec.begin == KeySpec::Begin::index) return static_cast<std::size_t>(spec.at);
  const std::string_view keyword = key_keywords[spec.keyword];
  if (spec.at > 0) {
    const std::size_t end = std::min(words.size(), parts - 1);
    for (std::size_t i = static_cast<std::size_t>(spec.at); i < end; ++i) {
      if (is_token(words[i], keyword)) return i + 1;
    }
    return std::nullopt;
  }
  const auto back = static_cast<std::size_t>(-spec.at);
  for (std::size_t i = words.size() < back ? 0 : words.size() - back + 1; i-- > 1;) {
    if (is_token(words[i], keyword)) return i + 1;
  }
  return std::nullopt;
}

Result<KeyRange> counted_keys(const Row& row, const KeySpec& spec, Words words, std::size_t parts,
                              std::size_t begin) {
  const std::size_t count_at = begin + static_cast<std::size_t>(spec.last_or_count);
  const std::size_t first = begin + static_cast<std::size_t>(spec.first);
  if (count_at >= words.size()) return misplaced("numkeys is missing", "the number of keys");
  if (is_deferred(words[count_at])) return misplaced("numkeys is not a number", "a short number");
  const std::string_view text = words[count_at];
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) {
    return misplaced("numkeys is not a number", "the number of keys that follow it");
  }
  const std::int64_t least = row.may_have_no_keys ? 0 : 1;
  if (count < least) {
    return misplaced("numkeys is too small",
                     least == 0 ? "0 or more keys behind it" : "1 or more keys behind it");
  }
  const std::size_t room = parts - std::min(first, parts);
  if (static_cast<std::uint64_t>(count) > room) {
    Error error_with_numbers = misplaced("numkeys is larger than the number of words behind it",
                                         "the number of keys that follow it");
    error_with_numbers.value = static_cast<std::uint64_t>(count);
    error_with_numbers.limit = room;
    return error_with_numbers;
  }
  return KeyRange{.first = first,
                  .step = static_cast<std::size_t>(spec.step),
                  .count = static_cast<std::size_t>(count)};
}

Result<KeyRange> listed_keys(const KeySpec& spec, std::size_t parts, std::size_t begin) {
  const std::size_t step = static_cast<std::size_t>(spec.step);
  if (spec.last_or_count >= 0) {
    return KeyRange{.first = begin,
                    .step = step,
                    .count = static_cast<std::size_t>(spec.last_or_count) / step + 1};
  }
  std::size_t rest = parts - begin;
  if (spec.limit > 1) {
    if (rest % static_cast<std::size_t>(spec.limit) != 0) {
      return misplaced("an odd number of words behind STREAMS", "an id for each stream");
    }
    return KeyRange{
        .first = begin, .step = step, .count = rest / static_cast<std::size_t>(spec.limit)};
  }
  rest -= std::min(rest, static_cast<std::size_t>(-spec.last_or_count - 1));
  if (rest % step != 0) return misplaced("a key without a value", "a value for each key");
  return KeyRange{.first = begin, .step = step, .count = rest / step};
}

}  // namespace

const std::string_view* only_key(const CommandView& command, const Row& row) {
  if (row.has_only_key == 0 || key_specs[row.specs_at].at != 1) return nullptr;
  // A builder's head holds the name only, so the first argument is the key. This is not so for a
  // command of words, whose head is empty, or for an encoded one, which has no arguments.
  return command.head.empty() || command.args.empty() ? nullptr : command.args.data();
}

const std::string_view* only_key_in_args(const CommandView& command) {
  if (command.row == 0) return nullptr;
  const Row& row = rows[command.row - 1];
  if (!command.head.empty()) return only_key(command, row);
  const auto at = static_cast<std::size_t>(key_specs[row.specs_at].at);
  if (row.has_only_key == 0 || at >= command.args.size()) return nullptr;
  return is_deferred(command.args[at]) ? nullptr : &command.args[at];
}

bool keys_are_fixed(const Row& row) {
  const auto specs = std::span(key_specs).subspan(row.specs_at, row.specs_count);
  return std::all_of(specs.begin(), specs.end(), [](const KeySpec& spec) {
    return spec.begin == KeySpec::Begin::index && spec.find == KeySpec::Find::range;
  });
}

Status check_keys(const Row& row, std::span<const std::string_view> words) {
  const bool has_its_key =
      row.has_only_key != 0 && static_cast<std::size_t>(key_specs[row.specs_at].at) < words.size();
  if (has_its_key) return {};
  const Result<KeyRanges> found = key_ranges(row, words);
  return found ? Status() : Status(found.error());
}

Result<KeyRanges> key_ranges(const Row& row, std::span<const std::string_view> words) {
  return key_ranges(row, words, words.size());
}

Result<KeyRanges> key_ranges(const Row& row, std::span<const std::string_view> words,
                             std::size_t parts) {
  KeyRanges out;
  for (const KeySpec& spec : std::span(key_specs).subspan(row.specs_at, row.specs_count)) {
    const bool is_keyword = spec.begin == KeySpec::Begin::keyword;
    const bool is_from_end = is_keyword && spec.at < 0;
    const std::optional<std::size_t> begin = begin_of(spec, words, parts);
    if (is_keyword && words.size() < parts && (is_from_end || !begin)) {
      return misplaced("too many words to look for the keys in", "first_words_max of them");
    }
    if (!begin || *begin >= parts) continue;
    const Result<KeyRange> found = spec.find == KeySpec::Find::numkeys
                                       ? counted_keys(row, spec, words, parts, *begin)
                                       : listed_keys(spec, parts, *begin);
    if (!found) return found.error();
    KeyRange range = *found;
    if (range.count == 0) continue;
    if (range.first + (range.count - 1) * range.step >= parts) {
      return misplaced("a key is missing", "a key where the command has one");
    }
    range.access = spec.writes != 0 ? KeyAccess::write : KeyAccess::read;
    out.ranges[out.count++] = range;
  }
  return out;
}

}  // namespace plimsoll::inline v0::commands
