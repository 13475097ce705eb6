#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include "plimsoll/core/commands/builders.h"
#include "plimsoll/core/commands/command_class.h"
#include "plimsoll/native/arguments.h"
#include "plimsoll/native/call.h"
#include "plimsoll/native/options.h"
#include "plimsoll/native/reply.h"
#include "plimsoll/native/request.h"
#include "plimsoll/native/statistics.h"

// A client of one server: one connection, on which the requests of all callers share a pipeline.
//
//   auto client = co_await plimsoll::native::connect("valkey://127.0.0.1:6379");
//   co_await client.set("ship", "Great Eastern");
//   std::optional<std::string> name = co_await client.get("ship");
//
// Each call comes in two forms. Without a token it starts at once and returns a Call<T>: await it
// and get the T or an exception (native::Error), or drop it. With an Asio completion token at the
// end (a callback, asio::use_awaitable, use_future, deferred...) it completes with Result<T>;
// callbacks that have no executor of their own run on the client's. Cancellation slots work in
// both. Arguments may hold any bytes; they are copied before the call returns.

namespace plimsoll::native {

using commands::When;

/// How set() stores: when, and for how long.
using SetOptions = commands::SetOptions;

/// Move-only; usable from any thread. Destroying it closes at once: whatever is under way ends
/// with `lost_unsent` or `lost_in_doubt`. A client that was inherited over a fork() fails every
/// call with `forked` and never touches its socket.
class Client {
 public:
  /// No client: only to be assigned to.
  Client() = default;
  explicit Client(std::shared_ptr<Driver> driver)
      : driver_(std::move(driver)), timeout_(driver_->request_timeout()) {}
  Client(Client&&) = default;
  Client& operator=(Client&& other) noexcept {
    Client taken(std::move(other));
    std::swap(driver_, taken.driver_);  // what this was goes with `taken`, at once
    std::swap(timeout_, taken.timeout_);
    std::swap(closes_, taken.closes_);
    return *this;
  }
  ~Client();

  /// The same client with another timeout for its calls, zero for none:
  /// `client.with_timeout(5s).get("k")`. Destroying what this returns closes nothing.
  Client with_timeout(std::chrono::nanoseconds timeout) const;

  /// GET. None: there is no such key.
  template <class Token = Start>
  auto get(std::string_view key, Token&& token = Token()) {
    return send<std::optional<std::string>>(commands::get(key), std::forward<Token>(token));
  }

  /// SET. The second form says whether it stored: `options.when` may have kept it from that.
  template <class Token = Start>
    requires(!std::convertible_to<Token, SetOptions>)
  auto set(std::string_view key, std::string_view value, Token&& token = Token()) {
    return send<void>(commands::Set(key, value, {}), std::forward<Token>(token));
  }
  template <class Token = Start>
  auto set(std::string_view key, std::string_view value, const SetOptions& options,
           Token&& token = Token()) {
    const plimsoll::Status valid = commands::Set::validate(options);
    if (!valid) return refuse<Stored>(valid.error(), std::forward<Token>(token));
    return send<Stored>(commands::Set(key, value, options), std::forward<Token>(token));
  }

  /// MGET: a value or none for each key, in their order.
  template <class Token = Start>
  auto mget(const Words& keys, Token&& token = Token()) {
    return send<std::vector<std::optional<std::string>>>(commands::mget(keys),
                                                         std::forward<Token>(token));
  }

  /// DEL: how many there were.
  template <class Token = Start>
  auto del(const Words& keys, Token&& token = Token()) {
    return send<std::int64_t>(commands::del(keys), std::forward<Token>(token));
  }

  /// EXISTS: how many of them exist; one that is named twice counts twice.
  template <class Token = Start>
  auto exists(const Words& keys, Token&& token = Token()) {
    return send<std::int64_t>(commands::exists(keys), std::forward<Token>(token));
  }

  /// INCR: the new value.
  template <class Token = Start>
  auto incr(std::string_view key, Token&& token = Token()) {
    return send<std::int64_t>(commands::incr(key), std::forward<Token>(token));
  }

  /// PTTL: milliseconds left; -1: it does not expire; -2: there is no such key.
  template <class Token = Start>
  auto pttl(std::string_view key, Token&& token = Token()) {
    return send<std::int64_t>(commands::pttl(key), std::forward<Token>(token));
  }

  /// HSET: how many of the fields are new.
  template <class Token = Start>
  auto hset(std::string_view key, const Fields& fields, Token&& token = Token()) {
    return send<std::int64_t>(commands::hset(key, fields), std::forward<Token>(token));
  }

  /// HGET. None: there is no such key or field.
  template <class Token = Start>
  auto hget(std::string_view key, std::string_view field, Token&& token = Token()) {
    return send<std::optional<std::string>>(commands::hget(key, field), std::forward<Token>(token));
  }

  /// HGETALL. Empty: there is no such key.
  template <class Token = Start>
  auto hgetall(std::string_view key, Token&& token = Token()) {
    return send<std::unordered_map<std::string, std::string>>(commands::hgetall(key),
                                                              std::forward<Token>(token));
  }

  /// SADD: how many of the members are new.
  template <class Token = Start>
  auto sadd(std::string_view key, const Words& members, Token&& token = Token()) {
    return send<std::int64_t>(commands::sadd(key, members), std::forward<Token>(token));
  }

