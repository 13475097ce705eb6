#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/gate/policy.h"
#include "plimsoll/tests/native/bridge/judged.h"

// Prefixes of keys and channels, and the ways around them.

namespace plimsoll::testing::policy_prefixes_test {
namespace {

using bridge::Policy;

// Of two prefixes, of which one is the beginning of an option's name: such a word may be a key.
Policy all_with_prefixes() {
  return policy_of({.allow = {"@all"}, .key_prefixes = {"p:", "st"}, .channel_prefixes = {"c:"}});
}

constexpr std::string_view within_prefixes[] = {
    "GET p:a",
    "get st",
    "MGET p:a st:b p:c",
    "MSET p:a secret p:b secret",
    "DEL p:a",
    "SET p:a secret",
    "RENAME p:a p:b",
    "COPY p:a p:b REPLACE",
    "OBJECT ENCODING p:a",
    "MEMORY USAGE p:a SAMPLES 5",
    "XREAD COUNT 1 BLOCK 5 STREAMS p:a p:b 0 0",
    "XREADGROUP GROUP g c STREAMS p:a >",
    "xreadgroup count 1 group g c streams p:a >",
    "XGROUP CREATE p:a g $",
    "GEORADIUS p:a 0 0 1 m STORE p:b",
    "GEORADIUSBYMEMBER p:a m 1 m STOREDIST st",
    "GEOSEARCHSTORE p:a p:b FROMMEMBER x BYRADIUS 1 m",
    "LMPOP 2 p:a p:b LEFT",
    "BLMPOP 0 1 p:a LEFT",
    "BZMPOP 0 1 p:a MIN",
    "ZUNIONSTORE p:a 2 p:b p:c WEIGHTS 1 2",
    "SINTERCARD 1 p:a LIMIT 5",
    "BLPOP p:a p:b 0",
    "BITOP AND p:a p:b p:c",
    "PFMERGE p:a p:b",
    "LCS p:a p:b",
    "SORT p:a LIMIT 0 5 DESC ALPHA",
    "SORT_RO p:a",
    "WATCH p:a p:b",
    "CLIENT TRACKING ON",
    "CLIENT TRACKING ON BCAST PREFIX p:",
    "CLIENT TRACKING ON BCAST PREFIX p:a PREFIX st",
    "INFO server",
    "INFO Server CLIENTS memory stats replication cpu cluster",
    "INFO commandstats latencystats errorstats modules",
    "MEMORY DOCTOR",
    "MEMORY MALLOC-STATS",
    "LATENCY LATEST",
    "LATENCY HISTOGRAM",
    "SLOWLOG LEN",
    "CLUSTER KEYSLOT secret",
    "PUBLISH c:a secret",
    "SPUBLISH c: x",
    "SUBSCRIBE c:a c:b",
    "SSUBSCRIBE c:a",
    "PSUBSCRIBE c:*",
    "PSUBSCRIBE c:a c:[ab]",
    "PUBSUB CHANNELS c:*",
    "PUBSUB NUMSUB c:a",
    "PUBSUB NUMPAT",
};

constexpr std::string_view beyond_prefixes[] = {
    "GET secret",
    "GET p",
    "GET P:a",
    "GET \"\"",
    "get\\0 p:a",
    "GET",
    "MGET p:a secret",
    "MSET p:a x secret y",
    "MSET p:a x p:b",
    "DEL p:a p:b secret",
    "RENAME secret p:a",
    "RENAME p:a secret",
    "COPY secret p:a",
    "COPY p:a secret",
    "COPY p:a p:b DB 0",
    "COPY p:a p:b db\\0 1",
    "COPY p:a p:b REPLACE DB 1",
    "MOVE p:a 1",
    "OBJECT ENCODING secret",
    "object freq secret",
    "MEMORY USAGE secret",
    "MEMORY usage\\0 secret",
    "XREAD STREAMS secret 0",
    "XREAD STREAMS p:a secret 0 0",
    "XREAD streams\\0 secret 0",
    "XREAD STREAMS p:a p:b 0",
    "XREAD STREAMS p:a",
    // The first one is the group's name, and what follows has a prefix.
    "XREADGROUP COUNT 1 GROUP streams st:c streams secret >",
    "XREADGROUP GROUP g c GROUP streams st:c streams secret >",
    "XREADGROUP GROUP g c STREAMS secret >",
    "GEORADIUS p:a 0 0 1 m STORE secret",
    "GEORADIUS p:a 0 0 1 m store secret",
    "GEORADIUS p:a 0 0 1 m STORE\\0 secret",
    "GEORADIUS p:a 0 0 1 m STOREDIST secret",
    // The last one counts.
    "GEORADIUS p:a 0 0 1 m STORE p:b STORE secret",
    "GEORADIUS p:a 0 0 1 m STORE p:b STOREDIST secret",
    "GEORADIUS p:a 0 0 1 m STORE store STORE secret",
    "GEORADIUSBYMEMBER p:a m 1 m STOREDIST p:b STOREDIST secret",
    "GEOSEARCHSTORE p:a secret FROMMEMBER x BYRADIUS 1 m",
    "GEOSEARCHSTORE secret p:a FROMMEMBER x BYRADIUS 1 m",
    "LMPOP 2 p:a secret LEFT",
    "LMPOP 1 secret LEFT",
    "LMPOP 3 p:a LEFT",
    "LMPOP 0 p:a LEFT",
    "LMPOP -1 p:a LEFT",
    "LMPOP +1 p:a LEFT",
    "LMPOP 1x p:a LEFT",
    "LMPOP 18446744073709551617 p:a LEFT",
    "BLMPOP 0 2 p:a secret LEFT",
    "ZMPOP 1 secret MIN",
    "BZMPOP 0 1 secret MIN",
    "ZUNIONSTORE secret 1 p:a",
    "ZUNIONSTORE p:a 2 p:b secret",
    "ZINTERSTORE p:a 1 secret",
    "ZDIFF 2 p:a secret",
    "SINTERCARD 2 p:a secret",
    "SINTER p:a secret",
    "SUNIONSTORE p:a secret",
    "BLPOP p:a secret 0",
    "BRPOPLPUSH p:a secret 0",
    "LMOVE p:a secret LEFT LEFT",
    "BITOP AND secret p:a",
    "BITOP NOT p:a secret",
    "PFCOUNT p:a secret",
    "PFMERGE p:a secret",
    "PFDEBUG GETREG secret",
    "LCS p:a secret",
    "SMOVE p:a secret x",
    "WATCH p:a secret",
    "TOUCH secret",
    "SORT p:a BY secret_*",
    "SORT p:a by\\0 secret_*",
    "SORT p:a GET secret_*",
    "SORT p:a GET #",
    "SORT p:a STORE secret",
    "SORT p:a store secret",
    "SORT p:a STORE\\0 secret",
    "SORT_RO p:a BY secret_*",
    "SORT_RO p:a GET secret_*",
    "EVAL x 0",
    "EVAL x 1 p:a",
    "eval_ro x 1 p:a",
    "EVALSHA x 1 p:a",
    "EVALSHA_RO x 1 p:a",
    "FCALL f 1 p:a",
    "FCALL_RO f 1 p:a",
    "FUNCTION LOAD x",
    "FUNCTION RESTORE x",
    "FUNCTION DELETE x",
    "FUNCTION DUMP",
    "FUNCTION FLUSH",
    "FUNCTION KILL",
    "FUNCTION LIST WITHCODE",
    "FUNCTION STATS",
    "SCRIPT EXISTS x",
    "SCRIPT FLUSH",
    "SCRIPT KILL",
    "SCRIPT LOAD x",
    "SCRIPT SHOW x",
    "KEYS p:*",
    "SCAN 0 MATCH p:*",
    "RANDOMKEY",
    "FLUSHDB",
    "FLUSHALL",
    "SWAPDB 0 1",
    "MIGRATE h 1 \"\" 0 1 KEYS p:a",
    "CLUSTER GETKEYSINSLOT 1 5",
    "SLOWLOG GET",
    "ACL LOG",
    "DBSIZE",
    "INFO",
    "INFO keyspace",
    "INFO KeySpace",
    "INFO keyspace\\0",
    "INFO server keyspace",
    "INFO default",
    "INFO all",
    "INFO everything",
    "INFO persistence",
    "INFO keysizes",
    "INFO something",
    "INFO \"\"",
    "MEMORY STATS",
    "CLUSTER COUNTKEYSINSLOT 1",
    "CLUSTER SLOT-STATS SLOTSRANGE 0 16383",
    "CLUSTER RESET",
    "COMMANDLOG GET 1 slow",
    "HOTKEYS GET",
    "JSON.GET p:a",
    "DUMP secret",
    "RESTORE secret 0 x",
    "CLIENT TRACKING ON BCAST",
    "CLIENT TRACKING ON bcast\\0",
    "CLIENT TRACKING ON PREFIX secret BCAST",
    "CLIENT TRACKING ON BCAST PREFIX p:a PREFIX secret",
    "CLIENT TRACKING ON BCAST PREFIX p",
    "CLIENT TRACKING ON BCAST PREFIX \"\"",
    "PUBLISH a x",
    "PUBLISH c x",
    "SPUBLISH a x",
    "SUBSCRIBE c:a a",
    "SUBSCRIBE",
    "SSUBSCRIBE C:a",
    "PSUBSCRIBE *",
    "PSUBSCRIBE c*",
    "PSUBSCRIBE c?a",
    "PSUBSCRIBE c\\:a",
    "PSUBSCRIBE [c]:a",
    "PSUBSCRIBE c:a *",
    "PUBSUB CHANNELS",
    "PUBSUB CHANNELS *",
    "PUBSUB SHARDCHANNELS",
    "PUBSUB NUMSUB a",
};

TEST_CASE("keys and channels within the prefixes are allowed") {
  const Policy policy = all_with_prefixes();
  for (const std::string_view command : within_prefixes) {
    INFO(command);
    CHECK(judged(policy, command) == "allowed");
  }
}

TEST_CASE("what may reach a key or a channel beyond the prefixes is refused") {
  const Policy policy = all_with_prefixes();
  for (const std::string_view command : beyond_prefixes) {
    INFO(command);
    CHECK(judged(policy, command) != "allowed");
  }
}

TEST_CASE("without prefixes any key is allowed, and no channel") {
  const Policy policy = policy_of({.allow = {"@all"}});
  for (const char* command :
       {"GET secret", "KEYS *", "EVAL x 0", "SORT a BY b_*", "SCAN 0", "FLUSHALL",
        "CLIENT TRACKING ON BCAST", "CLIENT TRACKING ON BCAST PREFIX a"}) {
    INFO(command);
    CHECK(judged(policy, command) == "allowed");
  }
  for (const char* command : {"SUBSCRIBE a", "PSUBSCRIBE *", "SSUBSCRIBE a", "PUBLISH a b",
                              "SPUBLISH a b", "PUBSUB CHANNELS"}) {
    INFO(command);
    CHECK(judged(policy, command) != "allowed");
  }
}

TEST_CASE("what tells of all keys says so, and what to ask instead") {
  const Policy policy = all_with_prefixes();
  CHECK(judged(policy, "DBSIZE") == "DBSIZE tells of keys without an allowed prefix");
  CHECK(judged(policy, "MEMORY STATS") == "MEMORY STATS tells of keys without an allowed prefix");
  CHECK(judged(policy, "INFO") ==
        "INFO without a section may tell of all keys; INFO server does not");
  CHECK(judged(policy, "info server keyspace") ==
        "INFO 'keyspace' may tell of all keys; INFO server does not");
  const Policy any_key = policy_of({.allow = {"@all"}});
  for (const char* command : {"DBSIZE", "INFO", "INFO keyspace", "INFO all", "MEMORY STATS",
                              "CLUSTER COUNTKEYSINSLOT 1", "CLUSTER SLOT-STATS SLOTSRANGE 0 1"}) {
    INFO(command);
    CHECK(judged(any_key, command) == "allowed");
  }
}

TEST_CASE(
    "an empty prefix is for all channels, and for those that name keys if any key is allowed") {
  constexpr std::string_view named[] = {"SUBSCRIBE a", "PSUBSCRIBE a*",      "SSUBSCRIBE a",
                                        "PUBLISH a x", "PUBSUB CHANNELS a*", "PUBSUB NUMSUB a"};
  constexpr std::string_view of_keys[] = {"SUBSCRIBE a __keyspace@0__:x",
                                          "PSUBSCRIBE *",
                                          "PSUBSCRIBE __keyevent@*",
                                          "PUBLISH __keyevent@0__:set x",
                                          "PUBSUB CHANNELS",
                                          "PUBSUB CHANNELS *",
                                          "PUBSUB SHARDCHANNELS",
                                          "SSUBSCRIBE __keyspace@0__:x"};
  const Policy all = policy_of({.allow = {"@all"}, .channel_prefixes = {""}});
  const Policy some_keys =
      policy_of({.allow = {"@all"}, .key_prefixes = {"p:"}, .channel_prefixes = {""}});
  const Policy some_channels = policy_of({.allow = {"@all"}, .channel_prefixes = {"a", "_"}});
  for (const std::string_view command : named) {
    INFO(command);
    CHECK(judged(all, command) == "allowed");
    CHECK(judged(some_keys, command) == "allowed");
    CHECK(judged(some_channels, command) == "allowed");
  }
  for (const std::string_view command : of_keys) {
    INFO(command);
    CHECK(judged(all, command) == "allowed");
    CHECK(judged(some_keys, command) != "allowed");
    CHECK(judged(some_channels, command) != "allowed");
  }
  CHECK(judged(some_keys, "SUBSCRIBE __keyspace@0__:p:a") ==
        "SUBSCRIBE: channel '__keyspace@0__:p:a' may reveal any key");
  CHECK(judged(policy_of({.channel_prefixes = {""}}), "SUBSCRIBE a") == "SUBSCRIBE is not allowed");
}

TEST_CASE("prefixes allow no command") {
  const Policy policy = policy_of({.key_prefixes = {"p:"}, .channel_prefixes = {"c:"}});
  CHECK(judged(policy, "GET p:a") == "GET is not allowed");
  CHECK(judged(policy, "SUBSCRIBE c:a") == "SUBSCRIBE is not allowed");
}

}  // namespace
}  // namespace plimsoll::testing::policy_prefixes_test
