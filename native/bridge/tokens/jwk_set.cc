#include "plimsoll/native/bridge/tokens/jwk_set.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "plimsoll/native/bridge/tokens/base64url.h"
#include "plimsoll/native/bridge/tokens/strict_json.h"
#include "plimsoll/native/config/text/plain_name.h"

namespace plimsoll::bridge {
namespace {

using Json = nlohmann::json;
using native::Result;

// RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1; "priv" is the private member of newer kinds of keys.
constexpr std::array private_members{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};

native::Error unusable(std::string_view text) {
  return native::Error(ErrorCode::invalid_option, Executed::no, text);
}

// "key 2", or "key 2 (kid web-1)" if the kid can be shown on a line.
std::string call_key(std::size_t index, const Json& jwk) {
  std::string called = "key " + std::to_string(index + 1);
  const auto kid = jwk.find("kid");
  if (kid == jwk.end() || !kid->is_string()) return called;
  const auto& text = kid->get_ref<const std::string&>();
  return native::config::is_plain_name(text) ? called + " (kid " + text + ")" : called;
}

// The text of a member; nothing if there is none, or it is not a text.
std::optional<std::string> member(const Json& jwk, const char* name) {
  const auto found = jwk.find(name);
  if (found == jwk.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

Result<std::string> bytes_at(const Json& jwk, const char* name) {
  const auto text = member(jwk, name);
  const auto bytes = text ? base64url_decode(*text) : std::nullopt;
  if (!bytes) return unusable(std::string(name) + " is missing, or not base64url");
  return *bytes;
}

bool is_private(const Json& jwk) {
  return member(jwk, "kty") == "oct" ||
         std::any_of(private_members.begin(), private_members.end(),
                     [&](const char* name) { return jwk.contains(name); });
}

// What the key says that it may be used for (RFC 7517, sections 4.2 and 4.3). Empty: for what the
// bridge does.
std::string problem_of_use(const Json& jwk) {
  if (jwk.contains("use") && member(jwk, "use") != "sig") return "its use is not sig";
  const auto operations = jwk.find("key_ops");
  if (operations == jwk.end()) return {};
  const bool verifies = operations->is_array() && std::find(operations->begin(), operations->end(),
                                                            Json("verify")) != operations->end();
  return verifies ? "" : "its key_ops do not contain verify";
}

Result<JwtKey> key_of_numbers(const Json& jwk, const char* first, const char* second,
                              Result<JwtKey> (*make)(std::string_view, std::string_view)) {
  const auto one = bytes_at(jwk, first);
  if (!one) return one.error();
  const auto other = bytes_at(jwk, second);
  if (!other) return other.error();
  return make(*one, *other);
}

Result<JwtKey> key_of_kind(const Json& jwk) {
  const auto kind = member(jwk, "kty");
  const auto curve = member(jwk, "crv");
  if (!kind) return unusable("it has no kty");
  if (kind == "RSA") return key_of_numbers(jwk, "n", "e", &JwtKey::from_rsa);
  if (kind != "EC" && kind != "OKP") return unusable("its kty is not RSA, EC or OKP");
  if (kind == "EC" && curve == "P-256") return key_of_numbers(jwk, "x", "y", &JwtKey::from_p256);
  if (kind == "EC") return unusable("its crv is not P-256");
  if (curve != "Ed25519") return unusable("its crv is not Ed25519");
  const auto point = bytes_at(jwk, "x");
  return point ? JwtKey::from_ed25519(*point) : Result<JwtKey>(point.error());
}

Result<JwtKey> read_jwk(const Json& jwk) {
  if (const std::string problem = problem_of_use(jwk); !problem.empty()) return unusable(problem);
  std::string kid;
  if (jwk.contains("kid")) {
    kid = member(jwk, "kid").value_or("");
    if (kid.empty() || kid.size() > kid_bytes_max) {
      return unusable("its kid is not a text of 1 to " + std::to_string(kid_bytes_max) + " bytes");
    }
  }
  if (jwk.contains("alg") && !parse_jwt_algorithm(member(jwk, "alg").value_or(""))) {
    return unusable("its alg is not RS256, ES256 or EdDSA");
  }
  auto key = key_of_kind(jwk);
  if (!key) return key;
  key->kid = std::move(kid);
  if (jwk.contains("alg") && member(jwk, "alg") != name(key->algorithm())) {
    return unusable("its alg is not for its kty");
  }
  return key;
}

// Fails for what spoils the whole set.
Result<void> add_key(std::size_t index, const Json& jwk, std::set<std::string>& kids, JwkSet& set) {
  if (!jwk.is_object()) return unusable("key " + std::to_string(index + 1) + " is not an object");
  if (is_private(jwk)) {
    return unusable(call_key(index, jwk) +
                    " is private or symmetric, which does not belong in a set of public keys; "
                    "expected its public half, or for HS256 a secret_file");
  }
  auto key = read_jwk(jwk);
  if (!key) {
    set.left_out.push_back(call_key(index, jwk) +
                           " is left out: " + std::string(key.error().text()));
    return {};
  }
  if (!key->kid.empty() && !kids.insert(key->kid).second) {
    return unusable(call_key(index, jwk) + " has the kid of a key before it");
  }
  set.keys.push_back(std::move(*key));
  return {};
}

}  // namespace

Result<JwkSet> parse_jwk_set(std::string_view text) {
  const auto all = parse_json_object(text);
  if (!all) return unusable("not an object of JSON in UTF-8 that has each name once");
  const auto keys = all->find("keys");
  if (keys == all->end() || !keys->is_array()) {
    return unusable("not a JWK Set; expected {\"keys\": [...]}");
  }
  if (keys->size() > jwk_set_keys_max) {
    return unusable("has " + std::to_string(keys->size()) + " keys; expected " +
                    std::to_string(jwk_set_keys_max) + " at most");
  }
  JwkSet set;
  std::set<std::string> kids;
  for (std::size_t i = 0; i < keys->size(); ++i) {
    if (const auto done = add_key(i, (*keys)[i], kids, set); !done) return done.error();
  }
  if (set.keys.empty()) {
    return unusable("has no key that the bridge can use" +
                    (set.left_out.empty() ? "" : "; " + set.left_out.front()));
  }
  return set;
}

}  // namespace plimsoll::bridge
