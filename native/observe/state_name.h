#pragma once

#include <string_view>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"

namespace plimsoll::inline v0::native {

/// The name of a session's state: "ready".
constexpr std::string_view state_name(Session::State state) {
  switch (state) {
    case Session::State::idle: return "idle";
    case Session::State::waiting: return "waiting";
    case Session::State::opening: return "opening";
    case Session::State::handshaking: return "handshaking";
    case Session::State::ready: return "ready";
    case Session::State::closing: return "closing";
    case Session::State::closed: return "closed";
  }
  return "unknown";
}

/// The name of a near cache's state: "tracking".
constexpr std::string_view state_name(NearCache::State state) {
  switch (state) {
    case NearCache::State::unknown: return "unknown";
    case NearCache::State::tracking: return "tracking";
    case NearCache::State::ttl: return "ttl";
    case NearCache::State::off: return "off";
  }
  return "unknown";
}

}  // namespace plimsoll::inline v0::native
