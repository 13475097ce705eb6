#pragma once

#include <array>
#include <concepts>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/arguments.h"
#include "plimsoll/client.h"
#include "plimsoll/command_set.h"
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

namespace plimsoll::native {

/// Move-only. Keeps one of the Options::blocking_connections_max connections, and gives it back
/// when it is destroyed. The client never replaces the connection: after a loss every call fails
/// with connection_lost; then open another.
class Exclusive : public CommandSet<Exclusive> {
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

  /// UNWATCH: the connection watches no key any more. exec() and the end of this object do the
  /// same.
  template <CompletionToken Token = Start>
  auto unwatch(Token&& token = Token()) {
    return send<void>(commands::fixed<"UNWATCH">(), std::forward<Token>(token));
  }

  /// Returns an empty transaction for this connection. It keeps the connection until it is executed
  /// or dropped.
  Transaction transaction() const { return Transaction(channel_); }

  /// Sends any command, like Client::command(). refused_command: the command blocks; use the client
  /// itself, which gives each such command a connection. WAIT and WAITAOF are allowed, because they
  /// are about what was written on this connection.
  template <class T = Reply, std::convertible_to<std::string_view>... Text>
    requires(sizeof...(Text) >= 1)
  auto command(const Text&... words) {
    const std::array<std::string_view, sizeof...(Text)> row{words...};
    return send_any<T>(row, Start());
  }
  template <class T = Reply, CompletionToken Token = Start>
  auto command(const Words& words, Token&& token = Token()) {
    return send_any<T>(words, std::forward<Token>(token));
  }

  operator Channel() const { return channel_; }

 private:
  friend class CommandSet<Exclusive>;
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

  template <class T, class Builder, class Token>
  auto run(const Builder& builder, Token&& token) {
    if constexpr (requires { builder.status(); }) {
      const plimsoll::Status given = builder.status();
      if (!given) return refuse<T>(given.error(), std::forward<Token>(token));
    }
    const CommandView command = builder;
    const plimsoll::Status allowed = check(command);
    if (!allowed) return refuse<T>(allowed.error(), std::forward<Token>(token));
    return send<T>(command, std::forward<Token>(token));
  }

  template <class T, class Token>
  auto send_any(std::span<const std::string_view> words, Token&& token) {
    const plimsoll::Result<CommandView> command = prepare(words);
    if (!command) return refuse<T>(command.error(), std::forward<Token>(token));
    return send<T>(*command, std::forward<Token>(token));
  }

  template <class T, class Token>
  auto send(const CommandView& command, Token&& token) {
    return start<T>(Request(channel(), command), std::forward<Token>(token));
  }

  template <class T, class Token>
  auto refuse(const plimsoll::Error& error, Token&& token) {
    return start<T>(Request(*channel().driver, error), std::forward<Token>(token));
  }

  static plimsoll::Status check(const CommandView& command);
  static plimsoll::Result<CommandView> prepare(std::span<const std::string_view> words);

  Channel channel_;
};

Result<void> receive(const Delivery& delivery, Exclusive& exclusive);

template <CompletionToken Token>
auto Exclusive::open(const Channel& client, Token&& token) {
  Opening opening;
  Exclusive own = begin(client, opening);
  return initiate<Exclusive>(client.driver->executor(), std::move(opening), std::move(own),
                             std::forward<Token>(token));
}

template <CompletionToken Token>
auto Client::exclusive(Token&& token) const {
  return Exclusive::open(*this, std::forward<Token>(token));
}

}  // namespace plimsoll::native
