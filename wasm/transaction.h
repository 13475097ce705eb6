#pragma once

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/wasm/staging.h"

namespace plimsoll::wasm {

/// MULTI, the staged commands and EXEC, as one request. Refers to the staged words.
class Transaction {
 public:
  /// Checks the commands; `staged.parts` says how many words each has. Fails as
  /// commands::prepare() does, with invalid_argument if parts and words do not match, with
  /// refused_command for a command that blocks, and with rejected_by_limit for too many commands.
  static Result<Transaction> of(const Staging::Parts& staged);

  /// Returns the request, which is valid as long as this object, the staged words and `commands`,
  /// to which this writes all behind MULTI.
  CommandView request(ArgumentList& commands) const;

 private:
  explicit Transaction(const Staging::Parts& staged) : staged_(staged) {}
  static void walk(const ArgumentList& list, const ArgumentSink& sink);

  Staging::Parts staged_;
};

}  // namespace plimsoll::wasm
