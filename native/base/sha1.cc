#include "plimsoll/native/base/sha1.h"

#include <openssl/sha.h>

#include "plimsoll/native/base/openssl.h"

namespace plimsoll::inline v0::native {

Sha1Digest sha1(std::string_view text) {
  Sha1Digest digest{};
  static_assert(digest.size() == SHA_DIGEST_LENGTH);
  keep_openssl();
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

std::string sha1_hex(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  const Sha1Digest digest = sha1(text);
  hex.reserve(digest.size() * 2);
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

}  // namespace plimsoll::inline v0::native
