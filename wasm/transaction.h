#pragma once

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/wasm/staging.h"

namespace plimsoll::wasm {

/// MULTI, the commands, EXEC: encoded, so that they are one request.
class Transaction {
 public:
  /// Of staged words, `parts` being how many of them each command has. invalid_argument, which may
  /// be that of a command; refused_command: one that waits; rejected_by_limit: no memory.
  static Result<Transaction> of(const Staging::Parts& staged, Account& requests);

  /// Lives as long as this.
  CommandView command() const;

 private:
  Block encoded_;
  std::size_t commands_ = 0;
};

}  // namespace plimsoll::wasm
