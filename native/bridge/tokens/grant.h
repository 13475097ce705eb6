#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/native/bridge/gate/rules.h"

// What the bridge lets somebody do, as the configuration says it.

namespace plimsoll::bridge {

/// Who somebody is to the server, and what he may ask of it.
struct Profile {
  std::string name;
  std::string upstream;  ///< the one that this profile may reach; empty: any of the named ones
  std::string username;  ///< of the server's ACL; empty: "default"
  std::string password;  ///< never logged
  Rules rules;
  std::uint32_t connections_max = 100;  ///< of each token of this profile at a time
};

/// A token that was found good.
struct Grant {
  const Profile* profile = nullptr;
  /// Stands for the token in limits and logs: of no use to whoever reads it.
  std::string id;
  /// When it ends, and the connection with it; none: never.
  std::optional<std::chrono::system_clock::time_point> expires_at;
};

}  // namespace plimsoll::bridge
