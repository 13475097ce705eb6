#pragma once

#include "plimsoll/core/base/cxx20.h"

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

namespace plimsoll::inline v0::native {

using plimsoll::AccountStatistics;
using plimsoll::BudgetStatistics;
using plimsoll::PoolKind;
using plimsoll::PoolStatistics;
using ContainerStatistics = container::Statistics;

/// What a client's cache goes by: unknown, tracking, ttl or off.
using CacheState = plimsoll::NearCache::State;

/// The memory line of the process, its pools, and the accounts in them. Amounts are in bytes. All 0
/// until the first client or configure_memory() draws the line.
struct MemoryStatistics : BudgetStatistics {
  std::size_t clients = 0;      ///< in the process, also those that are ending
  std::size_t connections = 0;  ///< open, also those in their RESP handshake
  /// Names of hosts that are looked up now, each in a thread, 32 at a time, or wait for their turn.
  std::size_t name_lookups = 0;

  /// A client has several accounts for itself, and one for each subscription; `owner` is the
  /// client's number. The accounts of a client that is gone stay as long as something is charged to
  /// them, such as replies that you keep. The accounts of a pool add up to what the pool has used,
  /// with two exceptions: the connections pool also pays for the accounts themselves, and while
  /// clients are at work the numbers differ a little, because the accounts are read right after the
  /// pools.
  std::vector<AccountStatistics> accounts;

  /// What the process's allocator gave back to the system. This memory is not part of the line.
  GiveBackStatistics give_back;

  /// The container that the process runs in, as it was read last
  /// (ContainerOptions::check_interval).
  ContainerStatistics container;
};

/// Returns a table for people: a row for the memory line, one for each pool; amounts as "1.5 MiB".
std::string to_text(const MemoryStatistics& statistics);

/// Statistics of one client, and of the memory line that all clients of the process share.
struct Statistics {
  ClientStatistics client;
  BudgetStatistics memory;

  /// The client's number: AccountStatistics::owner.
  std::uint64_t owner = 0;

  /// This client's accounts, with what is charged to each.
  std::vector<AccountStatistics> accounts;

  /// The address of the main connection, or of the last attempt at one.
  std::string server;

  /// ClientStatistics::last_problem as a text, with what the system said; empty: there was no
  /// problem.
  std::string last_problem;

  /// Why the client could not read the files of Options::tls again after they had changed; it still
  /// uses what it had read before. Empty: the client uses the files as they are.
  std::string tls_problem;

  /// What Options::client_side_cache goes by now; none: the client has no cache.
  std::optional<CacheState> cache_state;

  /// Why the server does not track what the client reads; empty: it does, or was not asked to.
  std::string tracking_problem;

  /// Why the last call of Options::credentials failed; empty: it succeeded.
  std::string credentials_problem;
};

struct ClientSnapshot;

namespace detail {

std::vector<AccountStatistics> accounts_of(const Budget& budget);
std::vector<AccountStatistics> accounts_of(const Budget& budget, std::uint64_t owner);
/// A client's snapshot, and what the budget says of it.
Statistics statistics_of(ClientSnapshot client, const Budget& budget);

}  // namespace detail
}  // namespace plimsoll::inline v0::native
