#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/core/cache/options.h"
#include "plimsoll/native/bridge/config/addresses.h"
#include "plimsoll/native/bridge/config/log_format.h"
#include "plimsoll/native/bridge/tokens/authorization.h"
#include "plimsoll/native/bridge/tokens/jwt_key_file.h"
#include "plimsoll/native/bridge/tokens/static_token.h"
#include "plimsoll/options.h"
#include "plimsoll/tls_options.h"

// The bridge's whole configuration, checked. read_config() makes it out of a file (config_file.h)
// and the command line (command_line.h). It contains secrets, so nothing prints it.

namespace plimsoll::bridge {

/// A cache of the bridge's for what clients read from an upstream: [upstreams.NAME.cache].
struct UpstreamCache {
  std::uint64_t size = 0;  ///< bytes
  cache::EvictionPolicy eviction_policy = cache::EvictionPolicy::lru;
  std::chrono::milliseconds coherence_lease = std::chrono::seconds(10);  ///< as the library's
  bool server_ttl_cap = false;  ///< ask how long the server keeps what is read
};

/// A server, or a cluster, and how to reach it. The user is part of the profile.
struct Upstream {
  std::string name;
  native::Endpoint endpoint;
  native::TlsOptions tls;
  /// The servers are nodes of a cluster. Implies shares_connections.
  bool is_cluster = false;
  /// Further nodes of the cluster, "host:port".
  std::vector<std::string> seeds{};
  /// The requests of all clients of a user go through a few connections. What follows is for such
  /// an upstream.
  bool shares_connections = false;
  std::chrono::milliseconds request_timeout = std::chrono::seconds(5);
  std::uint32_t blocking_connections_max = 16;
  std::optional<UpstreamCache> cache{};
};

/// config_limits.cc has the bounds of each.
struct Limits {
  std::uint32_t connections_max = 10'000;
  std::uint32_t connections_per_address_max = 100;
  std::uint32_t upgrades_per_second_per_address = 20;
  std::uint32_t ipv6_prefix_bits = 64;  ///< an IPv6 address counts by so many bits of it
  std::uint32_t commands_per_second_per_token = 0;  ///< 0: no bound
  std::uint32_t pongs_missed_max = 2;
  std::uint64_t message_bytes_max = 1024 * 1024;
  std::uint64_t request_bytes_max = 1024 * 1024;
  std::uint64_t requests_ahead_bytes_max = 16 * 1024 * 1024;
  std::uint64_t memory_limit = 256 * 1024 * 1024;
  std::chrono::milliseconds handshake_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds ping_interval = std::chrono::seconds(25);
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds lame_duck{0};
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(10);
};

struct Config {
  std::vector<ListenAddress> listen{{.host = "127.0.0.1", .port = 8380}};
  std::optional<ListenAddress> metrics;

  /// How many threads serve clients, each with a loop and, for shared upstreams, clients of its
  /// own.
  std::uint32_t threads = 1;

  /// For clients that connect with TLS; both or neither.
  std::string certificate_file;
  std::string key_file;

  /// A proxy in front terminates TLS, so the bridge may listen beyond loopback without TLS.
  bool behind_proxy = false;
  /// The proxies that the bridge believes when they name a client's address.
  std::vector<Network> trusted_proxies;
  /// Connections of trusted proxies begin with the header of the PROXY protocol.
  bool proxy_protocol = false;

  std::vector<Upstream> upstreams;
  std::vector<Profile> profiles;
  std::vector<StaticToken> static_tokens;
  std::vector<JwtKeyFile> jwt_key_files;

  /// Exact values of `Origin` that may connect, "https://example.org". Empty: no page may connect,
  /// except those of pages_folder.
  std::vector<std::string> origins;
  /// Values of `Host` that are accepted on loopback, besides localhost, 127.0.0.1 and [::1].
  std::vector<std::string> hosts;

  /// The folder of files to serve as pages; empty: none.
  std::string pages_folder;

  Limits limits;

  /// A file's name, "stderr", or empty: no log.
  std::string access_log;

  /// Of everything else that the bridge writes.
  LogFormat log_format = LogFormat::text;

  /// With --local: a new token, which the program prints.
  std::string local_token;
};

}  // namespace plimsoll::bridge
