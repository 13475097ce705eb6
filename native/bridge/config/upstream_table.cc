#include "plimsoll/native/bridge/config/upstream_table.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "plimsoll/core/cluster/seeds.h"
#include "plimsoll/native/bridge/config/upstream_url.h"
#include "plimsoll/native/config/text/toml_text.h"

namespace plimsoll::bridge {
namespace {

using native::config::path_in;

constexpr std::string_view tls_files_and_name[] = {"ca_file", "certificate_file", "key_file",
                                                   "server_name"};

// What counts only for shared connections.
constexpr std::string_view shared_settings[] = {"request_timeout", "blocking_connections_max",
                                                "cache"};

// What the table says the servers are to each other. `unclear`: nothing that there is.
enum class Topology : std::uint8_t { not_said, standalone, cluster, unclear };

Topology read_topology(ConfigTable& table) {
  const auto text = table.text("topology");
  if (!text) return table.has("topology") ? Topology::unclear : Topology::not_said;
  if (*text == "standalone") return Topology::standalone;
  if (*text == "cluster") return Topology::cluster;
  table.add_problem("topology", R"(is unknown; expected "standalone" or "cluster")");
  return Topology::unclear;
}

native::TlsOptions read_server_tls(ConfigTable& table, const std::string& folder) {
  const auto path = [&](std::string_view key) {
    return path_in(folder, table.text(key).value_or(""));
  };
  native::TlsOptions tls;
  tls.ca_file = path("ca_file");
  tls.certificate_file = path("certificate_file");
  tls.key_file = path("key_file");
  tls.server_name = table.text("server_name").value_or("");
  if (table.has("certificate_file") != table.has("key_file")) {
    table.add_problem(table.has("key_file") ? "certificate_file" : "key_file",
                      "is missing; a client certificate needs certificate_file and key_file");
  }
  return tls;
}

// Reads further nodes, each as the library takes it, so that none can be refused later.
std::vector<std::string> read_seeds(ConfigTable& table) {
  std::vector<std::string> seeds;
  for (ConfigEntry& entry : table.entries("seeds")) {
    native::Options options;
    options.seeds = {entry.text};
    const auto read = native::parse_url("valkey://127.0.0.1", std::move(options));
    if (read) {
      seeds.push_back(read->endpoints.back().to_string());
      continue;
    }
    std::string_view why = read.error().text();
    constexpr std::string_view begin = "seeds: ";
    if (why.starts_with(begin)) why.remove_prefix(begin.size());
    table.add_problem("seeds", entry, "is no address of a node: " + std::string(why));
  }
  return seeds;
}

std::optional<UpstreamCache> read_cache(ConfigTable table) {
  UpstreamCache cache;
  cache.size = read_amount(table, "size", cache_size_bounds).value_or(0);
  cache.coherence_lease = read_duration(table, "coherence_lease", coherence_lease_bounds)
                              .value_or(cache.coherence_lease);
  cache.server_ttl_cap = table.flag("server_ttl_cap");
  const auto policy = table.text("eviction_policy");
  if (policy == "lfu") {
    cache.eviction_policy = cache::EvictionPolicy::lfu;
  } else if (policy && policy != "lru") {
    table.add_problem("eviction_policy", R"(is unknown; expected "lru" or "lfu")");
  }
  table.refuse_unknown();
  if (!table.has("size")) {
    table.add_problem("size", "is missing; expected the memory of the cache, such as \"32 MiB\"");
  }
  if (cache.size == 0) return std::nullopt;
  return cache;
}

// What the table says besides the URL, of how the bridge connects.
struct SaidOfConnections {
  Topology topology = Topology::not_said;
  std::vector<std::string> seeds;
  std::optional<bool> share_connections;
};

// Whether `said` tells what `upstream` is, whose address was read. If they contradict each other
// or the address, this is a problem.
bool settle_topology(ConfigTable& table, const SaidOfConnections& said, Upstream& upstream) {
  const bool is_unix = upstream.endpoint.kind == native::Endpoint::Kind::unix_socket;
  switch (said.topology) {
    case Topology::unclear: return false;
    case Topology::not_said: break;
    case Topology::standalone:
      if (!upstream.is_cluster) break;
      table.add_problem("topology",
                        "is standalone, and url names a cluster; expected \"cluster\", or "
                        "valkey:// or valkeys:// in url");
      return false;
    case Topology::cluster:
      if (!is_unix) {
        upstream.is_cluster = true;
        break;
      }
      table.add_problem("topology",
                        "is cluster, and url is a unix socket; expected valkey:// or valkeys:// "
                        "in url, because a client has to reach all nodes");
      return false;
  }
  if (!upstream.is_cluster && !upstream.seeds.empty()) {
    table.add_problem("url",
                      "has several addresses; expected one, or topology = \"cluster\" if they are "
                      "nodes of a cluster");
    return false;
  }
  return true;
}

// Whether share_connections is there, and no boolean.
bool is_unclear(const ConfigTable& table, const SaidOfConnections& said) {
  return table.has("share_connections") && !said.share_connections;
}

// Checks what is only for some upstreams, of one for which settle_topology() is true.
void judge_settings(ConfigTable& table, const SaidOfConnections& said, Upstream& upstream) {
  if (table.has("seeds") && !upstream.is_cluster) {
    table.add_problem("seeds",
                      "are nodes of a cluster, and this is none; expected topology = \"cluster\"");
  }
  upstream.seeds.insert(upstream.seeds.end(), said.seeds.begin(), said.seeds.end());
  if (upstream.seeds.size() >= seeds_max) {
    table.add_problem(table.has("seeds") ? "seeds" : "url",
                      "has " + std::to_string(upstream.seeds.size() + 1) +
                          " addresses, those of url and seeds together; expected " +
                          std::to_string(seeds_max) + " at most");
  }
  if (upstream.is_cluster && said.share_connections == false) {
    table.add_problem("share_connections",
                      "is false, and the connections of a cluster are always shared; expected "
                      "true");
  }
  upstream.shares_connections = upstream.is_cluster || said.share_connections == true;
  // A wrong share_connections says nothing of what the others are for.
  if (upstream.shares_connections || is_unclear(table, said)) return;
  for (const std::string_view key : shared_settings) {
    if (!table.has(key)) continue;
    table.add_problem(key,
                      "applies only to shared connections; expected share_connections = true, or "
                      "topology = \"cluster\"");
  }
}

}  // namespace

void read_upstream(std::string name, ConfigTable& table, const std::string& folder,
                   std::vector<Upstream>& all) {
  const auto url = table.text("url");
  native::TlsOptions tls = read_server_tls(table, folder);
  const SaidOfConnections said{.topology = read_topology(table),
                               .seeds = read_seeds(table),
                               .share_connections = table.boolean("share_connections")};
  Upstream read;
  read.request_timeout = read_duration(table, "request_timeout", request_timeout_bounds)
                             .value_or(read.request_timeout);
  const auto blocking = read_count(table, "blocking_connections_max", blocking_connections_bounds);
  ConfigTable cache = table.table("cache");
  if (table.has_table("cache")) read.cache = read_cache(std::move(cache));
  table.refuse_unknown();
  if (!url) {
    if (!table.has("url")) table.add_problem("url", "is missing; expected valkey://HOST:PORT");
    return;
  }
  UpstreamUrl parsed = parse_upstream_url(std::move(name), *url);
  if (parsed.problem.empty() && !(parsed.username.empty() && parsed.password.empty())) {
    parsed.problem = "has a user or a password; these belong to profiles";
  }
  if (!parsed.problem.empty()) return table.add_problem("url", parsed.problem);
  Upstream& upstream = parsed.upstream;
  tls.enabled = upstream.endpoint.kind == native::Endpoint::Kind::tcp && upstream.tls.enabled;
  for (const std::string_view key : tls_files_and_name) {
    if (table.has(key) && !tls.enabled)
      table.add_problem(key, "applies only to TLS; expected valkeys:// in url");
  }
  upstream.tls = std::move(tls);
  upstream.request_timeout = read.request_timeout;
  upstream.blocking_connections_max = blocking.value_or(read.blocking_connections_max);
  upstream.cache = read.cache;
  if (settle_topology(table, said, upstream)) judge_settings(table, said, upstream);
  all.push_back(std::move(upstream));
}

}  // namespace plimsoll::bridge
