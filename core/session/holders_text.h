#pragma once

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"

// The text of an error that says who has the memory that was missing. Owned by a session, whose
// connections account pays for it. The memory is allocated with the first such error, because most
// sessions never have one, and is kept for the next.

namespace plimsoll {

class HoldersText {
 public:
  HoldersText() = default;
  ~HoldersText();
  HoldersText(const HoldersText&) = delete;
  HoldersText& operator=(const HoldersText&) = delete;

  /// Returns `what`, followed by who has the memory of `lacking`'s pool; `what` alone if `payer`
  /// has no room for the text. Lives until the next call.
  const char* write(const char* what, Account& lacking, Account& payer, Instant now);

 private:
  struct Text;
  Text* text_ = nullptr;
};

}  // namespace plimsoll
