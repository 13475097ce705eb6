#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/commands/question.h"

// Keyed XXH3 hashes of keys and questions. The seed is random, so users who choose keys cannot
// choose keys that collide.

namespace plimsoll::inline v0::cache {

/// The hash of a key, the same in all sources: a key has one shard, one place in the shard's index
/// and one fence, so an invalidation finds the entries of all sources at once. The index uses the
/// lower half of `low`, and shards are picked by `high`: with the same bits, each shard's index
/// would use only a fraction of its buckets.
struct KeyHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

KeyHash hash_key(std::uint64_t seed, std::string_view key);

/// The hash of a whole question of one source; `key` is the hash of its key. Different questions
/// may have the same hash, also because the hash ignores where one word ends and the next begins.
/// So the caller must compare the whole question (Entry::answers()).
std::uint64_t hash_question(const KeyHash& key, std::uint32_t source,
                            const commands::Question& question);

}  // namespace plimsoll::inline v0::cache
