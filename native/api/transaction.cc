#include "plimsoll/transaction.h"

#include <atomic>
#include <string>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/driver/prefixed_command.h"

namespace plimsoll::inline v0::native {
namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

QueuedCommands& Transaction::queued() {
  if (!commands_) {
    PLIMSOLL_CHECK(channel_.driver != nullptr);
    commands_ =
        std::make_shared<QueuedCommands>(channel_.driver->requests_account(), next_number());
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
  if (all.count() == transaction_commands_max) {
    refuse({.code = ErrorCode::rejected_by_limit,
            .what = "transaction_commands_max is reached",
            .limit = transaction_commands_max});
  }
  if (problem_) return all.count();
  if (!channel_.driver->has_prefixes()) return add(command);
  const PrefixedCommand prefixed(channel_.driver->requests_account(), channel_.driver->prefixes(),
                                 command);
  if (prefixed.error() == nullptr) return add(prefixed.command());
  refuse(*prefixed.error());
  return all.count();
}

std::size_t Transaction::add(const CommandView& command) {
  QueuedCommands& all = queued();
  if (!all.add(command)) {
    const Account& requests = channel_.driver->requests_account();
    refuse({.code = ErrorCode::rejected_by_limit,
            .what = "the requests pool has no room for what is queued",
            .value = encoded_size(command),
            .limit = requests.budget().limit(PoolKind::requests)});
    return all.count();
  }
  return all.count() - 1;
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
  queued();
  // The commands will not be sent: their memory goes back to the pool now.
  if (problem_) {
    commands_ = std::make_shared<QueuedCommands>(channel_.driver->requests_account(), 0);
  }
  Execution execution{
      .channel = channel_, .commands = std::move(commands_), .problem = std::move(problem_)};
  discard();
  return execution;
}

void Transaction::Execution::operator()(Operation& operation) const {
  if (problem) return channel.driver->finish(Delivery{.failure = &*problem}, operation);
  if (commands->count() == 0) return channel.driver->finish(Delivery{}, operation);
  ArgumentList rest;
  channel.submit(commands->request(rest), operation);
}

Transaction Client::transaction() const { return Transaction(*this); }

}  // namespace plimsoll::inline v0::native
