#include "plimsoll/native/bridge/tokens/jwt_key_file.h"

#include <utility>

#include "plimsoll/native/base/steady_now.h"
#include "plimsoll/native/bridge/tokens/jwk_set.h"
#include "plimsoll/native/config/text/bounded_file.h"

namespace plimsoll::bridge {
namespace {

using native::config::read_bounded_file;
using native::config::read_secret_file;

native::Error in_file(const std::string& path, const native::Error& error) {
  return native::Error(ErrorCode::invalid_option, Executed::no,
                       path + ": " + std::string(error.text()));
}

}  // namespace

native::Result<JwtKeyFile> JwtKeyFile::open(JwtKeySource source) {
  JwtKeyFile file;
  file.source_ = std::move(source);
  file.file_ = native::FileWatch({file.source_.path});
  if (const auto done = file.read(); !done) return done.error();
  return file;
}

JwtKeyFile::Look JwtKeyFile::look_again() {
  if (source_.kind == JwtKeySource::Kind::secret) return Look::same;
  const Instant now = native::steady_now();
  if (!file_.wants_reading(now)) return Look::same;
  const auto done = read();
  file_.note_read(done.has_value(), now);
  problem_ = done ? std::string() : std::string(done.error().text());
  return done ? Look::read : Look::failed;
}

native::Result<void> JwtKeyFile::read() {
  std::vector<std::string> left_out;
  auto keys = read_keys(left_out);
  if (!keys) return keys.error();
  for (JwtKey& key : *keys) {
    if (source_.kind != JwtKeySource::Kind::key_set) key.kid = source_.kid;
    key.audience = source_.audience;
    key.issuer = source_.issuer;
    key.table = source_.table;
  }
  keys_ = std::move(*keys);
  left_out_ = std::move(left_out);
  return {};
}

native::Result<std::vector<JwtKey>> JwtKeyFile::read_keys(
    std::vector<std::string>& left_out) const {
  const std::string& path = source_.path;
  const bool is_set = source_.kind == JwtKeySource::Kind::key_set;
  auto text = is_set ? read_bounded_file(path, jwk_set_bytes_max) : read_secret_file(path);
  if (!text) return text.error();
  if (is_set) {
    auto set = parse_jwk_set(*text);
    if (!set) return in_file(path, set.error());
    for (const std::string& sentence : set->left_out) {
      left_out.emplace_back(path).append(": ").append(sentence);
    }
    return std::move(set->keys);
  }
  auto key = source_.kind == JwtKeySource::Kind::secret
                 ? JwtKey::from_secret(std::move(*text))
                 : JwtKey::from_public_key(source_.algorithm, *text);
  if (!key) return in_file(path, key.error());
  return std::vector<JwtKey>{std::move(*key)};
}

}  // namespace plimsoll::bridge
