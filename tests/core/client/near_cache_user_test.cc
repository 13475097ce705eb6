#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_world.h"

// Whose data it is: what is served to a connection was read by the same user of the same database
// of the same server.

namespace plimsoll::near_cache_user_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::CachedWorld;
using testing::Lines;
using Settings = CachedWorld::Settings;

constexpr TrackingOptions tracked{.method = TrackingOptions::Method::all_reads};

ClientOptions as(std::string_view username, std::string_view password,
                 const TrackingOptions& tracking = tracked) {
  return {.username = username, .password = password, .tracking = tracking};
}

const cache::CacheOptions by_time{
    .bytes_max = 64 * 1024, .entry_ttl = 1h, .mode = cache::CacheMode::ttl};

// Of rich, who may read it, and poor, who may not.
void forbid_secret(CachedWorld& world) {
  world.data()["secret"] = "gold";
  world.forbidden()["poor"] = {"GET secret"};
}

// What comes of it, as of request 1.
Lines read(CachedWorld& world, std::size_t client, const std::string& key = "secret") {
  static Tag tag = 1000;
  world.get(client, ++tag, key);
  world.flow(client);
  Lines lines = world.take_events(client);
  const std::string name = std::to_string(tag);
  for (std::string& line : lines) {
    if (line.starts_with(name)) line.replace(0, name.size(), "1");
  }
  return lines;
}

const Lines refused{"1: error \"NOPERM No permissions to access a key\""};
const Lines fetched{"1: \"gold\""};
const Lines hit{"1: hit $4\r\ngold"};

TEST_CASE("what one user has read is not served to another, in any mode") {
  for (const bool tells_user : {true, false}) {
    for (const bool is_by_time : {false, true}) {
      const TrackingOptions tracking = is_by_time ? TrackingOptions{} : tracked;
      Settings settings{
          .clients = 3,
          .each = {as("rich", "r", tracking), as("poor", "p", tracking), as("rich", "r", tracking)},
          .tells_user = tells_user};
      if (is_by_time) settings.cache = by_time;
      CachedWorld world(settings);
      forbid_secret(world);
      CHECK(read(world, 0) == fetched);
      CHECK(read(world, 1) == refused);
      CHECK(read(world, 0) == hit);
      CHECK(read(world, 2) == hit);
      CHECK(world.statistics().sources == 2);
    }
  }
}

TEST_CASE("two servers, and those of whom another thing is shown on the way, share nothing") {
  CachedWorld world({.clients = 3, .places = {"here", "there", "here"}});
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  CHECK(read(world, 1) == fetched);
  CHECK(read(world, 2) == hit);
  world.end(2).client().set_shown("a token");
  CHECK(read(world, 2) == fetched);
}

TEST_CASE("a server that will not say who it is told by the credentials that it took") {
  CachedWorld world({.clients = 3,
                     .each = {as("rich", "r"), as("rich", "another"), as("rich", "r")},
                     .tells_user = false});
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  CHECK(read(world, 1) == fetched);
  CHECK(read(world, 2) == hit);
}

TEST_CASE("before the server has said who it is nothing is looked up, and nothing stored") {
  CachedWorld world({.cache = by_time, .client = {}});
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  world.break_off(0);
  world.end(0).client().set_credentials({"other", "o"});
  world.get(0, 1, "secret");
  world.reconnect(0);
  CHECK(world.take_events(0).back() == "1: \"gold\"");
  CHECK(read(world, 0) == fetched);
  CHECK(read(world, 0) == hit);
}

TEST_CASE("the same user finds what it had when its connection was lost, by time") {
  CachedWorld world({.cache = by_time, .client = {}});
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  world.break_off(0);
  world.reconnect(0);
  world.take_events(0);
  CHECK(read(world, 0) == hit);
}

TEST_CASE("a user who changes on a living connection takes nothing along, and leaves nothing") {
  for (const bool tells_user : {true, false}) {
    CachedWorld world(
        {.clients = 2, .each = {as("rich", "r"), as("poor", "p")}, .tells_user = tells_user});
    forbid_secret(world);
    CHECK(read(world, 0) == fetched);
    world.end(0).client().set_credentials({"poor", "p"});
    // Before the server has agreed, and behind that.
    world.get(0, 1, "secret");
    CHECK(world.take_events(0).empty());
    world.flow(0);
    CHECK(world.take_events(0) == refused);
    CHECK(read(world, 0) == refused);
    world.data()["public"] = "tin";
    CHECK(read(world, 0, "public") == Lines{"1: \"tin\""});
    CHECK(read(world, 1, "public") == Lines{"1: hit $3\r\ntin"});
  }
}

