#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/core/client/cached_world.h"

// A near cache behind a bridge that remembers its clients: a lost connection costs what has changed
// meanwhile, and no more.

namespace plimsoll::near_cache_resume_test {
namespace {

using namespace std::chrono_literals;
using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;

const std::string invalidate = ">2\r\n$10\r\ninvalidate\r\n*1\r\n";

// "key" and "other" are cached; all are "old".
struct Remembering : CachedWorld {
  explicit Remembering(std::size_t clients = 1)
      : CachedWorld({.client = {.tracking = {.method = TrackingOptions::Method::all_reads},
                                .reply_bytes_max = 4096},
                     .clients = clients,
                     .is_bridge = true,
                     .remembers = true}) {
    for (const char* key : {"key", "other", "late", "more"}) data()[key] = "old";
    end(0).prove(900);
    flow();
    get(0, 901, "other");
    flow();
    take_events(0);
    cache_it(*this, "key");
  }

  /// Whether the cache has the value now.
  bool has(const std::string& key, const std::string& value = "old") {
    return has_at(0, key, value);
  }
  /// The same for another client of the cache.
  bool has_at(std::size_t reading, const std::string& key, const std::string& value = "old") {
    testing::ClientEnd& client = end(reading);
    const cache::Cache::Reader reader =
        client.client().near_cache()->reader(cache::any_staleness, client.now());
    return cache().visit(reader, commands::get_of(key), client.now(), [&](std::string_view reply) {
      CHECK(reply == testing::bulk_reply(value));
      return true;
    });
  }

  void lose() {
    break_off(0);
    take_events(0);
  }
  /// The connection is there again, and the bridge's answer is on its way.
  void come_back() {
    end(0).wait_for_open();
    while (returns_count() == returns_) {
      go_up(0);
      if (returns_count() == returns_) come_down(0);
    }
    returns_ = returns_count();
  }

