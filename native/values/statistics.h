#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/allocator/give_back.h"
#include "plimsoll/native/container/statistics.h"

namespace plimsoll::native {

using plimsoll::AccountStatistics;
using plimsoll::BudgetStatistics;
using plimsoll::PoolKind;
using plimsoll::PoolStatistics;
using ContainerStatistics = container::Statistics;

/// unknown, tracking, ttl or off.
using CacheState = plimsoll::NearCache::State;

/// The memory line of the process, its pools, and who is charged in them. All 0 before there is a
/// line: the first client draws it, or configure_memory().
struct MemoryStatistics : BudgetStatistics {
  std::size_t clients = 0;      ///< that there are, those included that are just ending
  std::size_t connections = 0;  ///< that are open, the handshake included

  /// A client has some for itself, and one for each subscription; `owner` is the client's number.
  /// What outlives its client is still there. They add up to their pools, but for the connections
  /// pool, which pays for the accounts themselves, too; and while clients are at work, since the
  /// accounts are looked at right after the pools.
  std::vector<AccountStatistics> accounts;

  /// What the process's allocator gave back besides, which is not of the line.
  GiveBackStatistics give_back;

  /// The container around the line, as of the last look (ContainerOptions::check_interval).
  ContainerStatistics container;
};

/// A table for people: a line for the whole, one for each pool, amounts as "1.5 MiB".
std::string to_text(const MemoryStatistics& statistics);

/// Figures of one client and of the memory line that all clients of the process share.
struct Statistics {
  ClientStatistics client;
  BudgetStatistics memory;

  /// The client's number: AccountStatistics::owner.
  std::uint64_t owner = 0;

  /// What this client is charged, by pool.
  std::vector<AccountStatistics> accounts;

  /// ClientStatistics::last_problem in words, with what the system said; empty: there was none.
  std::string last_problem;

  /// Why files that Options::tls names could not be read again after they had changed: what was
  /// read before is still in use. Empty: all is as the files say.
  std::string tls_problem;

  /// What Options::client_side_cache goes by now; none where there is no such cache.
  std::optional<CacheState> cache_state;

  /// Why the server does not track what is read, in words; empty: it does, or was not asked to.
  std::string tracking_problem;

  /// Why Options::credentials had none the last time; empty: it had.
  std::string credentials_problem;
};

namespace detail {

std::vector<AccountStatistics> accounts_of(const Budget& budget);
std::vector<AccountStatistics> accounts_of(const Budget& budget, std::uint64_t owner);

}  // namespace detail
}  // namespace plimsoll::native
