#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"

// The request that fetches a reply for a cache: the read and, in front of it if wanted, a PTTL for
// each key. With opt-in tracking, CLIENT CACHING YES precedes each of these commands, because the
// server tracks only a read that directly follows it. PTTL comes before the read because a
// request's outcome is its last answer: if a key changes in between, the invalidation arrives
// before the reply. Where only PING proves anything (Session::proves_by_ping()), and the reader
// wants a proof, PING comes first of all.

namespace plimsoll::inline v0 {

struct FetchRequest {
  bool asks_proof = false;          ///< PING in front of all
  bool opts_in = false;             ///< CLIENT CACHING YES before each command
  std::uint8_t expiries_count = 0;  ///< PTTL is sent for the first this many keys of the question

  std::uint16_t answers() const {
    return static_cast<std::uint16_t>((expiries_count + 1) * answers_each() + answers_in_front());
  }

  /// For the answer that has `owed` more answers behind it: the index of the key if it answers
  /// PTTL; nothing if it answers CLIENT CACHING, or PING.
  std::optional<std::size_t> expiry_asked(std::uint16_t owed) const {
    std::size_t before = static_cast<std::size_t>(answers()) - 1 - owed;
    if (before < answers_in_front()) return std::nullopt;
    before -= answers_in_front();
    if ((before + 1) % answers_each() != 0) return std::nullopt;
    return before / answers_each();
  }

 private:
  std::uint16_t answers_each() const { return opts_in ? 2 : 1; }
  std::uint16_t answers_in_front() const { return asks_proof ? 1 : 0; }
};

/// Encodes the request in one piece. `command` is the read that asks `question`. Returns an empty
/// block if there is no memory.
Block encode_fetch(const FetchRequest& request, const commands::Question& question,
                   const CommandView& command, Account& requests);

}  // namespace plimsoll::inline v0
