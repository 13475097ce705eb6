#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/exclusive.h"
#include "plimsoll/tests/native/both_protocols.h"

// Typed commands of strings, keys, hashes, lists, sets and scripts on a server.

namespace plimsoll::testing::command_set_values_test {
namespace {

using native::Client;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

TEST_CASE("strings are set, expire, and are read in parts") {
  in_both_protocols([](Client& client) {
    CHECK(finish(client.append("s", "Great Eastern")) == 13);
    CHECK(finish(client.getrange("s", 0, 4)) == "Great");
    CHECK(finish(client.setrange("s", 0, "great")) == 13);
    CHECK(finish(client.strlen("s")) == 13);
    CHECK(finish(client.incrby("n", 5)) == 5);
    CHECK(finish(client.incrbyfloat("n", 0.5)) == 5.5);
    finish(client.mset({{"a", "1"}, {"b", "2"}}));
    CHECK_FALSE(finish(client.msetnx({{"b", "3"}, {"c", "3"}})));
    CHECK(finish(client.getdel("b")) == "2");
    CHECK(finish(client.set_get("a", "2", {.when = native::When::if_present})) == "1");
    CHECK(finish(client.getex("a", native::GetexExpiry::in(1h))) == "2");
    const auto left = finish(client.ttl("a"));
    CHECK((left > 3500 && left <= 3600));
    CHECK(finish(client.expire("a", 10s, native::ExpireWhen::if_later)) == false);
    CHECK(finish(client.expire("a", 2h, native::ExpireWhen::if_later)) == true);
    CHECK(finish(client.persist("a")));
  });
}

TEST_CASE("bits are set, counted and combined") {
  in_both_protocols([](Client& client) {
    CHECK(finish(client.setbit("b", 7, 1)) == 0);
    CHECK(finish(client.getbit("b", 7)) == 1);
    CHECK(finish(client.bitcount("b")) == 1);
    CHECK(finish(client.bitcount("b", native::BitRange{0, 6, native::BitUnit::bit})) == 0);
    CHECK(finish(client.bitpos("b", 1)) == 7);
    using Operation = native::BitfieldOperation;
    const auto values = finish(client.bitfield(
        "b", {Operation::get("u8", "0"), Operation::overflow(native::Overflow::fail),
              Operation::incrby("u8", "0", 255)}));
    CHECK(values == std::vector<std::optional<std::int64_t>>{1, std::nullopt});
    CHECK(finish(client.bitop(native::BitOperation::not_, "d", "b")) == 1);
  });
}

TEST_CASE("keys are copied, found and told about") {
  in_both_protocols([](Client& client) {
    finish(client.set("k", "v"));
    CHECK(finish(client.copy("k", "l")));
    CHECK_FALSE(finish(client.copy("k", "l")));
    CHECK(finish(client.copy("k", "l", {.replace = true})));
    CHECK(finish(client.type("k")) == "string");
    CHECK(finish(client.object_encoding("k")) == "embstr");
    const native::ScanPage page = finish(client.scan("0", {.pattern = "k*", .count = 100}));
    CHECK(page.cursor == "0");
    CHECK(page.elements == Texts{"k"});
    const auto dumped = finish(client.dump("k"));
    REQUIRE(dumped);
    finish(client.restore("m", 0ms, *dumped));
    CHECK(finish(client.get("m")) == "v");
    CHECK(finish(client.unlink({"k", "l", "m"})) == 3);
    CHECK(finish(client.dump("k")) == std::nullopt);
    finish(client.rpush("n", {"3", "1", "2"}));
    CHECK(finish(client.sort("n", {.order = native::Order::descending})) ==
          std::vector<std::optional<std::string>>{"3", "2", "1"});
    CHECK(finish(client.sort_store("n", "sorted")) == 3);
  });
}

TEST_CASE("hashes have fields, which can be drawn and walked over") {
  in_both_protocols([](Client& client) {
    finish(client.hset("h", {{"a", "1"}, {"b", "2"}}));
    CHECK(finish(client.hmget("h", {"a", "z"})) ==
          std::vector<std::optional<std::string>>{"1", std::nullopt});
    CHECK(finish(client.hexists("h", "a")));
    CHECK_FALSE(finish(client.hsetnx("h", "a", "3")));
    CHECK(finish(client.hincrby("h", "a", 4)) == 5);
    CHECK(finish(client.hrandfield("h")).has_value());
    CHECK(finish(client.hrandfield("h", 5)).size() == 2);
    const auto drawn = finish(client.hrandfield_withvalues("h", -3));
    REQUIRE(drawn.size() == 3);
    CHECK((drawn[0].value == "5" || drawn[0].value == "2"));
    CHECK(finish(client.hscan("h", "0")).fields.size() == 2);
    CHECK(finish(client.hdel("h", {"a", "b", "c"})) == 2);
  });
}

TEST_CASE("lists are pushed to, popped from and searched") {
  in_both_protocols([](Client& client) {
    CHECK(finish(client.rpush("l", {"a", "b", "c", "b"})) == 4);
    CHECK(finish(client.lrange("l", 0, -1)) == Texts{"a", "b", "c", "b"});
    CHECK(finish(client.lpos("l", "b")) == 1);
    CHECK(finish(client.lpos("l", "z")) == std::nullopt);
    CHECK(finish(client.lpos_count("l", "b", 0)) == std::vector<std::int64_t>{1, 3});
    CHECK(finish(client.linsert("l", native::ListSide::before, "c", "x")) == 5);
    CHECK(finish(client.lpop("l")) == "a");
    CHECK(finish(client.lpop("l", 2)) == Texts{"b", "x"});
    CHECK(finish(client.lpop("none", 2)) == std::nullopt);
    CHECK(finish(client.lmove("l", "m", native::ListEnd::left, native::ListEnd::right)) == "c");
    const auto popped = finish(client.lmpop({"none", "m"}, native::ListEnd::left, 5));
    REQUIRE(popped);
    CHECK(popped->key == "m");
    CHECK(popped->elements == Texts{"c"});
    CHECK(finish(client.lmpop("none", native::ListEnd::left)) == std::nullopt);
  });
}

TEST_CASE("a pop that may wait gives what is there, or none after its time") {
  in_both_protocols([](Client& client) {
    finish(client.rpush("l", "a"));
    finish(client.zadd("z", {{1, "m"}}));
    const auto popped = finish(client.blpop({"none", "l"}, 5s));
    REQUIRE(popped);
    CHECK(popped->key == "l");
    CHECK(popped->element == "a");
    CHECK(finish(client.blpop("l", 1ms)) == std::nullopt);
    const auto scored = finish(client.bzpopmin("z", 5s));
    REQUIRE(scored);
    CHECK(scored->member == "m");
    CHECK(scored->score == 1);
    native::Exclusive own = finish(client.exclusive());
    CHECK(finish(own.wait(0, 1ms)) == 0);
    CHECK(error_of(client.wait(0, 1ms, boost::asio::use_future)).code() ==
          ErrorCode::refused_command);
  });
}

TEST_CASE("sets are drawn from, compared and moved between") {
  in_both_protocols([](Client& client) {
    finish(client.sadd("s", {"a", "b", "c"}));
    finish(client.sadd("t", {"b", "z"}));
    CHECK(finish(client.sinter({"s", "t"})) == Texts{"b"});
    CHECK(finish(client.sintercard({"s", "t"}, 5)) == 1);
    CHECK(finish(client.sismember("s", "a")));
    CHECK(finish(client.smismember("s", {"a", "z"})) == std::vector<bool>{true, false});
    CHECK(finish(client.smove("s", "t", "a")));
    CHECK(finish(client.spop("s", 10)).size() == 2);
    CHECK(finish(client.spop("s")) == std::nullopt);
    CHECK(finish(client.sscan("t", "0", {.count = 10})).elements.size() == 3);
  });
}

TEST_CASE("scripts take keys and arguments, and reply what they like") {
  in_both_protocols([](Client& client) {
    const native::Reply one = finish(client.eval("return 1"));
    CHECK(one.to_string() == "1");
    const native::Reply echo = finish(client.eval("return {KEYS[1], ARGV[2]}", "k", {"x", "y"}));
    CHECK(echo.to_string() == R"(["k", "y"])");
    const std::string sha = finish(client.script_load("return ARGV[1]"));
    CHECK(finish(client.evalsha(sha, {}, {"arg"})).to_string() == R"("arg")");
    CHECK(finish(client.script_exists({sha, "0"})) == std::vector<bool>{true, false});
  });
}

TEST_CASE("a command that cannot be is refused before it is sent, in every form of call") {
  in_both_protocols([](Client& client) {
    const native::Error empty = error_of(client.zunion({}, boost::asio::use_future));
    CHECK(empty.code() == ErrorCode::invalid_argument);
    CHECK(empty.executed() == Executed::no);
    const native::Error no_keys = error_of(client.mget({}, boost::asio::use_future));
    CHECK(no_keys.code() == ErrorCode::invalid_argument);
    const native::Error negative = error_of(client.lpop("l", -1, boost::asio::use_future));
    CHECK(negative.code() == ErrorCode::invalid_argument);
    const native::Error arity = error_of(client.command({"LPUSH", "l"}, boost::asio::use_future));
    CHECK(arity.code() == ErrorCode::invalid_argument);
    const native::Error state = error_of(client.command({"SELECT", "1"}, boost::asio::use_future));
    CHECK(state.code() == ErrorCode::refused_command);
    CHECK(finish(client.ping()) == "PONG");
  });
}

}  // namespace
}  // namespace plimsoll::testing::command_set_values_test
