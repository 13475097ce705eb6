#pragma once

#include "plimsoll/options.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/tls_server.h"

// What tests of TLS have: an authority, a server with a certificate of its, and options that trust
// it.

namespace plimsoll::testing {

/// Options that trust `authority`, and are patient.
inline native::Options trusting(const CertificateAuthority& authority) {
  native::Options options = patient_options();
  options.tls.ca_file = authority.file();
  return options;
}

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
