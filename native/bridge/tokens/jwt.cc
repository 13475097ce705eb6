#include "plimsoll/native/bridge/tokens/jwt.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "plimsoll/native/bridge/tokens/base64url.h"
#include "plimsoll/native/bridge/tokens/strict_json.h"

namespace plimsoll::bridge {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::system_clock;

// The end of the year 9999. A later date is a mistake, such as milliseconds for seconds.
constexpr double date_max = 253402300799;

struct Parts {
  std::string header;
  std::string payload;
  std::string signature;
  std::string_view signed_part;
};

std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == token.npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == token.npos) return std::nullopt;
  auto header = base64url_decode(token.substr(0, first));
  auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  auto signature = base64url_decode(token.substr(second + 1));  // refuses a third dot
  if (!header || !payload || !signature) return std::nullopt;
  return Parts{std::move(*header), std::move(*payload), std::move(*signature),
               token.substr(0, second)};
}

// The text at `name`; empty if it is missing, and nothing if it is not a text.
std::optional<std::string> text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::string();
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// A NumericDate (RFC 7519, section 2), which may have a fraction.
std::optional<seconds> date_of(const json& claim) {
  if (!claim.is_number()) return std::nullopt;
  const double date = claim.get<double>();
  if (!(date >= 0 && date <= date_max)) return std::nullopt;
  return seconds(static_cast<std::int64_t>(date));
}

// Whether `type` is a media type of JWTs (RFC 7519, section 5.1; RFC 9068, section 2.1). Letters of
// either case are the same, and "application/" may be left out (RFC 7515, section 4.1.9).
bool is_jwt_type(std::string type) {
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  constexpr std::string_view prefix = "application/";
  if (type.starts_with(prefix)) type.erase(0, prefix.size());
  return type == "jwt" || type == "at+jwt";
}

struct Header {
  std::string algorithm;
  std::string kid;
  bool has_kid = false;
};

std::optional<Header> read_header(const std::string& text) {
  const auto header = parse_json_object(text);
  if (!header || header->contains("crit")) return std::nullopt;
  auto algorithm = text_of(*header, "alg");
  auto kid = text_of(*header, "kid");
  const auto type = text_of(*header, "typ");
  if (!algorithm || algorithm->empty() || !kid || !type) return std::nullopt;
  if (header->contains("typ") && !is_jwt_type(*type)) return std::nullopt;
  return Header{std::move(*algorithm), std::move(*kid), header->contains("kid")};
}

// The keys that the token may be signed with, by its `kid` and its algorithm.
Verified<std::vector<std::size_t>> find_candidates(const Header& header,
                                                   std::span<const JwtKey> keys) {
  const bool kid_is_known =
      header.has_kid && std::any_of(keys.begin(), keys.end(),
                                    [&](const JwtKey& key) { return key.kid == header.kid; });
  const std::string kid = kid_is_known ? header.kid : std::string();
  std::vector<std::size_t> all;
  TokenRefusal refusal = TokenRefusal::unknown_key;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (header.has_kid && keys[i].kid != kid) continue;
    refusal = TokenRefusal::wrong_algorithm;
    if (name(keys[i].algorithm()) == header.algorithm) all.push_back(i);
  }
  if (all.empty()) return refusal;
  if (all.size() > signatures_tried_max) return TokenRefusal::too_many_keys;
  return all;
}

// Finds the key that signed the token.
Verified<std::size_t> find_signer(const Header& header, const Parts& parts,
                                  std::span<const JwtKey> keys) {
  const auto candidates = find_candidates(header, keys);
  if (!candidates) return candidates.refusal();
  for (const std::size_t i : *candidates) {
    if (keys[i].signed_this(parts.signed_part, parts.signature)) return i;
  }
  return TokenRefusal::forged;
}

// The dates of a token. All claims are checked for their types before any value is judged.
struct Dates {
  seconds expires{};
  std::optional<seconds> not_before;
  std::optional<seconds> issued;
};

std::optional<Dates> read_dates(const json& payload) {
  if (!payload.contains("exp")) return std::nullopt;
  const auto expires = date_of(payload["exp"]);
  if (!expires) return std::nullopt;
  Dates dates{.expires = *expires, .not_before = {}, .issued = {}};
  for (auto [name, date] : {std::pair{"nbf", &dates.not_before}, {"iat", &dates.issued}}) {
    if (!payload.contains(name)) continue;
    *date = date_of(payload[name]);
    if (!*date) return std::nullopt;
  }
  return dates;
}

// Whether the token is meant for this bridge; nothing if `aud` is neither a text nor a list of
// texts. A token with an audience is only for that audience, so a key without an audience refuses
// it (RFC 7519, 4.1.3).
std::optional<bool> is_meant_for(const json& payload, const std::string& audience) {
  const auto found = payload.find("aud");
  if (found == payload.end()) return audience.empty();
  const json all = found->is_array() ? *found : json::array({*found});
  bool meant = false;
  for (const json& one : all) {
    if (!one.is_string()) return std::nullopt;
    meant |= !audience.empty() && one.get_ref<const std::string&>() == audience;
  }
  return meant;
}

Verified<JwtClaims> read_claims(const std::string& text, const JwtKey& key,
                                system_clock::time_point now) {
  const auto payload = parse_json_object(text);
  if (!payload) return TokenRefusal::malformed;
  const auto dates = read_dates(*payload);
  const auto meant = is_meant_for(*payload, key.audience);
  const auto issuer = text_of(*payload, "iss");
  auto profile = text_of(*payload, "profile");
  auto subject = text_of(*payload, "sub");
  auto id = text_of(*payload, "jti");
  if (!dates || !meant || !issuer || !profile || !subject || !id) return TokenRefusal::malformed;

  const auto today = std::chrono::floor<seconds>(now.time_since_epoch());
  if (today >= dates->expires + clock_leeway) return TokenRefusal::expired;
  for (const auto& date : {dates->not_before, dates->issued}) {
    if (date && today < *date - clock_leeway) return TokenRefusal::not_yet_valid;
  }
  if (!*meant) return TokenRefusal::wrong_audience;
  if (!key.issuer.empty() && *issuer != key.issuer) return TokenRefusal::wrong_issuer;

  // system_clock counts nanoseconds here, and ends in the year 2262.
  const auto last = std::chrono::floor<seconds>(system_clock::duration::max());
  JwtClaims claims;
  claims.profile = std::move(*profile);
  claims.subject = std::move(*subject);
  claims.id = std::move(*id);
  claims.expires_at = system_clock::time_point(std::min(dates->expires + clock_leeway, last));
  return claims;
}

}  // namespace

Verified<JwtClaims> verify_jwt(std::string_view token, std::span<const JwtKey> keys,
                               system_clock::time_point now) {
  if (token.size() > token_bytes_max) return TokenRefusal::too_large;
  const auto parts = split(token);
  if (!parts) return TokenRefusal::malformed;
  const auto header = read_header(parts->header);
  if (!header) return TokenRefusal::malformed;
  const auto signer = find_signer(*header, *parts, keys);
  if (!signer) return signer.refusal();
  auto claims = read_claims(parts->payload, keys[*signer], now);
  if (!claims) return claims;
  JwtClaims all = *claims;
  all.key_index = *signer;
  return all;
}

}  // namespace plimsoll::bridge
