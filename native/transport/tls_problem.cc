#include "plimsoll/native/transport/tls_problem.h"

#include <array>
#include <filesystem>
#include <memory>
#include <system_error>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace plimsoll::inline v0::native {
namespace {

// The most characters of a certificate's names in an error text.
constexpr std::size_t names_length_max = 200;

// Returns what `print` writes.
template <class Print>
std::string printed(Print print) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out) return {};
  print(out.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return size <= 0 ? std::string() : printable({text, static_cast<std::size_t>(size)});
}

std::string to_string(const X509_NAME* name) {
  return printed([&](BIO* out) { X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253); });
}

std::string to_string(const ASN1_TIME* time) {
  return printed([&](BIO* out) { ASN1_TIME_print(out, time); });
}

std::string ip_to_string(const ASN1_OCTET_STRING* address) {
  const unsigned char* const bytes = ASN1_STRING_get0_data(address);
  const int size = ASN1_STRING_length(address);
  std::string all;
  for (int i = 0; i < size; ++i) {
    if (i > 0) all += size == 4 ? "." : i % 2 == 0 ? ":" : "";
    std::array<char, 4> text{};
    const auto digits = size == 4 ? "%d" : "%02x";
    BIO_snprintf(text.data(), text.size(), digits, bytes[i]);
    all += text.data();
  }
  return all;
}

// Returns the names of a certificate, or its subject if it has none.
std::string names_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  std::string all;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    std::string one;
    if (name->type == GEN_DNS) {
      const auto* const bytes =
          reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      one = printable({bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))});
    } else if (name->type == GEN_IPADD) {
      one = ip_to_string(name->d.iPAddress);
    }
    if (one.empty()) continue;
    if (!all.empty()) all += ", ";
    all += one;
    if (all.size() > names_length_max) return all + "...";
  }
  return all.empty() ? to_string(X509_get_subject_name(certificate)) : all;
}

TransportProblem invalid(const char* what, const char* expected, std::string words) {
  return {.error = {.code = ErrorCode::certificate_invalid, .what = what, .expected = expected},
          .words = std::move(words)};
}

TransportProblem failed(const char* what, const char* expected, std::string words) {
  return {.error = {.code = ErrorCode::tls_failed, .what = what, .expected = expected},
          .words = std::move(words)};
}

std::string reason_of(unsigned long code) {
  // ERR_reason_error_string() has no texts for errors of the system.
  std::array<char, 256> text{};
  if (const char* const reason = ERR_reason_error_string(code)) return printable(reason);
  ERR_error_string_n(code, text.data(), text.size());
  return printable(text.data());
}

}  // namespace

TransportProblem certificate_problem(x509_store_ctx_st& verification, const std::string& wanted) {
  const int reason = X509_STORE_CTX_get_error(&verification);
  const X509* const certificate = X509_STORE_CTX_get_current_cert(&verification);
  const std::string words = X509_verify_cert_error_string(reason);
  if (certificate == nullptr) return invalid("the server showed no usable certificate", "", words);
  const std::string subject = to_string(X509_get_subject_name(certificate));
  switch (reason) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return invalid("the server's certificate has expired", "one that is valid now",
                     subject + " was valid until " + to_string(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return invalid("the server's certificate is not valid yet",
                     "one that is valid now, and clocks that agree",
                     subject + " is valid from " + to_string(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return invalid("the server's certificate is of another host",
                     "one of the host in the address, or its name as tls.server_name",
                     "expected " + wanted + ", it is of " + names_of(certificate));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return invalid(
          "the server's certificate is not trusted",
          "its issuer in tls.ca_file, tls.ca_directory or the system's store",
          subject + ", issued by " + to_string(X509_get_issuer_name(certificate)) + ": " + words);
    default:
      return invalid("the server's certificate was not accepted", "a valid one of a server",
                     subject + ": " + words);
  }
}

const char* reason_against_opening(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_other(path, ignored) ? "is a pipe or a device; expected a file"
                                                  : nullptr;
}

std::string take_openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  return code == 0 ? "no reason was given" : reason_of(code);
}

TransportProblem failure_of_openssl(Heard heard) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const std::string words = code == 0 ? std::string("no reason was given") : reason_of(code);
  if (heard == Heard::something_else) {
    return failed("the server does not speak TLS here",
                  "a TLS port; valkey:// or ws:// in the address for one that is not", words);
  }
  switch (ERR_GET_REASON(code)) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
      return failed("client and server have no TLS version in common",
                    "a server that speaks tls.min_version or later", words);
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return failed("the server refused the TLS handshake",
                    "ciphers that both know, and a client certificate if it wants one", words);
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return failed("the server wants a client certificate",
                    "tls.certificate_file and tls.key_file", words);
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return failed("the server does not take the client certificate",
                    "one that is valid, of an authority that the server trusts", words);
    case SSL_R_TLSV1_ALERT_DECODE_ERROR:
    case SSL_R_TLSV1_ALERT_INTERNAL_ERROR:
    case SSL_R_TLSV1_ALERT_USER_CANCELLED:
      // The server did not get everything that was sent, or has problems of its own. The next
      // attempt may succeed.
      return {.error = {.code = ErrorCode::connect_failed,
                        .what = "the server gave up the TLS handshake"},
              .words = words};
    default: return failed("TLS failed", "a server that speaks TLS 1.2 or later", words);
  }
}

}  // namespace plimsoll::inline v0::native
