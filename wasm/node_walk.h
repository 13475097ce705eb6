#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/resp/value.h"

namespace plimsoll::wasm {

/// Walks over a value node by node, in the order of the wire: an aggregate before its elements, a
/// split string before its pieces. Skips attributes, which no caller uses. Needs no recursion,
/// however deep the value is. Valid as long as the value.
class NodeWalk {
 public:
  /// A walk over nothing.
  NodeWalk() = default;

  explicit NodeWalk(const Value& value) : next_(value.node()), values_left_(1) {}

  /// Returns the next node, or null after the last.
  const Node* next();

  bool is_over() const { return piece_bytes_left_ == 0 && values_left_ == 0; }

 private:
  const Node* next_ = nullptr;
  std::uint64_t values_left_ = 0;     // values that are still to come
  std::size_t piece_bytes_left_ = 0;  // bytes still to come of the current split string
};

}  // namespace plimsoll::wasm
