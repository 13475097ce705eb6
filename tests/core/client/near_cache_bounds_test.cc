#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/write_fences.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/core/client/cached_world.h"

// Where the cache stops keeping track of single keys: at each bound, and right beyond it.

namespace plimsoll::near_cache_bounds_test {
namespace {

using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;
using testing::mset_of;
using testing::Words;

// `name` and `count` keys.
Words of_keys(const std::string& name, std::size_t count) {
  Words words{name};
  for (std::size_t i = 0; i < count; ++i) words.push_back("key" + std::to_string(i));
  return words;
}

// Whether the second of two equal reads is served. Tags from `tag` on are new.
bool is_kept(CachedWorld& world, const Words& words, Tag tag) {
  world.read(0, tag, words);
  world.flow();
  world.read(0, tag + 1, words);
  world.flow();
  const Lines lines = world.take_events(0);
  return lines.size() == 2 && lines[1].find(": hit ") != std::string::npos;
}

// Whether the reply to a read that was under way is stored while a write waits for its own.
bool is_stored_beside_write_of(std::size_t keys) {
  CachedWorld world;
  world.data()["other"] = "value";
  world.get(0, 1, "other");
  world.go_up(0);
  world.submit(0, 2, mset_of(keys));
  world.come_down(0);
  const bool is_stored = world.statistics().entries == 1;
  world.flow();
  return is_stored;
}

TEST_CASE("a write's keys are fenced by name up to the bound, and beyond it all keys are") {
  CHECK(is_stored_beside_write_of(WriteFences::keys_max));
  CHECK_FALSE(is_stored_beside_write_of(WriteFences::keys_max + 1));
}

TEST_CASE("a reply of as many keys as an entry may have is kept, and one of more is not") {
  CachedWorld world;
  CHECK(is_kept(world, of_keys("EXISTS", cache::cache_keys_max), 1));
  CHECK(world.statistics().skipped_uncacheable == 0);
  CHECK_FALSE(is_kept(world, of_keys("EXISTS", cache::cache_keys_max + 1), 3));
  CHECK(world.statistics().skipped_uncacheable == 2);
}

TEST_CASE("an MGET of as many keys as a question may have words is kept, and one of more is not") {
  CachedWorld world;
  const Words words = of_keys("MGET", commands::question_words_max);
  for (std::size_t i = 1; i < words.size(); ++i) world.data()[words[i]] = "value";
  CHECK(is_kept(world, words, 1));
  CHECK(world.statistics().entries == commands::question_words_max);
  CHECK_FALSE(is_kept(world, of_keys("MGET", commands::question_words_max + 1), 3));
}

}  // namespace
}  // namespace plimsoll::near_cache_bounds_test
