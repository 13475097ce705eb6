#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plimsoll/native/base/file_watch.h"
#include "plimsoll/native/bridge/tokens/jwt_key.h"
#include "plimsoll/result.h"

// One of [[jwt_keys]]: its file, and the keys that were read from it.

namespace plimsoll::bridge {

/// What the configuration says of the file and its keys.
struct JwtKeySource {
  enum class Kind : std::uint8_t {
    secret,      ///< of HS256
    public_key,  ///< one key of `algorithm`, in PEM
    key_set,     ///< a JWK Set, which says `kid` and algorithm of each key
  };
  Kind kind = Kind::secret;
  std::string path;
  JwtAlgorithm algorithm = JwtAlgorithm::hs256;  ///< not for a key_set
  std::string kid;                               ///< not for a key_set
  std::string audience;
  std::string issuer;
  std::size_t table = 0;  ///< see JwtKey::table
};

/// A value. A file that was opened always has a key.
class JwtKeyFile {
 public:
  /// Reads the file. The error names the file and what is wrong with it, without quoting it.
  static native::Result<JwtKeyFile> open(JwtKeySource source);

  enum class Look : std::uint8_t {
    same,    ///< nothing has changed since the last look
    read,    ///< the file was read again: keys() are the new ones
    failed,  ///< the file cannot be used: keys() are the old ones, see problem()
  };

  /// Reads the file again if it has changed, and a bad file once a second. The file of a secret is
  /// never read again: nothing in it tells a secret that is half written from a whole one, which a
  /// public key's form does.
  Look look_again();

  const std::string& path() const { return source_.path; }
  const std::vector<JwtKey>& keys() const { return keys_; }

  /// A line for each key of the set that is not used: "FILE: key 2 is left out: ...".
  const std::vector<std::string>& left_out() const { return left_out_; }

  /// Why the file could not be read at the last attempt; empty if it could.
  const std::string& problem() const { return problem_; }

  /// An empty file, as Result needs a default.
  JwtKeyFile() = default;

 private:
  native::Result<void> read();
  native::Result<std::vector<JwtKey>> read_keys(std::vector<std::string>& left_out) const;

  JwtKeySource source_;
  native::FileWatch file_;
  std::vector<JwtKey> keys_;
  std::vector<std::string> left_out_;
  std::string problem_;
};

}  // namespace plimsoll::bridge
