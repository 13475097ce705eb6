#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>

#include "plimsoll/decode.h"
#include "plimsoll/native/call/delivery.h"
#include "plimsoll/queued.h"
#include "plimsoll/queued_commands.h"
#include "plimsoll/reply.h"

// What a transaction came to.

namespace plimsoll::native {

/// What the server said to each command, in one block that the replies pool pays for while this
/// lives. Move-only.
class TransactionReplies {
 public:
  TransactionReplies() = default;

  /// False: a key that was watched has changed, and nothing was executed.
  bool committed() const { return committed_; }
  explicit operator bool() const { return committed_; }

  /// The reply to one command. Throws Error: server_error and the like, where the server answered
  /// this one with an error, as it may while the others ran: executed() is about this one;
  /// wrong_type; transaction_aborted, where nothing was executed; invalid_argument, for a command
  /// of another transaction.
  template <class T>
  T get(const Queued<T>& command) const {
    const Value reply = checked(command.transaction_, command.index_);
    if constexpr (!std::is_void_v<T>) return as<T>(reply);
  }

  /// Why get() would throw what the server said; none mostly.
  template <class T>
  std::optional<Error> error(const Queued<T>& command) const {
    return error_of(command.transaction_, command.index_);
  }

  /// A view of any reply, error replies included, by place. Throws Error where there is none.
  template <class T>
  Value value(const Queued<T>& command) const {
    return value(command.transaction_, command.index_);
  }
  Value operator[](std::size_t index) const { return value(commands_transaction_, index); }

  /// How many there are; none where nothing was committed.
  std::size_t size() const { return replies().size(); }

 private:
  friend class Transaction;
  friend Result<void> receive(const Delivery& delivery, TransactionReplies& replies);
  friend void receive_part(const Delivery& delivery, TransactionReplies& replies);

  explicit TransactionReplies(std::shared_ptr<const QueuedCommands> commands)
      : commands_(std::move(commands)), commands_transaction_(commands_->transaction()) {}

  Value value(std::uint64_t transaction, std::size_t index) const;
  Value checked(std::uint64_t transaction, std::size_t index) const;
  std::optional<Error> error_of(std::uint64_t transaction, std::size_t index) const;
  Result<void> keep(const Delivery& delivery);
  std::optional<Error> refused_as() const;

  struct Place {
    Value value;
    Speaker speaker;
  };
  std::span<const Place> replies() const {
    return {static_cast<const Place*>(places_.data()), places_.size() / sizeof(Place)};
  }

  // The first command that the server did not queue.
  struct Refusal {
    std::size_t place;  // 0: MULTI itself
    Error error;
  };

  std::shared_ptr<const QueuedCommands> commands_;  // while they are under way
  std::uint64_t commands_transaction_ = 0;
  std::optional<Refusal> refusal_;
  bool committed_ = false;
  Reply reply_;
  // A Place for each, in `reply_`.
  Block places_;
};

Result<void> receive(const Delivery& delivery, TransactionReplies& replies);
void receive_part(const Delivery& delivery, TransactionReplies& replies);

}  // namespace plimsoll::native
