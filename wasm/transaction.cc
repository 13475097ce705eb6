#include "plimsoll/wasm/transaction.h"

#include <algorithm>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/wasm/misuse.h"

namespace plimsoll::wasm {
namespace {

constexpr std::string_view multi = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view exec = "*1\r\n$4\r\nEXEC\r\n";

// CommandView::answers counts the commands, MULTI and EXEC in 16 bits.
constexpr std::size_t commands_max = 65'533;

// Returns how the command of these words is encoded.
CommandView encoding_of(std::span<const std::string_view> words) {
  CommandView command;
  command.args = words;
  return command;
}

Status check(std::span<const std::string_view> words) {
  const auto names = words.first(std::min<std::size_t>(words.size(), 2));
  if (std::any_of(names.begin(), names.end(), is_deferred)) {
    return misuse("the name of a command is deferred");
  }
  const Result<CommandView> command = commands::prepare(words);
  if (!command) return command.error();
  if (command->block_time == Duration::zero()) return {};
  return Error{.code = ErrorCode::refused_command,
               .what = "a command in a transaction does not wait",
               .expected = "its form without a timeout"};
}

Status check_all(const Staging::Parts& staged) {
  auto words = staged.words;
  for (const std::uint32_t size : staged.parts) {
    if (size > words.size()) return misuse("a command of more words than there are", size);
    if (const Status valid = check(words.first(size)); !valid) return valid;
    words = words.subspan(size);
  }
  if (!words.empty()) return misuse("words that belong to no command", words.size());
  return {};
}

}  // namespace

Result<Transaction> Transaction::of(const Staging::Parts& staged) {
  if (staged.parts.size() > commands_max) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "too many commands in one transaction",
                 .value = staged.parts.size(),
                 .limit = commands_max};
  }
  if (const Status valid = check_all(staged); !valid) return valid.error();
  return Transaction(staged);
}

CommandView Transaction::request(ArgumentList& commands) const {
  CommandView command = CommandView::from_encoded(multi);
  command.answers = static_cast<std::uint16_t>(staged_.parts.size() + 2);
  commands = {.items = this, .walk = &walk, .is_encoded = true};
  command.lists = {&commands, 1};
  return command;
}

void Transaction::walk(const ArgumentList& list, const ArgumentSink& sink) {
  const Staging::Parts& staged = static_cast<const Transaction*>(list.items)->staged_;
  auto words = staged.words;
  for (const std::uint32_t size : staged.parts) {
    encode_in_parts(encoding_of(words.first(size)), sink);
    words = words.subspan(size);
  }
  sink(exec);
}

}  // namespace plimsoll::wasm
