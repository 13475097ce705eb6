#pragma once

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/wasm/staging.h"

namespace plimsoll::wasm {

/// MULTI, the commands and EXEC, encoded as one request.
class Transaction {
 public:
  /// Encodes the staged words; `parts` says how many words each command has. Fails as
  /// commands::prepare() does, with invalid_argument if parts and words do not match, with
  /// refused_command for a command that blocks, and with rejected_by_limit if `requests` has no
  /// memory.
  static Result<Transaction> of(const Staging::Parts& staged, Account& requests);

  /// Returns the request, which is valid as long as this object.
  CommandView command() const;

 private:
  Block encoded_;
  std::size_t commands_ = 0;
};

}  // namespace plimsoll::wasm
