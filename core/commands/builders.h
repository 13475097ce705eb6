#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/commands/command.h"

// Typed builders for the commands that the client offers by name. Each refers to its arguments:
// submit it in the same expression. Sources: valkey.io/commands/<name>.

namespace plimsoll::commands {

using Key = std::string_view;
using Words = std::span<const std::string_view>;

inline Command<0> ping() { return fixed<"PING", reads>(); }
inline Command<0> dbsize() { return fixed<"DBSIZE", reads>(); }

inline Command<1> get(Key key) { return fixed<"GET", reads>(key); }
inline Command<1> incr(Key key) { return fixed<"INCR">(key); }
inline Command<1> pttl(Key key) { return fixed<"PTTL", reads>(key); }
inline Command<0> mget(Words keys) { return with(open<"MGET", reads>(), keys); }
inline Command<0> del(Words keys) { return with(open<"DEL">(), keys); }
inline Command<0> exists(Words keys) { return with(open<"EXISTS", reads>(), keys); }

inline Command<2> hget(Key key, std::string_view field) { return fixed<"HGET", reads>(key, field); }
inline Command<1> hgetall(Key key) { return fixed<"HGETALL", reads>(key); }
inline Command<1> hset(Key key, std::span<const ArgumentPair> fields) {
  return with(open<"HSET">(key), fields);
}

inline Command<1> sadd(Key key, Words members) { return with(open<"SADD">(key), members); }
inline Command<1> smembers(Key key) { return fixed<"SMEMBERS", reads>(key); }

/// Any command, its name first.
inline Command<0> any(Words name_and_args) {
  return {.head = {}, .head_kind = CommandView::Head::uncounted, .more_args = name_and_args};
}

/// When SET stores.
enum class When : std::uint8_t { always, if_absent, if_present };

struct SetOptions {
  When when = When::always;
  /// Time to live, in whole milliseconds, 1 at least; none: the key does not expire.
  std::optional<Duration> ttl{};
  /// What happens to the time to live that the key has, where `ttl` is none.
  enum class OldTtl : std::uint8_t { dropped, kept } old_ttl = OldTtl::dropped;
};

/// SET with its options; refers to itself, so it stays where it was made.
class Set {
 public:
  /// `options` must have passed validate().
  Set(Key key, std::string_view value, const SetOptions& options);
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;

  /// invalid_argument: a ttl under a millisecond, or together with OldTtl::kept.
  static Status validate(const SetOptions& options);

  operator CommandView() const;

 private:
  std::array<std::string_view, 5> args_;
  std::size_t count_ = 0;
  std::array<char, 20> milliseconds_;
};

}  // namespace plimsoll::commands
