#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/exclusive.h"

// Transactions that depend on what was read before them. The client repeats them as long as other
// programs change the keys first.
//
//   native::Queued<std::int64_t> left;
//   auto done = co_await native::optimistic_transaction(
//       client, {"stock"}, [&](native::Exclusive& own) -> asio::awaitable<native::Transaction> {
//         const auto stock = co_await own.get("stock");
//         auto tx = own.transaction();
//         if (stock && *stock != "0") left = tx.decr("stock");
//         co_return tx;
//       });

namespace plimsoll::inline v0::native {

namespace detail {

template <class Build>
boost::asio::awaitable<TransactionReplies> optimistic_transaction(Channel client,
                                                                  std::vector<std::string> keys,
                                                                  Build build, int attempts_max) {
  Exclusive own;
  Remedy remedy = Remedy::open_another;
  for (int attempt = 1; attempt <= attempts_max; ++attempt) {
    if (attempt > 1 && remedy != Remedy::none) {
      boost::asio::steady_timer timer(client.driver->executor(), wait_behind(attempt - 1));
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    bool was_sent = false;
    try {
      if (remedy == Remedy::open_another) {
        own = Exclusive();  // gives its place back first: there may be no other
        own = co_await Exclusive::open(client);
      }
      remedy = Remedy::none;
      co_await own.watch(keys);
      Transaction transaction = co_await build(own);
      was_sent = true;
      TransactionReplies done = co_await transaction.exec();
      if (done.committed()) co_return done;
    } catch (const Error& error) {
      const Remedy found = remedy_for(error, was_sent);
      if (found == Remedy::none || attempt == attempts_max) throw;
      if (remedy == Remedy::none) remedy = found;  // otherwise no connection was opened
    }
  }
  throw Error(ErrorCode::transaction_aborted, Executed::no,
              "a key that was watched has changed before each of the attempts");
}

}  // namespace detail

/// Watches `keys` on an exclusive connection, and calls `build(Exclusive&)`, which reads what it
/// needs there and co_returns a transaction of that connection. Then executes the transaction. If
/// one of the keys has changed meanwhile, starts again with WATCH, `attempts_max` times in all;
/// `build` runs once for each attempt. It also starts again, behind a wait of up to 10 ms that
/// double up to 500, where nothing was executed because the connection was lost before the
/// transaction was sent, or because in a cluster the keys have moved, or half of their slot has, or
/// nobody serves them. If `build` returns an empty transaction, nothing is executed and the call
/// ends.
///
/// Throws Error: transaction_aborted (a key had changed at each attempt; nothing was executed), the
/// errors of exclusive() and exec(), and whatever `build` throws that is no such loss.
template <class Build>
  requires std::is_invocable_r_v<boost::asio::awaitable<Transaction>, Build&, Exclusive&>
boost::asio::awaitable<TransactionReplies> optimistic_transaction(const Client& client,
                                                                  const Words& keys, Build build,
                                                                  int attempts_max = 16) {
  const std::span<const std::string_view> given = keys;
  return detail::optimistic_transaction(Channel(client),
                                        std::vector<std::string>(given.begin(), given.end()),
                                        std::move(build), attempts_max);
}

}  // namespace plimsoll::inline v0::native
