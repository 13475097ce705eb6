#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/core/resp/number.h"

namespace plimsoll::commands {
namespace {

using Words = std::span<const std::string_view>;

// "at least 2 arguments", by number; words behind the name.
constexpr const char* at_least[] = {"arguments",
                                    "at least 1 argument",
                                    "at least 2 arguments",
                                    "at least 3 arguments",
                                    "at least 4 arguments",
                                    "at least 5 arguments",
                                    "at least 6 arguments",
                                    "at least 7 arguments",
                                    "at least 8 arguments",
                                    "at least 9 arguments"};
constexpr const char* exactly[] = {
    "no arguments",        "exactly 1 argument",  "exactly 2 arguments", "exactly 3 arguments",
    "exactly 4 arguments", "exactly 5 arguments", "exactly 6 arguments", "exactly 7 arguments",
    "exactly 8 arguments", "exactly 9 arguments"};

Status check_arity(const Row& row, Words words) {
  const std::size_t named = row.name_view().find('|') == std::string_view::npos ? 1 : 2;
  const bool is_open = row.arity < 0;
  const auto wanted = static_cast<std::size_t>(is_open ? -row.arity : row.arity);
  if (is_open ? words.size() >= wanted : words.size() == wanted) return {};
  const std::size_t arguments = wanted - named;
  return Error{.code = ErrorCode::invalid_argument,
               .what = row.name(),
               .expected = is_open ? at_least[arguments] : exactly[arguments],
               .value = words.size() - named,
               .limit = arguments};
}

// The word that says how long the server may wait.
std::optional<std::size_t> timeout_of(const Row& row, Words words) {
  if (row.timeout_at == 0) return std::nullopt;
  if (row.timeout_at != Row::timeout_behind_block) {
    const std::size_t at = row.timeout_at > 0
                               ? static_cast<std::size_t>(row.timeout_at)
                               : words.size() - static_cast<std::size_t>(-row.timeout_at);
    return at < words.size() ? std::optional(at) : std::nullopt;
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (is_token(words[i], "STREAMS")) return std::nullopt;
    if (is_token(words[i], "BLOCK")) return i + 1;
    if (is_token(words[i], "COUNT")) i += 1;
    // The names of the group and the consumer may be any words.
    if (is_token(words[i], "GROUP")) i += 2;
  }
  return std::nullopt;
}

std::optional<Duration> milliseconds_in(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0) return std::nullopt;
  constexpr auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max());
  if (count >= longest.count()) return CommandView::forever;
  return std::chrono::milliseconds(count);
}

std::optional<Duration> seconds_in(std::string_view text) {
  std::array<char, 64> copy{};  // to_real() reads the byte behind
  const bool begins_with_point = !text.empty() && text[0] == '.';
  if (text.size() + 2 > copy.size()) return std::nullopt;
  copy[0] = '0';
  char* const end = copy_bytes(text, copy.data() + (begins_with_point ? 1 : 0));
  const std::string_view number(copy.data(), static_cast<std::size_t>(end - copy.data()));
  if (!is_real(number)) return std::nullopt;
  const double seconds = to_real(number);
  if (!(seconds >= 0) || seconds > 1e300) return std::nullopt;
  const double nanoseconds = seconds * 1e9;
  if (nanoseconds >= 9e18) return CommandView::forever;
  // What is less than a nanosecond is a wait all the same: only 0 is for ever.
  if (seconds > 0 && nanoseconds < 1) return Duration(1);
  return Duration(static_cast<std::int64_t>(nanoseconds));
}

Result<Duration> block_time_of(const Row& row, Words words) {
  const std::optional<std::size_t> at = timeout_of(row, words);
  if (!at) return Duration::zero();
  std::optional<Duration> wait;
  if (*at < words.size()) {
    wait = row.timeout_in_seconds ? seconds_in(words[*at]) : milliseconds_in(words[*at]);
  }
  if (!wait) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "the time to wait is not one",
                 .expected = row.timeout_in_seconds
                                 ? "seconds, 0 for ever, in the place where the command has them"
                                 : "whole milliseconds, 0 for ever"};
  }
  return *wait == Duration::zero() ? CommandView::forever : *wait;
}

Status refuse(const char* what, const Row& row) {
  return Error{.code = ErrorCode::refused_command, .what = what, .expected = row.instead()};
}

Status check_class(const Row& row) {
  switch (row.command_class) {
    case Class::plain:
    case Class::blocking: return {};
    case Class::contiguous:
      return refuse("transactions cannot be sent command by command on a shared connection", row);
    case Class::connection_state:
      return refuse("this command changes the state of a shared connection", row);
  }
  return {};
}

}  // namespace

Class class_of(const Row& row, std::span<const std::string_view> words) {
  const bool may_wait = row.command_class == Class::blocking;
  return may_wait && !timeout_of(row, words) ? Class::plain : row.command_class;
}

Result<CommandView> prepare(std::span<const std::string_view> words) {
  if (words.empty() || words[0].empty()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "command has no name",
                 .expected = "a name such as GET first"};
  }
  CommandView command;
  command.args = words;
  const Row* const row = find(words);
  if (row == nullptr) return command;
  if (const Status allowed = check_class(*row); !allowed) return allowed.error();
  if (const Status fits = check_arity(*row, words); !fits) return fits.error();
  if (const auto keys = key_ranges(*row, words); !keys) return keys.error();
  const Result<Duration> wait = block_time_of(*row, words);
  if (!wait) return wait.error();
  command.block_time = *wait;
  if (row->reads != 0) command.effect = CommandView::Effect::read;
  return command;
}

}  // namespace plimsoll::commands
