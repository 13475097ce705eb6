#include "plimsoll/core/cache/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace plimsoll::cache {
namespace {

// 2^64 divided by the golden ratio: neighbouring sources get seeds that are far apart.
constexpr std::uint64_t source_step = 0x9E3779B97F4A7C15;

}  // namespace

KeyHash hash_key(std::uint64_t seed, std::uint32_t source, std::string_view key) {
  const XXH128_hash_t hash =
      XXH3_128bits_withSeed(key.data(), key.size(), seed + source * source_step);
  return {.low = hash.low64, .high = hash.high64};
}

std::uint64_t hash_question(const KeyHash& key, const commands::Question& question) {
  std::uint64_t hash = key.high + question.row * source_step;
  for (const std::string_view word : question.rest) {
    hash = XXH3_64bits_withSeed(word.data(), word.size(), hash);
  }
  return hash;
}

}  // namespace plimsoll::cache
