#pragma once

#include <array>
#include <string_view>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/options.h"
#include "plimsoll/tls_options.h"

// The names of enumerators in configurations: the same as in C++.

namespace plimsoll::inline v0::native::config {

template <class E>
struct Choice {
  std::string_view name;
  E value;
};

constexpr auto choices_of(Protocol) {
  return std::array<Choice<Protocol>, 2>{{{"resp3", Protocol::resp3}, {"resp2", Protocol::resp2}}};
}

constexpr auto choices_of(OnLimit) {
  return std::array<Choice<OnLimit>, 2>{{{"reject", OnLimit::reject}, {"wait", OnLimit::wait}}};
}

constexpr auto choices_of(TopologyChoice) {
  return std::array<Choice<TopologyChoice>, 3>{{{"automatic", TopologyChoice::automatic},
                                                {"standalone", TopologyChoice::standalone},
                                                {"cluster", TopologyChoice::cluster}}};
}

constexpr auto choices_of(ReadFrom) {
  return std::array<Choice<ReadFrom>, 5>{
      {{"primary", ReadFrom::primary},
       {"prefer_replica", ReadFrom::prefer_replica},
       {"az_affinity", ReadFrom::az_affinity},
       {"az_affinity_replicas_and_primary", ReadFrom::az_affinity_replicas_and_primary},
       {"lowest_latency", ReadFrom::lowest_latency}}};
}

constexpr auto choices_of(CrossSlotWrites) {
  return std::array<Choice<CrossSlotWrites>, 2>{
      {{"refuse", CrossSlotWrites::refuse}, {"split", CrossSlotWrites::split}}};
}

constexpr auto choices_of(OverflowPolicy) {
  return std::array<Choice<OverflowPolicy>, 3>{{{"drop_oldest", OverflowPolicy::drop_oldest},
                                                {"drop_newest", OverflowPolicy::drop_newest},
                                                {"pause_reading", OverflowPolicy::pause_reading}}};
}

constexpr auto choices_of(TlsOptions::Verify) {
  using Verify = TlsOptions::Verify;
  return std::array<Choice<Verify>, 3>{{{"full", Verify::full},
                                        {"certificate_only", Verify::certificate_only},
                                        {"insecure_none", Verify::insecure_none}}};
}

constexpr auto choices_of(TlsOptions::Version) {
  using Version = TlsOptions::Version;
  return std::array<Choice<Version>, 2>{
      {{"tls_1_2", Version::tls_1_2}, {"tls_1_3", Version::tls_1_3}}};
}

constexpr auto choices_of(EvictionPolicy) {
  return std::array<Choice<EvictionPolicy>, 2>{
      {{"lru", EvictionPolicy::lru}, {"lfu", EvictionPolicy::lfu}}};
}

constexpr auto choices_of(CacheMode) {
  return std::array<Choice<CacheMode>, 3>{{{"automatic", CacheMode::automatic},
                                           {"tracking", CacheMode::tracking},
                                           {"ttl", CacheMode::ttl}}};
}

}  // namespace plimsoll::inline v0::native::config
