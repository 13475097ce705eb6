#include "plimsoll/native/config/option_rows.h"

#include <algorithm>
#include <vector>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/config/field_text.h"

namespace plimsoll::inline v0::native::config {
namespace {

using Pools = MemoryOptions::Pools;

template <Kind kind, auto... Path>
constexpr Access in_memory() {
  return at<kind, &Configuration::memory, Path...>();
}

template <auto Pool>
constexpr OptionRow ratio(std::string_view key, std::string_view when_unset) {
  return {.key = key,
          .access = in_memory<Kind::ratio, &MemoryOptions::pools, Pool, &PoolOptions::ratio>(),
          .taken = Taken::at_once,
          .description =
              "The share that the pool is guaranteed: a part of the line without the progress "
              "reserve and the default share of the connections pool.",
          .when_unset = when_unset};
}

template <auto Pool>
constexpr OptionRow budget(std::string_view key, std::string_view when_unset) {
  return {.key = key,
          .access = in_memory<Kind::amount, &MemoryOptions::pools, Pool, &PoolOptions::budget>(),
          .taken = Taken::at_once,
          .description = "The same in bytes; overrides the ratio.",
          .when_unset = when_unset};
}

constexpr std::string_view by_ratio = "computed from the ratio";
constexpr std::string_view the_rest = "what the other pools leave";
constexpr std::string_view a_64th = "a 64th of the line, at least 64 KiB";

constexpr OptionRow memory_table[] = {
    {.key = "memory_limit",
     .access = in_memory<Kind::limit, &MemoryOptions::memory_limit>(),
     .taken = Taken::at_once,
     .description = "The memory limit of the process (the line), which all of its clients share; "
                    "\"auto\" takes a part of what the container allows (container.auto_ratio).",
     .when_unset = "the limit that the process has already, or 64 MiB"},
    {.key = "borrowing",
     .access = in_memory<Kind::flag, &MemoryOptions::borrowing>(),
     .taken = Taken::at_once,
     .description =
         "Whether a pool that needs more than its share may use what other pools leave idle."},
    ratio<&Pools::cache>("pools.cache.ratio", the_rest),
    budget<&Pools::cache>("pools.cache.budget", the_rest),
    ratio<&Pools::requests>("pools.requests.ratio", "0.25"),
    budget<&Pools::requests>("pools.requests.budget", by_ratio),
    ratio<&Pools::replies>("pools.replies.ratio", "0.25"),
    budget<&Pools::replies>("pools.replies.budget", by_ratio),
    ratio<&Pools::pushes>("pools.pushes.ratio", "0.1"),
    budget<&Pools::pushes>("pools.pushes.budget", by_ratio),
    ratio<&Pools::connections>("pools.connections.ratio", a_64th),
    budget<&Pools::connections>("pools.connections.budget", a_64th),
    {.key = "give_back.enabled",
     .access = in_memory<Kind::flag, &MemoryOptions::give_back, &GiveBackOptions::enabled>(),
     .taken = Taken::at_once,
     .description = "Whether the process's allocator is asked to give free memory back to the "
                    "system when a burst is over."},
    {.key = "give_back.quiet_period",
     .access = in_memory<Kind::time, &MemoryOptions::give_back, &GiveBackOptions::quiet_period>(),
     .taken = Taken::at_once,
     .description = "How long the process must be quiet before a burst counts as over."},
    {.key = "give_back.excess_min",
     .access = in_memory<Kind::amount, &MemoryOptions::give_back, &GiveBackOptions::excess_min>(),
     .taken = Taken::at_once,
     .description = "The allocator is asked only if it holds at least this much free memory, or "
                    "cannot report how much.",
     .when_unset = "4 MiB"},
    {.key = "container.check_interval",
     .access =
         in_memory<Kind::time, &MemoryOptions::container, &ContainerOptions::check_interval>(),
     .taken = Taken::at_once,
     .description = "How often the container's limits are read again; zero: only when the memory "
                    "limit is set."},
    {.key = "container.auto_ratio",
     .access = in_memory<Kind::ratio, &MemoryOptions::container, &ContainerOptions::auto_ratio>(),
     .taken = Taken::at_once,
     .description =
         "The part of the tightest limit around the process that memory_limit = \"auto\" takes."},
};

template <Kind kind, auto Field>
constexpr OptionRow client_row(std::string_view key, std::string_view description,
                               std::string_view when_unset = {}) {
  return {.key = key,
          .access = at<kind, &Configuration::client, Field>(),
          .taken = Taken::by_new_clients,
          .description = description,
          .when_unset = when_unset};
}

template <auto Field>
constexpr OptionRow client_secret(std::string_view key, std::string_view description) {
  OptionRow made = client_row<Kind::text, Field>(key, description, "none");
  made.secret = true;
  return made;
}

template <auto Field>
constexpr OptionRow client_secret_file(std::string_view key, std::string_view description) {
  return {.key = key,
          .access = at<Kind::path, &Configuration::secret_files, Field>(),
          .taken = Taken::by_new_clients,
          .description = description,
          .when_unset = "none"};
}

constexpr OptionRow client_table[] = {
    {.key = "client.url",
     .access = at<Kind::address, &Configuration::url>(),
     .taken = Taken::by_new_clients,
     .description = "The server's address: valkey://, valkeys://, unix://, ws:// and wss:// for "
                    "a bridge, valkey+sentinel:// and valkeys+sentinel:// for sentinels, or "
                    "valkey+cluster:// and valkeys+cluster:// for a cluster, which valkey:// and "
                    "valkeys:// find, too. Its parts override the keys below.",
     .when_unset = "the program chooses"},
    client_row<Kind::choice, &Options::topology>(
        "client.topology",
        "Whether the servers are a cluster. With automatic the first one says so; with standalone "
        "a node of a cluster is used like a single server."),
    client_row<Kind::texts, &Options::seeds>("client.seeds",
                                             "Further addresses, host[:port], of servers with the "
                                             "same data: the client finds the primary "
                                             "among all of them. Or further sentinels, or "
                                             "further servers of a cluster."),
    client_row<Kind::text, &Options::username>(
        "client.username", "The user to log in as, with a password.", "the default user"),
    client_secret<&Options::password>("client.password", "The user's password."),
    client_secret_file<&SecretFiles::password_file>(
        "client.password_file", "A file that contains the password, instead of client.password."),
    client_secret<&Options::token>(
        "client.token",
        "The token that the client shows to a bridge, instead of a username and a password."),
    client_secret_file<&SecretFiles::token_file>(
        "client.token_file", "A file that contains the token, instead of client.token."),
    client_row<Kind::text, &Options::sentinel_username>(
        "client.sentinel_username", "The user to log in as at sentinels, with a password.",
        "the default user"),
    client_secret<&Options::sentinel_password>("client.sentinel_password",
                                               "That user's password at the sentinels."),
    client_secret_file<&SecretFiles::sentinel_password_file>(
        "client.sentinel_password_file",
        "A file that contains that password, instead of client.sentinel_password."),
    client_row<Kind::choice, &Options::read_from>(
        "client.read_from",
        "Who answers reads: the primary, or its replicas, chosen in turn, by zone or by latency."),
    client_row<Kind::text, &Options::client_az>(
        "client.client_az",
        "The availability zone in which the client runs, for a read_from that goes by zones.",
        "none"),
    client_row<Kind::time, &Options::replica_lag_max>(
        "client.replica_lag_max",
        "A replica that lags further behind its primary is not read; at least 100ms."),
    client_row<Kind::count, &Options::redirects_max>(
        "client.redirects_max",
        "How often a request is sent on to another server of a cluster because of MOVED or ASK; 1 "
        "to 31."),
    client_row<Kind::choice, &Options::cross_slot_writes>(
        "client.cross_slot_writes",
        "What becomes of MSET with keys of several slots of a cluster: it is refused, or sent in a "
        "part for each slot, which is not atomic."),
    client_row<Kind::time, &Options::credentials_refresh_before>(
        "client.credentials_refresh_before",
        "How long before credentials expire the program is asked for new ones, if the program "
        "supplies them."),
    client_row<Kind::text, &Options::key_prefix>(
        "client.key_prefix", "Stands in front of each key of each command.", "none"),
    client_row<Kind::text, &Options::channel_prefix>(
        "client.channel_prefix",
        "Stands in front of each channel that the client publishes or subscribes to.", "none"),
    client_row<Kind::text, &Options::client_name>(
        "client.client_name", "The name of the client's connections in CLIENT LIST.", "none"),
    client_row<Kind::choice, &Options::protocol>(
        "client.protocol",
        "RESP2 is for servers, and proxies in front of them, that do not support HELLO."),
    client_row<Kind::count, &Options::database>("client.database",
                                                "The number of the database to use."),
    client_row<Kind::flag, &Options::no_evict>(
        "client.no_evict",
        "CLIENT NO-EVICT: the server does not close these connections when it is short of memory."),
    client_row<Kind::flag, &Options::no_touch>(
        "client.no_touch", "CLIENT NO-TOUCH: reads do not count as use of the keys (LRU, LFU)."),
    client_row<Kind::time, &Options::request_timeout>(
        "client.request_timeout",
        "How long a request may take, including the wait for a connection; zero: no limit."),
    client_row<Kind::time, &Options::connect_timeout>(
        "client.connect_timeout",
        "How long connect() tries before it fails, and how long each attempt to reconnect may "
        "take."),
    client_row<Kind::time, &Options::close_timeout>(
        "client.close_timeout", "How long close() waits for outstanding replies."),
    client_row<Kind::count, &Options::inflight_requests_limit>(
        "client.inflight_requests_limit",
        "The most requests that may be in flight at a time, from the call until the reply."),
    client_row<Kind::choice, &Options::inflight_overflow>(
        "client.inflight_overflow",
        "What happens to a request beyond that limit: it is rejected, or it waits."),
    client_row<Kind::count, &Options::waiters_max>(
        "client.waiters_max",
        "The most requests that may wait with inflight_overflow = \"wait\"; more are rejected."),
    client_row<Kind::amount, &Options::reply_bytes_max>(
        "client.reply_bytes_max",
        "A reply with more bytes is skipped, and its request fails (reply_too_large)."),
    client_row<Kind::count, &Options::read_resends_max>(
        "client.read_resends_max",
        "How often a read is sent again after its connection was lost; at most 31."),
    client_row<Kind::count, &Options::blocking_connections_max>(
        "client.blocking_connections_max",
        "The most side connections for commands that block and for exclusive use. Further commands "
        "that block are rejected or wait, as inflight_overflow says."),
    client_row<Kind::count, &Options::subscriptions_max>(
        "client.subscriptions_max",
        "The most side connections for subscriptions; at most 63 together with "
        "blocking_connections_max."),
    client_row<Kind::count, &Options::subscription_messages_max>(
        "client.subscription_messages_max",
        "The most messages of one subscription that wait to be taken."),
    client_row<Kind::choice, &Options::subscription_overflow>("client.subscription_overflow",
                                                              "What happens to further messages."),
    client_row<Kind::time, &Options::reconnect_wait_min>(
        "client.reconnect_wait_min",
        "The first upper bound of the random wait before an attempt to reconnect; each failed "
        "attempt doubles the bound."),
    client_row<Kind::time, &Options::reconnect_wait_max>("client.reconnect_wait_max",
                                                         "The highest value of that bound."),
    client_row<Kind::attempts, &Options::reconnect_attempts_max>(
        "client.reconnect_attempts_max",
        "How many attempts to reconnect may fail in a row before the client closes."),
    client_row<Kind::time, &Options::health_check_interval>(
        "client.health_check_interval",
        "The client sends a PING if the server sent nothing for this long and owes no reply; zero: "
        "never."),
    client_row<Kind::time, &Options::tombstone_age_max>(
        "client.tombstone_age_max",
        "A connection is replaced if a reply that no caller waits for any more stays outstanding "
        "for this long."),
    client_row<Kind::time, &Options::tcp_user_timeout>(
        "client.tcp_user_timeout",
        "A connection is lost if sent bytes stay unacknowledged for this long; zero: the system's "
        "default."),
};

// The rows of a TlsOptions. The keys are literals, because a row keeps a view of its key.
template <auto Tls, Kind kind, auto Field>
constexpr OptionRow tls_row(std::string_view key, std::string_view description,
                            std::string_view when_unset = {}) {
  return {.key = key,
          .access = at<kind, &Configuration::client, Tls, Field>(),
          .taken = Taken::by_new_clients,
          .description = description,
          .when_unset = when_unset};
}

template <auto Tls>
constexpr OptionRow key_password(std::string_view key) {
  OptionRow made = tls_row<Tls, Kind::text, &TlsOptions::key_password>(
      key, "The password of an encrypted key file.", "none");
  made.secret = true;
  return made;
}

template <auto File>
constexpr OptionRow key_password_file(std::string_view key, std::string_view description) {
  return {.key = key,
          .access = at<Kind::path, &Configuration::secret_files, File>(),
          .taken = Taken::by_new_clients,
          .description = description,
          .when_unset = "none"};
}

constexpr std::string_view system_store = "the system's store";
constexpr std::string_view by_openssl = "OpenSSL's choice";

constexpr auto tls = &Options::tls;
constexpr OptionRow tls_table[] = {
    tls_row<tls, Kind::flag, &TlsOptions::enabled>(
        "client.tls.enabled",
        "Whether to use TLS; an address that begins with valkeys://, valkeys+cluster://, "
        "rediss://, "
        "rediss+cluster:// or wss:// sets it."),
    tls_row<tls, Kind::path, &TlsOptions::ca_file>(
        "client.tls.ca_file",
        "A PEM file with the authorities that may sign the server's certificate.", system_store),
    tls_row<tls, Kind::path, &TlsOptions::ca_directory>(
        "client.tls.ca_directory", "A directory of such files, prepared by `openssl rehash`.",
        system_store),
    tls_row<tls, Kind::path, &TlsOptions::certificate_file>(
        "client.tls.certificate_file",
        "A PEM file with this client's certificate, for servers that ask for one.", "none"),
    tls_row<tls, Kind::path, &TlsOptions::key_file>(
        "client.tls.key_file", "A PEM file with the key of that certificate.", "none"),
    key_password<tls>("client.tls.key_password"),
    key_password_file<&SecretFiles::key_password_file>(
        "client.tls.key_password_file",
        "A file that contains that password, instead of client.tls.key_password."),
    tls_row<tls, Kind::text, &TlsOptions::server_name>(
        "client.tls.server_name", "The name that the server's certificate must be valid for.",
        "the host of the address"),
    tls_row<tls, Kind::choice, &TlsOptions::verify>("client.tls.verify",
                                                    "How the server's certificate is checked."),
    tls_row<tls, Kind::choice, &TlsOptions::min_version>(
        "client.tls.min_version", "The oldest TLS version that the client accepts."),
    tls_row<tls, Kind::text, &TlsOptions::ciphers>(
        "client.tls.ciphers", "The cipher list for TLS 1.2, in OpenSSL's syntax.", by_openssl),
    tls_row<tls, Kind::text, &TlsOptions::ciphersuites>(
        "client.tls.ciphersuites", "The cipher suites for TLS 1.3, in OpenSSL's syntax.",
        by_openssl),
};

constexpr auto sentinel_tls = &Options::sentinel_tls;
constexpr OptionRow sentinel_tls_table[] = {
    tls_row<sentinel_tls, Kind::flag, &TlsOptions::enabled>(
        "client.sentinel_tls.enabled",
        "Whether to use TLS with sentinels; an address that begins with valkeys+sentinel:// or "
        "rediss+sentinel:// sets it, with the keys of client.tls if none of these is set."),
    tls_row<sentinel_tls, Kind::path, &TlsOptions::ca_file>(
        "client.sentinel_tls.ca_file",
        "A PEM file with the authorities that may sign a sentinel's certificate.", system_store),
    tls_row<sentinel_tls, Kind::path, &TlsOptions::ca_directory>(
        "client.sentinel_tls.ca_directory",
        "A directory of such files, prepared by `openssl rehash`.", system_store),
    tls_row<sentinel_tls, Kind::path, &TlsOptions::certificate_file>(
        "client.sentinel_tls.certificate_file",
        "A PEM file with this client's certificate, for sentinels that ask for one.", "none"),
    tls_row<sentinel_tls, Kind::path, &TlsOptions::key_file>(
        "client.sentinel_tls.key_file", "A PEM file with the key of that certificate.", "none"),
    key_password<sentinel_tls>("client.sentinel_tls.key_password"),
    key_password_file<&SecretFiles::sentinel_key_password_file>(
        "client.sentinel_tls.key_password_file",
        "A file that contains that password, instead of client.sentinel_tls.key_password."),
    tls_row<sentinel_tls, Kind::text, &TlsOptions::server_name>(
        "client.sentinel_tls.server_name",
        "The name that a sentinel's certificate must be valid for.", "the host of the address"),
    tls_row<sentinel_tls, Kind::choice, &TlsOptions::verify>(
        "client.sentinel_tls.verify", "How a sentinel's certificate is checked."),
    tls_row<sentinel_tls, Kind::choice, &TlsOptions::min_version>(
        "client.sentinel_tls.min_version", "The oldest TLS version that the client accepts."),
    tls_row<sentinel_tls, Kind::text, &TlsOptions::ciphers>(
        "client.sentinel_tls.ciphers", "The cipher list for TLS 1.2, in OpenSSL's syntax.",
        by_openssl),
    tls_row<sentinel_tls, Kind::text, &TlsOptions::ciphersuites>(
        "client.sentinel_tls.ciphersuites", "The cipher suites for TLS 1.3, in OpenSSL's syntax.",
        by_openssl),
};

using Cache = ClientSideCacheOptions;

template <Kind kind, auto Field>
constexpr OptionRow cache_row(std::string_view key, std::string_view description) {
  return {.key = key,
          .access = at<kind, &Configuration::cache, Field>(),
          .taken = Taken::at_start,
          .description = description};
}

constexpr OptionRow cache_table[] = {
    cache_row<Kind::count, &Cache::max_cache_kb>(
        "cache.max_cache_kb",
        "The most memory that the client-side cache may take, in KiB; 0: no cache."),
    cache_row<Kind::count, &Cache::max_entries>(
        "cache.max_entries", "The most entries at a time; 0: as many as fit max_cache_kb."),
    cache_row<Kind::count, &Cache::entry_ttl_ms>(
        "cache.entry_ttl_ms",
        "How long an entry is served, in milliseconds; 0: until it is invalidated or evicted."),
    cache_row<Kind::flag, &Cache::server_ttl_cap>(
        "cache.server_ttl_cap",
        "Whether the cache serves an entry no longer than the server keeps its key."),
    cache_row<Kind::choice, &Cache::eviction_policy>("cache.eviction_policy",
                                                     "Which entries are evicted to make room."),
    cache_row<Kind::choice, &Cache::mode>(
        "cache.mode",
        "How the cache learns of changes: automatic uses tracking if the server supports it."),
    cache_row<Kind::flag, &Cache::opt_in>(
        "cache.opt_in",
        "CLIENT TRACKING OPTIN: the server remembers only reads that may be cached."),
    cache_row<Kind::flag, &Cache::cache_nil>(
        "cache.cache_nil", "Whether the cache also stores that a key does not exist."),
    cache_row<Kind::flag, &Cache::enable_metrics>(
        "cache.enable_metrics",
        "Whether cache_hit_rate() and the cache's other metrics are available."),
    cache_row<Kind::time, &Cache::coherence_lease>(
        "cache.coherence_lease",
        "An entry is served only if its connection has proved within this time that it delivered "
        "all invalidations."),
    cache_row<Kind::texts, &Cache::broadcast_prefixes>(
        "cache.broadcast_prefixes",
        "CLIENT TRACKING BCAST: only keys that begin with one of these are cached."),
    cache_row<Kind::texts, &Cache::only_commands>(
        "cache.only_commands", "Only these commands are cached; empty: all that can be cached."),
    cache_row<Kind::texts, &Cache::only_key_prefixes>(
        "cache.only_key_prefixes",
        "Only reads whose keys all begin with one of these are cached; empty: all."),
    cache_row<Kind::texts, &Cache::module_reads>(
        "cache.module_reads", "Reads of modules that may be cached, such as JSON.GET."),
};

constexpr OptionRow observe_table[] = {
    {.key = "metrics.listen",
     .access = at<Kind::listen, &Configuration::metrics_listen>(),
     .taken = Taken::at_once,
     .description = "The address at which metrics are served, such as 127.0.0.1:9121.",
     .when_unset = "not served"},
    {.key = "dump.on_sigusr1",
     .access = at<Kind::flag, &Configuration::dump_on_sigusr1>(),
     .taken = Taken::at_once,
     .description =
         "Whether SIGUSR1 makes the process write a dump of its configuration and accounts."},
    {.key = "dump.path",
     .access = at<Kind::path, &Configuration::dump_path>(),
     .taken = Taken::at_once,
     .description = "The file that dumps are appended to.",
     .when_unset = "standard error"},
};

std::vector<OptionRow> all_rows() {
  std::vector<OptionRow> all;
  for (const auto part : {memory_rows(), client_rows(), tls_rows(), sentinel_tls_rows(),
                          cache_rows(), observe_rows()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

std::span<const OptionRow> memory_rows() { return memory_table; }
std::span<const OptionRow> client_rows() { return client_table; }
std::span<const OptionRow> tls_rows() { return tls_table; }
std::span<const OptionRow> sentinel_tls_rows() { return sentinel_tls_table; }
std::span<const OptionRow> cache_rows() { return cache_table; }
std::span<const OptionRow> observe_rows() { return observe_table; }

std::span<const OptionRow> option_rows() {
  // Never destroyed: a thread of the library may print while static objects are destroyed.
  static const std::vector<OptionRow>& all = *new std::vector<OptionRow>(all_rows());
  return all;
}

const OptionRow* find_row(std::string_view key) {
  const auto rows = option_rows();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const OptionRow& row) { return row.key == key; });
  return found == rows.end() ? nullptr : &*found;
}

const OptionRow& row_of(std::string_view key) {
  const OptionRow* const row = find_row(key);
  PLIMSOLL_CHECK(row != nullptr);
  return *row;
}

}  // namespace plimsoll::inline v0::native::config