TEST_CASE("what was being read as one user is not stored for the next, nor shared by him") {
  CachedWorld world({.client = as("rich", "r")});
  forbid_secret(world);
  world.get(0, 1, "secret");
  world.end(0).client().set_credentials({"poor", "p"});
  world.get(0, 2, "secret");
  world.flow(0);
  CHECK(world.take_events(0) ==
        Lines{"1: \"gold\"", "2: error \"NOPERM No permissions to access a key\""});
  CHECK(read(world, 0) == refused);
  CHECK(world.statistics().entries == 0);
}

TEST_CASE("a refusal that arrives behind a change of the user is about the user of before") {
  CachedWorld world({.clients = 2, .each = {as("rich", "r"), as("rich", "r")}});
  world.data()["key"] = "gold";
  CHECK(read(world, 1, "key") == fetched);
  world.forbidden()["rich"] = {"GET secret"};
  world.get(0, 1, "secret");
  world.end(0).client().set_credentials({"poor", "p"});
  world.flow(0);
  CHECK(world.take_events(0) == refused);
  CHECK(read(world, 1, "key") == fetched);
}

TEST_CASE("what was asked for behind an AUTH is not the old user's, whoever comes next") {
  CachedWorld world({.client = as("rich", "r")});
  world.data()["secret"] = "gold";
  world.end(0).client().set_credentials({"poor", "p"});
  world.get(0, 1, "secret");  // runs as poor, and lands before the server has said so
  world.flow(0);
  world.end(0).client().set_credentials({"rich", "r"});
  world.flow(0);
  world.take_events(0);
  CHECK(read(world, 0) == fetched);
}

TEST_CASE("one who is refused as another is not served that one's data") {
  for (const bool tells_user : {true, false}) {
    CachedWorld world(
        {.clients = 2, .each = {as("rich", "r"), as("poor", "p")}, .tells_user = tells_user});
    forbid_secret(world);
    CHECK(read(world, 0) == fetched);
    world.passwords()["rich"] = "changed";
    world.end(1).client().set_credentials({"rich", "r"});
    world.flow(1);
    world.take_events(1);
    CHECK(read(world, 1) == refused);
  }
}

TEST_CASE("credentials told while hands are shaken count when the server has taken them") {
  for (const bool tells_user : {true, false}) {
    for (const bool are_good : {true, false}) {
      CachedWorld world(
          {.clients = 2, .each = {as("rich", "r"), as("poor", "p")}, .tells_user = tells_user});
      forbid_secret(world);
      CHECK(read(world, 0) == fetched);
      world.break_off(1);
      world.end(1).wait_for_open();
      world.end(1).open();
      world.end(1).client().set_credentials({"rich", "s"});
      world.end(1).client().set_credentials({"rich", "r"});
      if (!are_good) world.passwords()["rich"] = "changed";
      world.get(1, 1, "secret");
      world.flow(1);
      world.take_events(1);
      CHECK(read(world, 1) == (are_good ? hit : refused));
    }
  }
}

TEST_CASE("between two changes of the user nothing is served, whatever the server says meanwhile") {
  CachedWorld world({.clients = 2, .each = {as("rich", "r"), as("poor", "p")}});
  world.data()["key"] = "gold";
  CHECK(read(world, 0, "key") == fetched);
  CHECK(read(world, 1, "key") == fetched);
  world.end(0).client().set_credentials({"poor", "p"});
  world.go_up(0);
  world.come_down(0);  // asks who it is
  world.go_up(0);
  world.end(0).client().set_credentials({"rich", "r"});
  world.come_down(0);
  world.take_events(0);
  world.get(0, 1, "key");
  CHECK(world.take_events(0).empty());
  world.flow(0);
  CHECK(world.take_events(0) == Lines{"1: \"gold\""});
  CHECK(read(world, 0, "key") == hit);
}

