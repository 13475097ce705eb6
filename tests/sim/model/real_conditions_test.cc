// The model against a real server that does not serve, and against what COMMAND says.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/model/command.h"
#include "plimsoll/tests/sim/model/comparison/both_servers.h"
#include "plimsoll/tests/sim/model/comparison/frames.h"
#include "plimsoll/tests/sim/model/comparison/real_connection.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::sim::model::real_conditions_test {
namespace {

using testing::ValkeyServer;

// A command's words, as few as it takes.
std::vector<std::string> sample(const Command& command) {
  const std::string name(command.name);
  const std::size_t bar = name.find('|');
  std::vector<std::string> words = {name.substr(0, bar)};
  if (bar != std::string::npos) words.push_back(name.substr(bar + 1));
  while (words.size() < static_cast<std::size_t>(std::abs(command.arity))) words.push_back("1");
  return words;
}

// Every command by itself, on a connection that has a transaction begun and one that has not.
void compare_all_commands(BothServers& servers, std::size_t plain, std::size_t in_transaction,
                          std::size_t in_another) {
  servers.send(in_another, request({"EXEC"}));
  for (const Command* command : all_commands()) servers.send(plain, request(sample(*command)));
  servers.send(plain, request({"NOSUCH", "1"}) + request({"CLIENT", "NOSUCH"}));
  servers.send(in_transaction, request({"PING"}));
  servers.send(in_transaction, request({"EXEC"}));
  servers.send(plain, request({"MULTI"}) + request({"SELECT", "1"}) + request({"EXEC"}));
  servers.send(plain, request({"MULTI"}) + request({"GET", "k"}) + request({"EXEC"}));
}

std::size_t begin_transaction(BothServers& servers, const std::vector<std::string>& words) {
  const std::size_t connection = servers.connect();
  servers.send(connection, request({"MULTI"}) + request(words));
  return connection;
}

std::string_view line_behind(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

// What COMMAND INFO says of one command: its arity, flags and places of keys, one a line.
std::string described(std::string_view info) {
  info.remove_prefix(info.find('$'));
  (void)line_behind(info);
  (void)line_behind(info);
  std::string text(line_behind(info));
  const std::size_t flags_end = frame_end(info).value_or(0);
  std::string_view flags = info.substr(0, flags_end);
  info.remove_prefix(flags_end);
  (void)line_behind(flags);
  while (!flags.empty()) {
    const std::string_view flag = line_behind(flags);
    for (const std::string_view known :
         {"+readonly", "+write", "+loading", "+stale", "+no_auth", "+allow_busy", "+no_multi"}) {
      if (flag == known) text.append(" ").append(flag);
    }
  }
  for (int i = 0; i < 3; ++i) text.append(" ").append(line_behind(info));
  return text;
}

std::string described(const Command& command) {
  struct Name {
    CommandFlags flag;
    std::string_view text;
  };
  // In the order in which COMMAND tells them.
  constexpr Name names[] = {
      {flag_write, " +write"},     {flag_read, " +readonly"},   {flag_loading, " +loading"},
      {flag_stale, " +stale"},     {flag_no_auth, " +no_auth"}, {flag_no_multi, " +no_multi"},
      {flag_busy, " +allow_busy"},
  };
  std::string text = ":" + std::to_string(command.arity);
  for (const Name& name : names) {
    if (command.has(name.flag)) text += name.text;
  }
  for (const int place : {command.keys.first, command.keys.last, command.keys.step}) {
    text.append(" :").append(std::to_string(place));
  }
  return text;
}

TEST_CASE("the model's table of commands says what COMMAND does") {
  const ValkeyServer real;
  for (const Command* command : all_commands()) {
    const std::string name(command->name);
    CHECK(name + described(*command) == name + described(real.ask("COMMAND INFO " + name)));
  }
}

TEST_CASE("a replica without its primary refuses what the model refuses") {
  const ValkeyServer real({.arguments = {"--replica-serve-stale-data", "no"}});
  BothServers servers(real.socket_path(), {});
  const std::size_t plain = servers.connect();
  const std::size_t in_transaction = begin_transaction(servers, {"GET", "k"});
  const std::size_t in_another = begin_transaction(servers, {"GET", "k"});
  const std::size_t writing = begin_transaction(servers, {"SET", "k", "v"});

  (void)real.ask("REPLICAOF 127.0.0.1 1");
  servers.model().options().condition = Condition::primary_down;
  compare_all_commands(servers, plain, in_transaction, in_another);
  servers.send(writing, request({"EXEC"}));

  (void)real.ask("REPLICAOF NO ONE");
  servers.model().options().condition = Condition::serving;
  servers.send(plain, request({"PING"}));
}

TEST_CASE("a server that runs a script refuses what the model refuses") {
  const ValkeyServer real({.arguments = {"--busy-reply-threshold", "1"}});
  BothServers servers(real.socket_path(), {});
  const std::size_t plain = servers.connect();
  const std::size_t in_transaction = begin_transaction(servers, {"GET", "k"});
  const std::size_t in_another = begin_transaction(servers, {"GET", "k"});

  RealConnection script(real.socket_path());
  script.send("EVAL \"while true do end\" 0\r\n");
  while (!real.ask("PING").starts_with("-BUSY")) {
  }
  servers.model().options().condition = Condition::busy;
  compare_all_commands(servers, plain, in_transaction, in_another);

  (void)real.ask("SCRIPT KILL");
  while (!real.ask("PING").starts_with("+PONG")) {
  }
  servers.model().options().condition = Condition::serving;
  servers.send(plain, request({"PING"}));
}

TEST_CASE("a server that loads its data refuses what the model refuses") {
  const ValkeyServer real({.arguments = {"--enable-debug-command", "yes",
                                         "--loading-process-events-interval-bytes", "1024"}});
  BothServers servers(real.socket_path(), {});
  const std::size_t plain = servers.connect();
  const std::size_t in_transaction = begin_transaction(servers, {"GET", "k"});
  const std::size_t in_another = begin_transaction(servers, {"GET", "k"});

  // More than enough: it ends with the server.
  (void)real.ask("DEBUG POPULATE 30000 key 1000");
  (void)real.ask("CONFIG SET key-load-delay 1000");
  RealConnection reload(real.socket_path());
  reload.send("DEBUG RELOAD\r\n");
  while (!real.ask("PING").starts_with("-LOADING")) {
  }
  servers.model().options().condition = Condition::loading;
  compare_all_commands(servers, plain, in_transaction, in_another);
}

TEST_CASE("a server with too many clients says what the model says") {
  const ValkeyServer real({.arguments = {"--maxclients", "1"}});
  ServerOptions options;
  options.clients_max = 1;
  BothServers servers(real.socket_path(), options);
  const std::size_t connection = servers.connect();

  RealConnection second(real.socket_path());
  while (second.read(std::chrono::milliseconds(3000)) == RealConnection::Read::bytes) {
  }
  const ClientId refused = servers.model().accept({});
  CHECK(servers.model().take_output(refused) == second.received());
  CHECK(servers.model().closing(refused) == Closing::after_output);
  servers.send(connection, request({"PING"}));
}

TEST_CASE("a key that expires by itself is told to who has read it") {
  const ValkeyServer real({.arguments = {"--hz", "100"}});
  BothServers servers(real.socket_path(), {});
  const std::size_t reader = servers.connect();
  servers.send(reader, request({"HELLO", "3"}) + request({"CLIENT", "TRACKING", "ON"}));
  servers.send(reader, request({"SET", "k", "v", "PX", "1"}) + request({"TTL", "k"}));
  servers.let_time_pass();
  servers.remove_expired();
  servers.compare();
}

}  // namespace
}  // namespace plimsoll::sim::model::real_conditions_test
