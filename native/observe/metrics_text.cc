#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "plimsoll/metrics.h"
#include "plimsoll/native/observe/metric_rows.h"
#include "plimsoll/native/observe/state_name.h"
#include "plimsoll/version.h"

namespace plimsoll::inline v0::native::detail {
namespace {

// A client's labels, formatted once for all its samples, and the sums over its accounts.
struct ShownClient {
  const ClientSnapshot& snapshot;
  std::string labels;
  ClientTotals totals;
  std::array<Share, pools_count> shares{};
};

std::vector<ShownClient> shown_clients(const Observed& all) {
  std::vector<ShownClient> shown;
  shown.reserve(all.clients.clients.size());
  for (const ClientSnapshot& client : all.clients.clients) {
    const std::string number = std::to_string(client.owner);
    const MetricLabel labels[] = {{"client", number}, {"client_name", client.name}};
    ShownClient& one = shown.emplace_back(ShownClient{client, metric_labels(labels), {}, {}});
    one.totals.add(client.statistics);
  }
  for (const AccountStatistics& account : all.memory.accounts) {
    const auto found = std::lower_bound(shown.begin(), shown.end(), account.owner,
                                        [](const ShownClient& client, std::uint64_t owner) {
                                          return client.snapshot.owner < owner;
                                        });
    if (found == shown.end() || found->snapshot.owner != account.owner) continue;
    Share& share = found->shares[static_cast<std::size_t>(account.pool)];
    share.used += account.used;
    share.waiting += account.waiting;
  }
  return shown;
}

std::string_view cache_state(const ClientSnapshot& client) {
  return client.cache_state ? state_name(*client.cache_state) : "none";
}

// The pools that charge clients: caches and spare pages belong to no client.
constexpr PoolKind client_pools[] = {PoolKind::requests, PoolKind::replies, PoolKind::pushes,
                                     PoolKind::connections};

// Writes the text, and collects the metrics' descriptions on the way.
class Writer {
 public:
  explicit Writer(const Observed& all) : all_(all), shown_(shown_clients(all)) {
    // Approximately the final size, so that the text grows only once.
    constexpr std::size_t process_bytes = 16 * 1024;
    constexpr std::size_t client_bytes = 4 * 1024;
    text_.reserve(process_bytes + client_bytes * (shown_.size() + all.clients.caches.size()));
  }

  void write() {
    begin("build_info", gauge, "1; the label is the library's version", "version");
    const MetricLabel version_label[] = {{"version", version}};
    out_.add(metric_labels(version_label), 1);
    for (const auto& row : process_rows) {
      begin(row.name, row.type, row.help, "");
      out_.add({}, row.value(all_));
    }
    for (const auto& row : total_rows) {
      begin(row.name, row.type, row.help, "");
      out_.add({}, row.value(all_.clients.totals));
    }
    write_pools();
    write_clients();
    write_caches();
  }

  std::string take_text() { return std::move(text_); }
  std::vector<MetricDescription> take_descriptions() { return std::move(descriptions_); }

 private:
  static constexpr std::string_view client_labels = "client, client_name";

  void begin(std::string_view name, MetricType type, std::string_view help,
             std::string_view labels) {
    name_.assign("plimsoll_").append(name);
    out_.begin(name_, type, help);
    descriptions_.push_back(
        {.name = name_, .type = type, .help = std::string(help), .labels = std::string(labels)});
  }

  void write_pools() {
    for (const auto& row : pool_rows) {
      begin(row.name, row.type, row.help, "pool");
      for (std::size_t i = 0; i < all_.memory.pools.size(); ++i) {
        const MetricLabel labels[] = {{"pool", plimsoll::name(static_cast<PoolKind>(i))}};
        out_.add(metric_labels(labels), row.value(all_.memory.pools[i]));
      }
    }
    for (const auto& row : page_rows) {
      begin(row.name, row.type, row.help, "size");
      out_.add("size=\"segment\"", row.value(all_.memory.segments));
      out_.add("size=\"chunk\"", row.value(all_.memory.chunks));
    }
  }

  void write_clients() {
    begin("client_info", gauge, "1; the labels name the client's server and state",
          "client, client_name, server, database, state, cache");
    for (const ShownClient& client : shown_) {
      const std::string database = std::to_string(client.snapshot.database);
      const MetricLabel labels[] = {{"server", client.snapshot.server},
                                    {"database", database},
                                    {"state", state_name(client.snapshot.statistics.state)},
                                    {"cache", cache_state(client.snapshot)}};
      out_.add(client.labels + "," + metric_labels(labels), 1);
    }
    for (const auto& row : client_rows) {
      begin(row.name, row.type, row.help, client_labels);
      for (const ShownClient& client : shown_) out_.add(client.labels, row.value(client.snapshot));
    }
    for (const auto& row : total_rows) {
      begin("client_" + std::string(row.name), row.type, row.help, client_labels);
      for (const ShownClient& client : shown_) out_.add(client.labels, row.value(client.totals));
    }
    begin("client_problem", gauge, "1 while the client has this problem",
          "client, client_name, kind");
    for (const ShownClient& client : shown_) {
      for (const Problem& problem : problems) {
        const MetricLabel labels[] = {{"kind", problem.kind}};
        const bool is_there = !(client.snapshot.*problem.text).empty();
        out_.add(client.labels + "," + metric_labels(labels), is_there ? 1 : 0);
      }
    }
    for (const auto& row : share_rows) write_shares(row);
  }

  void write_shares(const Row<Share>& row) {
    begin(row.name, row.type, row.help, "client, client_name, pool");
    for (const ShownClient& client : shown_) {
      for (const PoolKind pool : client_pools) {
        const MetricLabel labels[] = {{"pool", plimsoll::name(pool)}};
        out_.add(client.labels + "," + metric_labels(labels),
                 row.value(client.shares[static_cast<std::size_t>(pool)]));
      }
    }
  }

  void write_caches() {
    for (const auto& row : cache_rows) {
      begin(row.name, row.type, row.help, "cache");
      for (const CacheSnapshot& cache : all_.clients.caches) {
        out_.add(labels_of(cache), row.value(cache));
      }
    }
    begin("cache_skipped_total", counter, "Replies that the cache did not store", "cache, reason");
    for (const CacheSnapshot& cache : all_.clients.caches) {
      for (const Skipped& each : skipped) {
        const MetricLabel labels[] = {{"reason", each.reason}};
        out_.add(labels_of(cache) + "," + metric_labels(labels), cache.statistics.*each.count);
      }
    }
  }

  static std::string labels_of(const CacheSnapshot& cache) {
    const std::string number = std::to_string(cache.number);
    const MetricLabel labels[] = {{"cache", number}};
    return metric_labels(labels);
  }

  const Observed& all_;
  const std::vector<ShownClient> shown_;
  std::string text_;
  PrometheusText out_{text_};
  std::string name_;
  std::vector<MetricDescription> descriptions_;
};

}  // namespace

std::string metrics_text(const Observed& all) {
  Writer writer(all);
  writer.write();
  return writer.take_text();
}

std::vector<MetricDescription> metric_descriptions() {
  const Observed nothing;
  Writer writer(nothing);
  writer.write();
  return writer.take_descriptions();
}

}  // namespace plimsoll::inline v0::native::detail
