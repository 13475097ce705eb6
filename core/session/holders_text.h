#pragma once

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"

// Writes the text of an error about missing memory: how much of the pool is in use, and which
// client has most of it; or about a connection that is missing: why. A session owns this object;
// its connections account pays for the text. The memory is allocated with the first such error,
// because most sessions never have one, and is kept for the next.

namespace plimsoll::inline v0 {

class HoldersText {
 public:
  HoldersText() = default;
  ~HoldersText();
  HoldersText(const HoldersText&) = delete;
  HoldersText& operator=(const HoldersText&) = delete;

  /// Returns `what`, followed by who holds the memory of `lacking`'s pool, or `what` alone if
  /// `payer` has no room for the text. The text lives until the next call.
  const char* write(const char* what, Account& lacking, Account& payer, Instant now);

  /// The same with a colon and `why` behind it.
  const char* write(const char* what, const char* why, Account& payer);

  /// Gives the memory back, and ends the text.
  void release();

 private:
  struct Text;

  bool make_text(Account& payer);

  Text* text_ = nullptr;
};

}  // namespace plimsoll::inline v0
