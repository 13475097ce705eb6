#include "plimsoll/tests/support/certificates.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace plimsoll::testing {
namespace {

constexpr long day = 24 * 60 * 60;

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("certificates: ") + what);
}

// A test uses OpenSSL here first, so here OpenSSL is told not to clean up in atexit(). Otherwise
// the client's shared thread, which may still be closing a connection then, would use what is gone.
std::shared_ptr<EVP_PKEY> make_key(CertificateOptions::Key kind = CertificateOptions::Key::p256) {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  const bool is_rsa = kind == CertificateOptions::Key::rsa;
  std::shared_ptr<EVP_PKEY> key(is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), &EVP_PKEY_free);
  check(key != nullptr, "no key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  check(extension != nullptr, "no extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Without its extensions, and not signed.
std::shared_ptr<X509> make_certificate(const std::string& name, EVP_PKEY* key, int from,
                                       int until) {
  std::shared_ptr<X509> made(X509_new(), &X509_free);
  check(made != nullptr, "no certificate");
  X509_set_version(made.get(), X509_VERSION_3);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from * day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), until * day);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
  return made;
}

template <class Write>
void write_file(const std::string& path, Write write) {
  // Whoever looks at it meanwhile sees the file of before, or this one.
  const std::string partial = path + ".partial";
  BIO* const out = BIO_new_file(partial.c_str(), "w");
  check(out != nullptr, "no file");
  const bool good = write(out) == 1;
  BIO_free(out);
  check(good, "not written");
  check(std::rename(partial.c_str(), path.c_str()) == 0, "not renamed");
}

}  // namespace

CertificateAuthority::CertificateAuthority(const std::string& name)
    : name_(name),
      key_(make_key()),
      certificate_(make_certificate(name, key_.get(), -1000, 1000)),
      file_(directory_.path() + "/ca.pem") {
  X509* const own = certificate_.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own, own, NID_key_usage, "critical,keyCertSign");
  check(X509_sign(own, key_.get(), EVP_sha256()) > 0, "not signed");
  write_file(file_, [&](BIO* out) { return PEM_write_bio_X509(out, own); });
}

CertificateAuthority::~CertificateAuthority() = default;

std::string CertificateAuthority::hash() const {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08lx", X509_subject_name_hash(certificate_.get()));
  return text.data();
}

CertificateFiles CertificateAuthority::issue(const std::string& name,
                                             const CertificateOptions& options) const {
  const auto key = make_key();
  const auto made =
      make_certificate(name, key.get(), options.valid_from_days, options.valid_until_days);
  X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
  if (!options.names.empty()) {
    add_extension(made.get(), certificate_.get(), NID_subject_alt_name, options.names);
  }
  check(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0, "not signed");

  CertificateFiles files{.certificate = directory_.path() + "/" + name + ".pem",
                         .key = directory_.path() + "/" + name + ".key"};
  write_file(files.certificate, [&](BIO* out) { return PEM_write_bio_X509(out, made.get()); });
  const std::string& password = options.key_password;
  write_file(files.key, [&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(
        out, key.get(), password.empty() ? nullptr : EVP_aes_128_cbc(), password.c_str(),
        static_cast<int>(password.size()), nullptr, nullptr);
  });
  return files;
}

std::vector<std::string> tls_arguments(const CertificateAuthority& authority,
                                       const CertificateFiles& files) {
  return {"--tls-cert-file",    files.certificate, "--tls-key-file",     files.key,
          "--tls-ca-cert-file", authority.file(),  "--tls-auth-clients", "optional"};
}

}  // namespace plimsoll::testing
