#include "plimsoll/tests/sim/model/comparison/random_requests.h"

#include <algorithm>
#include <cstddef>

#include "plimsoll/tests/sim/model/comparison/both_servers.h"

namespace plimsoll::sim::model {
namespace {

// What a command is made of: K a key, V a value, N a number, B a bad time to live, S a good one, T
// one that no other is, F a field, C a channel, P a pattern, D a database, U a user, W a password;
// what is in brackets is there half of the time; other words stand for themselves. Forms of things
// that happen more often come more than once.
constexpr std::string_view forms =
    "GET K|GET K|GET K|GET K|GET K|GET K|SET K V|SET K V|SET K V|SET K V|MGET K K [K]|MGET K K K|"
    "MSET K V K V|MSET K V [K]|DEL K [K]|UNLINK K K|EXISTS K [K]|TYPE K|STRLEN K|APPEND K V|"
    "INCR K|INCR K|DECR K|INCRBY K N|DECRBY K N|GETSET K V|GETDEL K|SETNX K V|SETEX K S V|"
    "PSETEX K S00 V|SET K V [NX] [GET]|SET K V [XX] [KEEPTTL]|SET K V [EX] S [GET]|SET K V EX S|"
    "SET K V PX S00|SET K V [NX] [XX]|SET K V EX B|SET K V PXAT N|SET K V EXAT N|"
    "SET K V KEEPTTL [EX] [S]|SET K V EX|GETEX K|GETEX K PERSIST|GETEX K EX S|GETEX K PXAT N|"
    "GETEX K EX B|GETEX K [PERSIST] [EX] [S]|EXPIRE K T [NX] [GT]|EXPIRE K T [XX] [LT]|"
    "EXPIRE K S|EXPIRE K B|PEXPIRE K S000|PEXPIRE K B|EXPIREAT K N|PEXPIREAT K N|TTL K|PTTL K|"
    "PERSIST K|EXPIRETIME K|PEXPIRETIME K|HSET K F F|HSET K F F F F|HSET K F F [F]|HGET K F|"
    "HMGET K F F|HGETALL K|HDEL K F [F]|HDEL K F F F F F|HLEN K|HEXISTS K F|HINCRBY K F N|"
    "SADD K F [F]|SADD K N|SADD K N N F|SREM K F [N]|SREM K F F F N N|SMEMBERS K|SISMEMBER K F|"
    "SCARD K|LPUSH K V [V]|RPUSH K V V|LPOP K|RPOP K|LPOP K N|RPOP K N|LLEN K|LRANGE K N N|"
    "LRANGE K 0 -1|FLUSHALL|FLUSHDB [ASYNC]|FLUSHDB [V]|DBSIZE|DBSIZE|SWAPDB D D|PING|PING [V]|"
    "ECHO V|SELECT D|SELECT 0|RESET|QUIT|AUTH W|AUTH U W|HELLO|HELLO 3|HELLO 2|HELLO 3 AUTH U W|"
    "HELLO [N]|HELLO 3 SETNAME V|HELLO 3 [V]|HELLO 3 AUTH U W SETNAME F|CLIENT ID|"
    "CLIENT SETNAME F|CLIENT SETNAME V|CLIENT GETNAME|CLIENT SETINFO LIB-NAME V|"
    "CLIENT SETINFO LIB-VER F|CLIENT SETINFO LIB-FOO F|CLIENT NO-EVICT ON|CLIENT NO-TOUCH V|"
    "CLIENT CAPA redirect|CLIENT TRACKINGINFO|CLIENT GETREDIR|CLIENT CACHING YES|"
    "CLIENT CACHING NO|CLIENT CACHING [V]|CLIENT [FOO] [V]|CLIENT TRACKING ON|"
    "CLIENT TRACKING OFF|CLIENT TRACKING [V]|CLIENT KILL ID 0|CLIENT KILL ID 999999999|"
    "CLIENT KILL SKIPME V|CLIENT KILL FOO V|MULTI|EXEC|EXEC|DISCARD|WATCH K [K]|UNWATCH|EXEC [V]|"
    "DISCARD [V]|SUBSCRIBE C [C]|UNSUBSCRIBE|UNSUBSCRIBE C [C]|PSUBSCRIBE P|PUNSUBSCRIBE [P]|"
    "PUBLISH C V|PUBLISH C V|PUBLISH C V|FOO V [V]|[V] V V|GET|SET K|GET K K";

constexpr std::string_view transaction_forms =
    "GET K|GET K|SET K V|SET K V|MGET K K|DEL K|INCR K|PUBLISH C V|SUBSCRIBE C|UNSUBSCRIBE C|"
    "HELLO 3|HELLO 2|SELECT D|CLIENT CACHING YES|CLIENT TRACKING ON|CLIENT TRACKING OFF|FLUSHALL|"
    "SWAPDB D D|UNWATCH|AUTH U W|HGETALL K|EXPIRE K S|EXPIRE K -1|GET|FOO|WATCH K|MULTI|"
    "CLIENT TRACKINGINFO|PING|APPEND K V|FLUSHDB|SADD K F|GETDEL K|LRANGE K 0 -1";

// These do not use up a CLIENT CACHING, or do.
constexpr std::string_view client_forms =
    "CLIENT ID|CLIENT SETNAME F|CLIENT GETNAME|CLIENT SETINFO LIB-NAME F|CLIENT SETINFO LIB-FOO F|"
    "CLIENT NO-EVICT ON|CLIENT NO-TOUCH OFF|CLIENT CAPA x|CLIENT KILL ID 999999999|"
    "CLIENT TRACKINGINFO|CLIENT GETREDIR|CLIENT TRACKING ON OPTIN|CLIENT TRACKING ON OPTOUT|"
    "CLIENT TRACKING ON|CLIENT TRACKING OFF|CLIENT|CLIENT FOO|CLIENT ID F|CLIENT CACHING YES";

}  // namespace

std::string_view RandomRequests::pick(std::string_view list, char separator) {
  std::vector<std::string_view> items;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(separator), list.size());
    items.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return items[below(items.size())];
}

