#include <unistd.h>

#include <array>
#include <ctime>
#include <string_view>

#include "plimsoll/dump.h"
#include "plimsoll/native/base/amount.h"
#include "plimsoll/native/base/plain_text.h"
#include "plimsoll/native/observe/observed.h"
#include "plimsoll/native/observe/state_name.h"
#include "plimsoll/version.h"

namespace plimsoll::inline v0::native {
namespace {

// The most bytes of a name or a problem. The rest is cut off.
constexpr std::size_t words_bytes_max = 512;

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

class Dump {
 public:
  void add_head() {
    text_ += "plimsoll " + std::string(version) + ", process " + std::to_string(::getpid()) + ", " +
             time_now() + "\n";
  }

  void add_configuration(const DescribeConfiguration& describe) {
    if (!describe) return;
    begin("configuration");
    text_ += describe();
    if (!text_.ends_with('\n')) text_ += '\n';
  }

  void add_memory(const Observed& all) {
    begin("memory");
    text_ += to_text(all.memory);
    text_ += "process     " + amount(all.resident_bytes) + " resident, " +
             amount(all.anonymous_bytes) + " of it anonymous\n";
  }

  void add_accounts(const MemoryStatistics& memory) {
    begin("accounts: client, pool, used, limit, target, peak, waiting, refused");
    std::size_t lines = 0;
    for (const AccountStatistics& account : memory.accounts) {
      if (lines++ == dump_lines_max) break;
      text_ += std::to_string(account.owner) + " " + name(account.pool);
      for (const std::size_t bytes : {account.used, account.limit, account.target, account.peak}) {
        text_ += "  " + amount(bytes);
      }
      text_ +=
          "  " + std::to_string(account.waiting) + "  " + std::to_string(account.refused) + "\n";
    }
    add_left_out(memory.accounts.size() - std::min(memory.accounts.size(), dump_lines_max));
  }

  void add_clients(const ClientRegistry::Snapshot& all) {
    begin("clients");
    for (const ClientSnapshot& client : all.clients) add_client(client);
    add_left_out(all.clients_left_out);
  }

  void add_caches(const ClientRegistry::Snapshot& all) {
    begin("caches");
    for (const CacheSnapshot& cache : all.caches) {
      const cache::CacheStatistics& statistics = cache.statistics;
      text_ += "cache " + std::to_string(cache.number) + ": " + amount(statistics.bytes_committed) +
               " of " + amount(cache.bytes_max) + ", entries " +
               std::to_string(statistics.entries) + ", lookups " +
               std::to_string(statistics.lookups) + ", hits " + std::to_string(statistics.hits) +
               ", evictions " + std::to_string(statistics.evictions) + ", expirations " +
               std::to_string(statistics.expirations) + ", invalidations " +
               std::to_string(statistics.invalidations) + "\n";
    }
    add_left_out(all.caches_left_out);
  }

  std::string take() {
    constexpr std::string_view end = "\n... the rest is left out: dump_bytes_max\n";
    if (text_.size() > dump_bytes_max) text_.resize(dump_bytes_max - end.size()), text_ += end;
    return std::move(text_);
  }

 private:
  void begin(std::string_view title) { text_.append("\n== ").append(title).append("\n"); }

  void add_left_out(std::size_t count) {
    if (count > 0) text_ += "... and " + std::to_string(count) + " more\n";
  }

  void add_client(const ClientSnapshot& client) {
    const ClientStatistics& statistics = client.statistics;
    text_ += "client " + std::to_string(client.owner);
    if (!client.name.empty()) text_ += " (" + plain_text(client.name, words_bytes_max) + ")";
    text_ += " of " + client.server + ", database " + std::to_string(client.database) + ": " +
             std::string(state_name(statistics.state));
    if (client.cache_state) text_ += ", cache " + std::string(state_name(*client.cache_state));
    text_ += "\n ";
    add_count("in flight", statistics.in_flight);
    add_count("waiting", statistics.waiting);
    add_count("submitted", statistics.submitted);
    add_count("completed", statistics.counters.completed);
    add_count("failed", statistics.counters.failed);
    add_count("rejected", statistics.rejected);
    add_count("waited", statistics.waited);
    add_count("waiters refused", statistics.waiters_refused);
    text_ += "\n ";
    add_count("connections", statistics.counters.connections);
    add_count("lost", statistics.counters.connections_lost);
    add_count("dead", statistics.counters.connections_dead);
    add_count("attempts failed", statistics.counters.attempts_failed);
    add_count("for commands that wait", statistics.blocking_connections);
    add_count("subscriptions", statistics.subscriptions);
    add_count("bytes read", statistics.counters.bytes_read);
    add_count("written", statistics.counters.bytes_written);
    text_ += "\n ";
    add_count("replies skipped", statistics.counters.replies_skipped);
    add_count("pushes", statistics.counters.pushed);
    add_count("pushes skipped", statistics.counters.pushes_skipped);
    add_count("health checks", statistics.counters.health_checks);
    add_count("resent", statistics.counters.requests_resent);
    if (statistics.replicas.rounds > 0) {
      text_ += "\n ";
      add_count("reads at replicas", statistics.replicas.reads);
      add_count("moved", statistics.replicas.reads_moved);
      add_count("behind", statistics.replicas.reads_behind);
      add_count("rounds", statistics.replicas.rounds);
    }
    if (statistics.cluster.views > 0) {
      text_ += "\n ";
      add_count("moved in the cluster", statistics.cluster.moved);
      add_count("asked", statistics.cluster.asked);
      add_count("sent again", statistics.cluster.sent_again);
      add_count("parked", statistics.cluster.parked);
      add_count("sent in parts", statistics.cluster.scattered);
      add_count("parts", statistics.cluster.parts);
      add_count("views of the slots", statistics.cluster.views);
    }
    text_.back() = '\n';  // no comma behind the last one
    add_problem("last problem", client.last_problem);
    add_problem("TLS files", client.tls_problem);
    add_problem("tracking", client.tracking_problem);
    add_problem("credentials", client.credentials_problem);
  }

  void add_count(std::string_view what, std::uint64_t count) {
    text_.append(" ").append(what).append(" ").append(std::to_string(count)).append(",");
  }

  void add_problem(std::string_view what, const std::string& words) {
    if (words.empty()) return;
    text_.append("  ").append(what).append(": ").append(plain_text(words, words_bytes_max));
    text_ += '\n';
  }

  std::string text_;
};

}  // namespace

std::string dump_text(const DescribeConfiguration& describe) {
  const Observed all = observe(dump_lines_max, dump_lines_max);
  Dump dump;
  dump.add_head();
  dump.add_configuration(describe);
  dump.add_memory(all);
  dump.add_clients(all.clients);
  dump.add_caches(all.clients);
  dump.add_accounts(all.memory);
  return dump.take();
}

}  // namespace plimsoll::inline v0::native
