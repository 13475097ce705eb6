#include "plimsoll/native/bridge/config/shared_check.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "plimsoll/core/commands/folded.h"

namespace plimsoll::bridge {
namespace {

// The part of the memory limit that all caches together may have. The other half is for what
// connections carry, and for pages.
constexpr std::uint64_t caches_divisor = 2;

void check_caches_fit(const ConfigDraft& draft, Problems& problems) {
  if (draft.unclear.contains("limits")) return;
  const std::uint64_t most = draft.config.limits.memory_limit / caches_divisor;
  std::uint64_t sum = 0;  // cannot overflow: upstreams and sizes are bounded
  for (const Upstream& each : draft.config.upstreams) {
    if (!each.cache) continue;
    const bool fitted = sum <= most;
    sum += each.cache->size;
    if (!fitted || sum <= most) continue;
    problems.add(draft.places.of("upstreams." + each.name + ".cache.size"),
                 "makes all caches together " + std::to_string(sum) +
                     " bytes; expected half of limits.memory_limit (" + std::to_string(most) +
                     " bytes) at most");
  }
}

// Each thread has an equal part of an upstream's blocking connections, so that it must get one.
void check_blocking(ConfigDraft& draft, Problems& problems) {
  const std::uint32_t threads = draft.config.threads;
  for (Upstream& each : draft.config.upstreams) {
    if (!each.shares_connections || each.blocking_connections_max >= threads) continue;
    const std::string path = "upstreams." + each.name + ".blocking_connections_max";
    if (!draft.places.has(path)) {
      each.blocking_connections_max = threads;  // more than the default
      continue;
    }
    problems.add(draft.places.of(path), "is " + std::to_string(each.blocking_connections_max) +
                                            "; expected at least threads (" +
                                            std::to_string(threads) +
                                            "), each of which gets an equal part");
  }
}

// The upstream with shared connections that the profile leads to, or one of them if the client
// names the upstream. Null: none.
const Upstream* shared_upstream_of(const Profile& profile, const Config& config) {
  const auto found =
      std::find_if(config.upstreams.begin(), config.upstreams.end(), [&](const Upstream& each) {
        const bool leads_there = profile.upstream.empty() || profile.upstream == each.name;
        return leads_there && each.shares_connections;
      });
  return found == config.upstreams.end() ? nullptr : &*found;
}

// The profile that --local makes permits whatever there may be, and nobody wrote it.
void warn_of(const Profile& profile, const Upstream& upstream, ConfigDraft& draft) {
  const std::string path = "profiles." + profile.name;
  const std::string why = " at upstream " + upstream.name + ", whose connections are shared";
  const auto& databases = profile.rules.databases;
  const bool has_others = std::any_of(databases.begin(), databases.end(),
                                      [](std::uint32_t database) { return database != 0; });
  if (has_others && draft.places.has(path + ".databases")) {
    draft.warnings.add(draft.places.of(path + ".databases"),
                       "has others than 0, which cannot be selected" + why);
  }
  const auto& allow = profile.rules.allow;
  const bool allows_tracking = std::any_of(allow.begin(), allow.end(), [](const auto& rule) {
    return commands::is_token(rule, "CLIENT|TRACKING");
  });
  if (allows_tracking && draft.places.has(path + ".allow")) {
    draft.warnings.add(draft.places.of(path + ".allow"),
                       "'client|tracking' permits BCAST, which is not possible" + why);
  }
}

}  // namespace

void check_shared_upstreams(ConfigDraft& draft, Problems& problems) {
  check_caches_fit(draft, problems);
  check_blocking(draft, problems);
  for (const Profile& profile : draft.config.profiles) {
    if (const Upstream* const upstream = shared_upstream_of(profile, draft.config)) {
      warn_of(profile, *upstream, draft);
    }
  }
}

}  // namespace plimsoll::bridge
