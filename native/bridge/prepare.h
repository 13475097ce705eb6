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

// What a configuration comes to before anything is opened.

namespace plimsoll::bridge {

struct Prepared {
  std::map<std::string, Policy, std::less<>> policies;
  Settings settings;
  /// Those that `settings` point to.
  std::vector<std::unique_ptr<native::TlsContext>> tls;
  std::unique_ptr<Pages> pages;
};

/// Throws std::runtime_error, with what is wrong: a rule that means nothing, a certificate that
/// cannot be read, pages that are too large.
Prepared prepare(const Config& config);

}  // namespace plimsoll::bridge
