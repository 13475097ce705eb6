#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "plimsoll/core/commands/answer.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/core/resp/number.h"

namespace plimsoll::inline v0::commands {
namespace {

using Words = std::span<const std::string_view>;

// Texts of errors, indexed by the number of arguments (the words behind the name).
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
  const std::size_t named = row.name_words();
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

// Returns the index of the word that says how long the server may block; nothing if the command
// does not block.
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
    // The names of the group and the consumer may be any words, even BLOCK.
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

// Computes exactly, in integers, because a conversion to double would add 15 KB of strtod() to the
// WebAssembly module.
std::optional<Duration> seconds_in(std::string_view text) {
  // The server accepts ".5" as a number, although RESP3 does not.
  const bool begins_with_point = text.starts_with('.') && text.size() > 1;
  if (!is_real(begins_with_point ? text.substr(1) : text)) return std::nullopt;
  constexpr int exponent_max = 4000;
  constexpr std::uint64_t digits_max = 100'000'000'000'000'000;
  std::uint64_t digits = 0;
  int exponent = 9;  // in nanoseconds
  bool behind_point = false;
  std::size_t at = text[0] == '+' || text[0] == '-' ? 1 : 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      behind_point = true;
    } else if (text[at] < '0' || text[at] > '9') {
      return std::nullopt;  // inf, nan
    } else if (digits < digits_max) {
      digits = digits * 10 + static_cast<std::uint64_t>(text[at] - '0');
      exponent -= behind_point ? 1 : 0;
    } else {
      exponent += behind_point ? 0 : 1;
    }
  }
  if (at < text.size()) {
    const bool is_plus = text[at + 1] == '+';
    int given = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + at + (is_plus ? 2 : 1), end, given);
    if (error != std::errc() || std::abs(given) > exponent_max) return std::nullopt;
    exponent += given;
  }
  if (digits == 0) return Duration::zero();
  if (text[0] == '-') return std::nullopt;
  for (; exponent < 0 && digits > 0; ++exponent) digits /= 10;
  for (; exponent > 0; --exponent) {
    if (digits > static_cast<std::uint64_t>(Duration::max().count()) / 10) {
      return CommandView::forever;
    }
    digits *= 10;
  }
  // Less than a nanosecond must not become 0, which means to block for ever.
  return Duration(digits == 0 ? 1 : static_cast<std::int64_t>(digits));
}

Result<Duration> block_time_of(const Row& row, Words words) {
  const std::optional<std::size_t> at = timeout_of(row, words);
  if (!at) return Duration::zero();
  std::optional<Duration> wait;
  if (*at < words.size() && !is_deferred(words[*at])) {
    wait = row.timeout_in_seconds ? seconds_in(words[*at]) : milliseconds_in(words[*at]);
  }
  if (!wait) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "the time to wait is not a valid time",
                 .expected = row.timeout_in_seconds
                                 ? "seconds, 0 for ever, in the place where the command has them"
                                 : "whole milliseconds, 0 for ever"};
  }
  return *wait == Duration::zero() ? CommandView::forever : *wait;
}

Status refuse(const char* what, const char* expected) {
  return Error{.code = ErrorCode::refused_command, .what = what, .expected = expected};
}
Status refuse(const char* what, const Row& row) { return refuse(what, row.instead()); }

enum class Connection : bool { shared, exclusive };

// WATCH and UNWATCH by name, because MULTI, EXEC and DISCARD are in their class: these belong to
// the transaction object on an exclusive connection, too.
bool is_watch(const Row& row) {
  const std::uint16_t number = number_of(row);
  return number == row_numbers::watch || number == row_numbers::unwatch;
}

// For transactions, what the row names instead would be wrong here: the client's transaction() does
// not see what this connection watches.
Status check_exclusive_class(const Row& row) {
  switch (row.command_class) {
    case Class::plain:
    case Class::blocking: return {};
    case Class::contiguous:
      if (is_watch(row)) return {};
      return refuse("transactions are not sent command by command",
                    "transaction() of this exclusive connection, which minds what it watches");
    case Class::connection_state:
      return refuse("this command changes the state of a connection that others get later", row);
  }
  return {};
}

Status check_class(const Row& row, Connection connection) {
  if (connection == Connection::exclusive) return check_exclusive_class(row);
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

Result<CommandView> prepare_for(Connection connection, Words words) {
  if (words.empty() || words[0].empty()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "command has no name",
                 .expected = "a name such as GET first"};
  }
  CommandView command;
  command.args = words;
  const Row* const row = commands::find(words);
  if (row == nullptr) {
    command.answer = CommandView::Answer::module_words;
    return command;
  }
  if (const Status allowed = check_class(*row, connection); !allowed) return allowed.error();
  if (const Status fits = check_arity(*row, words); !fits) return fits.error();
  if (const Status found = check_keys(*row, words); !found) return found.error();
  if (row->timeout_at != 0) {
    const Result<Duration> wait = block_time_of(*row, words);
    if (!wait) return wait.error();
    command.block_time = *wait;
  }
  command.row = number_of(*row);
  command.answer = answer_to(command.row);
  if (row->reads != 0) command.effect = CommandView::Effect::read;
  return command;
}

}  // namespace

Class class_of(const Row& row, std::span<const std::string_view> words) {
  const bool may_wait = row.command_class == Class::blocking;
  return may_wait && !timeout_of(row, words) ? Class::plain : row.command_class;
}

Result<CommandView> prepare(std::span<const std::string_view> words) {
  return prepare_for(Connection::shared, words);
}

Result<CommandView> prepare_exclusive(std::span<const std::string_view> words) {
  const Result<CommandView> command = prepare_for(Connection::exclusive, words);
  if (!command) return command;
  if (const Status allowed = check_exclusive(*command); !allowed) return allowed.error();
  return command;
}

Status check_exclusive(const CommandView& command) {
  if (command.block_time == Duration::zero()) return {};
  const Row* const row = row_of(command);
  if (row != nullptr && row->needs_exclusive()) return {};
  return Error{.code = ErrorCode::refused_command,
               .what = "a command that waits has a connection of its own",
               .expected = "the client itself for it"};
}

Status check_shared(const Row& row) {
  if (!row.needs_exclusive()) return {};
  return refuse("this command is about the writes of its own connection", row);
}

}  // namespace plimsoll::inline v0::commands
