#include "plimsoll/native/config/option_rows.h"

#include <algorithm>
#include <vector>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/config/field_text.h"

namespace plimsoll::native::config {
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
              "What the pool is guaranteed, of the line without the progress reserve and "
              "what connections have by default.",
          .when_unset = when_unset};
}

template <auto Pool>
constexpr OptionRow budget(std::string_view key, std::string_view when_unset) {
  return {.key = key,
          .access = in_memory<Kind::amount, &MemoryOptions::pools, Pool, &PoolOptions::budget>(),
          .taken = Taken::at_once,
          .description = "The same in bytes; wins over the ratio.",
          .when_unset = when_unset};
}

constexpr std::string_view by_ratio = "as the ratio says";
constexpr std::string_view the_rest = "what the others leave";
constexpr std::string_view a_64th = "a 64th of the line, and 64 KiB at least";

constexpr OptionRow memory_table[] = {
    {.key = "memory_limit",
     .access = in_memory<Kind::limit, &MemoryOptions::memory_limit>(),
     .taken = Taken::at_once,
     .description = "The memory line of the process, for all of its clients; \"auto\" takes a part "
                    "of what the container allows (container.auto_ratio).",
     .when_unset = "what the process has already, or 64 MiB"},
    {.key = "borrowing",
     .access = in_memory<Kind::flag, &MemoryOptions::borrowing>(),
     .taken = Taken::at_once,
     .description =
         "Whether a pool that needs more than it is guaranteed may use what others leave "
         "idle."},
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
     .description = "Whether the allocator of the process is asked to give free memory back to the "
                    "system when a burst is over."},
    {.key = "give_back.quiet_period",
     .access = in_memory<Kind::time, &MemoryOptions::give_back, &GiveBackOptions::quiet_period>(),
     .taken = Taken::at_once,
     .description = "How long nothing much may have happened before a burst counts as over."},
    {.key = "give_back.excess_min",
     .access = in_memory<Kind::amount, &MemoryOptions::give_back, &GiveBackOptions::excess_min>(),
     .taken = Taken::at_once,
     .description = "What the allocator has to have in excess: less is not worth asking.",
     .when_unset = "4 MiB"},
    {.key = "container.check_interval",
     .access =
         in_memory<Kind::time, &MemoryOptions::container, &ContainerOptions::check_interval>(),
     .taken = Taken::at_once,
     .description = "How often the container's limits are read again; zero: they are read once."},
    {.key = "container.auto_ratio",
     .access = in_memory<Kind::ratio, &MemoryOptions::container, &ContainerOptions::auto_ratio>(),
     .taken = Taken::at_once,
     .description = "What memory_limit = \"auto\" takes of the tightest limit around the process."},
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
     .description =
         "Where the server is: valkey://, valkeys://, unix://, or ws:// and wss:// for a "
         "bridge. What it says wins over the keys below.",
     .when_unset = "as the program says"},
    client_row<Kind::text, &Options::username>("client.username", "Who to be, with a password.",
                                               "the default user"),
    client_secret<&Options::password>("client.password", "The user's password."),
    client_secret_file<&SecretFiles::password_file>(
        "client.password_file", "A file with the password in it, in its place."),
    client_secret<&Options::token>("client.token",
                                   "What a bridge is shown, in place of a username and a "
                                   "password."),
    client_secret_file<&SecretFiles::token_file>("client.token_file",
                                                 "A file with the token in it, in its place."),
    client_row<Kind::time, &Options::credentials_refresh_before>(
        "client.credentials_refresh_before",
        "How long before their end the program is asked for other credentials, if it gives any."),
    client_row<Kind::text, &Options::client_name>("client.client_name", "What CLIENT LIST shows.",
                                                  "none"),
    client_row<Kind::choice, &Options::protocol>(
        "client.protocol",
        "RESP2 is for servers, and proxies in front of them, that do not know "
        "HELLO."),
    client_row<Kind::count, &Options::database>("client.database", "Which database to use."),
    client_row<Kind::flag, &Options::no_evict>(
        "client.no_evict",
        "CLIENT NO-EVICT: the server does not close these connections when it is short of memory."),
    client_row<Kind::flag, &Options::no_touch>(
        "client.no_touch", "CLIENT NO-TOUCH: reads do not count as use of the keys (LRU, LFU)."),
    client_row<Kind::time, &Options::request_timeout>(
        "client.request_timeout",
        "How long a request may take, waiting for a connection included; zero: for ever."),
    client_row<Kind::time, &Options::connect_timeout>(
        "client.connect_timeout", "How long connecting may take, and each attempt to reconnect."),
    client_row<Kind::time, &Options::close_timeout>(
        "client.close_timeout", "How long close() waits for replies that are owed."),
    client_row<Kind::count, &Options::inflight_requests_limit>(
        "client.inflight_requests_limit", "Requests that are sent or waiting to be, at a time."),
    client_row<Kind::choice, &Options::inflight_overflow>(
        "client.inflight_overflow", "What becomes of a request for which there is no place."),
    client_row<Kind::count, &Options::waiters_max>(
        "client.waiters_max", "How many may wait then, with inflight_overflow = \"wait\"."),
    client_row<Kind::amount, &Options::reply_bytes_max>(
        "client.reply_bytes_max", "Replies of more bytes are skipped as they stream past."),
    client_row<Kind::count, &Options::read_resends_max>(
        "client.read_resends_max",
        "How often a read whose connection was lost is sent again; 31 at most."),
    client_row<Kind::count, &Options::blocking_connections_max>(
        "client.blocking_connections_max",
        "Connections beside the main one, for commands that wait and for exclusive use. More such "
        "commands are rejected, or wait, as inflight_overflow says."),
    client_row<Kind::count, &Options::subscriptions_max>(
        "client.subscriptions_max",
        "Connections beside the main one, for subscriptions; 63 with those above at most."),
    client_row<Kind::count, &Options::subscription_messages_max>(
        "client.subscription_messages_max",
        "Messages that wait to be taken from one subscription."),
    client_row<Kind::choice, &Options::subscription_overflow>("client.subscription_overflow",
                                                              "What becomes of more."),
    client_row<Kind::time, &Options::reconnect_wait_min>(
        "client.reconnect_wait_min",
        "The first bound on the random wait before a lost connection is tried for again; doubled "
        "by each attempt that fails."),
    client_row<Kind::time, &Options::reconnect_wait_max>("client.reconnect_wait_max",
                                                         "The last bound."),
    client_row<Kind::attempts, &Options::reconnect_attempts_max>(
        "client.reconnect_attempts_max",
        "How many attempts may fail in a row before the client is closed."),
    client_row<Kind::time, &Options::health_check_interval>(
        "client.health_check_interval",
        "A connection that says nothing for that long is sent a PING; zero: never."),
    client_row<Kind::time, &Options::tombstone_age_max>(
        "client.tombstone_age_max",
        "A connection is replaced when it owes a reply for that long that nobody waits for."),
    client_row<Kind::time, &Options::tcp_user_timeout>(
        "client.tcp_user_timeout",
        "A connection is lost when what was sent is not acknowledged for that long; zero: the "
        "system's choice."),
};

