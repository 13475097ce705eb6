#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <array>
#include <concepts>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/arguments.h"
#include "plimsoll/command_set.h"
#include "plimsoll/core/commands/command.h"
#include "plimsoll/native/driver/request.h"
#include "plimsoll/reply.h"
#include "plimsoll/start.h"

// The part of Client and Exclusive that sends commands: the typed ones of CommandSet, and any
// command by its words.

namespace plimsoll::inline v0::native {

/// `Sender` must have these functions, which may be private if it makes this class its friend:
///
///   Result<CommandView> prepare(std::span<const std::string_view>)
///                                           a command by its words, or why it may not be sent
///   Status check(const CommandView&)        whether the command may be sent by this sender
///   Request request(const CommandView&)     a request that sends the command
///   Request refusal(const plimsoll::Error&) a request that fails with this error
template <class Sender>
class CommandSender : public CommandSet<Sender> {
 public:
  /// Sends any command, its name first: `command("LPUSH", "list", "a", "b")`. With a type, as in
  /// `command<std::int64_t>("LLEN", "list")`, decodes the reply; any type that has a decode() will
  /// do.
  ///
  /// Errors before anything is sent: invalid_argument, if a command of docs/commands.md has the
  /// wrong number of arguments, or keys in the wrong places; refused_command, if the command would
  /// put the connection out of step (SUBSCRIBE, MULTI, SELECT...): the text names what to use
  /// instead.
  template <class T = Reply, std::convertible_to<std::string_view>... Text>
    requires(sizeof...(Text) >= 1)
  auto command(const Text&... words) {
    const std::array<std::string_view, sizeof...(Text)> row{words...};
    return send_words<T>(row, Start());
  }

  /// The same with the words as a list, and a token: `command({"LPUSH", "list", "a"}, token)`.
  template <class T = Reply, CompletionToken Token = Start>
  auto command(const Words& words, Token&& token = Token()) {
    return send_words<T>(words, std::forward<Token>(token));
  }

 protected:
  CommandSender() = default;
  ~CommandSender() = default;
  CommandSender(const CommandSender&) = default;
  CommandSender& operator=(const CommandSender&) = default;

  // Sends a command without check().
  template <class T, class Token>
  auto send(const CommandView& command, Token&& token) {
    return start<T>(sender().request(command), std::forward<Token>(token));
  }

 private:
  friend class CommandSet<Sender>;

  Sender& sender() { return static_cast<Sender&>(*this); }

  // The functions of CommandSet call this.
  template <class T, class Builder, class Token>
  auto run(const Builder& builder, Token&& token) {
    if constexpr (requires { builder.status(); }) {
      const plimsoll::Status given = builder.status();
      if (!given) return refuse<T>(given.error(), std::forward<Token>(token));
    }
    return send_checked<T>(builder, std::forward<Token>(token));
  }

  template <class T, class Token>
  auto send_words(std::span<const std::string_view> words, Token&& token) {
    const plimsoll::Result<CommandView> command = sender().prepare(words);
    if (!command) return refuse<T>(command.error(), std::forward<Token>(token));
    return send<T>(*command, std::forward<Token>(token));
  }

  template <class T, class Token>
  auto send_checked(const CommandView& command, Token&& token) {
    const plimsoll::Status allowed = sender().check(command);
    if (!allowed) return refuse<T>(allowed.error(), std::forward<Token>(token));
    return send<T>(command, std::forward<Token>(token));
  }

  template <class T, class Token>
  auto refuse(const plimsoll::Error& error, Token&& token) {
    return start<T>(sender().refusal(error), std::forward<Token>(token));
  }
};

}  // namespace plimsoll::inline v0::native
