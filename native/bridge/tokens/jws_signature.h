#pragma once

#include <string>
#include <string_view>

// Signatures of JSON Web Signatures (RFC 7515) under the algorithms of RFC 7518 and RFC 8037, with
// OpenSSL. Each function returns whether `signature`, as bytes, is the key's signature of
// `message`, and false for a signature of any other size.

struct evp_pkey_st;

namespace plimsoll::bridge {

/// HS256. Takes the same time wherever the two differ, so that a client cannot guess a signature
/// byte by byte. The others need no constant time: key, message and signature are all public.
bool has_hs256(const std::string& secret, std::string_view message, std::string_view signature);

/// RS256: `key` must be an RSA key. PKCS#1 v1.5, as many bytes as the modulus.
bool has_rs256(evp_pkey_st* key, std::string_view message, std::string_view signature);

/// ES256: `key` must be a key of P-256. 64 bytes, R and S (RFC 7518, section 3.4).
bool has_es256(evp_pkey_st* key, std::string_view message, std::string_view signature);

/// EdDSA: `key` must be an Ed25519 key. 64 bytes.
bool has_ed25519(evp_pkey_st* key, std::string_view message, std::string_view signature);

}  // namespace plimsoll::bridge
