#include "plimsoll/core/commands/command_class.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::commands {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

template <class Ask>
auto with_words(std::string_view text, Ask&& ask) {
  const std::vector<std::string> words = split(text);
  const std::vector<std::string_view> views(words.begin(), words.end());
  return ask(views);
}

Class class_of(std::string_view text) {
  return with_words(text, [](const auto& words) { return commands::class_of(words); });
}

Status check_shared(std::string_view text) {
  return with_words(text, [](const auto& words) { return commands::check_shared(words); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// Each as a user might write it. By what valkey-server does with it on a shared connection.
constexpr std::string_view plain[] = {
    "GET ship",
    "SET ship Eastern",
    "PING",
    "EVAL return(1) 0",
    "PUBLISH news word",
    "CLIENT INFO",
    "CLIENT LIST",
    "CLIENT GETNAME",
    "CLIENT",
    "XADD s * f v",
    "XREAD COUNT 2 STREAMS s 0",
    "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
    "SCRIPT LOAD return(1)",
    "GETX",
    "",
    "OBJECT HELP",
    "LMOVE a b LEFT RIGHT",
    "LPOP a",
};
constexpr std::string_view contiguous[] = {"MULTI", "EXEC", "DISCARD", "WATCH a b", "UNWATCH"};
constexpr std::string_view blocking[] = {
    "BLPOP a 0",
    "BRPOP a 0",
    "BLMOVE a b LEFT RIGHT 0",
    "BLMPOP 0 1 a LEFT",
    "BRPOPLPUSH a b 0",
    "BZPOPMIN z 0",
    "BZPOPMAX z 0",
    "BZMPOP 0 1 z MIN",
    "WAIT 1 0",
    "WAITAOF 1 0 0",
    "XREAD BLOCK 0 STREAMS s $",
    "XREAD COUNT 1 BLOCK 0 STREAMS s $",
    "XREADGROUP GROUP g c BLOCK 0 STREAMS s >",
    "XREADGROUP GROUP g c NOACK BLOCK 5 STREAMS s >",
};
constexpr std::string_view connection_state[] = {
    "SELECT 1",
    "AUTH secret",
    "HELLO 3",
    "HELLO",
    "RESET",
    "QUIT",
    "MONITOR",
    "ASKING",
    "READONLY",
    "READWRITE",
    "SYNC",
    "PSYNC ? -1",
    "REPLCONF ack 0",
    "SUBSCRIBE news",
    "PSUBSCRIBE n*",
    "SSUBSCRIBE news",
    "UNSUBSCRIBE",
    "PUNSUBSCRIBE",
    "SUNSUBSCRIBE",
    "CLIENT REPLY OFF",
    "CLIENT TRACKING ON",
    "CLIENT CACHING YES",
    "CLIENT CAPA redirect",
};

TEST_CASE("each command has its class, in any case") {
  const auto check = [](auto& texts, Class expected) {
    for (std::string_view text : texts) {
      INFO(text);
      CHECK(class_of(text) == expected);
      CHECK(class_of(lower(text)) == expected);
    }
  };

  check(plain, Class::plain);
  check(contiguous, Class::contiguous);
  check(blocking, Class::blocking);
  check(connection_state, Class::connection_state);
}

TEST_CASE("BLOCK and STREAMS are options only where options stand") {
  CHECK(class_of("XREAD STREAMS block 0") == Class::plain);
  CHECK(class_of("XREADGROUP GROUP streams c BLOCK 0 STREAMS s >") == Class::blocking);
  CHECK(class_of("XREADGROUP GROUP g streams BLOCK 0 STREAMS s >") == Class::blocking);
  CHECK(class_of("XREADGROUP GROUP block block STREAMS s >") == Class::plain);
  CHECK(class_of("XREADGROUP BLOCK 0 GROUP g c STREAMS s >") == Class::blocking);
  CHECK(class_of("XREADGROUP GROUP") == Class::plain);
  CHECK(class_of("XREAD") == Class::plain);
}

TEST_CASE("what would turn the shared connection into a debugger is connection state") {
  CHECK(class_of("SCRIPT DEBUG YES") == Class::connection_state);
}

TEST_CASE("plain commands may be sent on a shared connection") {
  for (std::string_view text : plain) {
    INFO(text);
    CHECK(check_shared(text).ok() == !text.empty());
  }
}

TEST_CASE("what would put replies out of step is refused, with what to do instead") {
  const auto check = [](auto& texts, std::string_view reason) {
    for (std::string_view text : texts) {
      INFO(text);
      const Status status = check_shared(text);
      REQUIRE_FALSE(status.ok());
      CHECK(status.error().code == ErrorCode::refused_command);
      CHECK(status.error().executed == Executed::no);
      CHECK(std::string_view(status.error().what).find(reason) != std::string_view::npos);
      CHECK(status.error().expected != nullptr);
    }
  };

  check(contiguous, "transactions");
  check(blocking, "blocking");
  check(connection_state, "state of a shared connection");
}

TEST_CASE("a command without a name is refused") {
  const std::vector<std::string_view> none;
  const std::vector<std::string_view> empty_name{"", "ship"};

  CHECK(commands::check_shared(none).error().code == ErrorCode::invalid_argument);
  CHECK(commands::check_shared(empty_name).error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace plimsoll::commands
