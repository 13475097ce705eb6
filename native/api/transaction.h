#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/arguments.h"
#include "plimsoll/client.h"
#include "plimsoll/command_set.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/transaction_replies.h"

// Several commands that the server executes as one: all or none, and nobody's between them.
//
//   auto tx = client.transaction();
//   auto visits = tx.incr("visits");
//   auto name = tx.get("name");
//   auto done = co_await tx.exec();
//   std::int64_t count = done.get(visits);
//
// Commands are encoded as they are queued, into memory that the requests pool pays for, and nothing
// is sent before exec(). That goes out as one request, MULTI and EXEC around it, on the connection
// that all share. Dropping a transaction discards it.

namespace plimsoll::native {

/// Commands of one transaction.
inline constexpr std::size_t transaction_commands_max = 65'533;

/// Move-only. Not for several threads at a time.
class Transaction : public CommandSet<Transaction> {
 public:
  /// No transaction: only to be assigned to.
  Transaction() = default;
  /// On a client's shared connection, or on an Exclusive one.
  explicit Transaction(Channel channel) : channel_(std::move(channel)) {}
  Transaction(Transaction&&) = default;
  Transaction& operator=(Transaction&&) = default;
  ~Transaction() = default;

  /// Any command, its name first, as Client::command() takes it.
  template <class T = Reply, std::convertible_to<std::string_view>... Text>
    requires(sizeof...(Text) >= 1)
  Queued<T> command(const Text&... words) {
    const std::array<std::string_view, sizeof...(Text)> row{words...};
    return queue_any<T>(row);
  }
  template <class T = Reply>
  Queued<T> command(const Words& words) {
    return queue_any<T>(words);
  }

  /// How many commands are queued.
  std::size_t size() const { return commands_ ? commands_->count() : 0; }
  bool empty() const { return size() == 0; }

  /// Executes what is queued, and leaves the transaction empty. Completes with what the server said
  /// to each command, which may be an error for some of them: the others ran all the same. Where a
  /// key that was watched has changed nothing ran, which is no error: committed() is false.
  ///
  /// Errors: transaction_aborted (the server did not take a command: which, and what it said;
  /// none ran); cluster_redirect; refused_command and invalid_argument (a command that cannot be
  /// queued: nothing was sent); rejected_by_limit (transaction_commands_max, or the requests pool);
  /// server_error with Executed::maybe (the server refuses MULTI to this user: the commands may
  /// have run one by one); else as any command's.
  template <class Token = Start>
  auto exec(Token&& token = Token()) {
    Execution execution = begin();
    TransactionReplies replies(execution.commands);
    return initiate<TransactionReplies>(channel_.driver->executor(), std::move(execution),
                                        std::move(replies), std::forward<Token>(token));
  }

  /// Forgets what is queued.
  void discard();

 private:
  friend class CommandSet<Transaction>;

  // What exec() starts.
  struct Execution {
    Channel channel;
    std::shared_ptr<const QueuedCommands> commands;
    std::optional<Error> problem;

    void operator()(Operation& operation) const;
  };

  template <class T, class Builder>
  Queued<T> run(const Builder& builder, Start) {
    if constexpr (requires { builder.status(); }) {
      if (const plimsoll::Status given = builder.status(); !given) refuse(given.error());
    }
    return Queued<T>(next_transaction(), queue(builder));
  }

  template <class T>
  Queued<T> queue_any(std::span<const std::string_view> words) {
    return Queued<T>(next_transaction(), queue(words));
  }

  QueuedCommands& queued();
  std::uint64_t next_transaction() { return queued().transaction(); }
  std::size_t queue(const CommandView& command);
  std::size_t queue(std::span<const std::string_view> words);
  void refuse(const plimsoll::Error& error);
  Execution begin();

  Channel channel_;
  std::shared_ptr<QueuedCommands> commands_;
  std::optional<Error> problem_;  // the first: exec() will say so
};

}  // namespace plimsoll::native
