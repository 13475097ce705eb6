// CLIENT TRACKING over shared connections: what a session's client may keep, and when it hears that
// it may not any more.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/bridge/raw_connection.h"
#include "plimsoll/tests/native/bridge/shared/session_peer.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::tracking_test {
namespace {

using namespace std::chrono_literals;

native::Options cached_options(std::chrono::nanoseconds lease = 1h,
                               std::uint64_t kilobytes = 1024) {
  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = kilobytes;
  cache.coherence_lease = lease;
  cache.enable_metrics = true;
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.health_check_interval = 1h;
  options.client_side_cache = native::ClientSideCache::create(cache).value();
  return options;
}

native::Options uncached_options() {
  native::Options options = cached_options();
  options.client_side_cache = nullptr;
  return options;
}

const std::string pong = "+PONG\r\n";
const std::string all_changed = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

std::string changed(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
}

struct World {
  explicit World(native::Options options = cached_options(),
                 std::size_t memory_limit = std::size_t{64} << 20)
      : shared(server.url(), std::move(options), memory_limit) {}

  /// Another program's write, which is done when this returns.
  void write(std::string_view key, std::string_view value) {
    other.exchange(resp("SET", key, value));
  }

  ValkeyServer server;
  SharedWorld shared;
  RawConnection other{server.socket_path()};
};

// A client that has said HELLO 3, and CLIENT TRACKING ON with these options.
struct Tracking : SessionPeer {
  template <class... Option>
  explicit Tracking(World& world, const Option&... options) : SessionPeer(world.shared) {
    exchange(resp("HELLO", "3"));
    CHECK(exchange(resp("CLIENT", "TRACKING", "ON", options...)) == "+OK\r\n");
  }

  /// What comes for these commands, and until all that has happened before is told.
  std::string ask(const std::string& commands) {
    begin(commands + resp("PING", "<proof>"));
    std::string all = receive_until("$7\r\n<proof>\r\n");
    all.resize(all.size() - std::string_view("$7\r\n<proof>\r\n").size());
    return all;
  }
  std::string news() { return ask(""); }
};

}  // namespace

TEST_CASE("HELLO says that only PING proves anything, where the upstream has a cache") {
  World world;
  SessionPeer peer(world.shared);
  CHECK(peer.exchange(resp("HELLO", "3")).find("$14\r\ntracking-proof\r\n$4\r\nping\r\n") !=
        std::string::npos);
  World other(uncached_options());
  SessionPeer without(other.shared);
  CHECK(without.exchange(resp("HELLO", "3")).find("tracking-proof") == std::string::npos);
}

TEST_CASE("a client hears once that a key has changed, and only if it has read that key") {
  World world;
  world.write("ship", "Daphne");
  Tracking reader(world);
  Tracking other(world);
  CHECK(reader.ask(resp("GET", "ship")) == "$6\r\nDaphne\r\n");
  CHECK(world.shared.counters().tracked_keys == 1);
  world.write("ship", "Eclipse");
  CHECK(reader.news() == changed("ship"));
  CHECK(other.news().empty());
  world.write("ship", "Fennia");
  CHECK(reader.news().empty());
  CHECK(world.shared.counters().tracked_keys == 0);
  CHECK(reader.ask(resp("GET", "ship")) == "$6\r\nFennia\r\n");
  world.write("ship", "Galatea");
  CHECK(reader.news() == changed("ship"));
}

TEST_CASE("all who have read a key hear of its change, also those who were answered by the cache") {
  World world;
  world.write("ship", "Daphne");
  Tracking first(world);
  Tracking second(world);
  CHECK(first.ask(resp("GET", "ship")) == "$6\r\nDaphne\r\n");
  CHECK(second.ask(resp("GET", "ship")) == "$6\r\nDaphne\r\n");
  CHECK(world.shared.counters().cache_hits == 1);
  world.write("ship", "Eclipse");
  CHECK(first.news() == changed("ship"));
  CHECK(second.news() == changed("ship"));
}

TEST_CASE("who writes hears of its own write, as do others") {
  World world;
  Tracking writer(world);
  Tracking reader(world);
  writer.ask(resp("SET", "ship", "Daphne"));
  CHECK(writer.ask(resp("GET", "ship")) == "$6\r\nDaphne\r\n");
  CHECK(reader.ask(resp("GET", "ship")) == "$6\r\nDaphne\r\n");
  const std::string told = writer.ask(resp("SET", "ship", "Eclipse"));
  CHECK(told.find(changed("ship")) != std::string::npos);
  CHECK(reader.news() == changed("ship"));
}

