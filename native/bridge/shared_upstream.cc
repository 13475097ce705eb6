#include "plimsoll/native/bridge/shared_upstream.h"

#include <algorithm>
#include <string>

#include "plimsoll/native/bridge/config/upstream_table.h"
#include "plimsoll/native/driver/core_options.h"

namespace plimsoll::bridge {
namespace {

std::string plain_url(const native::Endpoint& endpoint) {
  const bool is_unix = endpoint.kind == native::Endpoint::Kind::unix_socket;
  return is_unix ? "unix://" + endpoint.path : "valkey://" + endpoint.to_string();
}

}  // namespace

SharedServer to_shared_server(const Upstream& upstream, const Limits& limits,
                              std::uint32_t threads) {
  SharedServer server;
  server.name = upstream.name;
  server.url = plain_url(upstream.endpoint);
  native::Options& options = server.options;
  options.topology = upstream.is_cluster ? TopologyChoice::cluster : TopologyChoice::standalone;
  options.seeds = upstream.seeds;
  options.tls = upstream.tls;
  options.client_name = "plimsoll-bridge";
  options.connect_timeout = limits.connect_timeout;
  // WebSockets are gone when three quarters of the time to drain are over: what is left.
  options.close_timeout = limits.drain_timeout / 4;
  options.request_timeout = upstream.request_timeout;
  options.blocking_connections_max = upstream.blocking_connections_max / threads;
  options.subscriptions_max = shared_subscriptions_max;
  options.inflight_requests_limit = shared_requests_in_flight_max;
  options.inflight_overflow = native::OnLimit::wait;
  options.reconnect_attempts_max = native::unlimited_attempts;
  options.reply_bytes_max = static_cast<std::size_t>(
      std::min<std::uint64_t>(options.reply_bytes_max, limits.memory_limit / shared_reply_divisor));
  return server;
}

native::ClientSideCacheOptions to_cache_options(const UpstreamCache& cache) {
  constexpr std::uint64_t kib = 1024;
  native::ClientSideCacheOptions options;
  options.max_cache_kb = cache.size / kib;
  options.eviction_policy = cache.eviction_policy;
  options.coherence_lease = cache.coherence_lease;
  options.server_ttl_cap = cache.server_ttl_cap;
  options.enable_metrics = true;  // /metrics shows them
  return options;
}

native::Result<void> validate(const SharedServer& server) {
  const auto target = native::parse_url(server.url, server.options);
  if (!target) return target.error();
  return native::validate(*target);
}

}  // namespace plimsoll::bridge
