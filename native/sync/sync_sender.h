#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <array>
#include <concepts>
#include <span>
#include <string_view>
#include <type_traits>

#include "plimsoll/arguments.h"
#include "plimsoll/command_set.h"
#include "plimsoll/core/commands/command.h"
#include "plimsoll/native/driver/request.h"
#include "plimsoll/native/sync/blocking.h"
#include "plimsoll/reply.h"
#include "plimsoll/result.h"
#include "plimsoll/start.h"

// The part of SyncClient and SyncExclusive that sends commands: the typed ones of CommandSet, and
// any command by its words. Each returns a Result<T> once the outcome is there.

namespace plimsoll::inline v0::native {

/// `Sender` must have these functions, which may be private if it makes this class its friend:
///
///   Result<CommandView> prepare(std::span<const std::string_view>)
///                                        a command by its words, or why it may not be sent
///   Status check(const CommandView&)     whether the command may be sent by this sender
///   Request request(const CommandView&)  a request that sends the command
template <class Sender>
class SyncSender : public CommandSet<Sender> {
 public:
  /// Sends any command, its name first: `command("LPUSH", "list", "a", "b")`. With a type, as in
  /// `command<std::int64_t>("LLEN", "list")`, decodes the reply. Errors: as for Client::command().
  template <class T = Reply, std::convertible_to<std::string_view>... Text>
    requires(sizeof...(Text) >= 1)
  Result<T> command(const Text&... words) {
    const std::array<std::string_view, sizeof...(Text)> row{words...};
    return send_words<T>(row);
  }

  /// The same with the words as a list: `command({"LPUSH", "list", "a"})`.
  template <class T = Reply>
  Result<T> command(const Words& words) {
    return send_words<T>(words);
  }

 protected:
  SyncSender() = default;
  ~SyncSender() = default;
  SyncSender(const SyncSender&) = default;
  SyncSender& operator=(const SyncSender&) = default;

  // Sends a command without check().
  template <class T>
  Result<T> send(const CommandView& command) {
    const Request request = static_cast<Sender&>(*this).request(command);
    CallerLoop& loop = *request.driver().caller_loop();
    BlockingOperation<T> operation(loop);
    if (request.deliver_cached(operation)) return operation.take_result();
    const bool waits = command.block_time != Duration::zero();
    return detail::begin_and_wait(request.driver(), loop, operation,
                                  waits ? Patience::waits_long : Patience::none,
                                  [&] { request.send(operation); });
  }

 private:
  friend class CommandSet<Sender>;

  // The functions of CommandSet call this.
  template <class T, class Builder>
  Result<T> run(const Builder& builder, Start) {
    if constexpr (requires { builder.status(); }) {
      const plimsoll::Status given = builder.status();
      if (!given) return Error(given.error());
    }
    return send_checked<T>(builder);
  }

  template <class T>
  Result<T> send_words(std::span<const std::string_view> words) {
    const plimsoll::Result<CommandView> command = static_cast<Sender&>(*this).prepare(words);
    if (!command) return Error(command.error());
    return send<T>(*command);
  }

  template <class T>
  Result<T> send_checked(const CommandView& command) {
    const plimsoll::Status allowed = static_cast<Sender&>(*this).check(command);
    if (!allowed) return Error(allowed.error());
    return send<T>(command);
  }
};

}  // namespace plimsoll::inline v0::native
