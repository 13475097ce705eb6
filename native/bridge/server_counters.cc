#include "plimsoll/native/bridge/server_counters.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::bridge {

void ProfileCounters::add(const ProfileCounters& others) {
  done.add(others.done);
  connections += others.connections;
  handshakes.add(others.handshakes);
  closes.add(others.closes);
}

void UpstreamCounters::add(const UpstreamCounters& others) {
  dials.add(others.dials);
  failures += others.failures;
}

void ServerCounters::add(const ServerCounters& others) {
  for (const auto& [name, profile] : others.profiles_) profiles_[name].add(profile);
  for (const auto& [name, upstream] : others.upstreams_) upstreams_[name].add(upstream);
  nobody_.add(others.nobody_);
  own_.add(others.own_);
  handshakes.add(others.handshakes);
}

ProfileCounters& ServerCounters::of_profile(std::string_view name) {
  if (name.empty()) return nobody_;
  const auto found = profiles_.find(name);
  PLIMSOLL_CHECK(found != profiles_.end());
  return found->second;
}

UpstreamCounters& ServerCounters::of_upstream(std::string_view name) {
  const auto found = upstreams_.find(name);
  PLIMSOLL_CHECK(found != upstreams_.end());
  return found->second;
}

Counters ServerCounters::total() const {
  Counters all = own_;
  for (const auto& [name, profile] : profiles_) all.add(profile.done);
  return all;
}

}  // namespace plimsoll::bridge
