#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/resp/value.h"

namespace plimsoll::wasm {

/// Goes over a value node by node, in the order of the wire: an aggregate before its elements, a
/// string that is split before its pieces. Attributes, which no caller asks for yet, are left out.
/// Lives as long as the value does; without recursion, however deep that is.
class NodeWalk {
 public:
  /// Over nothing.
  NodeWalk() = default;

  explicit NodeWalk(const Value& value) : next_(value.node()), values_left_(1) {}

  /// The next node, or null behind the last.
  const Node* next();

  bool is_over() const { return piece_bytes_left_ == 0 && values_left_ == 0; }

 private:
  const Node* next_ = nullptr;
  std::uint64_t values_left_ = 0;     // begun aggregates still have these to come
  std::size_t piece_bytes_left_ = 0;  // of the split string before next_
};

}  // namespace plimsoll::wasm
