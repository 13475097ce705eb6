#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/commands/question.h"

// Keyed XXH3: whoever does not know the seed cannot choose keys that collide.

namespace plimsoll::cache {

/// Of a key, whosever it is: a key has one shard, one place in its index and one fence in all
/// sources. A shard's index uses the lower half of `low`: pick shards by `high`.
struct KeyHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

KeyHash hash_key(std::uint64_t seed, std::string_view key);

/// Of a whole question of one source, whose key's hash is `key`. Words that are cut in other places
/// may hash alike now and then: what was found is compared in full.
std::uint64_t hash_question(const KeyHash& key, std::uint32_t source,
                            const commands::Question& question);

}  // namespace plimsoll::cache
