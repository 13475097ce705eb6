#pragma once

#include <vector>

#include "plimsoll/configuration.h"

// Every field of what a configuration holds, by name: a new one does not compile until it is here,
// and then wants an option, or a reason in the last of these functions' comments.

namespace plimsoll::testing {

using Fields = std::vector<const void*>;

inline void add(Fields&) {}

template <class First, class... Others>
void add(Fields& all, const First& first, const Others&... others) {
  all.push_back(&first);
  add(all, others...);
}

inline void add_memory(Fields& all, const native::MemoryOptions& memory) {
  const auto& [memory_limit, pools, borrowing, give_back, container] = memory;
  add(all, memory_limit, borrowing);
  const auto& [cache, requests, replies, pushes, connections] = pools;
  for (const auto* const pool : {&cache, &requests, &replies, &pushes, &connections}) {
    const auto& [ratio, budget] = *pool;
    add(all, ratio, budget);
  }
  const auto& [enabled, quiet_period, excess_min] = give_back;
  const auto& [check_interval, auto_ratio] = container;
  add(all, enabled, quiet_period, excess_min, check_interval, auto_ratio);
}

// Not said: ask_key_password, which is a function.
inline void add_tls(Fields& all, const native::TlsOptions& tls) {
  const auto& [enabled, ca_file, ca_directory, certificate_file, key_file, key_password,
               ask_key_password, server_name, verify, min_version, ciphers, ciphersuites] = tls;
  add(all, enabled, ca_file, ca_directory, certificate_file, key_file, key_password, server_name,
      verify, min_version, ciphers, ciphersuites);
}

// Not said: on_connection, credentials and tracer, which are code; client_side_cache, which apply()
// makes of [cache]; memory_limit, which is the process's and stands at the top.
inline void add_client(Fields& all, const native::Options& client) {
  const auto& [memory_limit, inflight_requests_limit, inflight_overflow, waiters_max,
               blocking_connections_max, subscriptions_max, subscription_messages_max,
               subscription_overflow, request_timeout, connect_timeout, topology, seeds, read_from,
               client_az, replica_lag_max, redirects_max, cross_slot_writes, reconnect_wait_min,
               reconnect_wait_max, reconnect_attempts_max, health_check_interval, tombstone_age_max,
               read_resends_max, tcp_user_timeout, on_connection, tracer, tls, close_timeout,
               reply_bytes_max, username, password, token, credentials, credentials_refresh_before,
               sentinel_username, sentinel_password, sentinel_tls, client_side_cache, key_prefix,
               channel_prefix, client_name, protocol, no_evict, no_touch, database] = client;
  add(all, inflight_requests_limit, inflight_overflow, waiters_max, blocking_connections_max,
      subscriptions_max, subscription_messages_max, subscription_overflow, request_timeout,
      connect_timeout, topology, seeds, read_from, client_az, replica_lag_max, redirects_max,
      cross_slot_writes, reconnect_wait_min, reconnect_wait_max, reconnect_attempts_max,
      health_check_interval, tombstone_age_max, read_resends_max, tcp_user_timeout, close_timeout,
      reply_bytes_max, username, password, token, credentials_refresh_before, sentinel_username,
      sentinel_password, key_prefix, channel_prefix, client_name, protocol, no_evict, no_touch,
      database);
  add_tls(all, tls);
  add_tls(all, sentinel_tls);
}

inline void add_cache(Fields& all, const native::ClientSideCacheOptions& cache) {
  const auto& [max_cache_kb, entry_ttl_ms, server_ttl_cap, eviction_policy, enable_metrics,
               max_entries, mode, cache_nil, opt_in, broadcast_prefixes, only_commands,
               only_key_prefixes, module_reads, coherence_lease] = cache;
  add(all, max_cache_kb, entry_ttl_ms, server_ttl_cap, eviction_policy, enable_metrics, max_entries,
      mode, cache_nil, opt_in, broadcast_prefixes, only_commands, only_key_prefixes, module_reads,
      coherence_lease);
}

/// Those that options say. Not said: file, origins and warnings, which loading fills in.
inline Fields said_by_options(const native::Configuration& configuration) {
  const auto& [memory, url, client, secret_files, cache, metrics_listen, dump_on_sigusr1, dump_path,
               file, origins, warnings] = configuration;
  const auto& [password_file, token_file, key_password_file, sentinel_password_file,
               sentinel_key_password_file] = secret_files;
  Fields all;
  add_memory(all, memory);
  add_client(all, client);
  add_cache(all, cache);
  add(all, url, password_file, token_file, key_password_file, sentinel_password_file,
      sentinel_key_password_file, metrics_listen, dump_on_sigusr1, dump_path);
  return all;
}

}  // namespace plimsoll::testing
