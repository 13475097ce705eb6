#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

// Who has taken a reply out of a cache hears when the cache does not serve it any more.

namespace plimsoll::cache::cache_watch_test {
namespace {

using namespace std::chrono_literals;
using Keys = std::vector<std::string>;

struct Watched : private CacheWatcher {
  Watched() {
    cache.set_watcher(this);
    cache.generations().prove(member, now, cache.next_mark());
    cache.generations().set_readable(member, true);
  }
  ~Watched() {
    cache.set_watcher(nullptr);
    cache.leave(member);
  }

  void store(std::string_view key, std::string_view reply) {
    const commands::Question question = commands::get_of(key);
    std::array<Cache::Ticket::Seen, 1> seen;
    const auto ticket = cache.begin_fetch(question, source->number(), member, now, seen);
    cache.complete_fetch(ticket, question, now, Cache::Keep::if_current, reply.size(),
                         [reply](char* out) { std::memcpy(out, reply.data(), reply.size()); });
  }

  bool watch(const commands::Question& question, std::string_view reply) {
    std::string_view rest = reply;
    return cache.watch({.source = source->number()}, question, now, reply.size(),
                       [&rest](std::string_view piece) {
                         if (!rest.starts_with(piece)) return false;
                         rest.remove_prefix(piece.size());
                         return true;
                       });
  }
  bool watch(std::string_view key, std::string_view reply) {
    return watch(commands::get_of(key), reply);
  }

  std::vector<std::uint16_t> slots;
  Keys take_erased() { return std::exchange(erased, {}); }
  int take_ends() { return std::exchange(ends, 0); }

  HeapMemory memory;
  Budget budget{{.memory_limit = std::size_t{16} << 20}, memory};
  const CacheOptions options{.bytes_max = 64 * 1024};
  Cache cache{options, Cache::take_memory(budget, options).value()};
  Sources::Source* source = cache.enter_source(cache.digest("server"));
  std::uint32_t member = cache.join().value();
  Instant now{1h};

 private:
  void handle_erased(std::string_view key) override { erased.emplace_back(key); }
  void handle_slot_dropped(std::uint16_t slot) override { slots.push_back(slot); }
  void handle_out_of_reach() override { ++ends; }

  Keys erased;
  int ends = 0;
};

TEST_CASE("only what the cache would serve, byte for byte, is watched") {
  Watched world;
  world.store("ship", "$6\r\nDaphne\r\n");
  CHECK_FALSE(world.watch("port", "$6\r\nDaphne\r\n"));
  CHECK_FALSE(world.watch("ship", "$6\r\nDaphni\r\n"));
  CHECK_FALSE(world.watch("ship", "$6\r\nDaphne\r\n+"));
  CHECK_FALSE(world.watch("ship", "$6\r\nDaphne\r"));
  world.cache.invalidate("ship");
  CHECK(world.take_erased().empty());
  world.store("ship", "$6\r\nDaphne\r\n");
  CHECK(world.watch("ship", "$6\r\nDaphne\r\n"));
  CHECK(world.watch("ship", "$6\r\nDaphne\r\n"));
  const Cache::Fence fence = world.cache.begin_write("ship");
  CHECK(world.take_erased() == Keys{"ship"});
  world.cache.end_write(fence);
  world.cache.invalidate("ship");
  CHECK(world.take_erased().empty());
  CHECK(world.take_ends() == 0);
}

// As another thread's connection may end at any moment. end() tells nobody, since nothing of the
// generation was watched before.
TEST_CASE("what goes out of reach while it is compared is not watched") {
  Watched world;
  world.store("ship", "+x\r\n");
  auto end_meanwhile = [&world](std::string_view) {
    world.cache.generations().end(world.member);
    return true;
  };
  CHECK_FALSE(world.cache.watch({.source = world.source->number()}, commands::get_of("ship"),
                                world.now, 4, end_meanwhile));
  CHECK(world.take_ends() == 0);
}

TEST_CASE("what is withheld is not watched, and what was watched and is withheld is told of once") {
  Watched world;
  world.store("ship", "+x\r\n");
  CHECK(world.watch("ship", "+x\r\n"));
  CHECK_FALSE(world.cache.withholds_watched(world.now));
  world.now += world.options.coherence_lease + 1ns;
  CHECK_FALSE(world.watch("ship", "+x\r\n"));
  CHECK(world.cache.withholds_watched(world.now));
  CHECK_FALSE(world.cache.withholds_watched(world.now));
}

TEST_CASE("an eviction is an end, and an equal reply is none") {
  Watched world;
  world.store("ship", "+x\r\n");
  CHECK(world.watch("ship", "+x\r\n"));
  world.store("ship", "+x\r\n");
  CHECK(world.take_erased().empty());
  world.store("ship", "+y\r\n");
  CHECK(world.take_erased() == Keys{"ship"});
  CHECK(world.watch("ship", "+y\r\n"));
  const std::string large(4000, 'l');
  for (int i = 0; i < 40; ++i) world.store("other" + std::to_string(i), large);
  CHECK(world.take_erased() == Keys{"ship"});
}

TEST_CASE(
    "what a connection vouches for is told of as a whole when that ends, and only if it was "
    "watched") {
  Watched world;
  const std::uint32_t other = world.cache.join().value();
  world.store("ship", "+x\r\n");
  world.cache.generations().end(other);
  CHECK(world.take_ends() == 0);
  CHECK(world.watch("ship", "+x\r\n"));
  world.cache.generations().end(other);
  CHECK(world.take_ends() == 0);
  world.cache.generations().end(world.member);
  CHECK(world.take_ends() == 1);
  world.cache.generations().end(world.member);
  CHECK(world.take_ends() == 0);
  world.cache.drop_slot(7);
  CHECK(world.slots == std::vector<std::uint16_t>{7});
  CHECK(world.take_ends() == 0);
  world.cache.poison_all();
  CHECK(world.take_ends() == 1);
  world.cache.leave(other);
}

TEST_CASE("an MGET is watched with all of its keys, or with none") {
  Watched world;
  world.store("a", "+x\r\n");
  world.store("b", "+y\r\n");
  const std::array<std::string_view, 2> keys{"a", "b"};
  const commands::Question mget{.row = commands::row_numbers::mget,
                                .key = keys[0],
                                .rest = std::span(keys).subspan(1),
                                .more_keys = std::span(keys).subspan(1)};
  CHECK_FALSE(world.watch(mget, "*2\r\n+x\r\n+z\r\n"));
  CHECK_FALSE(world.watch(mget, "*3\r\n+x\r\n+y\r\n"));
  CHECK_FALSE(world.watch(mget, "*2\r\n+x\r\n"));
  world.cache.invalidate("a");
  CHECK(world.take_erased().empty());
  world.store("a", "+x\r\n");
  CHECK(world.watch(mget, "*2\r\n+x\r\n+y\r\n"));
  world.cache.invalidate("b");
  world.cache.invalidate("a");
  CHECK(world.take_erased() == Keys{"b", "a"});
}

}  // namespace
}  // namespace plimsoll::cache::cache_watch_test
