#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

// Why a token was not taken: for the log. Whoever sent it learns 401 and no more.

namespace plimsoll::bridge {

enum class TokenRefusal : std::uint8_t {
  too_large,        ///< more than token_bytes_max
  unknown_token,    ///< no static token, and nothing that could be a JWT
  malformed,        ///< no JWT as it has to be: base64url, JSON, or the type of a claim
  unknown_key,      ///< signed with a key (`kid`) that is not configured
  wrong_algorithm,  ///< not that of the key; "none" is nobody's
  forged,           ///< the signature is not the key's
  expired,
  not_yet_valid,
  wrong_audience,
  wrong_issuer,
  unknown_profile,  ///< names no profile, or one that is not configured
};

inline constexpr std::size_t token_refusals_count =
    static_cast<std::size_t>(TokenRefusal::unknown_profile) + 1;

/// A short sentence of ASCII, never with anything of the token.
std::string_view text(TokenRefusal refusal);

/// What a token stands for, or why it stands for nothing.
template <class T>
class [[nodiscard]] Verified {
 public:
  Verified(T value) : value_(std::move(value)) {}
  Verified(TokenRefusal refusal) : refusal_(refusal) {}

  explicit operator bool() const { return value_.has_value(); }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return &*value_; }

  /// Only where it is false.
  TokenRefusal refusal() const { return refusal_; }

 private:
  std::optional<T> value_;
  TokenRefusal refusal_ = TokenRefusal::malformed;
};

}  // namespace plimsoll::bridge