TEST_CASE("behind a reply that the cache does not keep comes that its keys have changed") {
  World world;
  Tracking reader(world);
  CHECK(reader.ask(resp("GET", "none")) == "_\r\n" + changed("none"));
  reader.ask(resp("SADD", "a", "x"));
  // Of more keys than an entry may have.
  std::string many = "*11\r\n$6\r\nSUNION\r\n";
  std::string keys;
  for (char key = 'a'; key < 'k'; ++key) {
    const std::string word = std::string("$1\r\n") + key + "\r\n";
    many += word;
    keys += word;
  }
  CHECK(reader.ask(many) == "~1\r\n$1\r\nx\r\n>2\r\n$10\r\ninvalidate\r\n*10\r\n" + keys);
  // A read that is not cached.
  CHECK(reader.ask(resp("OBJECT", "ENCODING", "a")) == "$8\r\nlistpack\r\n" + changed("a"));
  // A reply that nobody keeps.
  CHECK(reader.ask(resp("TTL", "a")) == ":-1\r\n");
  // A command that the bridge does not know.
  CHECK(reader.ask(resp("NOSUCH", "a")).find("invalidate") == std::string::npos);
  // No keys, no reply to keep.
  CHECK(reader.ask(resp("DBSIZE")) == ":1\r\n");
  CHECK(world.shared.counters().tracked_keys == 0);
}

