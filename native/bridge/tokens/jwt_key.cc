#include "plimsoll/native/bridge/tokens/jwt_key.h"

#include <array>
#include <climits>
#include <utility>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/bridge/tokens/jws_signature.h"

namespace plimsoll::bridge {
namespace {

constexpr std::array all_algorithms{JwtAlgorithm::hs256, JwtAlgorithm::rs256, JwtAlgorithm::es256,
                                    JwtAlgorithm::eddsa};

// Issuers may write a zero in front of a number, though they should not (RFC 7518, 6.3.1.1).
constexpr std::size_t number_bytes_max = rsa_bits_max / 8 + 1;
constexpr std::size_t coordinate_bytes = 32;  // of P-256
constexpr std::size_t ed25519_bytes = 32;
constexpr const char* p256 = "prime256v1";  // OpenSSL's name
constexpr char uncompressed_point = 4;      // SEC 1, section 2.3.3

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
using Parameters = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;

native::Error invalid(std::string_view text) {
  return native::Error(ErrorCode::invalid_option, Executed::no, text);
}

// What a public key of `algorithm` has to be.
std::string kind_of(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::hs256: break;
    case JwtAlgorithm::rs256:
      return "RSA of " + std::to_string(rsa_bits_min) + " to " + std::to_string(rsa_bits_max) +
             " bits";
    case JwtAlgorithm::es256: return "P-256";
    case JwtAlgorithm::eddsa: return "Ed25519";
  }
  PLIMSOLL_CHECK(false);
}

// Keeps OpenSSL from asking for a password on the terminal: a public key has none.
int refuse_password(char*, int, int, void*) { return -1; }

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view big_endian) {
  return {BN_bin2bn(octets(big_endian), static_cast<int>(big_endian.size()), nullptr), &BN_free};
}

Number number_in(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  return {number, &BN_free};
}

// Null if OpenSSL finds that these are not the parameters of a public key, such as a point that is
// not on its curve.
std::shared_ptr<EVP_PKEY> make_key(const char* kind, const ParameterBuilder& builder) {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr), &EVP_PKEY_CTX_free);
  const Parameters all(OSSL_PARAM_BLD_to_param(builder.get()), &OSSL_PARAM_free);
  EVP_PKEY* key = nullptr;
  if (context && all && EVP_PKEY_fromdata_init(context.get()) == 1) {
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, all.get());
  }
  ERR_clear_error();
  return {key, &EVP_PKEY_free};
}

// Whether the modulus is a product of primes is not examined: that takes seconds for a set of large
// keys, in which the bridge would serve nobody, and a bad one harms only its own issuer.
std::string problem_of_rsa(const EVP_PKEY* key) {
  const Number modulus = number_in(key, OSSL_PKEY_PARAM_RSA_N);
  const Number exponent = number_in(key, OSSL_PKEY_PARAM_RSA_E);
  if (!modulus || !exponent) return "an RSA key without its numbers";
  const int bits = BN_num_bits(modulus.get());
  if (bits < rsa_bits_min || bits > rsa_bits_max) {
    return "an RSA key of " + std::to_string(bits) + " bits; expected " +
           std::to_string(rsa_bits_min) + " to " + std::to_string(rsa_bits_max);
  }
  if (BN_is_odd(modulus.get()) == 0) return "an RSA key whose modulus is even";
  // With the exponent 1, anybody can sign.
  const bool is_good = BN_is_odd(exponent.get()) != 0 && BN_is_one(exponent.get()) == 0 &&
                       BN_num_bits(exponent.get()) <= rsa_exponent_bits_max;
  if (!is_good) {
    return "an RSA key whose exponent is even, 1, or has more than " +
           std::to_string(rsa_exponent_bits_max) + " bits";
  }
  return {};
}

std::string problem_of_p256(EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  const bool has_name = EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1;
  if (!has_name || std::string_view(group.data(), size) != p256) {
    return "a public key of another curve; expected P-256";
  }
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), &EVP_PKEY_CTX_free);
  if (!context || EVP_PKEY_public_check(context.get()) != 1) return "not a point of P-256";
  return {};
}

std::string problem_of(JwtAlgorithm algorithm, EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_id(key);
  const bool is_of_kind = (algorithm == JwtAlgorithm::rs256 && kind == EVP_PKEY_RSA) ||
                          (algorithm == JwtAlgorithm::es256 && kind == EVP_PKEY_EC) ||
                          (algorithm == JwtAlgorithm::eddsa && kind == EVP_PKEY_ED25519);
  if (!is_of_kind) return "a public key of another kind; expected " + kind_of(algorithm);
  if (algorithm == JwtAlgorithm::rs256) return problem_of_rsa(key);
  if (algorithm == JwtAlgorithm::es256) return problem_of_p256(key);
  return {};
}

