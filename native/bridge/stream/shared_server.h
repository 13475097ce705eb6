#pragma once

#include <string>

#include "plimsoll/options.h"

// An upstream whose connections are shared: the requests of all clients of a user go through the
// bridge's own client of that server. prepare() makes one of these for each such upstream, and
// everything in it holds for as long as the process runs.

namespace plimsoll::bridge {

/// How the clients of a server whose connections are shared are made.
///
/// The options lack what the profile decides, user and password, and what the WebSocket's client
/// decides, the version of RESP: the code that makes a client from them sets these three.
struct SharedServer {
  std::string name;  ///< of the upstream
  /// "valkey://HOST:PORT", "unix:///PATH": where the clients connect first. No TLS, user or
  /// password: those are in the options.
  std::string url;
  /// If they have a cache, the clients of all users share its memory. Its keys have the user in
  /// them, so no user reads what the server gave to another.
  native::Options options;
};

}  // namespace plimsoll::bridge
