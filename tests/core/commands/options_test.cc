#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/builders.h"
#include "plimsoll/tests/core/commands/split.h"
#include "plimsoll/tests/core/commands/wire.h"

// Builders with options, numbers and several lists: the exact bytes, and what they refuse.

namespace plimsoll::commands::options_test {
namespace {

using testing::encoded;
using testing::request;
using testing::TypedWords;
using namespace std::chrono_literals;

constexpr std::array<std::string_view, 2> two{"a", "b"};
constexpr std::array<std::string_view, 0> none{};
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

// Whether `builder` makes the words of `text`, and a copy of it does too.
template <class Builder>
void check(const Builder& builder, std::string_view text) {
  INFO(text);
  const TypedWords words(text);
  const testing::Words expected(words.views().begin(), words.views().end());
  if constexpr (std::is_same_v<Builder, Composed>) CHECK(builder.status());
  CHECK(encoded(builder) == request(expected));
  const Builder copy(builder);
  CHECK(encoded(copy) == request(expected));
}

std::string refusal(const Composed& builder) {
  const Status status = builder.status();
  if (status) return "none";
  CHECK(status.error().code == ErrorCode::invalid_argument);
  CHECK(status.error().executed == Executed::no);
  return status.error().what;
}

TEST_CASE("SET takes a condition and an expiry, or the one that the key has") {
  CHECK(encoded(set("k", "v")) == request({"SET", "k", "v"}));
  check(set("k", "v", {}), "SET k v");
  check(set("k", "v", {.when = When::if_absent}), "SET k v NX");
  check(set("k", "v", {.when = When::if_present, .expiry = SetExpiry::in(5s)}),
        "SET k v XX PX 5000");
  check(set("k", "v", {.expiry = SetExpiry::keep()}), "SET k v KEEPTTL");
  check(set("k", "v", {.expiry = SetExpiry::at(std::chrono::sys_seconds(1700000000s))}),
        "SET k v PXAT 1700000000000");
  check(set_get("k", "v", {.when = When::if_present}), "SET k v XX GET");
  check(getex("k", GetexExpiry::never()), "GETEX k PERSIST");
  check(getex("k", GetexExpiry::in(1ms)), "GETEX k PX 1");
}

TEST_CASE("a time to live under a millisecond is refused") {
  CHECK(refusal(set("k", "v", {.expiry = SetExpiry::in(0ms)})) == "in is too small");
  CHECK(refusal(set("k", "v", {.expiry = SetExpiry::in(-1s)})) == "in is too small");
}

TEST_CASE("integers are written to their ends") {
  check(incrby("n", 0), "INCRBY n 0");
  check(incrby("n", least), "INCRBY n -9223372036854775808");
  check(incrby("n", most), "INCRBY n 9223372036854775807");
  check(lrange("l", -1, 10), "LRANGE l -1 10");
  check(setbit("b", 4294967295, 1), "SETBIT b 4294967295 1");
}

TEST_CASE("doubles are written so that they are read back the same") {
  check(incrbyfloat("n", 0.1), "INCRBYFLOAT n 0.1");
  check(incrbyfloat("n", 1.0 / 3), "INCRBYFLOAT n 0.3333333333333333");
  check(incrbyfloat("n", -0.0), "INCRBYFLOAT n -0");
  check(incrbyfloat("n", 5e-324), "INCRBYFLOAT n 5e-324");
  check(incrbyfloat("n", -1.7976931348623157e308), "INCRBYFLOAT n -1.7976931348623157e+308");
  check(zincrby("z", infinity, "m"), "ZINCRBY z inf m");
  check(zincrby("z", -infinity, "m"), "ZINCRBY z -inf m");
}

TEST_CASE("nan is refused wherever a double is taken") {
  const std::array<ScoredMember, 2> members{{{1, "a"}, {no_number, "b"}}};
  const std::array<GeoMember, 1> places{{{no_number, 1, "m"}}};
  const std::array<double, 1> weights{no_number};
  const std::string nan = "nan is given as a number";
  CHECK(refusal(incrbyfloat("n", no_number)) == nan);
  CHECK(refusal(zadd("z", members)) == nan);
  CHECK(refusal(zcount("z", no_number, 1)) == nan);
  CHECK(refusal(zcount("z", Bound::exclusive(no_number), 1)) == nan);
  CHECK(refusal(geoadd("g", places)) == nan);
  CHECK(refusal(geosearch("g", GeoFrom::position(1, no_number),
                          GeoBy::circle(1, GeoUnit::metres))) == nan);
  CHECK(refusal(zunion(two, {.weights = weights})) == nan);
}

TEST_CASE("scores and members come behind ZADD's options") {
  const std::array<ScoredMember, 2> members{{{1.5, "a"}, {-infinity, "b"}}};
  check(zadd("z", members), "ZADD z 1.5 a -inf b");
  check(zadd("z", members, {.when = When::if_present, .count_changed = true}),
        "ZADD z XX CH 1.5 a -inf b");
  check(zadd("z", members, {.when_score = ScoreWhen::if_greater}), "ZADD z GT 1.5 a -inf b");
  check(zadd_incr("z", std::span(members).first(1), {.when = When::if_absent}),
        "ZADD z NX INCR 1.5 a");
}

TEST_CASE("a range of a sorted set has ends of any kind") {
  check(zrange("z", 0, -1), "ZRANGE z 0 -1");
  check(zrange("z", Bound::exclusive(1), infinity, {.by = RangeBy::score}),
        "ZRANGE z (1 inf BYSCORE");
  check(zrange("z", "[a", "+", {.by = RangeBy::name, .limit = Limit{.offset = 0, .count = 10}}),
        "ZRANGE z [a + BYLEX LIMIT 0 10");
  check(zrange_withscores("z", 0, -1, {.reverse = true}), "ZRANGE z 0 -1 REV WITHSCORES");
  check(zrangebyscore("z", "-inf", 2.5, Limit{1, 2}), "ZRANGEBYSCORE z -inf 2.5 LIMIT 1 2");
  check(zcount("z", Bound::exclusive(-2.2250738585072014e-308), 0),
        "ZCOUNT z (-2.2250738585072014e-308 0");
}

TEST_CASE("keys are counted by the builder") {
  const std::array<double, 2> weights{1, 2.5};
  check(zunionstore("d", two, {.weights = weights, .aggregate = Aggregate::maximum}),
        "ZUNIONSTORE d 2 a b WEIGHTS 1 2.5 AGGREGATE MAX");
  check(zinter_withscores(two), "ZINTER 2 a b WITHSCORES");
  check(lmpop(two, ListEnd::left, 3), "LMPOP 2 a b LEFT COUNT 3");
  check(sintercard(two, 5), "SINTERCARD 2 a b LIMIT 5");
  check(eval("script"), "EVAL script 0");
  check(eval("script", two), "EVAL script 2 a b");
  check(eval("script", none, two), "EVAL script 0 a b");
  check(fcall_ro("f", two, two), "FCALL_RO f 2 a b a b");
}

TEST_CASE("streams are read by name and id") {
  const std::array<ArgumentPair, 2> streams{{{"s", "0-1"}, {"t", "$"}}};
  check(xread(streams), "XREAD STREAMS s t 0-1 $");
  check(xread(streams, {.count = 2, .block = 5ms}), "XREAD COUNT 2 BLOCK 5 STREAMS s t 0-1 $");
  check(xreadgroup("g", "c", streams, {.noack = true}),
        "XREADGROUP GROUP g c NOACK STREAMS s t 0-1 $");
}

TEST_CASE("an entry of a stream has an id and a bound on the stream's length where given") {
  const std::array<ArgumentPair, 1> fields{{{"f", "v"}}};
  check(xadd("s", fields, {.id = "5-*"}), "XADD s 5-* f v");
  check(
      xadd("s", fields,
           {.trim =
                StreamTrim{
                    .by = TrimBy::length, .how = TrimHow::nearly, .threshold = "9", .limit = 100}}),
      "XADD s MAXLEN ~ 9 LIMIT 100 * f v");
  check(xadd_nomkstream("s", fields), "XADD s NOMKSTREAM * f v");
  check(xtrim("s", TrimBy::id, "5-0", {.how = TrimHow::exactly}), "XTRIM s MINID = 5-0");
  check(xclaim("s", "g", "c", 1min, two, {.idle = 2s, .force = true}),
        "XCLAIM s g c 60000 a b IDLE 2000 FORCE");
  check(xpending_entries("s", "g", "-", "+", 10, {.min_idle_time = 1s, .consumer = "c"}),
        "XPENDING s g IDLE 1000 - + 10 c");
}

TEST_CASE("places are searched from somewhere, in a circle or a box") {
  check(geosearch("g", GeoFrom::member("m"), GeoBy::circle(5.5, GeoUnit::kilometres)),
        "GEOSEARCH g FROMMEMBER m BYRADIUS 5.5 KM");
  check(geosearch_places("g", GeoFrom::position(-1.5, 2), GeoBy::box(3, 4, GeoUnit::miles),
                         {.order = Order::descending,
                          .count = GeoCount{.count = 3, .any = true},
                          .withdist = true}),
        "GEOSEARCH g FROMLONLAT -1.5 2 BYBOX 3 4 MI DESC COUNT 3 ANY WITHDIST");
  check(georadius_store("g", 1, 2, 3, GeoUnit::feet, GeoStore::distances("d")),
        "GEORADIUS g 1 2 3 FT STOREDIST d");
}

TEST_CASE("lists with a token before each item, or before all") {
  check(sort("k", {.by = "w_*",
                   .limit = Limit{0, 5},
                   .get = two,
                   .order = Order::ascending,
                   .alpha = true}),
        "SORT k BY w_* LIMIT 0 5 GET a GET b ASC ALPHA");
  check(sort_store("k", "d", {.get = two}), "SORT k GET a GET b STORE d");
  CHECK(encoded(migrate("h", 6379, "", 0, 5s,
                        {.copy = true,
                         .authentication = MigrateAuthentication::user("u", "p"),
                         .keys = two})) == request({"MIGRATE", "h", "6379", "", "0", "5000", "COPY",
                                                    "AUTH2", "u", "p", "KEYS", "a", "b"}));
}

TEST_CASE("a copy of a builder has its own numbers") {
  const auto make = [](std::int64_t count) { return lmpop(two, ListEnd::right, count); };
  std::vector<Composed> kept;
  for (std::int64_t count : {1, 22, 333}) kept.push_back(make(count));
  check(kept[0], "LMPOP 2 a b RIGHT COUNT 1");
  check(kept[1], "LMPOP 2 a b RIGHT COUNT 22");
  check(kept[2], "LMPOP 2 a b RIGHT COUNT 333");
}

TEST_CASE("operations on bits stand in their order") {
  const std::array operations{
      BitfieldOperation::get("u8", "#0"), BitfieldOperation::overflow(Overflow::saturate),
      BitfieldOperation::set("i64", "100", least), BitfieldOperation::incrby("u2", "1", 1)};
  check(bitfield("b", operations),
        "BITFIELD b GET u8 #0 OVERFLOW SAT SET i64 100 -9223372036854775808 INCRBY u2 1 1");
  check(bitcount("b", BitRange{0, -1, BitUnit::bit}), "BITCOUNT b 0 -1 BIT");
  check(bitpos("b", 1, BitposRange{2, BitposEnd{3, {}}}), "BITPOS b 1 2 3");
  check(bitop(BitOperation::not_, "d", std::span(two).first(1)), "BITOP NOT d a");
}

TEST_CASE("a blocking command says how long, and the view knows it too") {
  check(blpop(two, 1500ms), "BLPOP a b 1.5");
  CHECK(CommandView(blpop(two, 1500ms)).block_time == 1500ms);
  check(blpop(two, 1ns), "BLPOP a b 0.000000001");
  check(blpop(two, 0s), "BLPOP a b 0");
  CHECK(CommandView(blpop(two, 0s)).block_time == CommandView::forever);
  check(wait(1, 100ms), "WAIT 1 100");
  CHECK(CommandView(wait(1, 100ms)).block_time == 100ms);
  CHECK(CommandView(wait(1, 0ms)).block_time == CommandView::forever);
  const std::array<ArgumentPair, 1> streams{{{"s", "$"}}};
  CHECK(CommandView(xread(streams)).block_time == Duration::zero());
  CHECK(CommandView(xread(streams, {.block = 0ms})).block_time == CommandView::forever);
  CHECK(CommandView(xread(streams, {.block = std::chrono::milliseconds::max()})).block_time ==
        CommandView::forever);
  CHECK(refusal(blpop(two, -1s)) == "the time to wait is negative");
  CHECK(refusal(wait(1, -1ms)) == "the time to wait is negative");
  CHECK(refusal(xread(streams, {.block = -1ms})) == "the time to wait is negative");
}

TEST_CASE("what cannot be is refused before it is sent") {
  CHECK(refusal(zunion(none)) == "keys is empty");
  CHECK(refusal(zadd("z", {})) == "members is empty");
  CHECK(refusal(blpop(none, 1s)) == "keys is empty");
  CHECK(refusal(xread({})) == "streams is empty");
  CHECK_FALSE(mget(none).status());
  CHECK(mget(two).status());
  CHECK_FALSE(hset("h", {}).status());
  CHECK(hset("h", std::array{ArgumentPair{"a", "1"}}).status());
  CHECK(refusal(lpop("l", -1)) == "count is too small");
  CHECK(refusal(lmpop(two, ListEnd::left, 0)) == "count is too small");
  CHECK(refusal(scan("0", {.count = 0})) == "count is too small");
  CHECK(refusal(getbit("b", -1)) == "offset is too small");
  CHECK(refusal(copy("a", "b", {.destination_db = -1})) == "destination_db is too small");
  CHECK(srandmember("s", -5).status());  // negative: members may repeat
}

TEST_CASE("the server's commands of administration are there too") {
  check(client_kill({.client_id = 7, .client_type = ClientType::replica, .skipme = YesNo::no}),
        "CLIENT KILL ID 7 TYPE REPLICA SKIPME NO");
  check(acl_setuser("u", two), "ACL SETUSER u a b");
  check(shutdown(ShutdownAbortSelector::how(SaveMode::no_save, true)), "SHUTDOWN NOSAVE NOW");
  check(shutdown(ShutdownAbortSelector::abort()), "SHUTDOWN ABORT");
  check(replicaof(ReplicationSource::no_one()), "REPLICAOF NO ONE");
  check(replicaof(ReplicationSource::server("h", 6379)), "REPLICAOF h 6379");
  const std::array<SlotRange, 2> ranges{{{0, 5}, {7, 9}}};
  check(cluster_addslotsrange(ranges), "CLUSTER ADDSLOTSRANGE 0 5 7 9");
  check(flushall(FlushMode::async), "FLUSHALL ASYNC");
  check(client_tracking(Switch::on, {.prefixes = two, .bcast = true}),
        "CLIENT TRACKING ON PREFIX a PREFIX b BCAST");
}

}  // namespace
}  // namespace plimsoll::commands::options_test
