#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <concepts>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/bind_executor.hpp>

#include "plimsoll/arguments.h"
#include "plimsoll/client.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/call/call.h"
#include "plimsoll/native/sync/blocking.h"
#include "plimsoll/options.h"
#include "plimsoll/staleness.h"
#include "plimsoll/statistics.h"
#include "plimsoll/sync_exclusive.h"
#include "plimsoll/sync_sender.h"
#include "plimsoll/sync_subscription.h"
#include "plimsoll/sync_transaction.h"
#include "plimsoll/topology.h"

// A client for programs that are not asynchronous: each call blocks its thread until the outcome is
// there, and returns a Result<T>.
//
//   auto client = plimsoll::native::SyncClient::connect("valkey://127.0.0.1:6379").value();
//   client.set("ship", "Great Eastern").value();
//   std::optional<std::string> name = client.get("ship").value();
//
// Nothing throws, except value() of a Result and the functions of TransactionReplies. Options,
// errors, near cache and memory line are those of Client (client.h).
//
// No thread stands between the caller and the socket: the callers run the event loop themselves,
// one at a time (native/runtime/caller_loop.h). All SyncClients of a process share that loop. While
// no caller waits, a background thread serves the connections: invalidations, health checks, new
// connections.

namespace plimsoll::inline v0::native {

/// Move-only; usable from any thread, also by several at a time, whose requests share the pipeline.
/// Destroying it closes it at once; no other thread may be in a call on it then. Transactions and
/// subscriptions may live longer; their calls then fail with `closed`. In a child of fork() every
/// call on an inherited client fails with `forked`.
///
/// Options::on_connection, credentials, tracer and the log's hook are called in the thread that
/// runs the loop: that of any caller of any SyncClient, or the background thread. They must not
/// throw, because that ends the process, and must be short. A call on a SyncClient from there would
/// wait for itself, so it fails with refused_command; what the cache has is returned all the same.
class SyncClient : public SyncSender<SyncClient> {
 public:
  /// Connects to `url` within Options::connect_timeout. Errors: as for connect() in client.h, and
  /// out_of_memory, if the background thread cannot be started.
  static Result<SyncClient> connect(std::string_view url, Options options = {});

  /// Not connected. You may only assign to it or destroy it.
  SyncClient() = default;
  SyncClient(SyncClient&&) = default;
  SyncClient& operator=(SyncClient&&) = default;
  ~SyncClient() = default;

  /// Returns the same client with another timeout for its calls; zero: none.
  /// `client.with_timeout(5s).get("k")`. Destroying the returned client closes nothing.
  SyncClient with_timeout(std::chrono::nanoseconds timeout) const;

  /// Returns the same client with a bound on staleness, as Client::with_max_staleness() explains.
  SyncClient with_max_staleness(Staleness max_staleness) const;

  using SyncSender<SyncClient>::get;
  /// GET with a bound on staleness: `client.get("k", {.max_staleness = 50ms})`.
  Result<std::optional<std::string>> get(std::string_view key, const ReadOptions& how) {
    return with_max_staleness(how.max_staleness).get(key);
  }

  /// Returns the reply that the cache has for a read: `client.cached<std::string>("GET", "ship")`.
  /// Sends nothing and waits for nothing.
  template <class T, std::convertible_to<std::string_view>... Text>
    requires(sizeof...(Text) >= 1)
  std::optional<T> cached(const Text&... words) const {
    return client_.cached<T>(words...);
  }

  /// The same without a copy: Client::visit_cached() has the rules for `visit`.
  template <class Visit>
  bool visit_cached(const CommandView& command, Visit&& visit) const {
    return client_.visit_cached(command, std::forward<Visit>(visit));
  }

  /// Returns an empty transaction for the main connection.
  SyncTransaction transaction() const { return SyncTransaction(*this); }

  /// Opens a connection for you alone, for WATCH and what depends on it. Errors: as for
  /// Client::exclusive().
  Result<SyncExclusive> exclusive() const;

