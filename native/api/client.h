#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <array>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include "plimsoll/arguments.h"
#include "plimsoll/command_sender.h"
#include "plimsoll/core/base/check.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/call/call.h"
#include "plimsoll/native/driver/request.h"
#include "plimsoll/options.h"
#include "plimsoll/reply.h"
#include "plimsoll/staleness.h"
#include "plimsoll/statistics.h"
#include "plimsoll/topology.h"

// A client of a server, of a primary that sentinels name, or of a cluster. The requests of all
// callers share the pipeline of one main connection; commands that block, exclusive use and
// subscriptions get side connections.
//
//   auto client = co_await plimsoll::native::connect("valkey://127.0.0.1:6379");
//   co_await client.set("ship", "Great Eastern");
//   std::optional<std::string> name = co_await client.get("ship");
//
// Each call comes in two forms. Without a token the call starts at once and returns a Call<T>:
// await it for the T or an exception (native::Error), or drop it, and the call goes on by itself.
// With an Asio completion token as the last argument (a callback, asio::use_awaitable, use_future,
// deferred...) the call completes with Result<T>; a callback that has no executor of its own runs
// on the client's. Cancellation slots work in both forms. Arguments may hold any bytes; the client
// copies them before the call returns.
//
// Error::code() says what you can do about an error, and Error::executed() whether the server may
// have run the command. Any command may end with timed_out, cancelled, lost_unsent, lost_in_doubt,
// rejected_by_limit, reply_too_large, out_of_memory, protocol_error, wrong_type, closed or forked,
// or with a refusal of the server or of a bridge: server_error, permission_denied,
// refused_by_bridge... docs/failure.md has each case. The comments below name only the errors that
// a call has besides, or for reasons of its own.

namespace plimsoll::inline v0::native {

class NodeRoute;
class Nodes;
class Transaction;

/// Move-only; usable from any thread. Destroying a client closes it at once: calls under way end
/// with `lost_unsent` or `lost_in_doubt`. Objects made from it (transactions, subscriptions,
/// scans...) may live longer; their calls then fail with `closed`, except that a wait for messages
/// completes with none. In a child of fork() every call on an inherited client fails with `forked`,
/// and the client never touches the socket, which the parent still uses.
class Client : public CommandSender<Client> {
 public:
  /// Not connected. You may only assign to it or destroy it.
  Client() = default;
  explicit Client(std::shared_ptr<Driver> driver)
      : driver_(std::move(driver)), timeout_(driver_->request_timeout()) {}
  Client(Client&&) = default;
  Client& operator=(Client&& other) noexcept {
    Client taken(std::move(other));
    std::swap(driver_, taken.driver_);  // the old client closes at once, with `taken`
    std::swap(timeout_, taken.timeout_);
    std::swap(max_staleness_, taken.max_staleness_);
    std::swap(closes_, taken.closes_);
    return *this;
  }
  ~Client();

  /// Returns the same client with another timeout for its calls; zero: none.
  /// `client.with_timeout(5s).get("k")`. Destroying the returned client closes nothing.
  Client with_timeout(std::chrono::nanoseconds timeout) const;

  /// Returns the same client with a bound on staleness: the value that a read gets was true at the
  /// server at most this long before the call. `client.with_max_staleness(50ms).hgetall("k")`. The
  /// cache serves an entry if that is proved. If only the proof is missing, the client sends one
  /// PING for all reads that wait at that time. cached() and visit_cached() do not wait: they find
  /// only entries that are proved already.
  Client with_max_staleness(Staleness max_staleness) const;

  using CommandSender<Client>::get;
  /// GET with a bound on staleness: `client.get("k", {.max_staleness = 50ms})`.
  template <CompletionToken Token = Start>
  auto get(std::string_view key, const ReadOptions& how, Token&& token = Token()) {
    return with_max_staleness(how.max_staleness).get(key, std::forward<Token>(token));
  }

