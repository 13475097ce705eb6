#include "plimsoll/tests/sim/client/shared_cache.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "plimsoll/tests/sim/client/driver.h"

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t cache_bytes = 256 * 1024;  // more than a world fills: entries are counted
constexpr std::size_t line_bytes = 16 * 1024 * 1024;
constexpr std::array<std::string_view, 2> prefixes = {"c", "k1"};

cache::CacheOptions draw_options(Random& random, const Environment& environment) {
  using cache::CacheMode;
  constexpr std::array modes = {CacheMode::automatic, CacheMode::automatic, CacheMode::tracking,
                                CacheMode::ttl};
  cache::CacheOptions options{.bytes_max = cache_bytes};
  options.mode = random.one_of(modes);
  options.entries_max = random.one_in(2) ? random.between(1, 8) : 0;
  if (options.mode == CacheMode::ttl || random.one_in(3)) {
    options.entry_ttl = milliseconds(1 + random.skewed(5000));
  }
  options.eviction_policy =
      random.one_in(2) ? cache::EvictionPolicy::lru : cache::EvictionPolicy::lfu;
  options.cache_nil = random.one_in(2);
  options.coherence_lease = milliseconds(20 + random.skewed(10'000));
  switch (environment.leaning) {
    case Leaning::late_news:
      if (options.mode == CacheMode::ttl) options.mode = CacheMode::tracking;
      options.coherence_lease = milliseconds(20 + random.below(40));
      options.entries_max = 0;
      break;
    case Leaning::masks:
      options.mode = CacheMode::ttl;
      options.entry_ttl = seconds(5);
      options.entries_max = 0;
      break;
    case Leaning::returns:
      if (options.mode == CacheMode::ttl) options.mode = CacheMode::tracking;
      options.entries_max = 0;
      break;
    case Leaning::none:
    case Leaning::rights:
    case Leaning::crowd: break;
  }
  // In the end nothing is to happen.
  if (environment.rests) options.coherence_lease = std::chrono::hours(1);
  options.seed = random.next();
  return options;
}

}  // namespace

SharedCache::SharedCache(Environment& environment, std::uint32_t number)
    : environment_(environment), number_(number), budget_({.memory_limit = line_bytes}, memory_) {
  Random random(environment.scenario.seed, Random::Purpose::cache, number);
  const cache::CacheOptions options = draw_options(random, environment);
  core_.emplace(options, cache::Cache::take_memory(budget_, options).value());
  if (options.mode == cache::CacheMode::ttl) return;
  using Method = TrackingOptions::Method;
  constexpr std::array methods = {Method::all_reads, Method::all_reads, Method::opt_in,
                                  Method::broadcast};
  tracking_.method = random.one_of(methods);
  tracking_.required = options.mode == cache::CacheMode::tracking;
  if (tracking_.method == Method::broadcast) tracking_.prefixes = prefixes;
}

TrackingOptions SharedCache::tracking() const { return tracking_; }

// What a connection brought goes with it; what only time vouches for does not.
bool SharedCache::is_trusted() {
  const bool truthful = std::all_of(clients_.begin(), clients_.end(),
                                    [](const Driver* each) { return each->is_told_the_truth(); });
  was_lied_to_ = was_lied_to_ || !truthful;
  return truthful && !(was_lied_to_ && options().entry_ttl != Duration::zero());
}

Instant SharedCache::vouched_since() const {
  Instant since = never;
  for (const Driver* const each : clients_) since = std::min(since, each->vouched_since());
  return since;
}

Instant SharedCache::heard_until(std::uint32_t server) const {
  Instant until = never;
  for (const Driver* const each : clients_) until = std::min(until, each->heard_until(server));
  return until;
}

bool SharedCache::is_from_before(const Place& place) const {
  const auto found = read_at_.find(place);
  if (found == read_at_.end()) return false;
  return std::all_of(clients_.begin(), clients_.end(), [&](const Driver* each) {
    const auto read = found->second.find(each);
    return read == found->second.end() || read->second < each->vouched_since();
  });
}

Instant SharedCache::heard_at() const {
  Instant at{};
  for (const Driver* const each : clients_) at = std::max(at, each->heard_at());
  return at;
}

SharedCache::Floor SharedCache::floor(const Place& place, std::uint32_t source) const {
  const auto written = written_.find(place);
  const auto told = told_.find({source, place});
  Floor floor;
  if (written != written_.end()) floor = {written->second, written->second};
  if (told != told_.end()) floor.told = std::max(floor.told, told->second);
  return floor;
}

void SharedCache::note_written(const Place& place, std::size_t version) {
  std::size_t& written = written_[place];
  written = std::max(written, version);
}

void SharedCache::note_told(const Place& place, std::uint32_t source, std::size_t version) {
  std::size_t& told = told_[{source, place}];
  told = std::max(told, version);
}

void SharedCache::note_refused(std::uint32_t server, const std::string& user, Instant asked_at) {
  Instant& refused = refused_[{server, user}];
  refused = std::max(refused, asked_at);
}

std::optional<Instant> SharedCache::refused_at(std::uint32_t server,
                                               const std::string& user) const {
  const auto found = refused_.find({server, user});
  return found == refused_.end() ? std::nullopt : std::optional(found->second);
}

void SharedCache::note_lookup(bool hit) {
  ++lookups_;
  if (hit) ++hits_;
}

void SharedCache::check() {
  const cache::CacheStatistics now = core_->statistics();
  const auto require = [this](bool holds, const char* property) {
    environment_.referee.require(holds, property, "cache", number_);
  };
  is_trusted();
  require(now.lookups == lookups_, "a cache counts every lookup once");
  require(now.hits >= hits_ && now.hits <= now.lookups, "a cache counts every hit once");
  require(now.bytes_committed <= options().bytes_max, "a cache stays below its bytes");
  require(options().entries_max == 0 || now.entries <= options().entries_max,
          "a cache stays below its entries");
  core_->validate();
}

}  // namespace plimsoll::sim