  /// Watches `keys` on an exclusive connection, and calls `build(SyncExclusive&)`, which reads what
  /// it needs there and returns a transaction of that connection, a Result<SyncTransaction>. Then
  /// executes the transaction. If one of the keys has changed meanwhile, starts again,
  /// `attempts_max` times in all. It also starts again as
  /// native::optimistic_transaction() does. Errors: transaction_aborted (a key had changed at each
  /// attempt; nothing was executed), those of exclusive() and exec(), and the error that `build`
  /// returns.
  template <class Build>
  Result<TransactionReplies> optimistic_transaction(const Words& keys, Build build,
                                                    int attempts_max = 16) const {
    Result<SyncExclusive> own = exclusive();
    for (int attempt = 1; attempt <= attempts_max; ++attempt) {
      Result<SyncTransaction> built =
          own ? watched_and_built(*own, keys, build) : Result<SyncTransaction>(own.error());
      Result<TransactionReplies> done =
          built ? built->exec() : Result<TransactionReplies>(built.error());
      if (done && done->committed()) return done;
      if (done) continue;
      const detail::Remedy remedy = detail::remedy_for(done.error(), built.has_value());
      if (remedy == detail::Remedy::none || attempt == attempts_max) return done;
      std::this_thread::sleep_for(detail::wait_behind(attempt));
      if (remedy != detail::Remedy::open_another && own) continue;
      if (own) *own = SyncExclusive();  // gives its place back first: there may be no other
      own = exclusive();
    }
    return Error(ErrorCode::transaction_aborted, Executed::no,
                 "a key that was watched has changed before each of the attempts");
  }

  /// Opens a connection that receives what is published on these channels from now on.
  /// psubscribe() takes patterns, ssubscribe() shard channels. Errors: as for Client::subscribe().
  Result<SyncSubscription> subscribe(const Words& channels) const;
  Result<SyncSubscription> psubscribe(const Words& patterns) const;
  Result<SyncSubscription> ssubscribe(const Words& channels) const;

  /// For scans, scripts and stream readers, which take a SyncClient in place of a Client:
  /// `KeyScan scan(client); auto page = client.wait(scan.next());`. Waits for a call that has
  /// started. An exception that is no native::Error is one of a callback of yours, and is thrown.
  template <class T>
  Result<T> wait(Call<T> call) const;

  /// Converts to the place where this client's requests go: for scripts, scans and stream readers.
  operator Channel() const { return client_; }

  /// Closes in order: refuses new calls (`closed`), waits for the replies that the server owes, at
  /// most Options::close_timeout, and closes the connections.
  Result<void> close();

  /// Changes the user, as Client::set_credentials() explains. Does not wait.
  void set_credentials(std::string username, std::string password) {
    client_.set_credentials(std::move(username), std::move(password));
  }

  /// Returns the statistics of this client and of the memory line, as of now.
  Statistics statistics() const { return client_.statistics(); }

  /// Returns which server the client uses, and what its sentinels say, if it has any (topology.h).
  Topology topology() const { return client_.topology(); }

 private:
  friend class SyncSender<SyncClient>;

  template <class Build>
  static Result<SyncTransaction> watched_and_built(SyncExclusive& own, const Words& keys,
                                                   Build& build) {
    if (Result<void> watched = own.watch(keys); !watched) return watched.error();
    return build(own);
  }

  SyncClient(Client client, std::shared_ptr<Driver> driver, Timeout timeout, Staleness staleness)
      : client_(std::move(client)),
        driver_(std::move(driver)),
        timeout_(timeout),
        max_staleness_(staleness) {}

  Driver& driver() const {
    PLIMSOLL_CHECK(driver_ != nullptr);
    return *driver_;
  }

  template <class Begin>
  Result<SyncSubscription> open_subscription(const Begin& begin) const;

  // For SyncSender.
  static plimsoll::Result<CommandView> prepare(std::span<const std::string_view> words) {
    return commands::prepare(words);
  }
  static plimsoll::Status check(const CommandView& /*command*/) { return {}; }
  Request request(const CommandView& command) const {
    return Request(driver(), timeout_, command, max_staleness_);
  }

  Client client_;
  std::shared_ptr<Driver> driver_;
  Timeout timeout_{};
  Staleness max_staleness_ = any_staleness;
};

namespace detail {

template <class T>
Result<T> result_of(const std::exception_ptr& problem, Result<T> result) {
  if (!problem) return result;
  try {
    std::rethrow_exception(problem);
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace detail

template <class T>
Result<T> SyncClient::wait(Call<T> call) const {
  // The call may be one of another client, whose executor is not the loop.
  const auto on_loop = [this](auto handler) {
    return boost::asio::bind_executor(driver().executor(), std::move(handler));
  };
  std::exception_ptr problem;
  Result<T> result = block<T>(driver(), Patience::waits_long, [&](auto handler) {
    if constexpr (std::is_void_v<T>) {
      std::move(call)(on_loop([&problem, handler](std::exception_ptr why) mutable {
        problem = std::move(why);
        handler({});
      }));
    } else {
      std::move(call)(on_loop([&problem, handler](std::exception_ptr why, T value) mutable {
        problem = std::move(why);
        handler(std::move(value));
      }));
    }
  });
  return detail::result_of(problem, std::move(result));
}

}  // namespace plimsoll::inline v0::native
