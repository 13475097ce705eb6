#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "plimsoll/core/base/error.h"

namespace plimsoll::native {

using plimsoll::ErrorCode;
using plimsoll::Executed;

/// What went wrong with a call: thrown by the awaited form, held by Result<T> in the others.
class Error : public std::runtime_error {
 public:
  /// With the sentence that the core has for it.
  explicit Error(const plimsoll::Error& error);

  /// With a sentence of the caller's; name(code) goes before it.
  Error(ErrorCode code, Executed executed, std::string_view text);

  /// What kind of error this is, and so what the caller may do: see ErrorCode.
  ErrorCode code() const { return code_; }

  /// Whether the server may have executed the command.
  Executed executed() const { return executed_; }

  /// The sentence without the code's name in front of it.
  std::string_view text() const;

  /// For server_error: the server's own words, "WRONGTYPE Operation against a key...". Else empty.
  std::string_view server_text() const;

  /// The first of these: "WRONGTYPE", "ERR", "NOAUTH"... Else empty.
  std::string_view server_code() const;

 private:
  ErrorCode code_;
  Executed executed_;
};

}  // namespace plimsoll::native
