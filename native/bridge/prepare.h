#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/bridge/gate/policy.h"
#include "plimsoll/native/bridge/pages/pages.h"
#include "plimsoll/native/bridge/server.h"
#include "plimsoll/native/transport/tls_context.h"
#include "plimsoll/result.h"

// Turns a configuration into the settings of the server, before anything is opened.

namespace plimsoll::bridge {

struct Prepared {
  std::map<std::string, Policy, std::less<>> policies;
  Settings settings;
  /// `settings` points to these.
  std::vector<std::unique_ptr<native::TlsContext>> tls;
  std::unique_ptr<Pages> pages;
};

/// For a configuration that read_config() and check_start() found no problem with. Throws
/// std::runtime_error if a file has changed since, or the system's authorities cannot be read.
Prepared prepare(const Config& config);

/// Makes the caches that upstreams have, and gives each to the clients of its upstream. They take
/// memory of the process's line, so it has to be drawn before. The error names the upstream:
/// out_of_memory, or what ClientSideCache::create() refuses.
native::Result<void> make_caches(const Config& config, Prepared& prepared);

}  // namespace plimsoll::bridge
