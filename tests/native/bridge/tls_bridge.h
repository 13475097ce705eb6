#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/native/transport/tls_context.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tls_options.h"

namespace plimsoll::testing {

inline std::unique_ptr<native::TlsContext> serving(const CertificateFiles& files) {
  native::TlsOptions options;
  options.certificate_file = files.certificate;
  options.key_file = files.key;
  return native::TlsContext::create_server(options).value();
}

/// A bridge with TLS of its own; its certificate's files can be changed.
struct TlsBridge {
  CertificateAuthority authority;
  CertificateFiles files = authority.issue("bridge");
  std::unique_ptr<native::TlsContext> context = serving(files);
  BridgeWorld world;

  explicit TlsBridge(BridgeOptions options = {}) : world(with(std::move(options))) {}

  bool logs(std::string_view text) {
    return eventually([&] { return world.log().find(text) != std::string::npos; });
  }

 private:
  BridgeOptions with(BridgeOptions options) {
    options.settings.entry.tls = context.get();
    return options;
  }
};

}  // namespace plimsoll::testing
