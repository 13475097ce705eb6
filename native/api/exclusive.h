#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/arguments.h"
#include "plimsoll/client.h"
#include "plimsoll/command_sender.h"
#include "plimsoll/core/commands/command.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/transaction.h"

// An exclusive connection, for commands between which no other caller's requests may come: WATCH,
// the reads after it, and the transaction that depends on them.
//
//   auto own = co_await client.exclusive();
//   co_await own.watch("stock");
//   const auto stock = co_await own.get("stock");
//   auto tx = own.transaction();
//   tx.set("stock", next(stock));
//   if (!(co_await tx.exec()).committed()) ...  // somebody else was faster
//
// optimistic.h has this as a loop.

namespace plimsoll::inline v0::native {

/// An exclusive connection: one of the Options::blocking_connections_max connections, which the
/// client gets back when this object is destroyed. Move-only. The client never replaces the
/// connection: after a loss every call fails with connection_lost; then open another. A command
/// that blocks fails with refused_command: use the client itself, which gives each such command a
/// connection. WAIT and WAITAOF are allowed, because they are about what was written on this
/// connection.
class Exclusive : public CommandSender<Exclusive> {
 public:
  /// Without a connection. You may only assign to it or destroy it.
  Exclusive() = default;
  Exclusive(Exclusive&&) = default;
  Exclusive& operator=(Exclusive&&) = default;
  ~Exclusive() = default;

  /// The same as Client::exclusive(), if you have only the client's channel.
  template <CompletionToken Token = Start>
  static auto open(const Channel& client, Token&& token = Token());

  /// WATCH: the next transaction() of this connection commits only if none of the keys has changed
  /// by then.
  template <CompletionToken Token = Start>
  auto watch(const Words& keys, Token&& token = Token()) {
    return send<void>(commands::with(commands::open<"WATCH">(), keys), std::forward<Token>(token));
  }

  /// UNWATCH: the connection watches no key any more. exec() and the end of this object do so, too.
  template <CompletionToken Token = Start>
  auto unwatch(Token&& token = Token()) {
    return send<void>(commands::fixed<"UNWATCH">(), std::forward<Token>(token));
  }

  /// Returns an empty transaction for this connection. It keeps the connection until it is executed
  /// or dropped.
  Transaction transaction() const { return Transaction(channel_); }

  operator Channel() const { return channel_; }

 private:
  friend class CommandSender<Exclusive>;
  friend Result<void> receive(const Delivery& delivery, Exclusive& exclusive);

  explicit Exclusive(Channel channel) : channel_(std::move(channel)) {}

  // Opens the connection: what Client::exclusive() starts.
  struct Opening {
    Channel channel;
    std::shared_ptr<HeldConnection> held;

    void operator()(Operation& operation) const;
  };
  static Exclusive begin(const Channel& client, Opening& opening);

  const Channel& channel() const;

  // For CommandSender.
  static plimsoll::Result<CommandView> prepare(std::span<const std::string_view> words);
  static plimsoll::Status check(const CommandView& command);
  Request request(const CommandView& command) const { return Request(channel(), command); }
  Request refusal(const plimsoll::Error& error) const { return Request(*channel().driver, error); }

  Channel channel_;
};

Result<void> receive(const Delivery& delivery, Exclusive& exclusive);

namespace detail {

/// What can be done after an error that ends WATCH or what depends on it, and behind a wait.
enum class Remedy : unsigned char {
  none,
  begin_again,   ///< from WATCH on, on the same connection
  open_another,  ///< and begin there
};

/// Returns a remedy if another attempt may succeed, and nothing of the transaction was executed.
/// `was_sent`: the error is that of the transaction, and not of WATCH or of what came between.
Remedy remedy_for(const Error& error, bool was_sent);

/// Returns how long to wait for a Remedy behind so many attempts: drawn between a half and the
/// whole of 10 ms that double up to 500.
std::chrono::milliseconds wait_behind(int attempts);

}  // namespace detail

template <CompletionToken Token>
auto Exclusive::open(const Channel& client, Token&& token) {
  Opening opening;
  Exclusive own = begin(client, opening);
  return initiate<Exclusive>(client.driver->origin(), std::move(opening), std::move(own),
                             std::forward<Token>(token));
}

template <CompletionToken Token>
auto Client::exclusive(Token&& token) const {
  return Exclusive::open(*this, std::forward<Token>(token));
}

}  // namespace plimsoll::inline v0::native
