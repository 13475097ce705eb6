#include "plimsoll/wasm/abi.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/other_servers.h"
#include "plimsoll/wasm/door.h"
#include "plimsoll/wasm/translate.h"

// The calls of abi.h about the instance, its caches, and clients as a whole.

namespace plimsoll::wasm {

std::int32_t refuse(const Error& error) {
  instance().error = error;
  outbox().error = static_cast<std::uint32_t>(error.code) + 1;
  outbox().executed = static_cast<std::uint32_t>(error.executed);
  return -static_cast<std::int32_t>(outbox().error);
}

std::int32_t refuse_argument(const char* what, const char* expected) {
  return refuse({.code = ErrorCode::invalid_argument, .what = what, .expected = expected});
}

std::int32_t refuse_time() { return refuse_argument("not a time", time_expected); }

void show_spans(std::span<const std::string_view> spans) {
  std::transform(spans.begin(), spans.end(), outbox().spans, [](std::string_view span) {
    return PlimsollSpan{.bytes = span.data(), .size = span.size()};
  });
}

namespace {

constexpr std::uint32_t client_words = 4;
constexpr std::uint32_t sentinel_words = 3;
constexpr std::uint32_t replica_words = 1;
constexpr std::uint32_t credentials_words = 2;

void append(std::string_view text) {
  const std::size_t room = plimsoll_text_max - outbox().text_size;
  const std::size_t size = std::min(text.size(), room);
  std::copy_n(text.data(), size, outbox().text + outbox().text_size);
  outbox().text_size += static_cast<std::uint32_t>(size);
}

void show_text(const Error& error) {
  outbox().text_size = static_cast<std::uint32_t>(describe(error, outbox().text).size());
}

// Writes where a CHECK failed to the outbox, just before the trap.
[[maybe_unused]] void show_failed_check(const char*, const char* file, int line) {
  std::array<char, 10> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), line).ptr;
  outbox().text_size = 0;
  append("CHECK failed at ");
  append(file);
  append(":");
  append({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

#ifdef __wasm__
// Natively the default hook, which prints, is more useful.
[[maybe_unused]] const bool hooked = (set_check_hook(&show_failed_check), true);
#endif

void show_problem(const Error* problem) {
  outbox().text_size = 0;
  if (problem != nullptr && *problem->what != '\0') show_text(*problem);
}

constexpr Error watches_none{.code = ErrorCode::invalid_option,
                             .what = "the sentinel watches no primary of this name"};

void show_sentinel(const Sentinels::Known& known, bool is_found) {
  const Error* problem = nullptr;
  if (*known.problem.what != '\0') problem = &known.problem;
  if (known.watches_none) problem = &watches_none;
  outbox().statistics.sentinel = to_abi(known, is_found, problem);
  const auto host_of = [](const NodeAddress* address) {
    return address != nullptr ? address->host() : std::string_view();
  };
  show_spans(std::array{host_of(known.told), host_of(known.primary)});
  show_problem(problem);
}

void show_replica(const KnownReplica& known) {
  outbox().statistics.replica = to_abi(known);
  const NodeAddress* const primary = known.primary;
  show_spans(std::array{known.address.host(), known.progress.zone.text(),
                        primary != nullptr ? primary->host() : std::string_view()});
  show_problem(known.problem);
}

void show_node(const Cluster::Known& known) {
  outbox().statistics.node = to_abi(known);
  const NodeId& id = known.node.id;
  show_spans(std::array{known.node.address.host(), is_known(id)
                                                       ? std::string_view(id.data(), id.size())
                                                       : std::string_view()});
  show_problem(&known.node.problem);
}

template <class Configure>
std::int32_t configure(double memory_limit, Configure&& how) {
  if (!(memory_limit >= 0 && memory_limit <= exact_max)) {
    return refuse({.code = ErrorCode::invalid_option,
                   .what = "memory_limit is not a number of bytes",
                   .expected = "1 MiB to 224 MiB"});
  }
  return answer(how(static_cast<std::uint64_t>(memory_limit)));
}

template <class Call>
std::int32_t with_cache(std::int32_t cache, Call&& call) {
  HostedCache* const found = instance().caches.find(cache);
  if (found != nullptr) return call(*found);
  return refuse_argument("there is no such cache", "an id that plimsoll_create_cache() gave");
}

}  // namespace
}  // namespace plimsoll::wasm

using namespace plimsoll;
using namespace plimsoll::wasm;

// ---- The instance

uint32_t PLIMSOLL_EXPORT(plimsoll_version)(void) { return plimsoll_abi_version; }

PlimsollOutbox* PLIMSOLL_EXPORT(plimsoll_outbox)(void) { return &outbox(); }

int32_t PLIMSOLL_EXPORT(plimsoll_configure)(double memory_limit) {
  return configure(memory_limit, [](std::uint64_t bytes) { return instance().configure(bytes); });
}

int32_t PLIMSOLL_EXPORT(plimsoll_set_memory_limit)(double memory_limit) {
  return configure(memory_limit,
                   [](std::uint64_t bytes) { return instance().set_memory_limit(bytes); });
}

char* PLIMSOLL_EXPORT(plimsoll_stage)(size_t size) {
  DrawnLine& line = instance().line();
  char* const room = line.staging.stage(size);
  if (room == nullptr && size > plimsoll_memory_limit_max) {
    refuse(longer_than_any_line(size));
  } else if (room == nullptr) {
    refuse({.code = ErrorCode::rejected_by_limit,
            .what = "the requests pool has no room for this request now",
            .expected = "other requests to end first, or shorter words",
            .value = size});
  }
  return room;
}

int32_t PLIMSOLL_EXPORT(plimsoll_memory_statistics)(void) {
  const DrawnLine* const line = instance().drawn_line();
  outbox().statistics.memory = to_abi(line ? line->budget.statistics() : BudgetStatistics());
  return 0;
}

int32_t PLIMSOLL_EXPORT(plimsoll_describe_error)(void) {
  show_text(instance().error);
  return static_cast<int32_t>(outbox().text_size);
}

// ---- Caches

PlimsollCacheOptions* PLIMSOLL_EXPORT(plimsoll_cache_options)(void) {
  instance().cache_options = to_abi(cache::CacheOptions());
  return &instance().cache_options;
}

int32_t PLIMSOLL_EXPORT(plimsoll_create_cache)(uint32_t count) {
  const TakesStaged takes;
  const auto words = takes.staging.words(count);
  if (!words) return refuse(words.error());
  const Result<HostedCacheOptions> options = from_abi(instance().cache_options, *words);
  if (!options) return refuse(options.error());
  return answer(instance().create_cache(*options));
}

int32_t PLIMSOLL_EXPORT(plimsoll_destroy_cache)(int32_t cache) {
  return answer(instance().destroy_cache(cache));
}

int32_t PLIMSOLL_EXPORT(plimsoll_clear_cache)(int32_t cache) {
  return with_cache(cache, [](HostedCache& found) {
    found.cache().clear();
    return 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_drop_untracked)(int32_t cache) {
  return with_cache(cache, [](HostedCache& found) {
    found.cache().drop_untracked();
    return 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_cache_statistics)(int32_t cache) {
  return with_cache(cache, [](HostedCache& found) {
    outbox().statistics.cache = to_abi(found.cache().statistics());
    return 0;
  });
}

// ---- A client

PlimsollOptions* PLIMSOLL_EXPORT(plimsoll_options)(void) {
  instance().options = to_abi(ClientOptions(), ReplicaOptions(), ClusterOptions());
  return &instance().options;
}

int32_t PLIMSOLL_EXPORT(plimsoll_create)(double now) {
  if (!is_time(now)) return refuse_time();
  const TakesStaged takes;
  Result<ClientOptions> options = from_abi(instance().options);
  if (!options) return refuse(options.error());
  const bool asks_sentinels = instance().options.sentinel != 0;
  const bool reads_replicas = instance().options.read_from != 0;
  const auto topology = static_cast<TopologyChoice>(instance().options.topology);
  const bool may_be_cluster = topology != TopologyChoice::standalone;
  const std::uint32_t seeds = may_be_cluster ? options->seeds_count : 0;
  const auto words = takes.staging.words(client_words + (asks_sentinels ? sentinel_words : 0) +
                                         (reads_replicas ? replica_words : 0) + seeds);
  if (!words) return refuse(words.error());
  options->username = (*words)[0];
  options->password = (*words)[1];
  options->client_name = (*words)[2];
  SentinelOptions sentinel;
  if (asks_sentinels) {
    sentinel = {.primary_name = (*words)[4], .username = (*words)[5], .password = (*words)[6]};
    options->sentinel = &sentinel;
  }
  ReplicaOptions replicas = replicas_from_abi(instance().options);
  if (reads_replicas) replicas.zone = (*words)[words->size() - seeds - 1];
  ClusterOptions cluster = cluster_from_abi(instance().options);
  cluster.replicas = replicas;
  cluster.seed_hosts = words->last(seeds);
  const auto cache = static_cast<std::int32_t>(instance().options.cache);
  return answer(instance().create(*options,
                                  {.replicas = replicas, .topology = topology, .cluster = cluster},
                                  cache, (*words)[3], to_instant(now)));
}

int32_t PLIMSOLL_EXPORT(plimsoll_destroy)(int32_t client) {
  return with(client, [client](HostedClient& found) {
    instance().line().served.forget(found);
    instance().destroy(client);
    return 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_close)(int32_t client, double now) {
  return notify(client, now, [](HostedClient& found, Instant at) {
    found.client().close(at);
    return 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_abort)(int32_t client) {
  return with(client, [](HostedClient& found) { return answer(found.abort()); });
}

int32_t PLIMSOLL_EXPORT(plimsoll_set_credentials)(int32_t client) {
  const TakesStaged takes;
  return with(client, [&takes](HostedClient& found) {
    const auto words = takes.staging.words(credentials_words);
    if (!words) return refuse(words.error());
    return answer(found.set_credentials({.username = (*words)[0], .password = (*words)[1]}));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_hold)(int32_t client, double bytes) {
  if (!(bytes >= 0 && bytes <= exact_max)) return refuse_argument("not a number of bytes", nullptr);
  return with(client, [bytes](HostedClient& found) {
    return answer(found.hold(static_cast<std::uint64_t>(bytes)));
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_set_shown)(int32_t client) {
  const TakesStaged takes;
  return with(client, [&takes](HostedClient& found) {
    const auto words = takes.staging.words(1);
    if (!words) return refuse(words.error());
    found.set_shown((*words)[0]);
    return 0;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_sentinel)(int32_t client, uint32_t index) {
  return with(client, [index](HostedClient& found) {
    const Sentinels* const sentinels = found.client().sentinels();
    std::uint32_t number = 0;
    std::int32_t shown = 0;
    if (sentinels == nullptr) return shown;
    sentinels->for_each([&](const Sentinels::Known& known) {
      if (number++ != index) return;
      show_sentinel(known, sentinels->finding() == Sentinels::Finding::found);
      shown = 1;
    });
    return shown;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_replica)(int32_t client, uint32_t index) {
  return with(client, [index](HostedClient& found) {
    std::uint32_t number = 0;
    std::int32_t shown = 0;
    if (found.client().others() == nullptr) return shown;
    found.client().others()->for_each_replica([&](const KnownReplica& known) {
      if (number++ != index) return;
      show_replica(known);
      shown = 1;
    });
    return shown;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_replicas_statistics)(int32_t client) {
  return with(client, [](HostedClient& found) {
    const OtherServers* const others = found.client().others();
    const Error* const problem = others != nullptr ? others->replicas_problem() : nullptr;
    if (problem == nullptr) return 0;
    outbox().statistics.replicas = to_abi(found.client().statistics().replicas, *problem);
    show_problem(problem);
    return 1;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_cluster_node)(int32_t client, uint32_t index) {
  return with(client, [index](HostedClient& found) {
    const Cluster* const cluster = found.client().cluster();
    std::uint32_t number = 0;
    std::int32_t shown = 0;
    if (cluster == nullptr) return shown;
    cluster->for_each([&](const Cluster::Known& known) {
      if (number++ != index) return;
      show_node(known);
      shown = 1;
    });
    return shown;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_cluster_statistics)(int32_t client) {
  return with(client, [](HostedClient& found) {
    const Cluster* const cluster = found.client().cluster();
    if (cluster == nullptr) return 0;
    outbox().statistics.cluster = to_abi(*cluster);
    show_problem(&cluster->problem());
    return 1;
  });
}

int32_t PLIMSOLL_EXPORT(plimsoll_client_statistics)(int32_t client) {
  return with(client, [](HostedClient& found) {
    outbox().statistics.client = to_abi(found.client(), found.credit_bytes());
    return 0;
  });
}
