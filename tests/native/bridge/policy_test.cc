#include "plimsoll/native/bridge/gate/policy.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/tests/native/bridge/judged.h"

// What rules allow, but for keys and channels: policy_prefixes_test.cc.

namespace plimsoll::testing::policy_test {
namespace {

using bridge::Policy;
using bridge::RuleProblem;
using bridge::Rules;

std::string problem_of(const Rules& rules) {
  const auto created = Policy::create(rules);
  const auto* const problem = std::get_if<RuleProblem>(&created);
  return problem == nullptr ? "none" : problem->text;
}

void check_allowed(const Policy& policy, const std::vector<std::string_view>& commands) {
  for (const std::string_view command : commands) {
    INFO(command);
    CHECK(judged(policy, command) == "allowed");
  }
}

void check_refused(const Policy& policy, const std::vector<std::string_view>& commands) {
  for (const std::string_view command : commands) {
    INFO(command);
    CHECK(judged(policy, command) != "allowed");
  }
}

TEST_CASE("rules that are unknown are named") {
  CHECK(problem_of({}) == "none");
  CHECK(problem_of({.allow = {"get", "@READ", "client|ID", "Config", "@all"}}) == "none");
  CHECK(problem_of({.allow = {"get", "gett"}}) == "allow: 'gett' is not a command");
  CHECK(problem_of({.allow = {"@reed"}}) == "allow: '@reed' is not a category of commands");
  CHECK(problem_of({.allow = {"@"}}) == "allow: '@' is not a category of commands");
  CHECK(problem_of({.deny = {"config|sett"}}) == "deny: 'config|sett' is not a command");
  CHECK(problem_of({.deny = {"config|"}}) == "deny: 'config|' is not a command");
  CHECK(problem_of({.deny = {"client|kill|x"}}) == "deny: 'client|kill|x' is not a command");
  CHECK(problem_of({.deny = {""}}) == "deny: '' is not a command");
  CHECK(problem_of({.key_prefixes = {"a", ""}}) == "key_prefixes: a prefix is empty");
  CHECK(problem_of({.channel_prefixes = {"a", ""}}) ==
        "channel_prefixes: a prefix is empty; an empty prefix permits any channel, and must be the "
        "only one");
}

TEST_CASE("what is for nobody is for whoever may name it, whatever the other lists say") {
  const Policy policy = policy_of(
      {.allow = {"get"}, .deny = {"@all"}, .allow_unsafe = {"client|KILL", "Client|Unpause"}});
  check_allowed(policy, {"CLIENT KILL TYPE normal SKIPME no", "client kill", "CLIENT UNPAUSE"});
  check_refused(policy, {"CLIENT PAUSE 1", "CLIENT UNBLOCK 1", "CLIENT NO-EVICT on",
                         "client|kill x", "SHUTDOWN", "DEBUG SLEEP 1", "CLIENT LIST"});
  check_allowed(policy_of({.allow_unsafe = {"client|pause"}, .key_prefixes = {"p:"}}),
                {"CLIENT PAUSE 1 WRITE"});
}

TEST_CASE("of what is for nobody there are three to be named") {
  CHECK(problem_of({.allow_unsafe = {"client|kill", "client|pause", "client|unpause"}}) == "none");
  for (const std::string name : {"client", "shutdown", "client|list", "@admin", "client|unblock"}) {
    CHECK(problem_of({.allow_unsafe = {name}}) ==
          "allow_unsafe: '" + name +
              "' is not one of client|kill, client|pause and client|unpause");
  }
}

TEST_CASE("what every client needs gets through without rules, and nothing else does") {
  const Policy policy = policy_of({});
  check_allowed(policy, {"PING",
                         "ping x",
                         "ECHO x",
                         "HELLO",
                         "HELLO 2",
                         "hello 3",
                         "HELLO 3 SETNAME me",
                         "CLIENT SETINFO lib-name x",
                         "CLIENT SETNAME x",
                         "CLIENT GETNAME",
                         "CLIENT ID",
                         "client info",
                         "CLIENT TRACKING ON",
                         "CLIENT TRACKING ON OPTIN NOLOOP",
                         "CLIENT TRACKING OFF",
                         "CLIENT CACHING YES",
                         "CLIENT TRACKINGINFO",
                         "CLIENT NO-TOUCH ON",
                         "MULTI",
                         "exec",
                         "DISCARD",
                         "UNWATCH",
                         "QUIT",
                         "SELECT 0",
                         "UNSUBSCRIBE",
                         "UNSUBSCRIBE x",
                         "PUNSUBSCRIBE *",
                         "SUNSUBSCRIBE"});
  check_refused(policy, {"GET x", "WATCH x", "CLIENT", "CLIENT LIST", "CLIENT HELP", "COMMAND",
                         "INFO", "DBSIZE", "TIME", "SUBSCRIBE x", "PUBLISH x y", "SELECT 1",
                         "READONLY", "nothing", "client|id", "\"\"",
                         // It tells the names of all keys.
                         "CLIENT TRACKING ON BCAST", "CLIENT TRACKING ON BCAST PREFIX x"});
  CHECK_FALSE(policy.judge({}).is_allowed());
}

TEST_CASE("what would change who a connection is, or reach others, is refused of everybody") {
  const Policy policy = policy_of({.allow = {"@all", "auth", "client", "config", "acl", "module",
                                             "debug", "shutdown", "client|kill", "monitor"},
                                   .channel_prefixes = {"_", "x"}});
  check_refused(policy, {"AUTH x",
                         "auth default x",
                         "HELLO 3 AUTH default x",
                         "HELLO 3 SETNAME x AUTH default y",
                         "HELLO 3 AUTH\\0 default x",
                         "HELLO 3 SETNAME\\0x",
                         "HELLO 4",
                         "HELLO AUTH x y",
                         "RESET",
                         "reset",
                         "MONITOR",
                         "SYNC",
                         "PSYNC ? -1",
                         "REPLCONF ack 1",
                         "REPLICAOF NO ONE",
                         "SLAVEOF a 1",
                         "FAILOVER",
                         "CLIENT REPLY OFF",
                         "client kill x",
                         "CLIENT kill\\0",
                         "CLIENT PAUSE 1",
                         "CLIENT UNPAUSE",
                         "CLIENT NO-EVICT ON",
                         "CLIENT UNBLOCK 1",
                         "CLIENT SOMETHING",
                         "CLIENT TRACKING ON REDIRECT 5",
                         "CLIENT TRACKING ON redirect\\0 5",
                         "CLIENT TRACKING ON BCAST NEW-OPTION",
                         "CLIENT TRACKING ON BCAST PREFIX",
                         "DEBUG SLEEP 5",
                         "SHUTDOWN",
                         "MODULE LIST",
                         "MODULE LOAD x",
                         "MODULE",
                         "CONFIG SET a b",
                         "CONFIG REWRITE",
                         "ACL SETUSER x",
                         "ACL DELUSER x",
                         "ACL LOAD",
                         "ACL SAVE",
                         "MIGRATE h 1 k 0 1",
                         "RESTORE-ASKING k 0 x",
                         "SCRIPT DEBUG YES",
                         "SUBSCRIBE __keyspace@0__:x",
                         "SUBSCRIBE x __keyevent@0__:set",
                         "SSUBSCRIBE __keyevent@0__:set",
                         "PSUBSCRIBE __key*",
                         "PSUBSCRIBE _*",
                         "PSUBSCRIBE __keyspace@0__:x*",
                         "PSUBSCRIBE __keyspac\\x",
                         "PSUBSCRIBE *",
                         "PSUBSCRIBE [_]_keyspace@0__:x"});
  check_allowed(policy, {"CONFIG GET x", "CLIENT LIST", "CLIENT TRACKING ON BCAST PREFIX x",
                         "PSUBSCRIBE _x*", "SUBSCRIBE __keys"});
}

TEST_CASE("names, containers and categories allow, and what is denied stays denied") {
  const Policy policy = policy_of({.allow = {"get", "CLIENT|LIST", "xinfo", "@sortedset", "@admin"},
                                   .deny = {"zadd", "xinfo|groups", "@dangerous"}});
  check_allowed(policy, {"GET x", "get x", "GeT x", "XINFO STREAM x", "ZRANGE x 0 1", "ZCARD"});
  check_refused(policy, {"SET x y", "ZADD x 1 y", "XINFO GROUPS x", "CLIENT LIST", "BGSAVE",
                         "XINFO NEW x", "COPY a b"});
  CHECK(judged(policy_of({.allow = {"client|list"}}), "CLIENT list") == "allowed");
  CHECK(judged(policy_of({.allow = {"@all"}, .deny = {"client"}}), "CLIENT LIST") != "allowed");
}

TEST_CASE("who may be told of all keys is for the rules to say") {
  const std::vector<std::string_view> broadcasts{"CLIENT TRACKING ON BCAST PREFIX x"};
  check_allowed(policy_of({.allow = {"client|tracking"}}), broadcasts);
  check_allowed(policy_of({.allow = {}, .deny = {}, .key_prefixes = {"x"}}), broadcasts);
  check_refused(policy_of({.allow = {"@all"}, .deny = {"client|tracking"}}), broadcasts);
}

TEST_CASE("a subcommand that is unknown is refused, whatever its container is allowed") {
  const Policy policy = policy_of({.allow = {"@all", "cluster", "command"}});
  check_refused(policy, {"CLUSTER SYNCSLOTS", "COMMAND SOMETHING", "OBJECT NEW x", "COMMAND \"\""});
  check_allowed(policy, {"COMMAND", "COMMAND COUNT", "CLUSTER INFO"});
}

TEST_CASE("a command that is unknown is allowed by @all, unless a category is denied") {
  CHECK(judged(policy_of({.allow = {"@all"}}), "JSON.GET x") == "allowed");
  CHECK(judged(policy_of({.allow = {"@all"}, .deny = {"flushall"}}), "JSON.GET x") == "allowed");
  CHECK(judged(policy_of({.allow = {"@all"}, .deny = {"@dangerous"}}), "JSON.GET x") ==
        "'JSON.GET' is not allowed");
  CHECK(judged(policy_of({.allow = {"@read", "@write"}}), "JSON.GET x") != "allowed");
  CHECK(judged(policy_of({.allow = {"@all"}, .key_prefixes = {"x"}}), "JSON.GET x") != "allowed");
  CHECK(judged(policy_of({.allow = {"@all"}}), "client|kill x") != "allowed");
  // It would be taken for a refusal that the gate has written.
  const std::vector<std::string_view> refusal{"plimsoll-bridge: x"};
  CHECK_FALSE(policy_of({.allow = {"@all"}}).judge(refusal).is_allowed());
  // It is in the table, with no categories.
  CHECK(judged(policy_of({.allow = {"@all"}}), "CLIENT IMPORT-SOURCE ON") == "allowed");
  CHECK(judged(policy_of({.allow = {"@all"}, .deny = {"@admin"}}), "CLIENT IMPORT-SOURCE ON") !=
        "allowed");
}

TEST_CASE("databases are those of the rules, and 0 without any") {
  const Policy some = policy_of({.allow = {"@all"}, .databases = {2, 15}});
  check_allowed(some, {"SELECT 2", "select 15", "COPY a b", "COPY a b DB 2 REPLACE", "MOVE a 15",
                       "SWAPDB 2 15"});
  check_refused(some, {"SELECT 0", "SELECT 16", "SELECT", "SELECT \"\"", "SELECT +2", "SELECT 2\\0",
                       "SELECT 2 2", "SELECT -1", "SELECT 4294967298", "SELECT x", "COPY a b DB 0",
                       "COPY a b db\\0 0", "COPY a b DB 2 DB 0", "COPY a b DB", "MOVE a 0",
                       "MOVE a", "SWAPDB 2 0", "SWAPDB 0 2"});
  const Policy none = policy_of({.allow = {"@all"}});
  check_allowed(none, {"SELECT 0", "COPY a b DB 0"});
  check_refused(none, {"SELECT 1", "COPY a b DB 1"});
}

TEST_CASE("reasons are short, and printable, and say what it was") {
  const Policy policy = policy_of({.allow = {"get", "@all"},
                                   .deny = {"@dangerous"},
                                   .key_prefixes = {"public:"},
                                   .channel_prefixes = {"news:"}});
  CHECK(judged(policy, "flushall") == "FLUSHALL is not allowed");
  CHECK(judged(policy, "CLIENT KILL x") == "CLIENT KILL is not allowed");
  CHECK(judged(policy, "HELLO 3 AUTH a b") ==
        "HELLO is not allowed with options other than SETNAME");
  CHECK(judged(policy, "OBJECT NEW k") == "OBJECT 'NEW' is unknown");
  CHECK(judged(policy, "SELECT 5") == "SELECT: database '5' is not allowed");
  CHECK(judged(policy, "GET secret") == "GET: key 'secret' does not begin with an allowed prefix");
  CHECK(judged(policy, "GET a\rb\nc'd\"e\\0f\x7fg\xc3h") ==
        "GET: key 'a?b?c?d?e?f?g?h' does not begin with an allowed prefix");
  CHECK(judged(policy, "GET " + std::string(41, 'x')) ==
        "GET: key '" + std::string(40, 'x') + "...' does not begin with an allowed prefix");
  CHECK(judged(policy, "SUBSCRIBE weather") ==
        "SUBSCRIBE: channel 'weather' begins with no allowed prefix");
  CHECK(judged(policy, "PSUBSCRIBE *") == "PSUBSCRIBE: channel '*' begins with no allowed prefix");
  CHECK(judged(policy, "PUBLISH __keyspace@0__:x y") ==
        "PUBLISH: channel '__keyspace@0__:x' begins with no allowed prefix");
  CHECK(judged(policy, "MGET public:a secret") ==
        "MGET: key 'secret' does not begin with an allowed prefix");
  CHECK(judged(policy, "CLIENT TRACKING ON BCAST PREFIX x") ==
        "CLIENT TRACKING: prefix 'x' does not begin with an allowed prefix");
  CHECK(judged(policy, "EVAL x 1 public:a") == "EVAL may reach keys without an allowed prefix");
  CHECK(judged(policy, "LMPOP 9 public:a LEFT") == "the keys of LMPOP are unknown");
  for (const char* command : {"CLUSTER COUNT-FAILURE-REPORTS", "CLIENT TRACKING ON ", "SUBSCRIBE ",
                              "OBJECT ", "SELECT ", "", "PUBSUB CHANNELS ", "INFO "}) {
    const std::string reason = judged(policy, command + std::string(1000, 'x'));
    CHECK(reason.size() <= bridge::Verdict::reason_bytes_max);
  }
}

// A bearer is to be told what it was, and why, whatever else it is called.
TEST_CASE("no reason is cut, however long the key or the channel is") {
  const Policy policy =
      policy_of({.allow = {"@all"}, .key_prefixes = {"p:"}, .channel_prefixes = {"c:"}});
  const std::string word(1000, 'x');
  std::size_t keys = 0;
  std::size_t channels = 0;
  for (const commands::Row& row : commands::all_rows()) {
    std::string name(row.name_view());
    if (const std::size_t bar = name.find('|'); bar != name.npos) name[bar] = ' ';
    std::string command = name;
    for (int i = 0; i < 6; ++i) command.append(" ").append(word);
    const std::string reason = judged(policy, command);
    INFO(reason);
    CHECK(reason.size() <= bridge::Verdict::reason_bytes_max);
    if (reason.starts_with(name + ": key '")) {
      ++keys;
      CHECK(reason.ends_with("...' does not begin with an allowed prefix"));
    } else if (reason.starts_with(name + ": channel '")) {
      ++channels;
      CHECK(reason.ends_with("...' begins with no allowed prefix"));
    } else if (reason != "allowed") {
      // The others name the command, or the container whose subcommand is unknown.
      CHECK(reason.find(name.substr(0, name.find(' '))) != reason.npos);
    }
  }
  CHECK(keys > 100);
  CHECK(channels == 9);
}

}  // namespace
}  // namespace plimsoll::testing::policy_test