  /// Returns the reply that the cache has for a read: `client.cached<std::string>("GET", "ship")`.
  /// The words are those of command(). Sends nothing and waits for nothing. Returns nothing if the
  /// cache does not have the reply, if the words are no valid command, or if the reply is not a T.
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

  /// The same without a copy: calls `visit(Value)` with a view of the reply in the cache, and
  /// returns whether there was one. `client.visit_cached(commands::get("ship"), ...)`. The view
  /// lives until `visit` returns. Meanwhile a part of the cache is locked, so `visit` must be
  /// short, and must call neither the cache nor a client that uses it. Allocates nothing, unless
  /// the reply is an aggregate.
  template <class Visit>
  bool visit_cached(const CommandView& command, Visit&& visit) const {
    return driver().visit_cached(command, max_staleness_, std::forward<Visit>(visit));
  }

  /// Returns an empty transaction for the main connection (transaction.h).
  Transaction transaction() const;

  /// Returns this client's commands for nodes of the cluster that you choose (nodes.h).
  Nodes at(const NodeRoute& where) const;

  /// Opens a connection for you alone, an Exclusive (exclusive.h). rejected_by_limit:
  /// Options::blocking_connections_max connections are in use, or commands wait for one already, or
  /// the connections pool has no room; try again later. connection_lost: the connection was lost
  /// while it was opened.
  template <CompletionToken Token = Start>
  auto exclusive(Token&& token = Token()) const;

  /// Opens a connection that receives what is published on these channels from now on, a
  /// Subscription (subscription.h). psubscribe() takes patterns, ssubscribe() shard channels.
  /// Errors: rejected_by_limit, if the client has Options::subscriptions_max already, or a pool has
  /// no room for the connection or the names; invalid_argument, if there is no name, or more than
  /// 65,535; permission_denied, if the user may not subscribe to one of the names.
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

  /// Converts to the place where this client's requests go: for scripts, scans and stream readers.
  operator Channel() const {
    return {.driver = driver_, .held = nullptr, .at = nullptr, .timeout = timeout_};
  }

  /// Closes in order: refuses new calls (`closed`), waits for the replies that the server owes, at
  /// most Options::close_timeout, and closes the connections. Completes when all is over.
  template <class Token = Start>
  auto close(Token&& token = Token()) {
    return start<void>(Request(driver()), std::forward<Token>(token));
  }

  /// Changes the user, to rotate passwords by hand; Options::credentials does so by itself. New
  /// connections use these credentials. On open connections the client sends AUTH between two
  /// requests; calls under way go on. If the server refuses AUTH, the client calls
  /// Options::on_connection with `credentials_refused`, and the connection stays as it was. Through
  /// a bridge: ("", token), which only new connections show.
  void set_credentials(std::string username, std::string password) {
    driver().set_credentials(std::move(username), std::move(password));
  }

  /// Returns the statistics of this client and of the memory line, as of now.
  Statistics statistics() const { return driver().statistics(); }

  /// Returns which server the client uses, and what its sentinels say, if it has any (topology.h).
  Topology topology() const { return driver().topology(); }

  /// Starts to record the calls of this client's core and its answers, in a ring of `ring_bytes`
  /// (4 KiB to 64 MiB) that the connections pool pays for. The ring keeps sizes and names of
  /// commands, but not what callers and servers said. invalid_argument: `ring_bytes` is out of
  /// bounds, or the client has a cache, asks sentinels, reads from replicas or has a cluster;
  /// out_of_memory: the connections pool has no room.
  Result<void> start_recording(std::size_t ring_bytes = std::size_t{1} << 20) {
    const plimsoll::Status started = driver().start_recording(ring_bytes);
    if (!started) return Error(started.error());
    return {};
  }
  /// Stops recording, and gives the ring's memory back to the pool.
  void stop_recording() { driver().stop_recording(); }

