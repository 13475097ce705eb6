#pragma once

#include "plimsoll/core/base/cxx20.h"

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

// The outcome of a transaction.

namespace plimsoll::inline v0::native {

/// The server's reply to each command, in memory that the replies pool pays for as long as this
/// lives. Move-only. May live longer than its client, and be released on any thread.
class TransactionReplies {
 public:
  TransactionReplies() = default;

  /// False if a watched key has changed: then no command ran.
  bool committed() const { return committed_; }
  explicit operator bool() const { return committed_; }

  /// Returns the reply to one command. Throws Error:
  ///  - server_error and other codes of the server's errors, if the server answered this command
  ///    with an error. executed() is about this command; the others ran.
  ///  - wrong_type: the reply is not a T.
  ///  - transaction_aborted: committed() is false.
  ///  - invalid_argument: the command belongs to another transaction.
  ///
  /// Of a command that was queued without a type (command(), scripts), whose reply is a Reply,
  /// returns a view of it, which lives as long as this object.
  template <class T>
  auto get(const Queued<T>& command) const {
    const Value reply = checked(command.transaction_, command.index_);
    if constexpr (std::is_same_v<T, Reply>) {
      return reply;
    } else if constexpr (!std::is_void_v<T>) {
      return as<T>(reply);
    }
  }

  /// Returns the server's error to this command; none if the command succeeded. Throws Error as
  /// value() does.
  template <class T>
  std::optional<Error> error(const Queued<T>& command) const {
    return error_of(command.transaction_, command.index_);
  }

  /// Returns a view of the reply to a command, also of an error reply. The view lives as long as
  /// this object. Throws Error: transaction_aborted, if committed() is false; invalid_argument, if
  /// there is no such reply.
  template <class T>
  Value value(const Queued<T>& command) const {
    return value(command.transaction_, command.index_);
  }
  Value operator[](std::size_t index) const { return value(commands_transaction_, index); }

  /// How many replies there are; 0 if committed() is false.
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

  // The first command that the server refused to queue.
  struct Refusal {
    std::size_t place;  // 0: MULTI itself
    Error error;
  };

  std::shared_ptr<const QueuedCommands> commands_;  // null once the outcome is there
  std::uint64_t commands_transaction_ = 0;
  std::optional<Refusal> refusal_;
  bool committed_ = false;
  Reply reply_;
  // Where each reply is in `reply_`: an array of Place.
  Block places_;
};

Result<void> receive(const Delivery& delivery, TransactionReplies& replies);
void receive_part(const Delivery& delivery, TransactionReplies& replies);

}  // namespace plimsoll::inline v0::native
