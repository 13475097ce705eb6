#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "plimsoll/core/base/error.h"

namespace plimsoll::native {

using plimsoll::ErrorCode;
using plimsoll::Executed;

/// The text of an error reply.
struct ServerWords {
  std::string_view text;
};

/// What went wrong with a call: thrown by the awaited form, held by Result<T> in the others.
class Error : public std::runtime_error {
 public:
  /// With the sentence that the core has for it, and what the transport adds in parentheses.
  explicit Error(const plimsoll::Error& error, std::string_view detail = {});

  /// With the server's words, and what the core says is to be done about them, if anything.
  Error(const plimsoll::Error& error, ServerWords words);

  /// With the server's words, and `more` about them.
  Error(ErrorCode code, Executed executed, ServerWords words, std::string_view more);

  /// With a sentence of the caller's; name(code) goes before it. It is the server's own for
  /// server_error.
  Error(ErrorCode code, Executed executed, std::string_view text);

  /// What kind of error this is, and so what the caller may do: see ErrorCode.
  ErrorCode code() const { return code_; }

  /// Whether the server may have executed the command.
  Executed executed() const { return executed_; }

  /// The sentence without the code's name in front of it.
  std::string_view text() const;

  /// The server's own words, where it said any: "WRONGTYPE Operation against a key...". So for
  /// server_error, and for authentication_failed and the like. For refused_by_bridge the bridge's:
  /// "FLUSHALL is not allowed". Else empty.
  std::string_view server_text() const { return text().substr(0, server_text_size_); }

  /// The first of the server's: "WRONGTYPE", "ERR", "NOAUTH"... Else empty.
  std::string_view server_code() const;

 private:
  ErrorCode code_;
  Executed executed_;
  std::size_t server_text_size_ = 0;
};

/// The error of a call whose outcome could not be told, since the allocator refused the memory that
/// its words or its value need. Each of the three is made when the first client is: to hand one
/// out, or to copy it, takes no memory.
const Error& no_memory_to_deliver(Executed executed) noexcept;

}  // namespace plimsoll::native
