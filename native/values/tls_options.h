#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace plimsoll::native {

/// TLS between a client and its server. What these name is read when the client is made, and again
/// for a new connection where a file has changed: certificates can be replaced while a client runs.
struct TlsOptions {
  TlsOptions() {}  // NOLINT(modernize-use-equals-default): a defaulted one leaves an aggregate

  /// Set by an address that begins with valkeys:// or rediss://.
  bool enabled = false;

  /// Who may sign the server's certificate: PEM files with certificates of authorities, or a
  /// directory of such as `openssl rehash` leaves it. Both empty: the system's store.
  std::string ca_file;
  std::string ca_directory;

  /// Who this client is, for servers that want to know (`tls-auth-clients`): PEM files with its
  /// certificate, those of authorities in between behind it, and its key.
  std::string certificate_file;
  std::string key_file;

  /// What an encrypted key file is opened with: this, or what the function returns.
  std::string key_password;
  std::function<std::string()> ask_key_password;

  /// The name that the server's certificate has to have, and that the server is told (SNI). Empty:
  /// the host of the address. An IP address has to be in the certificate as such.
  std::string server_name;

  /// What the server's certificate has to be.
  enum class Verify : std::uint8_t {
    full,              ///< valid, of a trusted authority, and this server's
    certificate_only,  ///< valid and of a trusted authority; of whichever server
    insecure_none,     ///< anything: whoever is in between can read and change all
  };
  Verify verify = Verify::full;

  enum class Version : std::uint8_t { tls_1_2, tls_1_3 };
  Version min_version = Version::tls_1_2;

  /// OpenSSL's lists, for TLS 1.2 and for 1.3 (openssl-ciphers(1)). Empty: OpenSSL's choice.
  std::string ciphers;
  std::string ciphersuites;
};

}  // namespace plimsoll::native
