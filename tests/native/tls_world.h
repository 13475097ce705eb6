#pragma once

#include <string>
#include <vector>

#include "plimsoll/native/options.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/valkey_server.h"

// What tests of TLS have: an authority, a server with a certificate of its, and options that trust
// it.

namespace plimsoll::testing {

/// Options that trust `authority`, and are patient.
inline native::Options trusting(const CertificateAuthority& authority) {
  native::Options options = patient_options();
  options.tls.ca_file = authority.file();
  return options;
}

/// A server that speaks TLS alone, besides its unix socket.
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

/// One authority and server for the tests of a binary that do it no harm.
inline const CertificateAuthority& shared_authority() {
  static const CertificateAuthority authority;
  return authority;
}

inline TlsServer& shared_tls_server() {
  static TlsServer server(shared_authority());
  return server;
}

}  // namespace plimsoll::testing
