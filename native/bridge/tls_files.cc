#include "plimsoll/native/bridge/tls_files.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "plimsoll/native/base/openssl.h"
#include "plimsoll/native/config/text/bounded_file.h"
#include "plimsoll/native/transport/tls_context.h"
#include "plimsoll/native/transport/tls_problem.h"

namespace plimsoll::bridge {
namespace {

using SslContext = std::unique_ptr<SSL_CTX, native::FreeSsl>;

// A file of authorities has some 200 KiB.
constexpr std::size_t pem_bytes_max = 16 * 1024 * 1024;

// The key of a bridge has no password. Without this callback OpenSSL would ask at the terminal.
int give_no_password(char*, int, int, void*) { return 0; }

SslContext new_context() {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (context) SSL_CTX_set_default_passwd_cb(context.get(), &give_no_password);
  ERR_clear_error();
  return context;
}

class Checker {
 public:
  // Returns the file's text, or reports why it cannot be read.
  std::optional<std::string> read(const char* field, const std::string& file) {
    if (const char* const reason = native::reason_against_opening(file)) {
      report(field, file, reason);
      return std::nullopt;
    }
    auto text = native::config::read_bounded_file(file, pem_bytes_max);
    if (text) return std::move(*text);
    found_.problems.push_back({field, std::string(text.error().text())});
    return std::nullopt;
  }

  void report(const char* field, const std::string& file, const std::string& what) {
    found_.problems.push_back({field, file + ": " + what});
  }
  void warn(const char* field, const std::string& file, const std::string& what) {
    found_.warnings.push_back({field, file + ": " + what});
  }

  TlsFileProblems take() { return std::move(found_); }

 private:
  TlsFileProblems found_;
};

bool has_key(const std::string& text) { return text.find("PRIVATE KEY-----") != text.npos; }

std::string to_date(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "another time";
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return {text.data(), size};
}

void check_dates(const X509& certificate, const std::string& file, std::time_t now,
                 Checker& checker) {
  const ASN1_TIME* const end = X509_get0_notAfter(&certificate);
  const ASN1_TIME* const begin = X509_get0_notBefore(&certificate);
  if (X509_cmp_time(end, &now) < 0) {
    checker.warn(
        "certificate_file", file,
        "has a certificate that expired at " + to_date(end) + ", so the other side will refuse it");
  } else if (X509_cmp_time(begin, &now) > 0) {
    checker.warn("certificate_file", file,
                 "has a certificate that is valid from " + to_date(begin) +
                     ", so the other side will refuse it until then");
  }
}

// Reads the chain into `context`. Returns whether that worked.
bool check_certificate(const std::string& file, SSL_CTX* context, std::time_t now,
                       Checker& checker) {
  const auto text = checker.read("certificate_file", file);
  if (!text) return false;
  if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) == 1) {
    check_dates(*SSL_CTX_get0_certificate(context), file, now, checker);
    return true;
  }
  const std::string reason = native::take_openssl_reason();
  const bool has_certificate = text->find("CERTIFICATE-----") != text->npos;
  std::string what = "has no certificate in PEM";
  if (has_key(*text)) what += ", but a private key";
  if (has_certificate) what = "has a certificate that cannot be used (" + reason + ")";
  checker.report("certificate_file", file, what + "; expected -----BEGIN CERTIFICATE-----");
  return false;
}

bool check_key(const std::string& file, SSL_CTX* context, Checker& checker) {
  const auto text = checker.read("key_file", file);
  if (!text) return false;
  if (SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) == 1) return true;
  const std::string reason = native::take_openssl_reason();
  std::string what = "has no private key in PEM";
  if (text->find("CERTIFICATE-----") != text->npos) what += ", but a certificate";
  if (has_key(*text)) what = "has a private key that cannot be used (" + reason + ")";
  if (text->find("ENCRYPTED") != text->npos) what = "has a private key with a password";
  checker.report("key_file", file, what + "; expected -----BEGIN PRIVATE KEY-----, unencrypted");
  return false;
}

void check_authorities(const std::string& file, Checker& checker) {
  const auto text = checker.read("ca_file", file);
  if (!text) return;
  const SslContext context = new_context();
  if (context && SSL_CTX_load_verify_file(context.get(), file.c_str()) == 1) return;
  const std::string reason = native::take_openssl_reason();
  const bool has_certificate = text->find("CERTIFICATE-----") != text->npos;
  checker.report("ca_file", file,
                 (has_certificate ? "has certificates that cannot be used (" + reason + ")"
                                  : std::string("has no certificate in PEM")) +
                     "; expected those of authorities, -----BEGIN CERTIFICATE-----");
}

// The two files are read into two contexts, because OpenSSL would refuse a key that does not belong
// to the certificate, without saying whether it is a good key.
void check_identity(const native::TlsOptions& options, std::time_t now, Checker& checker) {
  const SslContext first = new_context();
  const SslContext second = new_context();
  if (!first || !second) return;
  const std::string& certificate = options.certificate_file;
  const bool has_certificate =
      !certificate.empty() && check_certificate(certificate, first.get(), now, checker);
  if (options.key_file.empty() || !check_key(options.key_file, second.get(), checker)) return;
  if (!has_certificate) return;
  if (X509_check_private_key(SSL_CTX_get0_certificate(first.get()),
                             SSL_CTX_get0_privatekey(second.get())) != 1) {
    checker.report("key_file", options.key_file,
                   "has another key than that of the certificate in certificate_file; expected "
                   "the key that the certificate was issued for");
  }
}

}  // namespace

TlsFileProblems check_tls_files(const native::TlsOptions& options,
                                std::chrono::system_clock::time_point now) {
  native::keep_openssl();
  Checker checker;
  if (!options.ca_file.empty()) check_authorities(options.ca_file, checker);
  check_identity(options, std::chrono::system_clock::to_time_t(now), checker);
  ERR_clear_error();
  return checker.take();
}

}  // namespace plimsoll::bridge
