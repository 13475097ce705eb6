#pragma once

#include <span>
#include <string_view>

// What the files in examples/ say, as the build hands it to the tests.

namespace plimsoll::testing {

/// What a command's class must do for it.
enum class Conduct : std::uint8_t {
  shares,   ///< plain: one reply, and the connection goes on
  waits,    ///< blocking: nobody waits with it
  alone,    ///< blocking, about its own connection: sent on an exclusive one, refused elsewhere
  refused,  ///< contiguous or connection state: nothing is sent
};

/// Something done before, during or after a call, past the client under test.
struct Step {
  enum class Kind : std::uint8_t {
    call,         ///< a command, which must not fail
    failed_call,  ///< one that must fail
    send,         ///< one whose reply nobody reads
    until,        ///< a command, again and again until its reply contains `text`
  };
  Kind kind;
  std::string_view connection;  ///< which one of its own; empty: the usual one
  std::string_view text;        ///< call: the name under which its reply is kept, if any
  std::span<const std::string_view> words;
};

enum class On : std::uint8_t { shared, own, cluster };

/// One call and what comes of it. Replies and errors are patterns: "…" stands for anything.
struct Example {
  std::string_view command;  ///< as the server names it: "CLIENT|KILL"
  Conduct conduct;
  std::string_view instead;  ///< refused: what the refusal must say
  On server;
  bool second_server;
  std::span<const std::string_view> files;      ///< empty ones, made before the server starts
  std::span<const std::string_view> arguments;  ///< of the server
  std::span<const Step> setup;
  std::span<const std::string_view> call;
  std::span<const Step> then;     ///< while the call waits
  std::span<const Step> cleanup;  ///< what must not stay on a shared server
  std::string_view reply;
  std::string_view error;        ///< in place of the reply: the server's words
  std::string_view outcome;      ///< in place of the reply: how the call ends without one
  std::string_view resp2_reply;  ///< empty: not compared, only what decode() makes of it
  std::string_view resp2_error;
  std::string_view type;   ///< what the table says that the reply is; empty for an error
  std::string_view value;  ///< what decode() makes of it, a pattern too
  bool unordered;          ///< the reply's elements come in any order
};

}  // namespace plimsoll::testing
