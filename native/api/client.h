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

#include "plimsoll/arguments.h"
#include "plimsoll/command_sender.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/call/call.h"
#include "plimsoll/native/driver/request.h"
#include "plimsoll/options.h"
#include "plimsoll/reply.h"
#include "plimsoll/staleness.h"
#include "plimsoll/statistics.h"

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

class Transaction;

/// Move-only; usable from any thread. Destroying it closes at once: whatever is under way ends
/// with `lost_unsent` or `lost_in_doubt`. A client that was inherited over a fork() fails every
/// call with `forked` and never touches its socket.
class Client : public CommandSender<Client> {
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
    std::swap(max_staleness_, taken.max_staleness_);
    std::swap(closes_, taken.closes_);
    return *this;
  }
  ~Client();

  /// The same client with another timeout for its calls, zero for none:
  /// `client.with_timeout(5s).get("k")`. Destroying what this returns closes nothing.
  Client with_timeout(std::chrono::nanoseconds timeout) const;

  /// The same client, whose reads get what was true so long ago at most:
  /// `client.with_max_staleness(50ms).hgetall("k")`. What the cache has is served where that is
  /// proved; if only the proof is missing, one PING for all who ask at a time brings it. cached()
  /// and visit_cached() wait for nothing: what is not proved is not there.
  Client with_max_staleness(Staleness max_staleness) const;

  using CommandSender<Client>::get;
  /// `client.get("k", {.max_staleness = 50ms})`.
  template <CompletionToken Token = Start>
  auto get(std::string_view key, const ReadOptions& how, Token&& token = Token()) {
    return with_max_staleness(how.max_staleness).get(key, std::forward<Token>(token));
  }

  /// What the cache has to a read, or nothing; sends nothing, waits for nothing:
  /// `client.cached<std::string>("GET", "ship")`. The words as of command(); nothing too where the
  /// reply is no T.
  template <class T, std::convertible_to<std::string_view>... Text>
    requires(sizeof...(Text) >= 1)
  std::optional<T> cached(const Text&... words) const {
    const std::array<std::string_view, sizeof...(Text)> row{words...};
    const auto command = commands::prepare(row);
    std::optional<T> found;
    if (!command) return found;
    visit_cached(*command, [&found](const Value& value) {
      T decoded{};
      if (decode(value, decoded)) found = std::move(decoded);
    });
    return found;
  }

  /// The same without a copy: calls `visit(Value)` where the reply lies, with a part of the cache
  /// locked, and returns whether there was one. Allocates nothing for replies that are no
  /// aggregates: `client.visit_cached(commands::get("ship"), ...)`.
  template <class Visit>
  bool visit_cached(const CommandView& command, Visit&& visit) const {
    return driver().visit_cached(command, max_staleness_, std::forward<Visit>(visit));
  }

  /// An empty transaction for the shared connection (transaction.h).
  Transaction transaction() const;

  /// A connection of one's own (exclusive.h). rejected_by_limit: blocking_connections_max.
  template <CompletionToken Token = Start>
  auto exclusive(Token&& token = Token()) const;

  /// What is published on these channels from now on (subscription.h); psubscribe() takes patterns,
  /// ssubscribe() shard channels. rejected_by_limit: subscriptions_max; server_error: NOPERM...
  template <CompletionToken Token = Start>
  auto subscribe(const Words& channels, Token&& token = Token()) const {
    return open_subscription(SubscriptionKind::channel, channels, std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto psubscribe(const Words& patterns, Token&& token = Token()) const {
    return open_subscription(SubscriptionKind::pattern, patterns, std::forward<Token>(token));
  }
  template <CompletionToken Token = Start>
  auto ssubscribe(const Words& channels, Token&& token = Token()) const {
    return open_subscription(SubscriptionKind::shard, channels, std::forward<Token>(token));
  }

  /// Where this client's requests go: for scripts, scans and stream readers.
  operator Channel() const { return {.driver = driver_, .timeout = timeout_}; }

  /// Takes no more calls, waits for the replies that are owed (Options::close_timeout at most), and
  /// closes.
  template <class Token = Start>
  auto close(Token&& token = Token()) {
    return start<void>(Request(driver()), std::forward<Token>(token));
  }

  /// Who to be from now on: for new connections, and told to those that are there with AUTH,
  /// between requests, which notice nothing. A refusal is told to Options::on_connection, and the
  /// connection stays as it was. For those who rotate passwords by hand; see Options::credentials.
  /// Of a bridge: ("", token), for new connections alone.
  void set_credentials(std::string username, std::string password) {
    driver().set_credentials(std::move(username), std::move(password));
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
  friend class CommandSender<Client>;

  Driver& driver() const;

  template <class Token>
  auto open_subscription(SubscriptionKind kind, const Words& names, Token&& token) const;

  // For CommandSender.
  static plimsoll::Status check(const CommandView& /*command*/) { return {}; }
  Request request(const CommandView& command) const {
    return Request(driver(), timeout_, command, max_staleness_);
  }
  Request refusal(const plimsoll::Error& error) const { return Request(driver(), error); }

  std::shared_ptr<Driver> driver_;
  Timeout timeout_{};
  Staleness max_staleness_ = any_staleness;
  bool closes_ = true;
};

/// What connect() ends with.
Result<void> receive(const Delivery& delivery, Client& client);

namespace detail {

/// Parses the address, makes a client and connects it; `operation` ends with the Client or with
/// what went wrong, a bad address or option included.
void connect(boost::asio::any_io_executor executor, std::string_view url, Options options,
             Operation& operation);

/// Where a Call for a client resumes that nobody else awaits.
boost::asio::any_io_executor executor_or_shared(boost::asio::any_io_executor executor);

}  // namespace detail

/// Connects to `url`: "valkey://[user[:password]@]host[:port][/database]",
/// "unix:///path[?database=N]", "ws://host[:port][/upstream]" and others (parse_url()). Goes on
/// trying for `options.connect_timeout`. The client is served on `executor` (every thread that runs
/// it may do so), or on the process's shared thread. While a client is open it reads, which is
/// work: an io_context that serves it runs until it is closed.
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
