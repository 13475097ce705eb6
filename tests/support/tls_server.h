#pragma once

#include <string>
#include <vector>

#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing {

/// A server that speaks TLS alone, besides its unix socket, as `authority` vouches for.
struct TlsServer : ValkeyServer {
  TlsServer(const CertificateAuthority& authority, const CertificateOptions& certificate = {},
            const std::vector<std::string>& more = {})
      : ValkeyServer({.listen = Listen::unix_socket_and_tls,
                      .arguments = arguments(authority, certificate, more)}) {}

  std::string url_of(const std::string& host) const {
    return "valkeys://" + host + ":" + std::to_string(port());
  }

 private:
  static std::vector<std::string> arguments(const CertificateAuthority& authority,
                                            const CertificateOptions& certificate,
                                            const std::vector<std::string>& more) {
    auto all = tls_arguments(authority, authority.issue("server", certificate));
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

}  // namespace plimsoll::testing
