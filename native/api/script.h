#pragma once

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

// Lua scripts and functions that run on the server, typed.
//
//   const native::Script limit("local n = redis.call('INCR', KEYS[1]) ...");
//   const auto count = co_await limit.run<std::int64_t>(client, {"requests:brunel"}, {"60"});
//
// `where` is a Client or an Exclusive. T is whatever decode() knows, or Reply.

namespace plimsoll::native {

namespace detail {

/// One run of a script: EVALSHA, and EVAL once where the server does not know the script.
struct ScriptRun {
  Channel channel;
  std::shared_ptr<const std::string> text;
  HeldRequest request;      // EVALSHA..., kept until it is known that the server has the script
  std::size_t parts;        // ... of so many
  std::size_t operands_at;  // ... the keys and what follows, with their number before them
  CommandView::Effect effect;

  void operator()(Operation& operation) const;
};

/// One call that is one request, encoded.
struct EncodedCall {
  Channel channel;
  HeldRequest request;
  CommandView::Effect effect;

  void operator()(Operation& operation) const;
};

}  // namespace detail

/// A script by its text. Copies share it.
class Script {
 public:
  explicit Script(std::string text);

  const std::string& text() const { return *text_; }
  const std::string& sha1() const { return sha1_; }

  /// Runs it, sending its SHA-1 alone: where the server does not know that (NOSCRIPT: the first
  /// time, after SCRIPT FLUSH, on a server that took over) the text is sent, once, which the server
  /// then keeps. What the script raises or returns as an error is a server_error in its words.
  ///
  /// All keys that it uses belong in `keys`.
  template <class T = Reply, CompletionToken Token = Start>
  auto run(const Channel& where, const Words& keys = {}, const Words& arguments = {},
           Token&& token = Token()) const {
    return initiate<T>(where.driver->executor(), begin(where, Kind::any, keys, arguments),
                       Result<T>(), std::forward<Token>(token));
  }

  /// The same of one that writes nothing (EVALSHA_RO): the server holds it to that, replicas take
  /// it, and where Options::read_resends_max allows it is sent again after a loss.
  template <class T = Reply, CompletionToken Token = Start>
  auto run_readonly(const Channel& where, const Words& keys = {}, const Words& arguments = {},
                    Token&& token = Token()) const {
    return initiate<T>(where.driver->executor(), begin(where, Kind::readonly, keys, arguments),
                       Result<T>(), std::forward<Token>(token));
  }

  /// Queues it, text and all: in a transaction it is too late to send that afterwards.
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

/// A function of a library that the server has: client.function_load(code) loads one.
class Function {
 public:
  explicit Function(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  /// FCALL.
  template <class T = Reply, CompletionToken Token = Start>
  auto run(const Channel& where, const Words& keys = {}, const Words& arguments = {},
           Token&& token = Token()) const {
    return initiate<T>(where.driver->executor(),
                       begin(where, "FCALL", CommandView::Effect::unknown, keys, arguments),
                       Result<T>(), std::forward<Token>(token));
  }

  /// FCALL_RO, of one that has the flag no-writes.
  template <class T = Reply, CompletionToken Token = Start>
  auto run_readonly(const Channel& where, const Words& keys = {}, const Words& arguments = {},
                    Token&& token = Token()) const {
    return initiate<T>(where.driver->executor(),
                       begin(where, "FCALL_RO", CommandView::Effect::read, keys, arguments),
                       Result<T>(), std::forward<Token>(token));
  }

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

}  // namespace plimsoll::native
