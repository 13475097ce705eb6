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

// Turns a configuration into the settings of the server, before anything is opened.

namespace plimsoll::bridge {

struct Prepared {
  std::map<std::string, Policy, std::less<>> policies;
  Settings settings;
  /// `settings` points to these.
  std::vector<std::unique_ptr<native::TlsContext>> tls;
  std::unique_ptr<Pages> pages;
};

/// Throws std::runtime_error that says what is wrong: an unknown rule, a certificate that cannot be
/// read, pages that are too large.
Prepared prepare(const Config& config);

}  // namespace plimsoll::bridge
