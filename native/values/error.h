#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstddef>
#include <stdexcept>
#include <string_view>

#include "plimsoll/core/base/error.h"

namespace plimsoll::inline v0::native {

using plimsoll::ErrorCode;
using plimsoll::Executed;

/// The text of an error reply.
struct ServerWords {
  std::string_view text;
};

/// Why a call failed. `co_await` of a Call throws it; Result<T> holds it. docs/failure.md says for
/// each code what to do.
class Error : public std::runtime_error {
 public:
  /// With the core's sentence, and in parentheses `detail`, what the transport adds.
  explicit Error(const plimsoll::Error& error, std::string_view detail = {});

  /// With the server's words, followed by what the core expected instead, if it says so.
  Error(const plimsoll::Error& error, ServerWords words);

  /// With the server's words, followed by `more`.
  Error(ErrorCode code, Executed executed, ServerWords words, std::string_view more);

  /// With a sentence of the caller, behind name(code). If the code is server_error, the sentence is
  /// the server's words.
  Error(ErrorCode code, Executed executed, std::string_view text);

  /// The kind of error, which decides what the caller can do: see ErrorCode.
  ErrorCode code() const { return code_; }

  /// Whether the server executed the command. `no` is a promise: it is safe to repeat the call.
  Executed executed() const { return executed_; }

  /// what() without the code's name in front. A view that lives as long as this Error.
  std::string_view text() const;

  /// The server's own words, if it answered with an error: "WRONGTYPE Operation against a key...".
  /// For refused_by_bridge, and for lost_in_doubt, lost_unsent and reply_too_large if a bridge says
  /// so, the bridge's words: "FLUSHALL is not allowed". Else empty. A view that lives as long as
  /// this Error.
  std::string_view server_text() const { return text().substr(0, server_text_size_); }

  /// The first of the server's words: "WRONGTYPE", "ERR", "NOAUTH"... Else empty, also for a
  /// bridge's words. A view that lives as long as this Error.
  std::string_view server_code() const;

 private:
  ErrorCode code_;
  Executed executed_;
  std::size_t server_text_size_ = 0;
};

/// The error of a call whose outcome could not be delivered, because the allocator refused the
/// memory for the value or for an error's text. The first client makes one for each value of
/// Executed, so that to return or to copy one takes no memory.
const Error& no_memory_to_deliver(Executed executed) noexcept;

}  // namespace plimsoll::inline v0::native
