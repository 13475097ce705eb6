#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/native/bridge/tokens/authorization.h"
#include "plimsoll/native/bridge/tokens/jwt_key_file.h"
#include "plimsoll/native/bridge/tokens/static_token.h"
#include "plimsoll/native/bridge/tokens/token_refusal.h"
#include "plimsoll/native/bridge/tokens/tokens.h"

// The bridge's Tokens, whose keys for JWTs follow their files: an issuer rotates its keys by
// replacing a file, without a signal. The program asks from time to time what is to be said and
// done about it. Thread-safe; a signature is verified without the lock.

namespace plimsoll::bridge {

class WatchedTokens {
 public:
  /// `profiles` must outlive this object and each Authorization. Their names must differ.
  WatchedTokens(std::span<const Profile> profiles, std::vector<StaticToken> static_tokens,
                std::vector<JwtKeyFile> key_files);

  /// As Tokens::verify(). Looks at the files first if the token may be a JWT, so that a token of a
  /// new key is good as soon as the key is in its file.
  Verified<Authorization> verify(std::string_view token, std::chrono::system_clock::time_point now);

  /// Takes the keys from files that have changed. One look costs a stat() for each file.
  void look_at_files();

  /// Takes other tokens and files in place of all. The profiles stay.
  void replace(std::vector<StaticToken> static_tokens, std::vector<JwtKeyFile> key_files);

  /// Whether tokens or keys have changed since the last call: if so, ask holds() about each
  /// connection.
  bool take_change();

  /// As Tokens::holds(), for what this object gave before the change.
  bool holds(const Authorization& authorization) const { return now()->holds(authorization); }

  /// Lines for the log since the last call, each said once: files that were read again or could not
  /// be, and keys that are not used. No line quotes a key or a token.
  std::vector<std::string> take_notes();

 private:
  std::shared_ptr<const Tokens> now() const {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }
  // These two with the lock.
  void take_keys();
  void note_left_out(const JwtKeyFile& file);

  const std::span<const Profile> profiles_;
  mutable std::mutex mutex_;  // of all that follows
  std::vector<StaticToken> static_tokens_;
  std::vector<JwtKeyFile> key_files_;
  std::shared_ptr<const Tokens> tokens_;  // replaced as a whole: who verifies keeps the old one
  std::vector<std::string> notes_;
  bool has_changed_ = false;
};

}  // namespace plimsoll::bridge
