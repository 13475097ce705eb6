#include "plimsoll/core/commands/command_class.h"

#include <algorithm>

namespace plimsoll::commands {
namespace {

struct Entry {
  std::string_view name;        // upper case
  std::string_view subcommand;  // empty: all
  Class command_class;
};

// Commands that are not plain, by name (valkey.io/commands, groups connection, pubsub,
// transactions; and those with the ACL category blocking).
constexpr Entry entries[] = {
    {"ASKING", "", Class::connection_state},
    {"AUTH", "", Class::connection_state},
    {"BLMOVE", "", Class::blocking},
    {"BLMPOP", "", Class::blocking},
    {"BLPOP", "", Class::blocking},
    {"BRPOP", "", Class::blocking},
    {"BRPOPLPUSH", "", Class::blocking},
    {"BZMPOP", "", Class::blocking},
    {"BZPOPMAX", "", Class::blocking},
    {"BZPOPMIN", "", Class::blocking},
    {"CLIENT", "CACHING", Class::connection_state},
    {"CLIENT", "CAPA", Class::connection_state},
    {"CLIENT", "IMPORT-SOURCE", Class::connection_state},
    {"CLIENT", "NO-EVICT", Class::connection_state},
    {"CLIENT", "NO-TOUCH", Class::connection_state},
    {"CLIENT", "REPLY", Class::connection_state},
    {"CLIENT", "TRACKING", Class::connection_state},
    {"DISCARD", "", Class::contiguous},
    {"EXEC", "", Class::contiguous},
    {"HELLO", "", Class::connection_state},
    {"MONITOR", "", Class::connection_state},
    {"MULTI", "", Class::contiguous},
    {"PSUBSCRIBE", "", Class::connection_state},
    {"PSYNC", "", Class::connection_state},
    {"PUNSUBSCRIBE", "", Class::connection_state},
    {"QUIT", "", Class::connection_state},
    {"READONLY", "", Class::connection_state},
    {"READWRITE", "", Class::connection_state},
    {"REPLCONF", "", Class::connection_state},
    {"RESET", "", Class::connection_state},
    {"SCRIPT", "DEBUG", Class::connection_state},
    {"SELECT", "", Class::connection_state},
    {"SSUBSCRIBE", "", Class::connection_state},
    {"SUBSCRIBE", "", Class::connection_state},
    {"SUNSUBSCRIBE", "", Class::connection_state},
    {"SYNC", "", Class::connection_state},
    {"UNSUBSCRIBE", "", Class::connection_state},
    {"UNWATCH", "", Class::contiguous},
    {"WAIT", "", Class::blocking},
    {"WAITAOF", "", Class::blocking},
    {"WATCH", "", Class::contiguous},
};

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool equals_folded(std::string_view word, std::string_view upper_case) {
  return std::equal(word.begin(), word.end(), upper_case.begin(), upper_case.end(),
                    [](char a, char b) { return upper(a) == b; });
}

// XREAD and XREADGROUP wait only where BLOCK stands among their options, before STREAMS.
bool has_block_option(std::span<const std::string_view> words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (equals_folded(words[i], "STREAMS")) return false;
    if (equals_folded(words[i], "BLOCK")) return true;
    if (equals_folded(words[i], "GROUP")) i += 2;  // its name and the consumer's may be any word
  }
  return false;
}

Error refuse(const char* what, const char* instead) {
  return Error{.code = ErrorCode::refused_command, .what = what, .expected = instead};
}

}  // namespace

Class class_of(std::span<const std::string_view> words) {
  if (words.empty()) return Class::plain;
  if (equals_folded(words[0], "XREAD") || equals_folded(words[0], "XREADGROUP")) {
    return has_block_option(words) ? Class::blocking : Class::plain;
  }
  for (const Entry& entry : entries) {
    if (!equals_folded(words[0], entry.name)) continue;
    if (entry.subcommand.empty()) return entry.command_class;
    if (words.size() > 1 && equals_folded(words[1], entry.subcommand)) return entry.command_class;
  }
  return Class::plain;
}

Status check_shared(std::span<const std::string_view> words) {
  if (words.empty() || words[0].empty()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "command has no name",
                 .expected = "a name such as GET first"};
  }
  switch (class_of(words)) {
    case Class::plain: return {};
    case Class::contiguous:
      return refuse("transactions cannot be sent command by command on a shared connection",
                    "a script (EVAL) where several commands must be one");
    case Class::blocking:
      return refuse("a blocking command would hold up everybody on a shared connection",
                    "the form of the command that does not wait");
    case Class::connection_state:
      return refuse("this command changes the state of a shared connection",
                    "user, password, database and name in the options of connect()");
  }
  return {};
}

}  // namespace plimsoll::commands
