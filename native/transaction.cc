#include "plimsoll/native/transaction.h"

#include <atomic>
#include <string>

#include "plimsoll/core/commands/command_table.h"

namespace plimsoll::native {
namespace {

constexpr std::string_view multi = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view exec_end = "*1\r\n$4\r\nEXEC\r\n";

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

QueuedCommands& Transaction::queued() {
  if (!commands_) {
    commands_ = std::make_shared<QueuedCommands>();
    commands_->transaction = next_number();
    commands_->encoded = multi;
  }
  return *commands_;
}

void Transaction::refuse(const plimsoll::Error& error) {
  if (problem_) return;
  problem_.emplace(error, "command " + std::to_string(size() + 1) + " of the transaction");
}

std::size_t Transaction::queue(const CommandView& command) {
  QueuedCommands& all = queued();
  if (command.block_time != Duration::zero()) {
    refuse({.code = ErrorCode::refused_command,
            .what = "a command in a transaction does not wait",
            .expected = "its form without a timeout, or the client itself for it"});
  }
  if (all.count == transaction_commands_max) {
    refuse({.code = ErrorCode::rejected_by_limit,
            .what = "transaction_commands_max is reached",
            .limit = transaction_commands_max});
  }
  if (problem_) return all.count;
  const std::size_t before = all.encoded.size();
  all.encoded.resize(before + encoded_size(command));
  encode(command, all.encoded.data() + before);
  return all.count++;
}

std::size_t Transaction::queue(std::span<const std::string_view> words) {
  const plimsoll::Result<CommandView> command = commands::prepare(words);
  if (command) return queue(*command);
  refuse(command.error());
  return size();
}

void Transaction::discard() {
  commands_.reset();
  problem_.reset();
}

Transaction::Execution Transaction::begin() {
  PLIMSOLL_CHECK(channel_.driver != nullptr);
  queued().encoded += exec_end;
  Execution execution{
      .channel = channel_, .commands = std::move(commands_), .problem = std::move(problem_)};
  discard();
  return execution;
}

void Transaction::Execution::operator()(Operation& operation) const {
  if (problem) return channel.driver->finish(Delivery{.failure = &*problem}, operation);
  if (commands->count == 0) return channel.driver->finish(Delivery{}, operation);
  CommandView command = CommandView::from_encoded(commands->encoded);
  command.answers = static_cast<std::uint16_t>(commands->count + 2);
  channel.submit(command, operation);
}

Transaction Client::transaction() const { return Transaction(*this); }

}  // namespace plimsoll::native