void append_sized(std::string& all, std::string_view part) {
  all.append(std::to_string(part.size())).append(1, ':').append(part);
}

std::string info_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  PLIMSOLL_CHECK(size > 0);
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

}  // namespace

std::string_view name(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::hs256: return "HS256";
    case JwtAlgorithm::rs256: return "RS256";
    case JwtAlgorithm::es256: return "ES256";
    case JwtAlgorithm::eddsa: return "EdDSA";
  }
  PLIMSOLL_CHECK(false);
}

std::optional<JwtAlgorithm> parse_jwt_algorithm(std::string_view text) {
  for (const JwtAlgorithm each : all_algorithms) {
    if (name(each) == text) return each;
  }
  return std::nullopt;
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

native::Result<JwtKey> JwtKey::from_public_key(JwtAlgorithm algorithm, std::string_view pem) {
  const std::string expected = "; expected " + kind_of(algorithm) + " in PEM (BEGIN PUBLIC KEY)";
  if (pem.find("PRIVATE KEY-----") != pem.npos) {
    return invalid("a private key, which does not belong on the bridge's machine" + expected);
  }
  const native::Error not_this = invalid("not a public key" + expected);
  if (pem.size() > INT_MAX) return not_this;
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  PLIMSOLL_CHECK(text != nullptr);
  PublicKey key(PEM_read_bio_PUBKEY(text.get(), nullptr, &refuse_password, nullptr),
                &EVP_PKEY_free);
  ERR_clear_error();
  if (!key) return not_this;
  return from_key(algorithm, std::move(key));
}

native::Result<JwtKey> JwtKey::from_rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > number_bytes_max || exponent.size() > number_bytes_max) {
    return invalid("n or e has more than " + std::to_string(number_bytes_max) + " bytes");
  }
  const Number n = number_of(modulus);
  const Number e = number_of(exponent);
  const ParameterBuilder builder(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  PLIMSOLL_CHECK(n && e && builder);
  // Some releases of OpenSSL 3.0 refuse to push a zero.
  const bool pushed = OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
                      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1;
  return from_key(JwtAlgorithm::rs256, pushed ? make_key("RSA", builder) : nullptr);
}

native::Result<JwtKey> JwtKey::from_p256(std::string_view x, std::string_view y) {
  if (x.size() != coordinate_bytes || y.size() != coordinate_bytes) {
    return invalid("x and y do not have " + std::to_string(coordinate_bytes) + " bytes each");
  }
  std::string point(1, uncompressed_point);
  point.append(x).append(y);
  const ParameterBuilder builder(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  PLIMSOLL_CHECK(builder != nullptr);
  const bool pushed =
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, p256, 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) == 1;
  return from_key(JwtAlgorithm::es256, pushed ? make_key("EC", builder) : nullptr);
}

native::Result<JwtKey> JwtKey::from_ed25519(std::string_view x) {
  if (x.size() != ed25519_bytes) {
    return invalid("x does not have " + std::to_string(ed25519_bytes) + " bytes");
  }
  PublicKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(x), x.size()),
                &EVP_PKEY_free);
  return from_key(JwtAlgorithm::eddsa, std::move(key));
}

native::Result<JwtKey> JwtKey::from_key(JwtAlgorithm algorithm, PublicKey public_key) {
  if (!public_key) return invalid("not a public key of " + kind_of(algorithm));
  const std::string problem = problem_of(algorithm, public_key.get());
  ERR_clear_error();
  if (!problem.empty()) return invalid(problem);
  JwtKey key;
  key.algorithm_ = algorithm;
  key.public_key_ = std::move(public_key);
  return key;
}

bool JwtKey::signed_this(std::string_view message, std::string_view signature) const {
  switch (algorithm_) {
    case JwtAlgorithm::hs256: return !secret_.empty() && has_hs256(secret_, message, signature);
    case JwtAlgorithm::rs256: return has_rs256(public_key_.get(), message, signature);
    case JwtAlgorithm::es256: return has_es256(public_key_.get(), message, signature);
    case JwtAlgorithm::eddsa: return has_ed25519(public_key_.get(), message, signature);
  }
  PLIMSOLL_CHECK(false);
}

Sha256 JwtKey::fingerprint() const {
  std::string all(name(algorithm_));
  append_sized(all, audience);
  append_sized(all, issuer);
  append_sized(all, public_key_ ? info_of(public_key_.get()) : secret_);
  return sha256(all);
}

}  // namespace plimsoll::bridge
