#include "plimsoll/statistics.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "plimsoll/client_snapshot.h"
#include "plimsoll/native/base/amount.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr std::size_t name_width = 12;
constexpr std::size_t column_width = 12;

void append_cell(std::string& line, const std::string& text) {
  line.append(column_width - std::min(column_width, text.size()), ' ').append(text);
}

void append_name(std::string& line, std::string_view name) {
  line.append(name).append(name_width - std::min(name_width, name.size()), ' ');
}

void append_header(std::string& text) {
  append_name(text, "pool");
  for (const char* title : {"share", "limit", "target", "used", "peak"}) append_cell(text, title);
  for (const char* title : {"waiting", "refused", "accounts"}) append_cell(text, title);
  text += '\n';
}

void append_pool(std::string& text, std::string_view name, const PoolStatistics& pool) {
  append_name(text, name);
  for (const std::size_t bytes : {pool.share, pool.limit, pool.target, pool.used, pool.peak}) {
    append_cell(text, amount(bytes));
  }
  append_cell(text, std::to_string(pool.waiting));
  append_cell(text, std::to_string(pool.refused));
  append_cell(text, std::to_string(pool.accounts));
  text += '\n';
}

void append_pages(std::string& text, std::string_view name, const PageStatistics& pages) {
  append_name(text, name);
  text += amount(pages.live) + " in use, " + amount(pages.pooled) + " free, " +
          amount(pages.returned) + " given back to the system\n";
}

}  // namespace

namespace detail {

std::vector<AccountStatistics> accounts_of(const Budget& budget) {
  std::vector<AccountStatistics> accounts;
  // Other threads may open accounts between two calls, so ask again until all fit.
  for (std::size_t count = budget.account_statistics(accounts); count != accounts.size();) {
    accounts.resize(count);
    count = budget.account_statistics(accounts);
    if (count < accounts.size()) accounts.resize(count);
  }
  return accounts;
}

std::vector<AccountStatistics> accounts_of(const Budget& budget, std::uint64_t owner) {
  std::vector<AccountStatistics> accounts = accounts_of(budget);
  std::erase_if(accounts, [owner](const auto& account) { return account.owner != owner; });
  return accounts;
}

Statistics statistics_of(ClientSnapshot client, const Budget& budget) {
  Statistics all;
  all.client = client.statistics;
  all.memory = budget.statistics();
  all.owner = client.owner;
  all.accounts = accounts_of(budget, client.owner);
  all.server = std::move(client.server);
  all.last_problem = std::move(client.last_problem);
  all.tls_problem = std::move(client.tls_problem);
  all.cache_state = client.cache_state;
  all.tracking_problem = std::move(client.tracking_problem);
  all.credentials_problem = std::move(client.credentials_problem);
  return all;
}

}  // namespace detail

std::string to_text(const MemoryStatistics& statistics) {
  std::string text = "memory line " + amount(statistics.target) + ": ";
  if (statistics.limit != statistics.target) text += amount(statistics.limit) + " in force, ";
  text += amount(statistics.used) + " used, " + amount(statistics.peak) + " at most; clients " +
          std::to_string(statistics.clients) + ", connections " +
          std::to_string(statistics.connections) + "\n";
  append_header(text);
  for (std::size_t i = 0; i < statistics.pools.size(); ++i) {
    append_pool(text, name(static_cast<PoolKind>(i)), statistics.pools[i]);
  }
  append_pages(text, "segments", statistics.segments);
  append_pages(text, "chunks", statistics.chunks);
  append_name(text, "given back");
  text += to_text(statistics.give_back) + "\n";
  append_name(text, "container");
  text += container::to_text(statistics.container) + "\n";
  return text;
}

}  // namespace plimsoll::inline v0::native
