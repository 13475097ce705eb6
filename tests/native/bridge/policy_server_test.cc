#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/native/bridge/gate/policy.h"
#include "plimsoll/tests/native/bridge/judged.h"
#include "plimsoll/tests/native/bridge/raw_connection.h"
#include "plimsoll/tests/support/valkey_server.h"

// Policies beside the ACL of a real server, of a user with the same prefixes: no command that the
// policy allows is one that the server would deny this user for its keys or channels. The other way
// round it need not be: the policy says no to much that it cannot be sure of.

namespace plimsoll::testing::policy_server_test {
namespace {

// Words out of which commands are put together at random: keys within and beyond the prefixes,
// options that come before a key, numbers of keys.
constexpr std::string_view vocabulary[] = {
    "p:a", "p:b", "st",   "secret", "p",       "c:a",     "c:*",   "*",  "STORE", "store",
    "BY",  "GET", "KEYS", "GROUP",  "COUNT",   "STREAMS", "BLOCK", "DB", "0",     "1",
    "2",   "3",   "m",    "LIMIT",  "REPLACE", "LEFT",    "MIN",   "$",  "nosort"};

std::string command_of(const commands::Row& row, std::minstd_rand& random) {
  std::string command(row.name_view());
  if (const std::size_t bar = command.find('|'); bar != command.npos) command[bar] = ' ';
  const auto least = static_cast<std::size_t>(row.arity < 0 ? -row.arity : row.arity);
  const std::size_t count = row.arity < 0 ? least + random() % 5 : least;
  for (std::size_t i = row.name_words(); i < count; ++i) {
    // Most are good for a key, or a little of what looks like the command would not be found.
    const std::size_t choices = random() % 3 == 0 ? std::size(vocabulary) : 3;
    command.append(" ").append(vocabulary[random() % choices]);
  }
  return command;
}

// Commands that need more than chance.
constexpr std::string_view shapes[] = {
    "XREAD STREAMS ? ?",       "XREADGROUP GROUP ? ? STREAMS ? ?",
    "GEORADIUS ? 0 0 1 m ? ?", "LMPOP ? ? ? LEFT",
    "ZUNIONSTORE ? ? ? ? ? ?", "COPY ? ? ? ?",
    "SORT ? ? ? ? ?",          "BLMPOP 0 ? ? ? LEFT",
    "ZINTERCARD ? ? ? ? ?",    "GEORADIUSBYMEMBER ? m 1 m ? ? ? ?",
    "XREAD COUNT 1 ? ? ? ?",   "SORT_RO ? ? ? ?"};

std::string filled(std::string_view shape, std::minstd_rand& random) {
  std::string command;
  for (const char c : shape) {
    if (c == '?') {
      command.append(vocabulary[random() % std::size(vocabulary)]);
    } else {
      command += c;
    }
  }
  return command;
}

std::vector<std::string> lines_of(std::string_view replies) {
  std::vector<std::string> lines;
  while (!replies.empty()) {
    const std::size_t end = replies.find("\r\n");
    std::string line(replies.substr(0, end));
    replies.remove_prefix(end + 2);
    if (line.starts_with('$')) {
      const std::size_t size = std::stoul(line.substr(1));
      line = replies.substr(0, size);
      replies.remove_prefix(size + 2);
    }
    lines.push_back(line);
  }
  return lines;
}

TEST_CASE("a server's ACL of the same prefixes denies nothing that the policy allows") {
  const bridge::Policy policy =
      policy_of({.allow = {"@all"}, .key_prefixes = {"p:", "st"}, .channel_prefixes = {"c:"}});
  std::minstd_rand random(1);
  std::vector<std::string> allowed;
  std::string questions;
  const auto consider = [&](const std::string& command) {
    // An ACL allows none but the very patterns that it has.
    if (judged(policy, command) != "allowed" || command.starts_with("PSUBSCRIBE")) return;
    allowed.push_back(command);
    questions += encoded("ACL DRYRUN limited " + command);
  };
  for (int round = 0; round < 60; ++round) {
    for (const commands::Row& row : commands::all_rows()) consider(command_of(row, random));
    for (const std::string_view shape : shapes) {
      for (int i = 0; i < 20; ++i) consider(filled(shape, random));
    }
  }
  REQUIRE(allowed.size() > 3000);

  const ValkeyServer server;
  RawConnection connection(server.socket_path());
  REQUIRE(connection.exchange(encoded("ACL SETUSER limited on nopass +@all resetkeys ~p:* ~st* "
                                      "resetchannels &c:*")) == "+OK\r\n");
  const std::vector<std::string> answers = lines_of(connection.exchange(questions));
  REQUIRE(answers.size() == allowed.size());
  std::size_t permitted = 0;
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (answers[i] == "+OK") permitted += 1;
    // It does not look at the keys of what has too few words, or is none of its commands.
    if (answers[i] == "+OK" || answers[i].starts_with("-ERR")) continue;
    FAIL_CHECK(allowed[i] << ": " << answers[i]);
  }
  CHECK(permitted > 3000);
}

}  // namespace
}  // namespace plimsoll::testing::policy_server_test
