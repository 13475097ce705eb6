#pragma once

#include <cstdint>

// The tape: a reply as a flat row of nodes, in the order of the wire. A string's node points at its
// bytes where they were read; an aggregate's node comes before its elements. Rows are stored in
// pieces: a link node, last in its piece, leads to the next one.

namespace plimsoll {

/// RESP3 types (github.com/redis/redis-specifications, protocol/RESP3.md); RESP2's are a subset.
enum class Type : std::uint8_t {
  null,
  boolean,
  integer,
  real,  // ","
  big_number,
  simple_string,  // "+"
  bulk_string,    // "$", also when streamed
  verbatim,       // "="
  simple_error,   // "-"
  bulk_error,     // "!"
  array,
  set,
  map,
  push,
  attribute,  // comes before the value that it describes, and does not count as an element

  piece,  // not a value: a part of the bytes of the string before it
  link,   // not a value: where the row goes on
};

struct Node {
  Type type;
  /// A string whose bytes do not lie in one piece: nodes of type piece follow, up to `end`.
  bool split;
  /// Strings: bytes. Aggregates: elements (for maps and attributes, pairs).
  std::uint32_t size;
  union {
    std::int64_t integer;  // integer, boolean (0, 1)
    const char* bytes;     // strings that are not split, pieces; real and big_number as text
    const Node* end;       // aggregates and split strings: the node after the last one inside
    const Node* target;    // links
  };
};

static_assert(sizeof(Node) <= 16);

constexpr bool is_aggregate(Type type) {
  return type == Type::array || type == Type::set || type == Type::map || type == Type::push ||
         type == Type::attribute;
}

/// Follows the link at `node`, if it is one.
inline const Node* follow(const Node* node) {
  return node->type == Type::link ? node->target : node;
}

/// The node after `node` and all that is inside it. It may be a link, or lie past the end.
inline const Node* skip(const Node* node) {
  return node->split || is_aggregate(node->type) ? node->end : node + 1;
}

}  // namespace plimsoll
