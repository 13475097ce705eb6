#pragma once

#include <cstdint>

// The nodes of a tape (tape.h): a reply as a flat row of nodes, in the order of the wire. The node
// of a string points at its bytes in the read buffer; the node of an aggregate comes before those
// of its elements. A row is stored in pieces: the last node of a piece is a link to the next piece.

namespace plimsoll::inline v0 {

/// The types of RESP3 (github.com/redis/redis-specifications, protocol/RESP3.md). RESP2 has some of
/// them.
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
  attribute,  // stands before the value that it describes, and is not counted as an element

  piece,  // no value: a part of the bytes of the string before it
  link,   // no value: says where the row continues
};

struct Node {
  Type type;
  /// The bytes of this string do not lie in one piece: nodes of type `piece` follow, up to `end`.
  bool split;
  /// The number of bytes of a string, of elements of an aggregate, of pairs of a map or attribute.
  std::uint32_t size;
  union {
    std::int64_t integer;  // integer, boolean (0, 1), null (1: the null array of RESP2)
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

/// Whether a value is this node alone: nothing stands before it, or lies inside.
constexpr bool is_one_node(const Node& node) { return node.type < Type::array && !node.split; }
static_assert(Type::bulk_error < Type::array && Type::array < Type::attribute);

/// Returns the target if `node` is a link, else `node`.
inline const Node* follow(const Node* node) {
  return node->type == Type::link ? node->target : node;
}

/// The node after `node` and all nodes inside it. The result may be a link, or past the end.
inline const Node* skip(const Node* node) {
  return node->split || is_aggregate(node->type) ? node->end : node + 1;
}

}  // namespace plimsoll::inline v0
