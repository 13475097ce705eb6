#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"

// Every command by name, over either kind of socket.

namespace plimsoll::testing::commands_test {
namespace {

using native::Client;
using namespace std::chrono_literals;
using namespace std::string_literals;

// Runs `program` with a client of an empty database, over TCP and over a unix socket.
template <class Program>
void with_client(Program program) {
  const std::string url = GENERATE(tcp_url(), unix_url());
  shared_server().ask("FLUSHALL");
  Client client = connected(url);
  program(client);
}

TEST_CASE("get gives what set stored, and none for a key that is not there") {
  with_client([](Client& client) {
    finish(client.set("ship", "Great Eastern"));
    const std::optional<std::string> name = finish(client.get("ship"));
    CHECK(name == "Great Eastern");
    CHECK(finish(client.get("no ship")) == std::nullopt);
  });
}

TEST_CASE("set stores under a condition, and says whether it did") {
  with_client([](Client& client) {
    native::SetOptions absent;
    absent.when = native::When::if_absent;
    CHECK((finish(client.set("k", "1", absent))).yes);
    CHECK_FALSE((finish(client.set("k", "2", absent))).yes);
    CHECK(finish(client.get("k")) == "1");

    native::SetOptions present;
    present.when = native::When::if_present;
    CHECK((finish(client.set("k", "3", present))).yes);
    CHECK_FALSE((finish(client.set("other", "3", present))).yes);
    CHECK(finish(client.get("k")) == "3");
    CHECK(finish(client.get("other")) == std::nullopt);
  });
}

TEST_CASE("a key expires after the time that set gave it, which pttl tells") {
  with_client([](Client& client) {
    native::SetOptions hour;
    hour.expiry = native::SetExpiry::in(1h);
    CHECK((finish(client.set("k", "v", hour))).yes);
    const std::int64_t left = finish(client.pttl("k"));
    CHECK(left > 0);
    CHECK(left <= 3'600'000);

    native::SetOptions keep;
    keep.expiry = native::SetExpiry::keep();
    finish(client.set("k", "w", keep));
    CHECK(finish(client.pttl("k")) > 0);
    finish(client.set("k", "x"));
    CHECK(finish(client.pttl("k")) == -1);
    CHECK(finish(client.pttl("no such key")) == -2);
  });
}

TEST_CASE("set options that make no sense are an error, and nothing is sent") {
  with_client([](Client& client) {
    native::SetOptions none;
    none.expiry = native::SetExpiry::in(0ms);
    auto code = ErrorCode::server_error;
    try {
      finish(client.set("k", "v", none));
    } catch (const native::Error& error) {
      code = error.code();
      CHECK(error.executed() == Executed::no);
    }
    CHECK(code == ErrorCode::invalid_argument);
    CHECK(finish(client.exists("k")) == 0);
  });
}

TEST_CASE("mget gives a value or none for each key, in their order") {
  with_client([](Client& client) {
    finish(client.set("a", "1"));
    finish(client.set("b", ""));
    const auto values = finish(client.mget({"b", "none", "a", "a"}));
    CHECK(values == std::vector<std::optional<std::string>>{"", std::nullopt, "1", "1"});
    const std::vector<std::string> keys(2000, "a");
    const auto many = finish(client.mget(keys));
    CHECK(std::count(many.begin(), many.end(), "1") == 2000);
  });
}

TEST_CASE("del and exists count") {
  with_client([](Client& client) {
    finish(client.set("a", "1"));
    finish(client.set("b", "2"));
    CHECK(finish(client.exists("a")) == 1);
    CHECK(finish(client.exists({"a", "b", "a", "c"})) == 3);
    CHECK(finish(client.del({"a", "b", "c"})) == 2);
    CHECK(finish(client.del("a")) == 0);
    CHECK(finish(client.exists({"a", "b"})) == 0);
  });
}

TEST_CASE("incr gives the new value") {
  with_client([](Client& client) {
    CHECK(finish(client.incr("n")) == 1);
    CHECK(finish(client.incr("n")) == 2);
    finish(client.set("n", "-5"));
    CHECK(finish(client.incr("n")) == -4);
  });
}

TEST_CASE("a hash is written by fields and read whole or by field") {
  with_client([](Client& client) {
    CHECK(finish(client.hset("h", {{"a", "1"}, {"b", ""}})) == 2);
    const std::map<std::string, std::string> more{{"b", "2"}, {"c", "3"}};
    CHECK(finish(client.hset("h", more)) == 1);
    CHECK(finish(client.hget("h", "b")) == "2");
    CHECK(finish(client.hget("h", "z")) == std::nullopt);
    CHECK(finish(client.hget("no", "b")) == std::nullopt);
    const std::unordered_map<std::string, std::string> all = finish(client.hgetall("h"));
    CHECK(all == std::unordered_map<std::string, std::string>{{"a", "1"}, {"b", "2"}, {"c", "3"}});
    CHECK(finish(client.hgetall("no")).empty());
  });
}

TEST_CASE("a set has its members, each once") {
  with_client([](Client& client) {
    CHECK(finish(client.sadd("s", {"a", "b"})) == 2);
    CHECK(finish(client.sadd("s", std::vector<std::string>{"b", "c"})) == 1);
    auto members = finish(client.smembers("s"));
    std::sort(members.begin(), members.end());
    CHECK(members == std::vector<std::string>{"a", "b", "c"});
    CHECK(finish(client.smembers("no")).empty());
  });
}

TEST_CASE("ping is answered, and dbsize counts the keys") {
  with_client([](Client& client) {
    CHECK(finish(client.ping()) == "PONG");
    CHECK(finish(client.dbsize()) == 0);
    finish(client.set("a", "1"));
    CHECK(finish(client.dbsize()) == 1);
  });
}

TEST_CASE("any command can be sent by its name, its reply as it is or of a type") {
  with_client([](Client& client) {
    const native::Reply length = finish(client.command("RPUSH", "list", "a", "b"));
    CHECK(*length.value().as_integer() == 2);
    CHECK(length.to_string() == "2");
    CHECK(finish(client.command<std::int64_t>("LLEN", "list")) == 2);
    const std::vector<std::string> words{"LRANGE", "list", "0", "-1"};
    const auto elements = finish(client.command<std::vector<std::string>>(words));
    CHECK(elements == std::vector<std::string>{"a", "b"});
    CHECK((finish(client.command({"LRANGE", "list", "0", "-1"}))).to_string() == R"(["a", "b"])");
    CHECK(finish(client.command<std::optional<std::string>>("LPOP", "none")) == std::nullopt);
    CHECK(finish(client.command<bool>("SISMEMBER", "none", "x")) == false);
    finish(client.command("ZADD", "z", "1.5", "m"));
    CHECK(finish(client.command<double>("ZSCORE", "z", "m")) == 1.5);
    CHECK(finish(client.command<std::string>("ECHO", "")) == "");
  });
}

TEST_CASE("a reply of another type than was asked for is an error that names both, and has run") {
  with_client([](Client& client) {
    std::string text;
    try {
      finish(client.command<std::int64_t>("SET", "k", "v"));
    } catch (const native::Error& error) {
      CHECK(error.code() == ErrorCode::wrong_type);
      CHECK(error.executed() == Executed::yes);
      text = error.what();
    }
    CHECK(text.find("wrong_type: simple string; expected integer") == 0);
    CHECK(finish(client.get("k")) == "v");
  });
}

TEST_CASE("keys and values may be empty or have any bytes") {
  with_client([](Client& client) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    bytes += "\r\n$5\r\n*1\r\n"s;
    finish(client.set(bytes, bytes + "!"));
    CHECK(finish(client.get(bytes)) == bytes + "!");
    finish(client.set("", ""));
    CHECK(finish(client.get("")) == "");
    CHECK(finish(client.exists("")) == 1);
    finish(client.hset("h", {{"", bytes}, {bytes, ""}}));
    CHECK(finish(client.hget("h", "")) == bytes);
    CHECK(finish(client.hget("h", bytes)) == "");
    const auto members = finish(client.command<std::vector<std::string>>("MGET", bytes, ""));
    CHECK(members == std::vector<std::string>{bytes + "!", ""});
  });
}

TEST_CASE("values of every size around a read buffer come back as they went") {
  with_client([](Client& client) {
    for (const std::size_t base : {1u << 12, 1u << 15, 1u << 16, 1u << 17}) {
      for (int off = -40; off <= 40; ++off) {
        const std::string value(base + static_cast<std::size_t>(off), static_cast<char>(off));
        client.set("k", value);
        if (finish(client.get("k")) != value) {
          FAIL_CHECK("a value of " << value.size() << " bytes came back otherwise");
        }
      }
    }
  });
}

}  // namespace
}  // namespace plimsoll::testing::commands_test
