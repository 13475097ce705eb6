#include "plimsoll/core/cache/hash.h"

#include <cstddef>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace plimsoll::inline v0::cache {
namespace {

// 2^64 divided by the golden ratio: spreads the hashes of neighbouring sources and rows.
constexpr std::uint64_t step = 0x9E3779B97F4A7C15;

// XXH3 hashes inputs of up to this size without its loop for long inputs, which is most of its code
// and would make the WebAssembly module larger. A longer word is hashed in pieces, each with the
// hash of the one before as its seed.
constexpr std::size_t piece_bytes_max = 240;

XXH128_hash_t hash_piece(std::string_view piece, std::uint64_t seed) {
  if (piece.size() > piece_bytes_max) __builtin_unreachable();
  return XXH3_128bits_withSeed(piece.data(), piece.size(), seed);
}

XXH128_hash_t hash_word(std::string_view word, std::uint64_t seed) {
  while (word.size() > piece_bytes_max) {
    const XXH128_hash_t hash = hash_piece(word.substr(0, piece_bytes_max), seed);
    seed = hash.low64 ^ hash.high64;
    word.remove_prefix(piece_bytes_max);
  }
  return hash_piece(word, seed);
}

}  // namespace

KeyHash hash_key(std::uint64_t seed, std::string_view key) {
  const XXH128_hash_t hash = hash_word(key, seed);
  return {.low = hash.low64, .high = hash.high64};
}

// `step` is odd, so different numbers times `step` have different low halves: the same key and row
// has a different hash in each source.
std::uint64_t hash_question(const KeyHash& key, std::uint32_t source,
                            const commands::Question& question) {
  std::uint64_t hash = key.high + (question.row + (std::uint64_t{source} << 16)) * step;
  for (const std::string_view word : question.rest) {
    hash = hash_word(word, hash).high64;
  }
  return hash;
}

}  // namespace plimsoll::inline v0::cache
