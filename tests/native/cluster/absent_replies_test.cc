#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/core/client/absent_reply.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/native/cluster/world.h"

// What a real server answers about a key that does not exist, to each command whose replies may be
// cached: a client of a cluster takes none of that for the reply of a key that exists.

namespace plimsoll::testing::native_absent_replies_test {
namespace {

// K is the key. With several keys of a slot nothing is cached, except for MGET.
constexpr std::string_view commands_of_missing[] = {
    "GET K",
    "MGET K",
    "GETRANGE K 0 -1",
    "GETRANGE K 5 1",
    "SUBSTR K 0 -1",
    "STRLEN K",
    "LCS K K",
    "LCS K K LEN",
    "LCS K K IDX",
    "LCS K K IDX MINMATCHLEN 1 WITHMATCHLEN",
    "EXISTS K",
    "TYPE K",
    "HEXISTS K f",
    "HGET K f",
    "HGETALL K",
    "HKEYS K",
    "HLEN K",
    "HMGET K f",
    "HMGET K f g h",
    "HSTRLEN K f",
    "HVALS K",
    "LINDEX K 0",
    "LINDEX K -1",
    "LLEN K",
    "LPOS K x",
    "LPOS K x RANK -1",
    "LPOS K x COUNT 0",
    "LPOS K x COUNT 2 RANK 2 MAXLEN 5",
    "LRANGE K 0 -1",
    "SCARD K",
    "SDIFF K",
    "SINTER K",
    "SINTERCARD 1 K",
    "SINTERCARD 1 K LIMIT 3",
    "SISMEMBER K m",
    "SMEMBERS K",
    "SMISMEMBER K m",
    "SMISMEMBER K m n",
    "SUNION K",
    "ZCARD K",
    "ZCOUNT K -inf +inf",
    "ZDIFF 1 K",
    "ZDIFF 1 K WITHSCORES",
    "ZINTER 1 K",
    "ZINTER 1 K WEIGHTS 2 AGGREGATE MAX WITHSCORES",
    "ZINTERCARD 1 K",
    "ZINTERCARD 1 K LIMIT 2",
    "ZLEXCOUNT K - +",
    "ZMSCORE K m",
    "ZMSCORE K m n",
    "ZRANGE K 0 -1",
    "ZRANGE K 0 -1 REV WITHSCORES",
    "ZRANGE K -inf +inf BYSCORE LIMIT 0 5 WITHSCORES",
    "ZRANGE K - + BYLEX",
    "ZRANGEBYLEX K - +",
    "ZRANGEBYLEX K - + LIMIT 0 5",
    "ZRANGEBYSCORE K -inf +inf",
    "ZRANGEBYSCORE K -inf +inf WITHSCORES LIMIT 0 5",
    "ZRANK K m",
    "ZRANK K m WITHSCORE",
    "ZREVRANGE K 0 -1",
    "ZREVRANGE K 0 -1 WITHSCORES",
    "ZREVRANGEBYLEX K + -",
    "ZREVRANGEBYSCORE K +inf -inf",
    "ZREVRANGEBYSCORE K +inf -inf WITHSCORES",
    "ZREVRANK K m",
    "ZREVRANK K m WITHSCORE",
    "ZSCORE K m",
    "ZUNION 1 K",
    "ZUNION 1 K AGGREGATE SUM WITHSCORES",
    "XLEN K",
    "XRANGE K - +",
    "XRANGE K - + COUNT 2",
    "XREVRANGE K + -",
    "XREVRANGE K + - COUNT 2",
    "GEODIST K m n",
    "GEODIST K m n km",
    "GEOHASH K m",
    "GEOHASH K m n",
    "GEOHASH K",
    "GEOPOS K m",
    "GEOPOS K m n",
    "GEOPOS K",
    "GEORADIUSBYMEMBER_RO K m 5 km",
    "GEORADIUSBYMEMBER_RO K m 5 km WITHCOORD WITHDIST WITHHASH",
    "GEORADIUS_RO K 13 38 5 km",
    "GEORADIUS_RO K 13 38 5 km WITHCOORD WITHDIST WITHHASH COUNT 2 ANY",
    "GEOSEARCH K FROMMEMBER m BYRADIUS 5 km",
    "GEOSEARCH K FROMLONLAT 13 38 BYBOX 5 5 km ASC COUNT 3 WITHCOORD WITHDIST WITHHASH",
    "BITCOUNT K",
    "BITCOUNT K 0 -1",
    "BITCOUNT K 0 -1 BIT",
    "BITFIELD_RO K GET u8 0",
    "BITFIELD_RO K GET i64 0 GET u1 #7",
    "BITFIELD_RO K",
    "BITPOS K 0",
    "BITPOS K 1",
    "BITPOS K 0 0",
    "BITPOS K 1 0 -1 BIT",
    "BITPOS K 0 3 5",
    "GETBIT K 7",
};

struct Asked {
  Asked(std::string_view text, const std::string& key) {
    std::istringstream in{std::string(text)};
    for (std::string word; in >> word;) words.push_back(word == "K" ? key : word);
    views.assign(words.begin(), words.end());
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  std::vector<std::string> words;
  std::vector<std::string_view> views;
};

TEST_CASE("no reply about a missing key is taken for that of a key that exists") {
  native::Options options = cluster_options();
  options.protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  native::Client client = connected(shared_cluster().url(), options);
  const std::string missing = key_in(8000, "no such key");
  std::set<std::string_view> seen;
  for (const std::string_view text : commands_of_missing) {
    INFO(text);
    const Asked asked(text, missing);
    const Result<CommandView> command = commands::prepare(asked.views);
    REQUIRE(command.ok());
    commands::QuestionReader reader;
    REQUIRE(reader.read(*command));
    seen.insert(commands::row_of(*command)->name_view());
    if (!reader.question().more_keys.empty()) continue;
    const native::Reply reply =
        value_of(client.command(native::Words(asked.views), boost::asio::use_future));
    CHECK_FALSE(reply.value().is_error());
    CHECK(may_be_of_absent_key(reader.question(), reply.value()));
  }
  for (const commands::Row& row : commands::all_rows()) {
    INFO(row.name());
    if (row.cacheable != 0) CHECK(seen.contains(row.name_view()));
  }
}

}  // namespace
}  // namespace plimsoll::testing::native_absent_replies_test
