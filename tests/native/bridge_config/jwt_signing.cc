#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

#include <array>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "plimsoll/native/bridge/tokens/base64url.h"

namespace plimsoll::testing {
namespace {

void require(bool done) {
  if (!done) throw std::runtime_error("OpenSSL refuses");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

template <class Write>
std::string pem(const Write& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  require(write(out.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

std::string signing_input(std::string_view header, std::string_view payload) {
  return bridge::base64url_encode(header) + "." + bridge::base64url_encode(payload);
}

std::string add_signature(std::string token, std::string_view secret) {
  std::array<unsigned char, 32> hash{};
  unsigned size = 0;
  require(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(token),
               token.size(), hash.data(), &size) != nullptr);
  return token + "." +
         bridge::base64url_encode({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::string sign_hs256(std::string_view header, std::string_view payload, std::string_view secret) {
  return add_signature(signing_input(header, payload), secret);
}

std::string sign_claims(std::string_view payload) {
  return sign_hs256(R"({"alg":"HS256","typ":"JWT"})", payload);
}

Ed25519Pair::Ed25519Pair() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free) {
  require(key_ != nullptr);
}

std::string Ed25519Pair::public_pem() const {
  return pem([this](BIO* out) { return PEM_write_bio_PUBKEY(out, key_.get()); });
}

std::string Ed25519Pair::private_pem() const {
  return pem([this](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string Ed25519Pair::sign(std::string_view header, std::string_view payload) const {
  std::string token = signing_input(header, payload);
  std::array<unsigned char, 64> signature{};
  std::size_t size = signature.size();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  require(EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(token), token.size()) ==
          1);
  return token + "." +
         bridge::base64url_encode({reinterpret_cast<const char*>(signature.data()), size});
}

bridge::JwtKey hs256_key(std::string_view secret) {
  return bridge::JwtKey::from_secret(std::string(secret)).value();
}

}  // namespace plimsoll::testing
