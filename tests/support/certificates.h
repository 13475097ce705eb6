#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plimsoll/tests/support/temporary_directory.h"

struct evp_pkey_st;
struct x509_st;

namespace plimsoll::testing {

/// PEM files.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

struct CertificateOptions {
  /// Of whom it is, as "DNS:localhost" or "IP:127.0.0.1", with commas between.
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";

  /// In days from now; negative: before it.
  int valid_from_days = -1;
  int valid_until_days = 1;

  enum class Key { p256, rsa };
  Key key = Key::p256;

  /// The key file is encrypted with it, if it is not empty.
  std::string key_password = {};
};

/// An authority of a test's own. Its files lie in a directory that goes with it.
class CertificateAuthority {
 public:
  /// Throws std::runtime_error, as issue() does.
  explicit CertificateAuthority(const std::string& name = "Test CA");
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  /// Its own certificate.
  const std::string& file() const { return file_; }

  /// What a directory of authorities would have it called, before ".0".
  std::string hash() const;

  /// Makes a certificate and its key. One of the same `name` (which is the subject, too) replaces
  /// the files of the one before.
  CertificateFiles issue(const std::string& name, const CertificateOptions& options = {}) const;

 private:
  const TemporaryDirectory directory_;
  const std::string name_;
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
  std::string file_;
};

/// What a valkey-server is to be told to use them.
std::vector<std::string> tls_arguments(const CertificateAuthority& authority,
                                       const CertificateFiles& files);

}  // namespace plimsoll::testing
