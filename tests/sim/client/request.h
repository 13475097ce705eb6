#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/tests/sim/random.h"

// What users ask for. A request's number travels in its last argument, behind the key that the
// value belongs to, so that a server can tell which request it runs and a reply shows whose it is.

namespace plimsoll::sim {

enum class RequestKind : std::uint8_t {
  set,
  hset,
  hmget,
  mget,
  exists,
  del,
  append,
  incrby,
  echo,
  ping,
  get,   // carries no number
  incr,  // carries no number
};

inline constexpr std::size_t request_kinds_count = static_cast<std::size_t>(RequestKind::incr) + 1;

const char* name(RequestKind kind);
bool is_read(RequestKind kind);

/// Whether number_of() can tell it from others of its kind.
bool is_numbered(RequestKind kind);

/// The words of one request after the other, without an allocation each.
class RequestWriter {
 public:
  /// Valid until the next call. `value_bytes` is roughly the size of what is sent.
  CommandView write(RequestKind kind, std::uint64_t number, std::size_t value_bytes,
                    Random& random);

 private:
  std::string_view add_key(char prefix, std::uint64_t number);
  std::string_view add_number(char prefix, std::uint64_t number);
  std::string_view add_value(std::string_view key, std::uint64_t number, std::size_t bytes);

  std::array<std::string_view, 12> words_;
  std::string text_;
};

/// What a word with a number in it says: "x7#42:1/3|aaa" is of request 42, part 1 of 3.
struct Mark {
  std::uint64_t number = 0;  ///< 0: it is no such word
  std::uint64_t part = 0;
  std::uint64_t parts = 0;
};
Mark mark_of(std::string_view word);

/// Begins a word as mark_of() reads it.
std::string marked(std::string_view key, const Mark& mark);

/// The number of the request whose words these are; 0 where it has none. That of one that blocks is
/// in its first key, which nobody else has.
std::uint64_t number_of(std::span<const std::string_view> words);

}  // namespace plimsoll::sim
