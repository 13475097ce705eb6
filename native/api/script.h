#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/arguments.h"
#include "plimsoll/client.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/native/driver/held_words.h"
#include "plimsoll/transaction.h"

// Lua scripts and functions that run on the server, with typed results.
//
//   const native::Script limit("local n = redis.call('INCR', KEYS[1]) ...");
//   const auto count = co_await limit.run<std::int64_t>(client, {"requests:brunel"}, {"60"});
//
// `where` is a Client or an Exclusive. T is any type that has a decode(), or Reply. The requests
// pool pays for keys and arguments until the outcome; if it has no room, the call fails with
// rejected_by_limit.

namespace plimsoll::inline v0::native {

namespace detail {

/// One run of a script: EVALSHA, and then EVAL once if the server does not know the script.
struct ScriptRun {
  Channel channel;
  std::shared_ptr<const std::string> text;
  HeldRequest request;      // EVALSHA; kept until the server has shown that it has the script
  std::size_t parts;        // how many words `request` has
  std::size_t operands_at;  // where in `request` the number of keys, keys and arguments begin
  CommandView::Effect effect;

  void operator()(Operation& operation) const;
};

/// One call that is one request, already encoded.
struct EncodedCall {
  Channel channel;
  HeldRequest request;
  CommandView::Effect effect;

  void operator()(Operation& operation) const;
};

}  // namespace detail

/// A script, with its text and SHA-1. Copies share the text. Usable from any thread.
class Script {
 public:
  explicit Script(std::string text);

  const std::string& text() const { return *text_; }
  const std::string& sha1() const { return sha1_; }

  /// Runs the script. The client sends only its SHA-1. If the server does not know the script
  /// (NOSCRIPT: the first time, after SCRIPT FLUSH, on a server that took over), the client sends
  /// the text once, and the server keeps it. `keys` must have all keys that the script uses.
  ///
  /// Errors: those of any command. An error that the script raises or returns is a server_error in
  /// the script's words. If these begin like a refusal of the server (NOPERM, OOM, READONLY...),
  /// the code is that of the refusal, with Executed::maybe: the script may have written before.
  template <class T = Reply, CompletionToken Token = Start>
  auto run(const Channel& where, const Words& keys = {}, const Words& arguments = {},
           Token&& token = Token()) const {
    return initiate<T>(where.driver->origin(), begin(where, Kind::any, keys, arguments),
                       Result<T>(), std::forward<Token>(token));
  }

  /// Runs a script that writes nothing (EVALSHA_RO): the server refuses writes, and replicas run
  /// the script, too. If Options::read_resends_max allows it, the client sends it again after a
  /// loss.
  template <class T = Reply, CompletionToken Token = Start>
  auto run_readonly(const Channel& where, const Words& keys = {}, const Words& arguments = {},
                    Token&& token = Token()) const {
    return initiate<T>(where.driver->origin(), begin(where, Kind::readonly, keys, arguments),
                       Result<T>(), std::forward<Token>(token));
  }

  /// Queues the script in a transaction with its text, because the client could not send the text
  /// afterwards.
  template <class T = Reply>
  Queued<T> run(Transaction& transaction, const Words& keys = {},
                const Words& arguments = {}) const {
    const std::string count = number_of(keys);
    return transaction.command<T>(words("EVAL", *text_, count, keys, arguments));
  }

 private:
  enum class Kind { any, readonly };

  detail::ScriptRun begin(const Channel& where, Kind kind, const Words& keys,
                          const Words& arguments) const;
  friend class Function;
  static std::string number_of(const Words& keys);
  static std::vector<std::string_view> words(std::string_view command, std::string_view what,
                                             std::string_view count, const Words& keys,
                                             const Words& arguments);

  std::shared_ptr<const std::string> text_;
  std::string sha1_;
};

/// A function of a library that the server has; client.function_load(code) loads a library. Usable
/// from any thread.
class Function {
 public:
  explicit Function(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  /// Calls the function (FCALL). Errors: as for Script::run().
  template <class T = Reply, CompletionToken Token = Start>
  auto run(const Channel& where, const Words& keys = {}, const Words& arguments = {},
           Token&& token = Token()) const {
    return initiate<T>(where.driver->origin(),
                       begin(where, "FCALL", CommandView::Effect::unknown, keys, arguments),
                       Result<T>(), std::forward<Token>(token));
  }

  /// Calls a function that has the flag no-writes (FCALL_RO). Replicas run it, too, and the client
  /// sends it again after a loss if Options::read_resends_max allows it.
  template <class T = Reply, CompletionToken Token = Start>
  auto run_readonly(const Channel& where, const Words& keys = {}, const Words& arguments = {},
                    Token&& token = Token()) const {
    return initiate<T>(where.driver->origin(),
                       begin(where, "FCALL_RO", CommandView::Effect::read, keys, arguments),
                       Result<T>(), std::forward<Token>(token));
  }

  /// Queues the call in a transaction.
  template <class T = Reply>
  Queued<T> run(Transaction& transaction, const Words& keys = {},
                const Words& arguments = {}) const {
    const std::string count = Script::number_of(keys);
    return transaction.command<T>(Script::words("FCALL", name_, count, keys, arguments));
  }

 private:
  detail::EncodedCall begin(const Channel& where, std::string_view command,
                            CommandView::Effect effect, const Words& keys,
                            const Words& arguments) const;

  std::string name_;
};

}  // namespace plimsoll::inline v0::native
