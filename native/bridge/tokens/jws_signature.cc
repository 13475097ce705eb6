#include "plimsoll/native/bridge/tokens/jws_signature.h"

#include <array>
#include <cstddef>
#include <memory>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

namespace plimsoll::bridge {
namespace {

constexpr std::size_t sha256_bytes = 32;
constexpr std::size_t p256_number_bytes = 32;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// `hash` is null for an algorithm that includes its own.
bool has_signature(EVP_PKEY* key, const EVP_MD* hash, std::string_view message,
                   std::string_view signature) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  const bool good = context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                     bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

// OpenSSL reads a signature of ECDSA as DER: a SEQUENCE of two INTEGERs. Empty: out of memory.
std::string to_der(std::string_view r_and_s) {
  const unsigned char* const bytes = bytes_of(r_and_s);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(),
                                                                   &ECDSA_SIG_free);
  BIGNUM* const r = BN_bin2bn(bytes, p256_number_bytes, nullptr);
  BIGNUM* const s = BN_bin2bn(bytes + p256_number_bytes, p256_number_bytes, nullptr);
  if (!pair || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  std::string text;
  if (size > 0) text.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

}  // namespace

bool has_hs256(const std::string& secret, std::string_view message, std::string_view signature) {
  std::array<unsigned char, sha256_bytes> expected{};
  std::size_t expected_bytes = 0;
  const bool hashed = EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, secret.data(),
                                secret.size(), bytes_of(message), message.size(), expected.data(),
                                expected.size(), &expected_bytes) != nullptr;
  return hashed && signature.size() == expected_bytes &&
         CRYPTO_memcmp(expected.data(), signature.data(), expected_bytes) == 0;
}

bool has_rs256(evp_pkey_st* key, std::string_view message, std::string_view signature) {
  return has_signature(key, EVP_sha256(), message, signature);
}

// OpenSSL refuses numbers that are zero, or not below the order of the curve.
bool has_es256(evp_pkey_st* key, std::string_view message, std::string_view signature) {
  if (signature.size() != 2 * p256_number_bytes) return false;
  return has_signature(key, EVP_sha256(), message, to_der(signature));
}

bool has_ed25519(evp_pkey_st* key, std::string_view message, std::string_view signature) {
  return has_signature(key, nullptr, message, signature);
}

}  // namespace plimsoll::bridge
