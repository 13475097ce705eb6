#include "plimsoll/native/bridge/tokens/token_refusal.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::bridge {

std::string_view text(TokenRefusal refusal) {
  switch (refusal) {
    case TokenRefusal::too_large: return "token too large";
    case TokenRefusal::unknown_token: return "unknown token";
    case TokenRefusal::malformed: return "token malformed";
    case TokenRefusal::unknown_key: return "token signed with an unknown key";
    case TokenRefusal::wrong_algorithm: return "token's algorithm is not the key's";
    case TokenRefusal::too_many_keys: return "token without a kid fits too many keys";
    case TokenRefusal::forged: return "token forged";
    case TokenRefusal::expired: return "token expired";
    case TokenRefusal::not_yet_valid: return "token not yet valid";
    case TokenRefusal::wrong_audience: return "token for another audience";
    case TokenRefusal::wrong_issuer: return "token of another issuer";
    case TokenRefusal::unknown_profile: return "token without a known profile";
  }
  PLIMSOLL_CHECK(false);
}

}  // namespace plimsoll::bridge
