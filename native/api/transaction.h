#pragma once

#include "plimsoll/core/base/cxx20.h"

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

// Several commands that the server executes as one: all of them or none, and no other client's
// commands between them.
//
//   auto tx = client.transaction();
//   auto visits = tx.incr("visits");
//   auto name = tx.get("name");
//   auto done = co_await tx.exec();
//   std::int64_t count = done.get(visits);
//
// Each command is encoded when you queue it, into memory that the requests pool pays for. Nothing
// is sent before exec(), which sends MULTI, all commands and EXEC as one request on the shared
// connection. Dropping a transaction discards it.

namespace plimsoll::inline v0::native {

/// How many commands a transaction may have. More fail in exec() with rejected_by_limit.
inline constexpr std::size_t transaction_commands_max = 65'533;

/// Move-only. Use it from one thread at a time.
///
/// Queueing a command never fails. The first command that cannot be queued is remembered, and
/// exec() fails with its error, without sending anything.
class Transaction : public CommandSet<Transaction> {
 public:
  /// Without a connection. You may only assign to it or destroy it.
  Transaction() = default;
  /// For a client's main connection, or for that of an Exclusive.
  explicit Transaction(Channel channel) : channel_(std::move(channel)) {}
  Transaction(Transaction&&) = default;
  Transaction& operator=(Transaction&&) = default;
  ~Transaction() = default;

  /// Queues any command, its name first, like Client::command().
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

  /// Executes the queued commands, and leaves the transaction empty. Completes with the server's
  /// reply to each command. Some of the replies may be errors: the other commands ran all the same.
  /// If a watched key has changed, no command has run, and committed() is false; this is no error.
  /// An empty transaction completes without the server.
  ///
  /// Errors:
  ///  - refused_command, invalid_argument: a command cannot be queued; the text says which. Nothing
  ///    was sent.
  ///  - rejected_by_limit: more than transaction_commands_max commands, or the requests pool has no
  ///    room. Nothing was sent.
  ///  - transaction_aborted: the server refused a command; the text says which, and why. No command
  ///    ran.
  ///  - refused_by_bridge, cluster_redirect: the same, from a bridge or a node of a cluster.
  ///  - server_error or refused_by_bridge with Executed::maybe: the server or the bridge refuses
  ///    MULTI to this user. The commands may have run one by one.
  ///  - Others as for any command.
  template <class Token = Start>
  auto exec(Token&& token = Token()) {
    Execution execution = begin();
    TransactionReplies replies(execution.commands);
    return initiate<TransactionReplies>(channel_.driver->origin(), std::move(execution),
                                        std::move(replies), std::forward<Token>(token));
  }

  /// Forgets the queued commands.
  void discard();

 private:
  friend class CommandSet<Transaction>;

  // Sends the transaction: what exec() starts.
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
  std::size_t add(const CommandView& command);
  void refuse(const plimsoll::Error& error);
  Execution begin();

  Channel channel_;
  std::shared_ptr<QueuedCommands> commands_;
  std::optional<Error> problem_;  // of the first command that cannot be queued, for exec()
};

}  // namespace plimsoll::inline v0::native