  /// SMEMBERS, in no promised order. Empty: there is no such key.
  template <class Token = Start>
  auto smembers(std::string_view key, Token&& token = Token()) {
    return send<std::vector<std::string>>(commands::smembers(key), std::forward<Token>(token));
  }

  /// PING: "PONG".
  template <class Token = Start>
  auto ping(Token&& token = Token()) {
    return send<std::string>(commands::ping(), std::forward<Token>(token));
  }

  /// DBSIZE: keys in the database.
  template <class Token = Start>
  auto dbsize(Token&& token = Token()) {
    return send<std::int64_t>(commands::dbsize(), std::forward<Token>(token));
  }

  /// Any command, its name first: `command("LPUSH", "list", "a", "b")`, or typed, for whatever
  /// decode() knows: `command<std::int64_t>("LLEN", "list")`. One that would put the shared
  /// connection out of step (SUBSCRIBE, MULTI, BLPOP, SELECT...) is refused: `refused_command`.
  template <class T = Reply, std::convertible_to<std::string_view>... Text>
    requires(sizeof...(Text) >= 1)
  auto command(const Text&... words) {
    const std::array<std::string_view, sizeof...(Text)> row{words...};
    return send_any<T>(row, Start());
  }

  /// The same with its words as a list, and a token: `command({"LPUSH", "list", "a"}, token)`.
  template <class T = Reply, class Token = Start>
    requires(!std::convertible_to<Token, std::string_view>)
  auto command(const Words& words, Token&& token = Token()) {
    return send_any<T>(words, std::forward<Token>(token));
  }

  /// Takes no more calls, waits for the replies that are owed (Options::close_timeout at most), and
  /// closes.
  template <class Token = Start>
  auto close(Token&& token = Token()) {
    return start<void>(Request(driver()), std::forward<Token>(token));
  }

  /// Figures of this client and of the memory line, as of now.
  Statistics statistics() const { return driver().statistics(); }

  /// Records from now on what this client is told and answers, in a ring of `ring_bytes` (4 KiB to
  /// 64 MiB) that the connections pool pays for: what servers and callers said is left out, sizes
  /// and names of commands are kept. invalid_argument; out_of_memory.
  Result<void> start_recording(std::size_t ring_bytes = std::size_t{1} << 20) {
    const plimsoll::Status started = driver().start_recording(ring_bytes);
    if (!started) return Error(started.error());
    return {};
  }
  void stop_recording() { driver().stop_recording(); }

  /// What was recorded, for a file that `./dev sim --replay` goes through step by step. Empty where
  /// nothing is recorded.
  std::string recording() const { return driver().recording(); }

  /// Where callbacks run that have no executor of their own.
  boost::asio::any_io_executor get_executor() const { return driver().executor(); }

 private:
  Driver& driver() const;

  template <class T, class Token>
  auto send(const CommandView& command, Token&& token) {
    return start<T>(Request(driver(), timeout_, command), std::forward<Token>(token));
  }

  template <class T, class Token>
  auto refuse(const plimsoll::Error& error, Token&& token) {
    return start<T>(Request(driver(), error), std::forward<Token>(token));
  }

  template <class T, class Token>
  auto send_any(std::span<const std::string_view> words, Token&& token) {
    const plimsoll::Status allowed = commands::check_shared(words);
    if (!allowed) return refuse<T>(allowed.error(), std::forward<Token>(token));
    return send<T>(commands::any(words), std::forward<Token>(token));
  }

  std::shared_ptr<Driver> driver_;
  Timeout timeout_{};
  bool closes_ = true;
};

namespace detail {

/// Parses the address, makes a client and connects it; `operation` ends with the Client or with
/// what went wrong, a bad address or option included.
void connect(boost::asio::any_io_executor executor, std::string_view url, Options options,
             Operation& operation);

/// Where a Call for a client resumes that nobody else awaits.
boost::asio::any_io_executor executor_or_shared(boost::asio::any_io_executor executor);

}  // namespace detail

/// Connects to `url`: "valkey://[user[:password]@]host[:port][/database]", or
/// "unix:///path[?database=N]". Goes on trying for `options.connect_timeout`. The client is served
/// on `executor` (every thread that runs it may do so), or on the process's shared thread. While a
/// client is open it reads, which is work: an io_context that serves it runs until it is closed.
///
/// Errors: invalid_option (names the field), connect_failed (with what the system said last),
/// server_error (the server refused user, password or database), protocol_error, out_of_memory.
template <class Token = Start>
auto connect(boost::asio::any_io_executor executor, std::string_view url, Options options = {},
             Token&& token = Token()) {
  if constexpr (std::is_same_v<std::decay_t<Token>, Start>) {
    using State = detail::CallState<Client>;
    auto state = std::make_shared<State>(detail::executor_or_shared(executor));
    detail::connect(std::move(executor), url, std::move(options), state->lend());
    return Call<Client>(std::move(state));
  } else {
    return boost::asio::async_initiate<Token, void(Result<Client>)>(
        [](auto&& handler, boost::asio::any_io_executor where, const std::string& address,
           Options how) {
          using Handler = std::decay_t<decltype(handler)>;
          detail::connect(std::move(where), address, std::move(how),
                          CallbackOperation<Client, Handler>::create(std::move(handler)));
        },
        token, std::move(executor), std::string(url), std::move(options));
  }
}

template <class Token = Start>
auto connect(std::string_view url, Options options = {}, Token&& token = Token()) {
  return connect(boost::asio::any_io_executor(), url, std::move(options),
                 std::forward<Token>(token));
}

}  // namespace plimsoll::native
