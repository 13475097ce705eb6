#include "plimsoll/native/config/field_text.h"
#include "plimsoll/native/config/option_row.h"

namespace plimsoll::native::config {
namespace {

template <Kind kind, auto Field>
constexpr OptionRow row(std::string_view key, std::string_view description,
                        std::string_view when_unset = {}) {
  return {.key = key,
          .access = at<kind, &Configuration::client, &Options::tls, Field>(),
          .taken = Taken::by_new_clients,
          .description = description,
          .when_unset = when_unset};
}

constexpr OptionRow key_password() {
  OptionRow made = row<Kind::text, &TlsOptions::key_password>(
      "client.tls.key_password", "What an encrypted key file is opened with.", "none");
  made.secret = true;
  return made;
}

constexpr std::string_view system_store = "the system's store";
constexpr std::string_view by_openssl = "OpenSSL's choice";

constexpr OptionRow rows[] = {
    row<Kind::flag, &TlsOptions::enabled>(
        "client.tls.enabled",
        "Set by an address that begins with valkeys://, rediss:// or wss://."),
    row<Kind::path, &TlsOptions::ca_file>(
        "client.tls.ca_file", "Who may sign the server's certificate: PEM.", system_store),
    row<Kind::path, &TlsOptions::ca_directory>(
        "client.tls.ca_directory", "The same, as `openssl rehash` leaves it.", system_store),
    row<Kind::path, &TlsOptions::certificate_file>(
        "client.tls.certificate_file", "Who this client is, for servers that want to know: PEM.",
        "none"),
    row<Kind::path, &TlsOptions::key_file>("client.tls.key_file", "Its key.", "none"),
    key_password(),
    {.key = "client.tls.key_password_file",
     .access = at<Kind::path, &Configuration::secret_files, &SecretFiles::key_password_file>(),
     .taken = Taken::by_new_clients,
     .description = "A file with that password in it, in its place.",
     .when_unset = "none"},
    row<Kind::text, &TlsOptions::server_name>("client.tls.server_name",
                                              "The name that the server's certificate has to have.",
                                              "the host of the address"),
    row<Kind::choice, &TlsOptions::verify>("client.tls.verify",
                                           "What the server's certificate has to be."),
    row<Kind::choice, &TlsOptions::min_version>("client.tls.min_version", "The oldest TLS."),
    row<Kind::text, &TlsOptions::ciphers>("client.tls.ciphers", "OpenSSL's list, for TLS 1.2.",
                                          by_openssl),
    row<Kind::text, &TlsOptions::ciphersuites>("client.tls.ciphersuites",
                                               "OpenSSL's list, for TLS 1.3.", by_openssl),
};

}  // namespace

std::span<const OptionRow> tls_rows() { return rows; }

}  // namespace plimsoll::native::config
