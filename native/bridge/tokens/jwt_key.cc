#include "plimsoll/native/bridge/tokens/jwt_key.h"

#include <array>
#include <climits>
#include <utility>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "plimsoll/core/base/check.h"

namespace plimsoll::bridge {
namespace {

constexpr std::size_t sha256_bytes = 32;

native::Error invalid(std::string_view text) {
  return native::Error(ErrorCode::invalid_option, Executed::no, text);
}

// Keeps OpenSSL from asking for a password on the terminal: a public key has none.
int refuse_password(char*, int, int, void*) { return -1; }

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool has_hmac(const std::string& secret, std::string_view message, std::string_view signature) {
  std::array<unsigned char, sha256_bytes> expected{};
  std::size_t expected_bytes = 0;
  const bool hashed = EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, secret.data(),
                                secret.size(), bytes_of(message), message.size(), expected.data(),
                                expected.size(), &expected_bytes) != nullptr;
  return hashed && signature.size() == expected_bytes &&
         CRYPTO_memcmp(expected.data(), signature.data(), expected_bytes) == 0;
}

// Needs no constant time: key, message and signature are all public (RFC 8032).
bool has_ed25519(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  const bool good = context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                     bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace

std::string_view name(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::hs256: return "HS256";
    case JwtAlgorithm::eddsa: return "EdDSA";
  }
  PLIMSOLL_CHECK(false);
}

native::Result<JwtKey> JwtKey::from_secret(std::string secret) {
  if (secret.size() < jwt_secret_bytes_min) {
    return invalid("secret has " + std::to_string(secret.size()) + " bytes; HS256 needs " +
                   std::to_string(jwt_secret_bytes_min) + " or more");
  }
  JwtKey key;
  key.secret_ = std::move(secret);
  return key;
}

native::Result<JwtKey> JwtKey::from_public_key(std::string_view pem) {
  const native::Error not_this =
      invalid("not a public key; expected Ed25519 in PEM (BEGIN PUBLIC KEY)");
  if (pem.size() > INT_MAX) return not_this;
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  PLIMSOLL_CHECK(text != nullptr);
  JwtKey key;
  key.algorithm_ = JwtAlgorithm::eddsa;
  key.public_key_.reset(PEM_read_bio_PUBKEY(text.get(), nullptr, &refuse_password, nullptr),
                        &EVP_PKEY_free);
  ERR_clear_error();
  if (!key.public_key_) return not_this;
  if (EVP_PKEY_get_id(key.public_key_.get()) != EVP_PKEY_ED25519) {
    return invalid("a public key of another kind; expected Ed25519");
  }
  return key;
}

bool JwtKey::signed_this(std::string_view message, std::string_view signature) const {
  switch (algorithm_) {
    case JwtAlgorithm::hs256: return !secret_.empty() && has_hmac(secret_, message, signature);
    case JwtAlgorithm::eddsa: return has_ed25519(public_key_.get(), message, signature);
  }
  PLIMSOLL_CHECK(false);
}

}  // namespace plimsoll::bridge
