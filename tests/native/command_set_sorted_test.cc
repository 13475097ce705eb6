#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/both_protocols.h"

// Typed commands of sorted sets, places and streams, and those about the server, on a server.

namespace plimsoll::testing::command_set_sorted_test {
namespace {

using Catch::Approx;
using native::Bound;
using native::Client;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

TEST_CASE("members have scores, in any form that they are given in") {
  in_both_protocols([](Client& client) {
    CHECK(finish(client.zadd("z", {{1, "a"}, {2.5, "b"}})) == 2);
    const std::map<std::string, double> more{{"c", 1e300},
                                             {"d", -std::numeric_limits<double>::infinity()}};
    CHECK(finish(client.zadd("z", more, {.when = native::When::if_absent})) == 2);
    CHECK(finish(client.zadd("z", {{9, "a"}},
                             {.when_score = native::ScoreWhen::if_less, .count_changed = true})) ==
          0);
    CHECK(finish(client.zadd_incr("z", {{1.5, "a"}})) == 2.5);
    CHECK(finish(client.zadd_incr("z", {{1, "a"}}, {.when = native::When::if_absent})) ==
          std::nullopt);
    CHECK(finish(client.zscore("z", "c")) == 1e300);
    CHECK(finish(client.zmscore("z", {"b", "none"})) ==
          std::vector<std::optional<double>>{2.5, std::nullopt});
    CHECK(finish(client.zincrby("z", 0.1, "b")) == 2.6);
    CHECK(finish(client.zcount("z", "-inf", Bound::exclusive(2.6))) == 2);
  });
}

TEST_CASE("ranges go by rank, score or name, with scores or without") {
  in_both_protocols([](Client& client) {
    finish(client.zadd("z", {{1, "a"}, {2, "b"}, {3, "c"}}));
    CHECK(finish(client.zrange("z", 0, 1)) == Texts{"a", "b"});
    CHECK(finish(client.zrange("z", Bound::exclusive(1), 3.0, {.by = native::RangeBy::score})) ==
          Texts{"b", "c"});
    const auto scored = finish(client.zrange_withscores("z", 0, -1, {.reverse = true}));
    REQUIRE(scored.size() == 3);
    CHECK(scored[0].member == "c");
    CHECK(scored[0].score == 3);
    CHECK(finish(client.zrank("z", "b")) == 1);
    CHECK(finish(client.zrank("z", "none")) == std::nullopt);
    const auto ranked = finish(client.zrank_withscore("z", "b"));
    REQUIRE(ranked);
    CHECK(ranked->score == 2);
    CHECK(finish(client.zunion_withscores({"z", "z"})).back().score == 6);
    CHECK(finish(client.zrandmember_withscores("z", 2)).size() == 2);
    CHECK(finish(client.zscan("z", "0")).members.size() == 3);
  });
}

TEST_CASE("the ends of a sorted set are popped one at a time or several") {
  in_both_protocols([](Client& client) {
    finish(client.zadd("z", {{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}}));
    CHECK(finish(client.zpopmin("z"))->member == "a");
    CHECK(finish(client.zpopmin("none")).has_value() == false);
    const auto highest = finish(client.zpopmax("z", 2));
    REQUIRE(highest.size() == 2);
    CHECK(highest[1].member == "c");
    const auto popped = finish(client.zmpop({"none", "z"}, native::ScoreEnd::lowest));
    REQUIRE(popped);
    CHECK(popped->key == "z");
    CHECK(popped->members[0].score == 2);
    CHECK_FALSE(finish(client.zmpop("none", native::ScoreEnd::lowest)).has_value());
  });
}

TEST_CASE("places are near or far") {
  in_both_protocols([](Client& client) {
    finish(
        client.geoadd("g", {{13.361389, 38.115556, "Palermo"}, {15.087269, 37.502669, "Catania"}}));
    const auto distance =
        finish(client.geodist("g", "Palermo", "Catania", native::GeoUnit::kilometres));
    REQUIRE(distance);
    CHECK(*distance == Approx(166.27).margin(0.1));
    const auto near =
        finish(client.geosearch_places("g", native::GeoFrom::position(15, 37),
                                       native::GeoBy::circle(200, native::GeoUnit::kilometres),
                                       {.order = native::Order::ascending,
                                        .withcoord = true,
                                        .withdist = true,
                                        .withhash = true}));
    REQUIRE(near.size() == 2);
    CHECK(near[0].member == "Catania");
    CHECK(*near[0].distance == Approx(56.44).margin(0.1));
    CHECK(near[0].position->longitude == Approx(15.087).margin(0.001));
    CHECK(near[0].hash.has_value());
    CHECK(finish(client.geosearch("g", native::GeoFrom::member("Palermo"),
                                  native::GeoBy::box(10, 10, native::GeoUnit::metres))) ==
          Texts{"Palermo"});
    const auto positions = finish(client.geopos("g", {"Palermo", "none"}));
    CHECK(positions[0]->latitude == Approx(38.1155).margin(0.001));
    CHECK_FALSE(positions[1].has_value());
  });
}

TEST_CASE("a stream's entries are read, by anybody or by the consumers of a group") {
  in_both_protocols([](Client& client) {
    const std::string first = finish(client.xadd("s", {{"f", "v"}, {"g", "w"}}));
    finish(client.xadd("s", {{"f", "2"}}, {.id = "99999999999999-0"}));
    CHECK(finish(client.xadd_nomkstream("none", {{"f", "v"}})) == std::nullopt);
    CHECK(finish(client.xrange("s", "-", "+", 0)).empty());
    const auto entries = finish(client.xrange("s", "-", "+"));
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].id == first);
    CHECK(entries[0].fields[1].value == "w");
    const auto streams = finish(client.xread({{"s", first}}, {.count = 5}));
    REQUIRE(streams.size() == 1);
    CHECK(streams[0].stream == "s");
    CHECK(streams[0].entries[0].id == "99999999999999-0");
    CHECK(finish(client.xread({{"s", "$"}})).empty());

    finish(client.xgroup_create("s", "g", "0"));
    CHECK(finish(client.xreadgroup("g", "alice", {{"s", ">"}}))[0].entries.size() == 2);
    const auto sum = finish(client.xpending("s", "g"));
    CHECK(sum.count == 2);
    CHECK(sum.consumers.at(0).consumer == "alice");
    const auto each = finish(client.xpending_entries("s", "g", "-", "+", 10));
    CHECK(each.at(0).deliveries == 1);
    const auto claimed = finish(client.xautoclaim("s", "g", "bob", 0ms, "0"));
    CHECK(claimed.entries.size() == 2);
    CHECK(finish(client.xclaim_justid("s", "g", "carol", 0ms, first)) == Texts{first});
    CHECK(finish(client.xack("s", "g", first)) == 1);
  });
}