std::string RandomRequests::key() { return std::string(pick("a a:1 a:1 a:2 b:1 b:1 b:2 k k")); }

std::string RandomRequests::value() {
  switch (below(8)) {
    case 0: return std::string(pick("1 2 3 -1 0 -0 007 +5 9223372036854775807 10x"));
    case 1: return {};
    case 2: return "with blank";
    case 3: return std::string("a\0b\r\nc", 6);
    case 4: return std::string(200, 'x');
    default: return std::string(pick("v1 v2 v3 ON OFF abc no yes NO"));
  }
}

std::string RandomRequests::number() {
  return std::string(
      pick("0 1 2 3 5 -1 -2 7 1 2 3 -9223372036854775808 9223372036854775807 9223372036854775808 x "
           "01 1.5 9223372036854775"));
}

std::string RandomRequests::word(std::string_view form) {
  constexpr std::size_t times_max = 9;
  if (form == "K") return key();
  if (form == "V") return value();
  if (form == "N") return number();
  if (form == "B") return std::string(pick("0 -1 -7 x 01 9223372036854775808 9223372036854775807"));
  if (form == "T") return std::to_string(1000 + below(40'000));
  if (form == "F") return std::string(pick("f1 f2 f3 f4 5 6"));
  if (form == "C") return std::string(pick("c1 c2 x:1 news"));
  if (form == "P") return std::string(pick("c* c? * x:* c[12] \\c1 n[^a-d]ws"));
  if (form == "D") return std::string(pick("0 0 1 2 15 16 -1 x"));
  if (form == "U")
    return std::string(pick("default noget nocaching notracking limited disabled nobody"));
  if (form == "W") return std::string(pick("secret secret secret wrong"));
  if (form.starts_with('S') && form.find_first_not_of("S0") == std::string_view::npos) {
    // Hundreds of seconds, so that what is told a moment later can be told apart.
    return std::to_string(100 * (1 + below(times_max))) +
           (form == "S00" ? "000" : std::string(form.substr(1)));
  }
  return std::string(form);
}

RandomRequests::Words RandomRequests::filled(std::string_view form) {
  Words words;
  while (!form.empty()) {
    const std::size_t end = std::min(form.find(' '), form.size());
    std::string_view part = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    if (part.starts_with('[')) {
      if (below(2) == 0) continue;
      part = part.substr(1, part.size() - 2);
    }
    words.push_back(word(part));
  }
  if (words.empty()) words.push_back("PING");
  if (below(10) == 0) {
    for (char& c : words.front()) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return words;
}

RandomRequests::Words RandomRequests::command() {
  if (below(25) == 0) return tracking();
  return filled(pick(forms, '|'));
}

RandomRequests::Words RandomRequests::tracking() {
  constexpr std::string_view options =
      "|||OPTIN|OPTIN|OPTIN|OPTOUT|OPTOUT|BCAST|BCAST PREFIX a|NOLOOP|BCAST PREFIX a: PREFIX b|"
      "PREFIX a|BCAST PREFIX a PREFIX a:|OPTIN OPTOUT|BCAST OPTIN|OPTIN NOLOOP|BCAST NOLOOP|FOO|"
      "BCAST PREFIX b:";
  return filled("CLIENT TRACKING ON " + std::string(pick(options, '|')));
}

std::vector<RandomRequests::Words> RandomRequests::cached_read() {
  std::vector<Words> all;
  all.push_back({"CLIENT", "CACHING", below(3) == 0 ? "NO" : "YES"});
  if (below(2) == 0) {
    const bool of_client = below(3) != 0;
    all.push_back(of_client ? filled(pick(client_forms, '|')) : command());
  }
  all.push_back(filled(pick("GET K|MGET K K|GET K|TTL K|SET K V|HGETALL K", '|')));
  return all;
}

std::vector<RandomRequests::Words> RandomRequests::greeting() {
  std::vector<Words> all;
  if (below(5) != 0) all.push_back({"HELLO", "3", "AUTH", "default", "secret"});
  if (below(4) != 0) all.push_back(tracking());
  if (below(3) == 0) all.push_back(filled("SUBSCRIBE C [C]"));
  if (below(4) == 0) all.push_back(filled("PSUBSCRIBE P [P]"));
  return all;
}

std::vector<RandomRequests::Words> RandomRequests::transaction() {
  std::vector<Words> all;
  if (below(3) == 0) all.push_back(filled("WATCH K [K] [K]"));
  if (below(4) == 0) all.push_back(filled("SET K V"));
  if (below(4) == 0) all.push_back({"CLIENT", "CACHING", "YES"});
  all.push_back({"MULTI"});
  for (std::uint64_t count = below(5); count > 0; --count) {
    const bool any = below(4) == 0;
    all.push_back(any ? command() : filled(pick(transaction_forms, '|')));
  }
  all.push_back({below(8) == 0 ? "DISCARD" : "EXEC"});
  return all;
}

RandomRequests::Words RandomRequests::soon_expired() {
  return below(2) == 0 ? filled("SET K V PX 1") : filled("PEXPIRE K 1");
}

std::string RandomRequests::spoiled(std::string bytes) {
  if (bytes.find("TIME") != std::string::npos) return bytes;  // a command that the model has not
  constexpr std::string_view material("*$\r\n:0129-\"' \0", 14);
  std::string wrong;
  for (std::uint64_t count = 1 + below(2); count > 0; --count) wrong += material[below(14)];
  return bytes.replace(below(bytes.size()), below(3), wrong);
}

std::string RandomRequests::bytes(const Words& words) {
  if (below(8) != 0) return request(words);
  std::string line;
  for (const std::string& word : words) {
    if (word.empty() || word.find_first_of(std::string(" \r\n\"'\\\0", 7)) != std::string::npos) {
      return request(words);
    }
    line.append(line.empty() ? "" : " ").append(word);
  }
  return line + (below(2) == 0 ? "\r\n" : "\n");
}

}  // namespace plimsoll::sim::model
