#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"

// What is sent to fetch a reply for a cache: the read, and in the same request before it, where
// that is wanted, when its keys expire. With opt-in the server remembers only what is read behind a
// word to that effect, which is said before each of these. PTTL comes first, since the outcome of a
// request is its last answer: whatever changes in between is heard before the reply.

namespace plimsoll {

struct FetchRequest {
  bool opts_in = false;             ///< CLIENT CACHING YES before each command
  std::uint8_t expiries_count = 0;  ///< keys of the question of which PTTL is asked, in order

  std::uint16_t answers() const {
    return static_cast<std::uint16_t>((expiries_count + 1) * answers_each());
  }

  /// The number of the key of whose expiry an answer speaks that has `owed` more behind it; none:
  /// it is the one to a CLIENT CACHING.
  std::optional<std::size_t> expiry_asked(std::uint16_t owed) const {
    const std::size_t before = static_cast<std::size_t>(answers()) - 1 - owed;
    if ((before + 1) % answers_each() != 0) return std::nullopt;
    return before / answers_each();
  }

 private:
  std::uint16_t answers_each() const { return opts_in ? 2 : 1; }
};

/// The request in one piece, around `command`, which is what `question` asks. Empty: no memory.
Block encode_fetch(const FetchRequest& request, const commands::Question& question,
                   const CommandView& command, Account& requests);

}  // namespace plimsoll
