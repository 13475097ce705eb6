#pragma once

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"

// Writes the texts of errors that say more than a constant can: how much of a pool is in use, and
// which client has most of it, where memory is missing; or why a connection is missing. A session
// owns this object; its connections account pays for the text. The memory is allocated with the
// first such error, because most sessions never have one. It is kept for the next, until the
// session is ready once more, or over.

namespace plimsoll::inline v0 {

class ErrorText {
 public:
  ErrorText() = default;
  ~ErrorText();
  ErrorText(const ErrorText&) = delete;
  ErrorText& operator=(const ErrorText&) = delete;

  /// Returns `what`, followed by who holds the memory of `lacking`'s pool, or `what` alone if
  /// `payer` has no room for the text. The text lives until the next call.
  const char* write(const char* what, Account& lacking, Account& payer, Instant now);

  /// The same for `what`, followed by a colon and `why`.
  const char* write(const char* what, const char* why, Account& payer);

  /// Gives the memory back, and ends the text.
  void release();

 private:
  struct Text;

  bool make_text(Account& payer);

  Text* text_ = nullptr;
};

}  // namespace plimsoll::inline v0
