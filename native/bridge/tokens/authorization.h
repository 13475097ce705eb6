#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/native/bridge/gate/rules.h"
#include "plimsoll/native/bridge/replies/kept_limits.h"
#include "plimsoll/native/bridge/replies/reply_window.h"

// What a token leads to: a profile of the configuration, for a time.

namespace plimsoll::bridge {

/// As which user of the server the clients of a profile log in, and which requests they may send.
struct Profile {
  std::string name;
  std::string upstream;  ///< the only one that this profile may reach; empty: any
  std::string username;  ///< of the server's ACL; empty: "default"
  std::string password;  ///< never logged
  Rules rules;
  std::uint32_t connections_max = 100;  ///< at a time, for each token of this profile
  ReplyWindow window;                   ///< what the server may owe to each connection
  KeptLimits kept;                      ///< what the server may keep for each connection
};

/// What the holder of a valid token may do.
struct Authorization {
  const Profile* profile = nullptr;
  /// Identifies the token in limits and logs. It cannot be used to connect.
  std::string id;
  /// When the token ends, and the connection with it; not set: never.
  std::optional<std::chrono::system_clock::time_point> expires_at;
  /// Of a JWT: stands for the key that signed it, as long as the process runs. Never logged.
  std::uint64_t key = 0;
};

}  // namespace plimsoll::bridge
