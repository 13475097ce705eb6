#include "plimsoll/core/session/new_credentials.h"

#include <array>
#include <string_view>

#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0 {

Block encode_new_credentials(Account& connections, const SessionOptions& options) {
  const std::array<std::string_view, 3> words{
      "AUTH", options.username.empty() ? "default" : options.username, options.password};
  constexpr std::string_view witness_word = "HELLO";
  CommandView auth;
  auth.args = words;
  CommandView witness;
  witness.args = {&witness_word, 1};
  Block bytes = Block::allocate(connections, encoded_size(auth) + encoded_size(witness));
  if (bytes) encode(witness, encode(auth, static_cast<char*>(bytes.data())));
  return bytes;
}

}  // namespace plimsoll::inline v0