 private:
  std::size_t returns_ = 0;
};

TEST_CASE("what has not changed while the connection was lost is served again") {
  Remembering world;
  world.lose();
  world.write_elsewhere("key", "new");
  world.advance(30s);
  world.reconnect(0);
  CHECK(world.returns_count() == 1);
  CHECK(world.has("other"));
  CHECK_FALSE(world.has("key"));
}

TEST_CASE("nothing is served until the bridge has told what was missed") {
  Remembering world;
  world.lose();
  CHECK_FALSE(world.has("other"));
  world.come_back();
  CHECK_FALSE(world.has("other"));
  const std::string last = world.on_its_way(0).substr(world.on_its_way(0).size() - 1);
  world.on_its_way(0).pop_back();
  world.come_down(0);
  CHECK_FALSE(world.has("other"));
  world.on_its_way(0) += last;
  world.come_down(0);
  CHECK(world.has("other"));
}

TEST_CASE("an invalidation that was lost with the connection is told again, one that came is not") {
  Remembering world;
  world.write_elsewhere("other", "new");
  world.end(0).prove(1);
  world.go_up(0);  // the bridge hears of the write
  CHECK(world.on_its_way(0).starts_with(invalidate));
  SECTION("lost") {
    world.lose();
    world.come_back();
    CHECK(world.on_its_way(0).find(invalidate + "$5\r\nother") != std::string::npos);
  }
  SECTION("come") {
    world.come_down(0);
    world.lose();
    world.come_back();
    CHECK(world.on_its_way(0).find(invalidate) == std::string::npos);
  }
  world.flow();
  CHECK(world.has("key"));
  CHECK_FALSE(world.has("other"));
}

TEST_CASE("a lost answer changes nothing: the client comes back once more") {
  Remembering world;
  world.lose();
  world.write_elsewhere("key", "new");
  world.come_back();
  world.on_its_way(0).resize(world.on_its_way(0).size() - 3);
  world.come_down(0);
  world.lose();
  world.write_elsewhere("other", "new");
  world.come_back();
  world.flow();
  CHECK_FALSE(world.has("key"));
  CHECK_FALSE(world.has("other"));
  world.get(0, 1, "key");
  world.flow();
  CHECK(world.has("key", "new"));
  // And after that, as often as need be.
  world.lose();
  world.come_back();
  world.flow();
  CHECK(world.has("key", "new"));
}

TEST_CASE("what a bridge that has forgotten the client is asked for again is not what was cached") {
  Remembering world;
  world.lose();
  world.forget_clients();
  world.write_elsewhere("key", "new");
  world.come_back();
  world.flow();
  CHECK_FALSE(world.has("other"));
  CHECK_FALSE(world.has("key"));
  // The client has a new name from then on.
  world.get(0, 1, "key");
  world.flow();
  world.take_events(0);
  world.lose();
  world.come_back();
  world.flow();
  CHECK(world.has("key", "new"));
}

TEST_CASE("a reply that comes around the loss of a connection is not kept") {
  SECTION("its request had been sent") {
    Remembering world;
    world.get(0, 1, "late");
    world.go_up(0);
    world.lose();
    world.come_back();
    world.flow();
    CHECK_FALSE(world.has("late"));
  }
  SECTION("it came in front of the bridge's answer, which was lost") {
    Remembering world;
    world.lose();
    world.get(0, 1, "late");
    world.come_back();
    const std::size_t answer = world.on_its_way(0).find("*3\r\n");
    world.on_its_way(0).resize(answer);
    world.come_down(0);
    world.lose();
    world.write_elsewhere("late", "new");
    world.come_back();
    world.flow();
    CHECK_FALSE(world.has("late"));
    CHECK(world.has("other"));
  }
}

TEST_CASE("what is read after the return is kept, and hears of its changes") {
  Remembering world;
  world.lose();
  world.come_back();
  world.flow();
  world.get(0, 1, "more");
  world.flow();
  world.take_events(0);
  CHECK(world.has("more"));
  world.write_elsewhere("more", "new");
  world.write_elsewhere("other", "new");
  world.end(0).prove(2);
  world.flow();
  world.take_events(0);
  CHECK_FALSE(world.has("more"));
  CHECK_FALSE(world.has("other"));
  CHECK(world.has("key"));
}

TEST_CASE("entries wait for as long as the bridge remembers, and no longer") {
  Remembering world;
  world.lose();
  world.advance(119s);
  CHECK(world.end(0).client().poll_timeout() > world.end(0).now());
  CHECK(world.statistics().entries == 2);
  world.advance(2s);
  CHECK(world.statistics().entries == 0);
  world.reconnect(0);
  CHECK(world.returns_count() == 0);
  CHECK_FALSE(world.has("other"));
}

TEST_CASE("a flush while the client is away leaves nothing") {
  Remembering world;
  world.lose();
  world.flush_elsewhere();
  world.come_back();
  world.flow();
  CHECK_FALSE(world.has("other"));
  CHECK_FALSE(world.has("key"));
}

TEST_CASE("a barrier holds behind a return") {
  Remembering world;
  world.lose();
  world.write_elsewhere("key", "new");
  world.end(0).prove(1);
  CHECK(world.take_events(0) == Lines{"1: "});
  world.come_back();
  world.flow();
  CHECK_FALSE(world.has("key"));
  world.end(0).prove(2);
  world.flow();
  world.take_events(0);
  CHECK(world.has("other"));
}

TEST_CASE("a barrier of another client of the cache holds for what comes back, too") {
  Remembering world(2);
  world.lose();
  world.come_back();  // the bridge's answer is on its way
  world.take_events(0);
  world.write_elsewhere("key", "new");
  world.end(1).prove(1);
  world.end(0).prove(2);  // of a client that has nothing to prove now
  world.flow(1);
  REQUIRE(world.take_events(1) == Lines{"1: "});
  REQUIRE(world.take_events(0) == Lines{"2: "});
  world.come_down(0);
  CHECK_FALSE(world.has_at(1, "key"));
  world.flow();
  CHECK_FALSE(world.has_at(1, "key"));
  CHECK(world.has_at(1, "other"));
}

TEST_CASE("an answer that is none leaves a client that begins anew") {
  for (const std::string answer :
       {"-ERR syntax error\r\n", "+OK\r\n", "*3\r\n$0\r\n\r\n:0\r\n:1\r\n",
        "*3\r\n$1\r\nn\r\n:-1\r\n:1\r\n", "*2\r\n$1\r\nn\r\n:1\r\n", "_\r\n"}) {
    INFO(answer);
    Remembering world;
    world.lose();
    world.come_back();
    std::string& down = world.on_its_way(0);
    const std::size_t at = down.find("*3\r\n");
    REQUIRE(at != std::string::npos);
    down.replace(at, down.size() - at, answer);
    world.flow();
    CHECK_FALSE(world.has("other"));
    world.get(0, 1, "other");
    world.flow();
    CHECK(world.has("other"));
  }
}

TEST_CASE("an answer that does not come in time leaves a client that begins anew") {
  Remembering world;
  world.lose();
  world.come_back();
  const std::string late = std::exchange(world.on_its_way(0), "");
  const std::size_t at = late.find("*3\r\n");
  world.on_its_way(0) = late.substr(0, at);
  world.come_down(0);
  world.advance(121s);
  CHECK(world.end(0).client().poll_timeout() > world.end(0).now());
  world.on_its_way(0) = late.substr(at);
  world.flow();
  CHECK_FALSE(world.has("other"));
  world.get(0, 1, "other");
  world.flow();
  CHECK(world.has("other"));
}

TEST_CASE("a client that has skipped what it was told begins anew") {
  Remembering world;
  world.lose();
  world.write_elsewhere("key", "new");
  world.come_back();
  std::string& down = world.on_its_way(0);
  const std::size_t at = down.find(invalidate);
  REQUIRE(at != std::string::npos);
  down.replace(at, down.find("*3\r\n") - at,
               ">2\r\n$10\r\ninvalidate\r\n*1\r\n" + testing::bulk_reply(std::string(5000, 'k')));
  world.flow();
  CHECK_FALSE(world.has("key"));
  CHECK_FALSE(world.has("other"));
}

TEST_CASE("a client that closes while it is away leaves nothing to be served") {
  Remembering world;
  world.lose();
  world.end(0).client().close(world.end(0).now());
  world.cache().relieve(world.end(0).now());
  CHECK(world.statistics().entries == 0);
}

}  // namespace
}  // namespace plimsoll::near_cache_resume_test