TEST_CASE("a stream tells about itself, its groups and their consumers") {
  in_both_protocols([](Client& client) {
    finish(client.xgroup_create("s", "g", "$", {.mkstream = true}));
    CHECK(finish(client.xgroup_createconsumer("s", "g", "alice")));
    finish(client.xadd("s", {{"f", "v"}}));
    const native::StreamInfo info = finish(client.xinfo_stream("s"));
    CHECK(info.length == 1);
    CHECK(info.groups == 1);
    CHECK(info.first_entry->fields.at(0).field == "f");
    const auto groups = finish(client.xinfo_groups("s"));
    CHECK(groups.at(0).name == "g");
    CHECK(groups.at(0).consumers == 1);
    CHECK(finish(client.xinfo_consumers("s", "g")).at(0).name == "alice");
    CHECK(finish(client.xinfo_stream_full("s")).to_string().find("entries") != std::string::npos);
    CHECK(finish(client.xtrim("s", native::TrimBy::length, "0")) == 1);
  });
}

TEST_CASE("the server says who it is, what it does and what time it is") {
  in_both_protocols([](Client& client) {
    CHECK(finish(client.info("server")).find("redis_version") != std::string::npos);
    CHECK(finish(client.info()).find("# Clients") != std::string::npos);
    CHECK(finish(client.config_get("maxmemory")).at("maxmemory") == "0");
    finish(client.config_set({{"maxmemory", "0"}}));
    CHECK(finish(client.time()).at.time_since_epoch() > 0s);
    CHECK(finish(client.client_id()) > 0);
    CHECK(finish(client.command_count()) > 200);
    CHECK(finish(client.lcs_len("none", "none")) == 0);
    CHECK(finish(client.slowlog_get(5)).size() <= 5);
    CHECK(finish(client.client_kill({.client_type = native::ClientType::replica})) == 0);
    CHECK(finish(client.pubsub_numsub({"c"})).at("c") == 0);
    finish(client.flushdb(native::FlushMode::async));
    CHECK(finish(client.dbsize()) == 0);
  });
}

TEST_CASE("two strings' matches are told with their places") {
  in_both_protocols([](Client& client) {
    finish(client.mset({{"a", "ohmytext"}, {"b", "mynewtext"}}));
    CHECK(finish(client.lcs("a", "b")) == "mytext");
    const auto found = finish(client.lcs_idx("a", "b", {.min_match_len = 4, .withmatchlen = true}));
    CHECK(found.length == 6);
    REQUIRE(found.matches.size() == 1);
    CHECK(found.matches[0].first_begin == 4);
    CHECK(found.matches[0].second_end == 8);
    CHECK(found.matches[0].length == 4);
  });
}

}  // namespace
}  // namespace plimsoll::testing::command_set_sorted_test