TEST_CASE(
    "a right that the server refuses drops what the cache has of that user, and of no other") {
  CachedWorld world({.clients = 3, .each = {as("rich", "r"), as("rich", "r"), as("poor", "p")}});
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  CHECK(read(world, 2) == fetched);
  world.forbidden()["rich"] = {"GET secret", "GET other", "SET"};
  CHECK(read(world, 1) == hit);  // nobody knows yet
  SECTION("on a read") { CHECK(read(world, 1, "other") == refused); }
  SECTION("on a write") {
    world.submit(1, 1, {"SET", "x", "y"});
    world.flow(1);
    CHECK(world.take_events(1) == refused);
  }
  CHECK(read(world, 0) == refused);
  CHECK(read(world, 2) == hit);
}

TEST_CASE("a lease's PING that is refused drops what the cache has of that user") {
  CachedWorld world({.client = as("rich", "r")});
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  world.forbidden()["rich"] = {"GET secret", "PING"};
  world.advance(6s);
  world.flow(0);
  CHECK(read(world, 0) == refused);
}

TEST_CASE("a user who was never allowed to PING keeps what the cache has") {
  CachedWorld world({.client = as("rich", "r")});
  world.forbidden()["rich"] = {"PING"};
  world.break_off(0);
  world.reconnect(0);
  world.take_events(0);
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  for (int i = 0; i < 5; ++i) {
    world.advance(6s);
    world.flow(0);
    CHECK(read(world, 0) == hit);
  }
}

TEST_CASE("a PTTL that is refused is no loss of a right") {
  CachedWorld world(
      {.cache = {.bytes_max = 64 * 1024, .server_ttl_cap = true}, .client = as("rich", "r")});
  world.forbidden()["rich"] = {"PTTL other"};
  world.data()["secret"] = "gold";
  world.data()["other"] = "tin";
  CHECK(read(world, 0) == fetched);
  CHECK(read(world, 0, "other") == Lines{"1: \"tin\""});
  CHECK(read(world, 0) == hit);
}

TEST_CASE("a user whom the server does not know any more takes what the cache has of him along") {
  CachedWorld world(
      {.cache = by_time, .clients = 2, .each = {as("rich", "r", {}), as("rich", "r", {})}});
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  world.passwords()["rich"] = "changed";
  world.break_off(0);
  world.reconnect(0);
  CHECK(world.take_events(0).back().starts_with("closed: authentication_failed"));
  CHECK(read(world, 1) == fetched);
}

TEST_CASE("a write by any client of the cache is seen by all others, whoever they are") {
  CachedWorld world({.clients = 2, .each = {as("rich", "r"), as("poor", "p")}});
  world.data()["secret"] = "gold";
  CHECK(read(world, 1) == fetched);
  world.submit(0, 1, {"SET", "secret", "lead"});
  world.get(1, 1, "secret");
  CHECK(world.take_events(1).empty());  // closed while it is being written
  world.flow(0);
  CHECK(world.take_events(0) == Lines{"1: simple \"OK\""});
  // The server's word of it may still be on its way to the other.
  world.get(1, 2, "secret");
  const Lines early = world.take_events(1);
  CHECK(early.empty());
  world.flow(1);
  CHECK(world.take_events(1).back() == "2: \"lead\"");
}

TEST_CASE("a source that has no place is not cached, and its client works") {
  Settings settings{.clients = 1, .budget = {.memory_limit = std::size_t{64} * 1024 * 1024}};
  CachedWorld world(settings);
  std::vector<cache::Sources::Source*> others;
  for (std::size_t i = 1; i < cache::cache_sources_max; ++i) {
    others.push_back(world.cache().enter_source(world.cache().digest(std::to_string(i))));
    REQUIRE(others.back() != nullptr);
  }
  world.break_off(0);
  // Its place was its alone: the cache has one for it again.
  world.reconnect(0);
  world.take_events(0);
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  CHECK(read(world, 0) == hit);
  world.end(0).client().set_shown("somebody else");  // gives its place up
  REQUIRE(world.cache().enter_source(world.cache().digest("last")) != nullptr);
  world.break_off(0);
  world.reconnect(0);
  world.take_events(0);
  CHECK(read(world, 0) == fetched);
  CHECK(read(world, 0) == fetched);
  CHECK(world.statistics().sources_refused == 1);
}

TEST_CASE("a client that has closed gives its place up") {
  CachedWorld world({.cache = by_time, .client = {}});
  world.data()["secret"] = "gold";
  CHECK(read(world, 0) == fetched);
  CHECK(world.statistics().sources == 1);
  world.end(0).close();
  CHECK(world.take_events(0).back() == "closed: closed");
  CHECK(world.statistics().sources == 0);
}

}  // namespace
}  // namespace plimsoll::near_cache_user_test
