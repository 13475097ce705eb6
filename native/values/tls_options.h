#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstdint>
#include <functional>
#include <string>

namespace plimsoll::inline v0::native {

/// TLS between a client and its server. The client reads the files when it is made (a file that it
/// cannot use is an invalid_option), and again for each new connection if they have changed. So you
/// can replace certificates while a client runs. If the new files cannot be used, the client goes
/// on with the old ones, and Statistics::tls_problem says why.
struct TlsOptions {
  TlsOptions() {}  // NOLINT(modernize-use-equals-default): a defaulted one leaves an aggregate

  /// Addresses that begin with valkeys://, rediss:// or wss:// set this. Any other option here,
  /// without TLS, is an invalid_option: nothing would be encrypted or verified.
  bool enabled = false;

  /// Who may sign the server's certificate: a PEM file with certificates of authorities, or a
  /// directory of such files as `openssl rehash` leaves it. Both empty: the system's store.
  std::string ca_file;
  std::string ca_directory;

  /// Who this client is, for servers that ask for certificates of clients (`tls-auth-clients`): PEM
  /// files with the certificate, followed by those of intermediate authorities, and with the key.
  /// Both or neither.
  std::string certificate_file;
  std::string key_file;

  /// The password of an encrypted key file, or a function that returns it.
  std::string key_password;
  std::function<std::string()> ask_key_password;

  /// The name that the server's certificate must have, and that the client sends to the server
  /// (SNI). Empty: the host of the address. If that is an IP address, the certificate must have it
  /// as an IP address.
  std::string server_name;

  /// What the client checks of the server's certificate.
  enum class Verify : std::uint8_t {
    full,              ///< valid now, signed by a trusted authority, and issued for this server
    certificate_only,  ///< valid now and signed by a trusted authority; for any server
    insecure_none,     ///< nothing: anybody in between can read and change everything
  };
  Verify verify = Verify::full;

  enum class Version : std::uint8_t { tls_1_2, tls_1_3 };
  Version min_version = Version::tls_1_2;

  /// OpenSSL's cipher lists, for TLS 1.2 and for TLS 1.3 (openssl-ciphers(1)). Empty: OpenSSL's
  /// defaults.
  std::string ciphers;
  std::string ciphersuites;
};

}  // namespace plimsoll::inline v0::native
