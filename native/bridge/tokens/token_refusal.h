#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

// Why a token was refused, for the log. The client only sees the status 401.

namespace plimsoll::bridge {

enum class TokenRefusal : std::uint8_t {
  too_large,        ///< more than token_bytes_max
  unknown_token,    ///< not a static token, and cannot be a JWT
  malformed,        ///< not a valid JWT: base64url, JSON, or the type of a claim
  unknown_key,      ///< signed with a key (`kid`) that is not configured
  wrong_algorithm,  ///< not the key's algorithm; no key has "none"
  too_many_keys,    ///< it fits more than signatures_tried_max keys; a `kid` would tell them apart
  forged,           ///< the signature is wrong
  expired,
  not_yet_valid,
  wrong_audience,
  wrong_issuer,
  unknown_profile,  ///< names no profile, or one that is not configured
};

inline constexpr std::size_t token_refusals_count =
    static_cast<std::size_t>(TokenRefusal::unknown_profile) + 1;

/// A short text in ASCII. It never contains a part of the token.
std::string_view text(TokenRefusal refusal);

/// The value of a valid token (its claims or authorization), or why the token was refused.
template <class T>
class [[nodiscard]] Verified {
 public:
  Verified(T value) : value_(std::move(value)) {}
  Verified(TokenRefusal refusal) : refusal_(refusal) {}

  explicit operator bool() const { return value_.has_value(); }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return &*value_; }

  /// Valid only if the token was refused.
  TokenRefusal refusal() const { return refusal_; }

 private:
  std::optional<T> value_;
  TokenRefusal refusal_ = TokenRefusal::malformed;
};

}  // namespace plimsoll::bridge
