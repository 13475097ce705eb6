#include "plimsoll/native/driver/core_options.h"

#include <algorithm>
#include <string>
#include <vector>

#include "plimsoll/core/base/error.h"
#include "plimsoll/native/base/random_seed.h"

namespace plimsoll::inline v0::native {
namespace {

// Returns the name of the first TLS field that is set, which shows that the caller expects TLS;
// null if none is.
const char* first_set_of(const TlsOptions& tls) {
  const TlsOptions defaults;
  // Names every field, so that a new field does not compile until it is handled here.
  const auto& [enabled, ca_file, ca_directory, certificate_file, key_file, key_password,
               ask_key_password, server_name, verify, min_version, ciphers, ciphersuites] = tls;
  if (!ca_file.empty()) return "ca_file";
  if (!ca_directory.empty()) return "ca_directory";
  if (!certificate_file.empty()) return "certificate_file";
  if (!key_file.empty()) return "key_file";
  if (!key_password.empty()) return "key_password";
  if (ask_key_password) return "ask_key_password";
  if (!server_name.empty()) return "server_name";
  if (verify != defaults.verify) return "verify";
  if (min_version != defaults.min_version) return "min_version";
  if (!ciphers.empty()) return "ciphers";
  if (!ciphersuites.empty()) return "ciphersuites";
  return nullptr;
}

struct SchemeNames {
  const char* shown;  // in front of the address, in error texts
  const char* expected;
};

SchemeNames schemes_of(const Target& target) {
  if (target.is_cluster && target.options.topology != TopologyChoice::cluster) {
    return {.shown = "valkey+cluster://", .expected = "valkeys+cluster:// or rediss+cluster://"};
  }
  switch (target.endpoints.front().kind) {
    case Endpoint::Kind::tcp: return {.shown = "valkey://", .expected = "valkeys:// or rediss://"};
    case Endpoint::Kind::unix_socket:
      return {.shown = "", .expected = "tls.enabled, if there is TLS on that socket"};
    case Endpoint::Kind::websocket: return {.shown = "ws://", .expected = "wss://"};
  }
  return {.shown = "", .expected = ""};
}

// A caller who names authorities or certificates relies on TLS. Without TLS the password would
// cross the network unencrypted, to any peer that answers.
Result<void> refuse_plain(const Target& target) {
  const char* const set = first_set_of(target.options.tls);
  if (set == nullptr) return {};
  const SchemeNames schemes = schemes_of(target);
  return Error(ErrorCode::invalid_option, Executed::no,
               "tls." + std::string(set) + " is given, and the address " + schemes.shown +
                   target.endpoints.front().to_string() + " is without TLS; expected " +
                   schemes.expected);
}

// With sentinels, `tls` is for the servers that they name, and sentinel_tls for themselves.
Result<void> validate_sentinels(const Target& target) {
  const Options& options = target.options;
  const auto refuse = [&](const std::string& what, const char* expected) -> Result<void> {
    return Error(ErrorCode::invalid_option, Executed::no, what + "; expected " + expected);
  };
  if (target.primary_name.empty()) {
    if (!has_sentinel_options(options)) return {};
    return refuse(
        "an option for sentinels is given, and the address names none",
        "valkey+sentinel://, or no sentinel_username, sentinel_password and sentinel_tls");
  }
  const char* const of_sentinels = first_set_of(options.sentinel_tls);
  if (!options.sentinel_tls.enabled && of_sentinels != nullptr) {
    return refuse("sentinel_tls." + std::string(of_sentinels) +
                      " is given, and the sentinels are asked without TLS",
                  "valkeys+sentinel://, or sentinel_tls.enabled");
  }
  const char* const of_servers = first_set_of(options.tls);
  if (!options.tls.enabled && of_servers != nullptr) {
    return refuse("tls." + std::string(of_servers) + " is given, and the servers are without TLS",
                  "valkeys+sentinel://, or tls.enabled");
  }
  return {};
}

Result<void> validate_replicas(const Target& target, const TrackingOptions& tracking) {
  const Options& options = target.options;
  const ReplicaOptions replicas = replica_options(target);
  const bool are_read = options.read_from != ReadFrom::primary;
  if (!are_read && options.client_az.empty()) return {};
  const ClientOptions core = core_options(target, tracking, sentinel_options(target));
  const plimsoll::Status valid =
      target.is_cluster ? check_reads(replicas) : plimsoll::validate(replicas, core);
  if (!valid) return Error(valid.error());
  const char* what = nullptr;
  if (target.endpoints.front().kind == Endpoint::Kind::websocket) {
    what = "read_from names replicas, and the address is that of a bridge";
  } else if (target.endpoints.front().kind == Endpoint::Kind::unix_socket) {
    // Replicas are reached by TCP, where a password that was meant for a socket would be in plain
    // text.
    what = "read_from names replicas, and the address is that of a unix socket";
  } else {
    return {};
  }
  return Error(plimsoll::Error{
      .code = ErrorCode::invalid_option, .what = what, .expected = "primary as read_from"});
}

Result<void> validate_cluster(const Target& target, const TrackingOptions& tracking) {
  if (finds_cluster(target)) {
    // The rest is said if there is one.
    const plimsoll::Status in_range = check_redirects_max(cluster_options(target));
    return in_range ? Result<void>() : Error(in_range.error());
  }
  if (!target.is_cluster) return {};
  const plimsoll::Status valid = plimsoll::validate(
      cluster_options(target), core_options(target, tracking, sentinel_options(target)));
  return valid ? Result<void>() : Error(valid.error());
}

Result<void> validate_tls(const Target& target) {
  const TlsOptions& tls = target.options.tls;
  const Endpoint& endpoint = target.endpoints.front();
  if (!tls.enabled) return refuse_plain(target);
  const bool nameless = endpoint.kind == Endpoint::Kind::unix_socket && tls.server_name.empty();
  if (!nameless || tls.verify != TlsOptions::Verify::full) return {};
  return Error(plimsoll::Error{.code = ErrorCode::invalid_option,
                               .what = "TLS over a unix socket has no host to verify",
                               .expected = "tls.server_name"});
}

Result<void> validate_token(const Options& options, Endpoint::Kind kind) {
  const char* what = nullptr;
  const char* expected = nullptr;
  if (kind != Endpoint::Kind::websocket) {
    if (options.token.empty()) return {};
    what = "there is a token, and the address is that of a server";
    expected = "username and password; ws:// or wss:// for a bridge";
  } else if (!options.username.empty() || !options.password.empty()) {
    what = "there is a username or a password, and the address is that of a bridge";
    expected = "token";
  } else if (options.credentials && !options.token.empty()) {
    what = "there is a token, and credentials are asked for, too";
    expected = "one of them";
  } else {
    return {};
  }
  return Error(
      plimsoll::Error{.code = ErrorCode::invalid_option, .what = what, .expected = expected});
}

}  // namespace

SentinelOptions sentinel_options(const Target& target) {
  return {.primary_name = target.primary_name,
          .username = target.options.sentinel_username,
          .password = target.options.sentinel_password};
}

ReplicaOptions replica_options(const Target& target) {
  return {.read_from = target.options.read_from,
          .zone = target.options.client_az,
          .lag_max = target.options.replica_lag_max};
}

bool finds_cluster(const Target& target) {
  return target.options.topology == TopologyChoice::automatic && !target.is_cluster &&
         target.primary_name.empty();
}

ClusterOptions cluster_options(const Target& target) {
  using Reach = ClusterOptions::Reach;
  Reach reach = Reach::all_nodes;
  switch (target.endpoints.front().kind) {
    case Endpoint::Kind::tcp: break;
    case Endpoint::Kind::unix_socket: reach = Reach::unix_socket; break;
    case Endpoint::Kind::websocket: reach = Reach::bridge; break;
  }
  return {.redirects_max = target.options.redirects_max,
          .cross_slot_writes = target.options.cross_slot_writes,
          .replicas = replica_options(target),
          .seed_hosts = {},
          .reach = reach};
}

bool has_sentinel_options(const Options& options) {
  return !options.sentinel_username.empty() || !options.sentinel_password.empty() ||
         options.sentinel_tls.enabled || first_set_of(options.sentinel_tls) != nullptr;
}

ClientOptions core_options(const Target& target, const TrackingOptions& tracking,
                           const SentinelOptions& sentinel) {
  const Options& options = target.options;
  const bool asks_sentinels = !target.primary_name.empty();
  const std::size_t seeds_count = target.endpoints.size();
  // With Options::credentials the core gets the username later, together with the password.
  const bool asked_for = options.credentials != nullptr;
  // Any server of a cluster will do: each knows the others.
  const bool needs_primary =
      asks_sentinels || seeds_count > 1 || options.read_from != ReadFrom::primary;
  return {.username = asked_for ? std::string_view() : options.username,
          .password = options.password,
          .client_name = options.client_name,
          .database = options.database,
          .protocol = options.protocol,
          .no_evict = options.no_evict,
          .no_touch = options.no_touch,
          .inflight_overflow = options.inflight_overflow,
          .tracking = tracking,
          .inflight_requests_limit = options.inflight_requests_limit,
          .waiters_max = options.waiters_max,
          .request_timeout = options.request_timeout,
          .connect_timeout = options.connect_timeout,
          .reconnect_wait_min = options.reconnect_wait_min,
          .reconnect_wait_max = options.reconnect_wait_max,
          .health_check_interval = options.health_check_interval,
          .tombstone_age_max = options.tombstone_age_max,
          .reconnect_attempts_max = options.reconnect_attempts_max,
          .read_resends_max = options.read_resends_max,
          .seeds_count = static_cast<std::uint8_t>(seeds_count),
          .primary_only = needs_primary && !target.is_cluster,
          .sentinel = asks_sentinels ? &sentinel : nullptr,
          .blocking_connections_max = options.blocking_connections_max,
          .subscriptions_max = options.subscriptions_max,
          .subscription_messages_max = options.subscription_messages_max,
          .subscription_overflow = options.subscription_overflow,
          .random_seed = random_seed(),
          .close_timeout = options.close_timeout,
          .reply_bytes_max = options.reply_bytes_max};
}

bool is_one_place(const Target& target) {
  return target.is_cluster || (target.endpoints.size() == 1 && target.primary_name.empty());
}

// The TLS server name is a part of the place, because a proxy may choose the server by it.
std::string cache_place(const Target& target) {
  const Options& options = target.options;
  std::vector<std::string> addresses;
  if (is_one_place(target)) {
    for (const Endpoint& endpoint : target.endpoints) addresses.push_back(endpoint.to_string());
  }
  std::ranges::sort(addresses);
  std::string place;
  for (const std::string& address : addresses) place.append(address).append(1, '\1');
  place.append(1, '\0').append(std::to_string(options.database));
  place.append(1, '\0').append(options.tls.server_name);
  place.append(1, '\0').append(options.protocol == Protocol::resp3 ? "3" : "2");
  return place;
}

Result<void> validate(const Target& target, const TrackingOptions& tracking) {
  const Options& options = target.options;
  const Endpoint& endpoint = target.endpoints.front();
  const plimsoll::Status valid =
      plimsoll::validate(core_options(target, tracking, sentinel_options(target)));
  if (!valid) return Error(valid.error());
  if (options.tcp_user_timeout.count() < 0) {
    return Error(plimsoll::Error{.code = ErrorCode::invalid_option,
                                 .what = "tcp_user_timeout is negative",
                                 .expected = "a time, or zero for the system's"});
  }
  if (auto valid_token = validate_token(options, endpoint.kind); !valid_token) {
    return valid_token;
  }
  if (options.credentials && !options.password.empty()) {
    return Error(plimsoll::Error{.code = ErrorCode::invalid_option,
                                 .what = "there is a password, and credentials are asked for, too",
                                 .expected = "one of them"});
  }
  if (options.credentials_refresh_before.count() < 0) {
    return Error(plimsoll::Error{.code = ErrorCode::invalid_option,
                                 .what = "credentials_refresh_before is negative",
                                 .expected = "a time"});
  }
  if (auto valid_sentinels = validate_sentinels(target); !valid_sentinels) return valid_sentinels;
  if (auto valid_cluster = validate_cluster(target, tracking); !valid_cluster) {
    return valid_cluster;
  }
  if (auto valid_replicas = validate_replicas(target, tracking); !valid_replicas) {
    return valid_replicas;
  }
  return target.primary_name.empty() ? validate_tls(target) : Result<void>();
}

}  // namespace plimsoll::inline v0::native
