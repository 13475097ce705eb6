#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/native/bridge/config/addresses.h"
#include "plimsoll/native/bridge/tokens/grant.h"
#include "plimsoll/native/bridge/tokens/jwt_key.h"
#include "plimsoll/native/bridge/tokens/static_token.h"
#include "plimsoll/options.h"
#include "plimsoll/tls_options.h"

// What the bridge is told, whole and checked: read_config() of config_file.h and
// command_line.h makes it. It has secrets in it, so nothing prints it.

namespace plimsoll::bridge {

/// A server, and how it is reached. Who to be there is the profile's.
struct Upstream {
  std::string name;
  native::Endpoint endpoint;
  native::TlsOptions tls;
};

/// Bounds of these are in config_limits.cc.
struct Limits {
  std::uint32_t connections_max = 10'000;
  std::uint32_t connections_per_address_max = 100;
  std::uint32_t upgrades_per_second_per_address = 20;
  std::uint32_t commands_per_second_per_token = 0;  ///< 0: no bound
  std::uint32_t pongs_missed_max = 2;
  std::uint64_t message_bytes_max = 1024 * 1024;
  std::uint64_t request_bytes_max = 1024 * 1024;
  std::uint64_t memory_limit = 256 * 1024 * 1024;
  std::chrono::milliseconds handshake_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds ping_interval = std::chrono::seconds(25);
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds drain_timeout = std::chrono::seconds(10);
};

struct Config {
  std::vector<ListenAddress> listen{{.host = "127.0.0.1", .port = 8380}};
  std::optional<ListenAddress> metrics;

  /// TLS of who connects; both or neither.
  std::string certificate_file;
  std::string key_file;

  /// Somebody in front of the bridge has TLS: it may listen beyond loopback without.
  bool behind_proxy = false;
  /// Whose word on the client's address is taken.
  std::vector<Network> trusted_proxies;
  /// Connections of theirs begin with the header of the PROXY protocol.
  bool proxy_protocol = false;

  std::vector<Upstream> upstreams;
  std::vector<Profile> profiles;
  std::vector<StaticToken> static_tokens;
  std::vector<JwtKey> jwt_keys;

  /// "https://example.org": what `Origin` may be, letter by letter. None: no browser's page.
  std::vector<std::string> origins;
  /// What `Host` may be on loopback, besides localhost, 127.0.0.1 and [::1].
  std::vector<std::string> hosts;

  /// What is shown to whoever asks for a page; empty: nothing.
  std::string pages_folder;

  Limits limits;

  /// A file's name, "stderr", or empty: no log.
  std::string access_log;

  /// With --local: a fresh token, to be shown to who started the bridge.
  std::string local_token;
};

}  // namespace plimsoll::bridge