TEST_CASE("values of all kinds and sizes are held") {
  World world;
  Tracking reader(world);
  const std::string large(100'000, 'v');
  world.other.exchange(resp("SET", "large", large) + resp("SET", "small", "v") +
                       resp("SET", "middle", std::string(4000, 'v')) +
                       resp("HSET", "hash", "f", "1") + resp("RPUSH", "list", "a", "b") +
                       resp("ZADD", "sorted", "1.5", "m") + resp("SADD", "set", "x"));
  const auto is_held = [&](const std::string& command, std::size_t keys) {
    INFO(command);
    const std::uint64_t before = world.shared.counters().tracked_keys;
    const std::string told = reader.ask(command);
    CHECK(told.find("invalidate") == std::string::npos);
    CHECK(world.shared.counters().tracked_keys == before + keys);
  };
  is_held(resp("GET", "large"), 1);
  is_held(resp("MGET", "middle", "small"), 2);
  is_held(resp("HGETALL", "hash"), 1);
  is_held(resp("LRANGE", "list", "0", "-1"), 1);
  is_held(resp("ZRANGE", "sorted", "0", "-1", "WITHSCORES"), 1);
  is_held(resp("ZSCORE", "sorted", "m"), 0);
  is_held(resp("SINTER", "set", "set2"), 2);
  world.other.exchange(resp("DEL", "large", "middle", "small", "hash", "list", "sorted", "set"));
  const std::string news = reader.news();
  for (const char* key : {"large", "middle", "small", "hash", "list", "sorted", "set"}) {
    CHECK(news.find(changed(key)) != std::string::npos);
  }
  // What depends on two keys has changed as a whole.
  CHECK(world.shared.counters().tracked_keys == 0);
}

TEST_CASE("what the cache evicts, a client may not keep") {
  World world(cached_options(1h, 64));
  Tracking reader(world);
  const std::string value(8000, 'v');
  std::string told;
  for (int i = 0; i < 20; ++i) {
    world.write("k" + std::to_string(i), value);
    told += reader.ask(resp("GET", "k" + std::to_string(i)));
  }
  CHECK(told.find(changed("k0")) != std::string::npos);
  CHECK(told.find(changed("k19")) == std::string::npos);
  CHECK(world.shared.counters().tracked_keys == world.shared.counters().cache_entries);
}

TEST_CASE("of an MGET those keys are held that the cache has") {
  World world;
  world.write("a", "1");
  world.write("b", "2");
  Tracking reader(world);
  CHECK(reader.ask(resp("MGET", "a", "none", "b")) ==
        "*3\r\n$1\r\n1\r\n_\r\n$1\r\n2\r\n" + changed("none"));
  CHECK(world.shared.counters().tracked_keys == 2);
  world.write("b", "3");
  CHECK(reader.news() == changed("b"));
}

TEST_CASE("a client holds so many keys, of which the oldest make room") {
  constexpr std::size_t at_a_time = 64;
  World world(cached_options(1h, 16 * 1024));
  Tracking reader(world);
  std::string told;
  std::string sets;
  for (std::size_t i = 0; i <= bridge::TrackingHub::keys_max; ++i) {
    sets += resp("SET", "k" + std::to_string(i), "v");
  }
  world.other.exchange(sets);
  for (std::size_t i = 0; i <= bridge::TrackingHub::keys_max; i += at_a_time) {
    std::string gets;
    for (std::size_t j = i; j < i + at_a_time; ++j) gets += resp("GET", "k" + std::to_string(j));
    told += reader.ask(gets);
  }
  CHECK(world.shared.counters().tracked_keys == bridge::TrackingHub::keys_max);
  CHECK(told.find(changed("k0")) != std::string::npos);
  CHECK(told.find(changed("k1")) == std::string::npos);
}

TEST_CASE("all together hold so many bytes, and whoever holds most makes room") {
  constexpr std::size_t memory_limit = std::size_t{4} << 20;
  constexpr std::size_t bytes_max = memory_limit / bridge::TrackingHub::part;
  World world(cached_options(1h, 16 * 1024), memory_limit);
  Tracking reader(world);
  const std::string name(10'000, 'k');
  std::string told;
  for (int i = 0; i < 100; ++i) {
    const std::string key = name + std::to_string(i);
    world.write(key, "v");
    told = reader.ask(resp("GET", key));
  }
  CHECK(told.starts_with(">2\r\n$10\r\ninvalidate\r\n"));
  const std::uint64_t held = world.shared.counters().tracked_keys;
  CHECK(held > 40);
  CHECK(held < bytes_max / name.size());
  Tracking second(world);
  const std::string large(20'000, 'l');
  world.write(large, "v");
  CHECK(second.ask(resp("GET", large)) == "$1\r\nv\r\n");
  CHECK(count(reader.news(), "invalidate") == 2);
  CHECK(world.shared.counters().tracked_keys == held - 1);
  // For what will never fit nobody makes room.
  const std::string beyond(bytes_max, 'b');
  world.write(beyond, "v");
  CHECK(second.ask(resp("GET", beyond)) == "$1\r\nv\r\n" + changed(beyond));
  CHECK(world.shared.counters().tracked_keys == held - 1);
}

TEST_CASE("one who has read much leaves others what they read, and none is told in vain") {
  constexpr std::size_t memory_limit = std::size_t{4} << 20;
  World world(cached_options(1h, 16 * 1024), memory_limit);
  constexpr int many = 4000;
  const auto key_of = [](int i) { return "key" + std::to_string(i); };
  for (int i = 0; i < many; ++i) world.write(key_of(i), "v");
  Tracking modest(world);
  for (int i = 0; i < 20; ++i) CHECK(modest.ask(resp("GET", key_of(i))) == "$1\r\nv\r\n");
  Tracking greedy(world);
  for (int i = 0; i < many; ++i) greedy.ask(resp("GET", key_of(i)));
  CHECK(world.shared.counters().tracked_keys < many);
  CHECK(modest.news().empty());
  Tracking late(world);
  for (int i = 0; i < 20; ++i) CHECK(late.ask(resp("GET", key_of(i))) == "$1\r\nv\r\n");
  world.write(key_of(7), "new");
  CHECK(count(modest.news(), "invalidate") == 1);
  CHECK(count(late.news(), "invalidate") == 1);
}

TEST_CASE("OPTIN and OPTOUT: only what the client wants is held") {
  World world;
  world.write("ship", "Daphne");
  Tracking opts_in(world, "OPTIN");
  CHECK(opts_in.ask(resp("GET", "ship")) == "$6\r\nDaphne\r\n");
  CHECK(world.shared.counters().tracked_keys == 0);
  opts_in.ask(resp("CLIENT", "CACHING", "YES") + resp("GET", "ship"));
  CHECK(world.shared.counters().tracked_keys == 1);
  opts_in.ask(resp("CLIENT", "CACHING", "YES") + resp("PING") + resp("GET", "none"));
  CHECK(world.shared.counters().tracked_keys == 1);
  Tracking opts_out(world, "OPTOUT", "NOLOOP");
  opts_out.ask(resp("CLIENT", "CACHING", "NO") + resp("GET", "ship"));
  CHECK(world.shared.counters().tracked_keys == 1);
  opts_out.ask(resp("GET", "ship"));
  CHECK(world.shared.counters().tracked_keys == 2);
}

TEST_CASE("CLIENT CACHING is for the next command, also if that is refused") {
  World world;
  world.write("ship", "Daphne");
  Tracking opts_out(world, "OPTOUT");
  opts_out.ask(resp("CLIENT", "CACHING", "NO") + resp("GET") + resp("GET", "ship"));
  CHECK(world.shared.counters().tracked_keys == 1);
  const std::string refused = "plimsoll-bridge: GET: no";
  opts_out.ask(resp("CLIENT", "CACHING", "NO") + resp(refused) + resp("GET", "ship"));
  world.write("ship", "Eclipse");
  CHECK(opts_out.news() == changed("ship"));
}

TEST_CASE("a server that does not answer holds up no proof for long, and is not believed") {
  World world;
  world.write("ship", "Daphne");
  Tracking reader(world);
  reader.ask(resp("GET", "ship"));
  world.server.pause();
  reader.begin(resp("PING"));
  CHECK(reader.receive_until(pong) == all_changed + pong);
  // What the cache has is as old.
  reader.begin(resp("GET", "ship"));
  world.server.resume();
  world.write("ship", "Eclipse");
  const std::string told = reader.news();
  CHECK((told.starts_with("$6\r\nDaphne\r\n") || told.starts_with("$7\r\nEclipse\r\n")));
  CHECK(reader.ask(resp("GET", "ship")).starts_with("$7\r\nEclipse\r\n"));
}

TEST_CASE("after a transaction that reads, all keys count as changed for whoever sent it") {
  World world;
  Tracking reader(world);
  Tracking other(world);
  world.write("ship", "Daphne");
  reader.ask(resp("GET", "ship"));
  other.ask(resp("GET", "ship"));
  const std::string told = reader.ask(resp("MULTI") + resp("GET", "ship") + resp("EXEC"));
  CHECK(told.ends_with("*1\r\n$6\r\nDaphne\r\n" + all_changed));
  CHECK(other.news().empty());
}

TEST_CASE("of a transaction hear those who hold what it writes, and of a script in one all") {
  World world;
  Tracking writer(world);
  Tracking other(world);
  world.write("ship", "Great Eastern");
  other.ask(resp("GET", "ship"));
  writer.ask(resp("MULTI") + resp("GET", "ship") + resp("SET", "boat", "Eclipse") + resp("EXEC"));
  CHECK(other.news().empty());
  writer.ask(resp("MULTI") + resp("SET", "boat", "Daphne") + resp("SET", "ship", "Eclipse") +
             resp("EXEC"));
  CHECK(other.news() == changed("ship"));
  other.ask(resp("GET", "ship"));
  writer.ask(resp("MULTI") + resp("EVAL", "return 1", "0") + resp("EXEC"));
  CHECK(other.news() == all_changed);
}

TEST_CASE("when the bridge loses its connection, all keys count as changed") {
  World world;
  world.write("ship", "Daphne");
  Tracking reader(world);
  reader.ask(resp("GET", "ship"));
  world.server.ask("CLIENT KILL TYPE normal SKIPME yes");
  CHECK(reader.receive_until(all_changed) == all_changed);
  // What is read before the next connection is there, the cache does not keep.
  CHECK(world.shared.run_until([&] {
    reader.ask(resp("GET", "ship"));
    return world.shared.counters().tracked_keys == 1;
  }));
  RawConnection(world.server.socket_path()).exchange(resp("SET", "ship", "Eclipse"));
  CHECK(reader.news() == changed("ship"));
}

TEST_CASE("an entry that gives way to an equal one is the same to those who hold it") {
  World world;
  world.write("ship", "Daphne");
  world.write("port", "Hull");
  Tracking reader(world);
  reader.ask(resp("GET", "ship"));
  SessionPeer other(world.shared);
  // Fetches both again, because one is missing.
  other.exchange(resp("HELLO", "3") + resp("MGET", "ship", "port"));
  CHECK(reader.news().empty());
  world.write("ship", "Eclipse");
  CHECK(reader.news() == changed("ship"));
}

TEST_CASE("when a server says nothing for a lease, all that it vouches for counts as changed") {
  World world(cached_options(100ms));
  world.write("ship", "Daphne");
  Tracking reader(world);
  reader.ask(resp("GET", "ship"));
  world.server.pause();
  std::string told;
  CHECK(world.shared.run_until([&] {
    world.shared.check();
    reader.receive(told);
    return !told.empty();
  }));
  CHECK(told == all_changed);
  world.server.resume();
  // Once is enough.
  world.shared.check();
  CHECK(reader.news().empty());
}

TEST_CASE("a FLUSHALL, and a script of anyone, change all keys") {
  World world;
  world.write("ship", "Daphne");
  Tracking reader(world);
  reader.ask(resp("GET", "ship"));
  world.server.ask("FLUSHALL");
  CHECK(reader.news() == all_changed);
  world.write("ship", "Daphne");
  reader.ask(resp("GET", "ship"));
  SessionPeer other(world.shared);
  other.exchange(resp("HELLO", "3") + resp("EVAL", "return 1", "0"));
  CHECK(reader.news() == all_changed);
}

TEST_CASE("a proof comes behind all news of what happened before it was asked for") {
  World world;
  Tracking reader(world);
  for (int i = 0; i < 200; ++i) {
    const std::string value = std::to_string(1000 + i);
    world.write("ship", value);
    INFO(i);
    if (i > 0) {
      REQUIRE(reader.ask(resp("PING") + resp("GET", "ship")) ==
              changed("ship") + pong + "$4\r\n" + value + "\r\n");
    } else {
      reader.ask(resp("GET", "ship"));
    }
  }
}

TEST_CASE("who ends tracking, or the connection, hears nothing more") {
  World world;
  world.write("ship", "Daphne");
  {
    Tracking reader(world);
    Tracking gone(world);
    reader.ask(resp("GET", "ship"));
    gone.ask(resp("GET", "ship"));
    CHECK(world.shared.counters().tracking_sessions == 2);
    gone.session().close();
    CHECK(reader.exchange(resp("CLIENT", "TRACKING", "OFF")) == "+OK\r\n");
    CHECK(world.shared.counters().tracking_sessions == 0);
    CHECK(world.shared.counters().tracked_keys == 0);
    world.write("ship", "Eclipse");
    CHECK(reader.exchange(resp("PING") + resp("GET", "ship")).find("invalidate") ==
          std::string::npos);
    reader.exchange(resp("CLIENT", "TRACKING", "ON"));
    CHECK(world.shared.counters().tracking_sessions == 1);
    reader.exchange(resp("HELLO", "2"));
    CHECK(world.shared.counters().tracking_sessions == 0);
  }
}

TEST_CASE("what shared connections cannot do is refused, and says why") {
  World world;
  SessionPeer peer(world.shared);
  const std::string refusal = "-NOPERM plimsoll-bridge: CLIENT TRACKING";
  const auto answer = [&peer](const std::string& command) { return peer.exchange(command); };
  CHECK(answer(resp("CLIENT", "TRACKING", "ON")) ==
        refusal + " is not possible here: it needs HELLO 3\r\n");
  answer(resp("HELLO", "3"));
  CHECK(answer(resp("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a")) ==
        refusal + " with BCAST is not possible here: connections to the server are shared\r\n");
  CHECK(answer(resp("CLIENT", "TRACKING", "ON", "REDIRECT", "1")) ==
        refusal + " with REDIRECT is not possible here: connections to the server are shared\r\n");

  World without(uncached_options());
  SessionPeer other(without.shared);
  other.exchange(resp("HELLO", "3"));
  CHECK(other.exchange(resp("CLIENT", "TRACKING", "ON")) ==
        refusal +
            " is not possible here: connections are shared, and the bridge has no cache for the "
            "server\r\n");

  World forbidden;
  forbidden.server.ask("ACL SETUSER default -client|tracking");
  SessionPeer third(forbidden.shared);
  third.exchange(resp("HELLO", "3"));
  CHECK(third.exchange(resp("CLIENT", "TRACKING", "ON")) ==
        refusal + " is not possible here: the server does not tell the bridge of changes\r\n");
}

}  // namespace plimsoll::testing::tracking_test
