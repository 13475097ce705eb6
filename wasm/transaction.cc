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

// Calls `visit(const CommandView&)` for each command. Fails at the first invalid one.
template <class Visit>
Status for_each_command(const Staging::Parts& staged, Visit&& visit) {
  auto words = staged.words;
  for (const std::uint32_t size : staged.parts) {
    if (size > words.size()) return misuse("a command of more words than there are", size);
    const Result<CommandView> command = commands::prepare(words.first(size));
    if (!command) return command.error();
    if (command->block_time != Duration::zero()) {
      return Error{.code = ErrorCode::refused_command,
                   .what = "a command in a transaction does not wait",
                   .expected = "its form without a timeout"};
    }
    visit(*command);
    words = words.subspan(size);
  }
  if (!words.empty()) return misuse("words that belong to no command", words.size());
  return {};
}

}  // namespace

Result<Transaction> Transaction::of(const Staging::Parts& staged, Account& requests) {
  if (staged.parts.size() > commands_max) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "too many commands in one transaction",
                 .value = staged.parts.size(),
                 .limit = commands_max};
  }
  std::size_t bytes = multi.size() + exec.size();
  const Status valid = for_each_command(
      staged, [&bytes](const CommandView& command) { bytes += encoded_size(command); });
  if (!valid) return valid.error();
  Transaction made;
  made.commands_ = staged.parts.size();
  made.encoded_ = Block::allocate(requests, bytes);
  if (!made.encoded_) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "the requests pool has no room for the transaction",
                 .value = bytes};
  }
  char* at = std::copy_n(multi.data(), multi.size(), static_cast<char*>(made.encoded_.data()));
  // The count above has checked all commands, so this cannot fail.
  static_cast<void>(
      for_each_command(staged, [&at](const CommandView& command) { at = encode(command, at); }));
  std::copy_n(exec.data(), exec.size(), at);
  return made;
}

CommandView Transaction::command() const {
  CommandView command =
      CommandView::from_encoded({static_cast<const char*>(encoded_.data()), encoded_.size()});
  command.answers = static_cast<std::uint16_t>(commands_ + 2);
  return command;
}

}  // namespace plimsoll::wasm