  /// Returns what was recorded. Write it to a file, which `./dev sim --replay` goes through step by
  /// step. Empty unless the client is recording.
  std::string recording() const { return driver().recording(); }

  /// The client's executor, where callbacks run that have no executor of their own: the one that
  /// was given to connect(), or the shared thread's. If several threads run it, it is no strand.
  boost::asio::any_io_executor get_executor() const { return driver().executor(); }

 private:
  friend class CommandSender<Client>;

  Driver& driver() const {
    PLIMSOLL_CHECK(driver_ != nullptr);
    return *driver_;
  }

  template <class Token>
  auto open_subscription(SubscriptionKind kind, const Words& names, Token&& token) const;

  // For CommandSender.
  static plimsoll::Result<CommandView> prepare(std::span<const std::string_view> words) {
    return commands::prepare(words);
  }
  static plimsoll::Status check(const CommandView& /*command*/) { return {}; }
  Request request(const CommandView& command) const {
    return Request(driver(), timeout_, command, max_staleness_);
  }
  Request refusal(const plimsoll::Error& error) const { return Request(driver(), error); }

  std::shared_ptr<Driver> driver_;
  Timeout timeout_{};
  Staleness max_staleness_ = any_staleness;
  bool closes_ = true;  // false in what with_timeout() and with_max_staleness() return
};

/// Makes the Client that connect() completes with.
Result<void> receive(const Delivery& delivery, Client& client);

namespace detail {

/// Parses the address, makes a client and connects it. `operation` ends with the Client or with an
/// error, also if the address or an option is wrong. `rule`: where the client may connect; null:
/// anywhere.
void connect(boost::asio::any_io_executor executor, std::string_view url, Options options,
             Operation& operation, AddressRule rule = nullptr);

/// `executor`, or if that is empty the executor of the process's shared thread.
boost::asio::any_io_executor executor_or_shared(boost::asio::any_io_executor executor);

}  // namespace detail

/// Connects to `url`: "valkey://[user[:password]@]host[:port][/database]",
/// "unix:///path[?database=N]", "ws://host[:port][/upstream]" and others (parse_url()). The client
/// tries until `options.connect_timeout` has passed.
///
/// `executor` serves the client, on any of the threads that run it; if it is empty, the process's
/// shared thread does. A client reads as long as it is open, and reading counts as work: an
/// io_context that serves a client runs until the client is closed or destroyed.
///
/// Errors: invalid_option (the text names the field), connect_failed (with what the system said
/// last), authentication_failed, unknown_database, permission_denied, tls_failed,
/// certificate_invalid, protocol_error, out_of_memory... docs/failure.md has all reasons why there
/// is no connection, and what to do about each.
template <class Token = Start>
auto connect(boost::asio::any_io_executor executor, std::string_view url, Options options = {},
             Token&& token = Token()) {
  if constexpr (std::is_same_v<std::decay_t<Token>, Start>) {
    auto& state = detail::CallState<Client>::create(
        std::make_shared<CallOrigin>(detail::executor_or_shared(executor)));
    Call<Client> call(state);
    detail::connect(std::move(executor), url, std::move(options), state);
    return call;
  } else {
    return boost::asio::async_initiate<Token, void(Result<Client>)>(
        [](auto&& handler, boost::asio::any_io_executor where, const std::string& address,
           Options how) {
          using Handler = std::decay_t<decltype(handler)>;
          auto& operation = CallbackOperation<Client, Handler>::create(
              std::forward<decltype(handler)>(handler), detail::executor_or_shared(where));
          detail::connect(std::move(where), address, std::move(how), operation);
        },
        token, std::move(executor), std::string(url), std::move(options));
  }
}

template <class Token = Start>
auto connect(std::string_view url, Options options = {}, Token&& token = Token()) {
  return connect(boost::asio::any_io_executor(), url, std::move(options),
                 std::forward<Token>(token));
}

}  // namespace plimsoll::inline v0::native
