#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

#include <array>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
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

constexpr int p256_bytes = 32;

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

// Big-endian, in so many bytes, or, for 0, in as many as it takes.
std::string padded(const BIGNUM* number, int bytes) {
  std::string text(static_cast<std::size_t>(bytes > 0 ? bytes : BN_num_bytes(number)), '\0');
  require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()),
                       static_cast<int>(text.size())) >= 0);
  return text;
}

std::string number(const EVP_PKEY* key, const char* name, int bytes) {
  BIGNUM* found = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &found) == 1);
  const Number kept(found, &BN_free);
  return bridge::base64url_encode(padded(found, bytes));
}

// RFC 7518, section 3.4, of the DER that OpenSSL writes.
std::string r_and_s(std::string_view der) {
  const unsigned char* in = bytes_of(der);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
      d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())), &ECDSA_SIG_free);
  require(pair != nullptr);
  return padded(ECDSA_SIG_get0_r(pair.get()), p256_bytes) +
         padded(ECDSA_SIG_get0_s(pair.get()), p256_bytes);
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

KeyPair::KeyPair(evp_pkey_st* key) : key_(key, &EVP_PKEY_free) { require(key != nullptr); }

KeyPair KeyPair::ed25519() { return KeyPair(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

KeyPair KeyPair::rsa(unsigned bits) {
  return KeyPair(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)));
}

KeyPair KeyPair::ec(const char* curve) {
  return KeyPair(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}

std::string KeyPair::public_pem() const {
  return pem([this](BIO* out) { return PEM_write_bio_PUBKEY(out, key_.get()); });
}

std::string KeyPair::private_pem() const {
  return pem([this](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string KeyPair::jwk(std::string_view members) const {
  std::string text = "{" + std::string(members);
  EVP_PKEY* const key = key_.get();
  switch (EVP_PKEY_get_id(key)) {
    case EVP_PKEY_RSA:
      return text + R"("kty":"RSA","n":")" + number(key, "n", 0) + R"(","e":")" +
             number(key, "e", 0) + "\"}";
    case EVP_PKEY_EC:
      return text + R"("kty":"EC","crv":"P-256","x":")" + number(key, "qx", p256_bytes) +
             R"(","y":")" + number(key, "qy", p256_bytes) + "\"}";
    default: break;
  }
  std::array<unsigned char, 32> point{};
  std::size_t size = point.size();
  require(EVP_PKEY_get_raw_public_key(key, point.data(), &size) == 1);
  return text + R"("kty":"OKP","crv":"Ed25519","x":")" +
         bridge::base64url_encode({reinterpret_cast<const char*>(point.data()), size}) + "\"}";
}

std::string KeyPair::sign(std::string_view header, std::string_view payload) const {
  const std::string token = signing_input(header, payload);
  return token + "." + bridge::base64url_encode(signature_of(token));
}

std::string KeyPair::signature_of(std::string_view message) const {
  const int kind = EVP_PKEY_get_id(key_.get());
  const EVP_MD* const hash = kind == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  require(EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key_.get()) == 1);
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = signature.size();
  auto* const out = reinterpret_cast<unsigned char*>(signature.data());
  require(EVP_DigestSign(context.get(), out, &size, bytes_of(message), message.size()) == 1);
  signature.resize(size);
  return kind == EVP_PKEY_EC ? r_and_s(signature) : signature;
}

std::string jwk_set(std::initializer_list<std::string> keys) {
  std::string all;
  for (const std::string& key : keys) all += (all.empty() ? "" : ",") + key;
  return "{\"keys\":[" + all + "]}";
}

std::string with_other_signature(std::string_view token) {
  const std::size_t end = token.rfind('.') + 1;
  const std::string signature = *bridge::base64url_decode(token.substr(end));
  const std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)> group(
      EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), &EC_GROUP_free);
  const Number s(BN_bin2bn(bytes_of(signature) + p256_bytes, p256_bytes, nullptr), &BN_free);
  require(BN_sub(s.get(), EC_GROUP_get0_order(group.get()), s.get()) == 1);
  return std::string(token.substr(0, end)) +
         bridge::base64url_encode(signature.substr(0, p256_bytes) + padded(s.get(), p256_bytes));
}

bridge::JwtKey hs256_key(std::string_view secret) {
  return bridge::JwtKey::from_secret(std::string(secret)).value();
}

}  // namespace plimsoll::testing