template <Kind kind, auto Field>
constexpr OptionRow tls_row(std::string_view key, std::string_view description,
                            std::string_view when_unset = {}) {
  return {.key = key,
          .access = at<kind, &Configuration::client, &Options::tls, Field>(),
          .taken = Taken::by_new_clients,
          .description = description,
          .when_unset = when_unset};
}

constexpr OptionRow key_password() {
  OptionRow made = tls_row<Kind::text, &TlsOptions::key_password>(
      "client.tls.key_password", "What an encrypted key file is opened with.", "none");
  made.secret = true;
  return made;
}

constexpr std::string_view system_store = "the system's store";
constexpr std::string_view by_openssl = "OpenSSL's choice";

constexpr OptionRow tls_table[] = {
    tls_row<Kind::flag, &TlsOptions::enabled>(
        "client.tls.enabled",
        "Set by an address that begins with valkeys://, rediss:// or wss://."),
    tls_row<Kind::path, &TlsOptions::ca_file>(
        "client.tls.ca_file", "Who may sign the server's certificate: PEM.", system_store),
    tls_row<Kind::path, &TlsOptions::ca_directory>(
        "client.tls.ca_directory", "The same, as `openssl rehash` leaves it.", system_store),
    tls_row<Kind::path, &TlsOptions::certificate_file>(
        "client.tls.certificate_file", "Who this client is, for servers that want to know: PEM.",
        "none"),
    tls_row<Kind::path, &TlsOptions::key_file>("client.tls.key_file", "Its key.", "none"),
    key_password(),
    {.key = "client.tls.key_password_file",
     .access = at<Kind::path, &Configuration::secret_files, &SecretFiles::key_password_file>(),
     .taken = Taken::by_new_clients,
     .description = "A file with that password in it, in its place.",
     .when_unset = "none"},
    tls_row<Kind::text, &TlsOptions::server_name>(
        "client.tls.server_name", "The name that the server's certificate has to have.",
        "the host of the address"),
    tls_row<Kind::choice, &TlsOptions::verify>("client.tls.verify",
                                               "What the server's certificate has to be."),
    tls_row<Kind::choice, &TlsOptions::min_version>("client.tls.min_version", "The oldest TLS."),
    tls_row<Kind::text, &TlsOptions::ciphers>("client.tls.ciphers", "OpenSSL's list, for TLS 1.2.",
                                              by_openssl),
    tls_row<Kind::text, &TlsOptions::ciphersuites>("client.tls.ciphersuites",
                                                   "OpenSSL's list, for TLS 1.3.", by_openssl),
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
        "cache.max_cache_kb", "All that the client-side cache takes, in KiB; 0: there is none."),
    cache_row<Kind::count, &Cache::max_entries>(
        "cache.max_entries", "Entries at a time; 0: as many as max_cache_kb has room for."),
    cache_row<Kind::count, &Cache::entry_ttl_ms>(
        "cache.entry_ttl_ms",
        "How long an entry is served; 0: until it is invalidated or evicted."),
    cache_row<Kind::flag, &Cache::server_ttl_cap>(
        "cache.server_ttl_cap",
        "Whether an entry is never served for longer than the server keeps "
        "its key."),
    cache_row<Kind::choice, &Cache::eviction_policy>("cache.eviction_policy",
                                                     "Which entries make room for others."),
    cache_row<Kind::choice, &Cache::mode>(
        "cache.mode",
        "What the cache relies on: automatic takes tracking where the server has it."),
    cache_row<Kind::flag, &Cache::opt_in>(
        "cache.opt_in", "CLIENT TRACKING OPTIN: the server remembers only reads that are cached."),
    cache_row<Kind::flag, &Cache::cache_nil>("cache.cache_nil",
                                             "Whether \"there is no such key\" is stored as well."),
    cache_row<Kind::flag, &Cache::enable_metrics>(
        "cache.enable_metrics", "Whether cache_hit_rate() and the like may be asked for."),
    cache_row<Kind::time, &Cache::coherence_lease>(
        "cache.coherence_lease",
        "Entries are served only while their connection proves within this time that it brought "
        "all invalidations."),
    cache_row<Kind::texts, &Cache::broadcast_prefixes>(
        "cache.broadcast_prefixes",
        "CLIENT TRACKING BCAST: only keys that begin with one of these are cached."),
    cache_row<Kind::texts, &Cache::only_commands>(
        "cache.only_commands", "Only these commands are cached; none: all that can be."),
    cache_row<Kind::texts, &Cache::only_key_prefixes>(
        "cache.only_key_prefixes", "Only reads of which all keys begin with one of these."),
    cache_row<Kind::texts, &Cache::module_reads>(
        "cache.module_reads", "Reads of modules that may be cached, such as JSON.GET."),
};

constexpr OptionRow observe_table[] = {
    {.key = "metrics.listen",
     .access = at<Kind::listen, &Configuration::metrics_listen>(),
     .taken = Taken::at_once,
     .description = "Where figures are served, such as 127.0.0.1:9121.",
     .when_unset = "nowhere"},
    {.key = "dump.on_sigusr1",
     .access = at<Kind::flag, &Configuration::dump_on_sigusr1>(),
     .taken = Taken::at_once,
     .description = "Whether SIGUSR1 has configuration and accounts written down."},
    {.key = "dump.path",
     .access = at<Kind::path, &Configuration::dump_path>(),
     .taken = Taken::at_once,
     .description = "The file that they are appended to.",
     .when_unset = "standard error"},
};

std::vector<OptionRow> all_rows() {
  std::vector<OptionRow> all;
  for (const auto part : {memory_rows(), client_rows(), tls_rows(), cache_rows(), observe_rows()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

std::span<const OptionRow> memory_rows() { return memory_table; }
std::span<const OptionRow> client_rows() { return client_table; }
std::span<const OptionRow> tls_rows() { return tls_table; }
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

}  // namespace plimsoll::native::config
