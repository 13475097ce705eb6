#include "plimsoll/wasm/node_walk.h"

namespace plimsoll::wasm {
namespace {

std::uint64_t elements_of(const Node& node) {
  if (!is_aggregate(node.type)) return 0;
  return node.type == Type::map ? std::uint64_t{node.size} * 2 : node.size;
}

}  // namespace

const Node* NodeWalk::next() {
  if (is_over()) return nullptr;
  const Node* node = follow(next_);
  if (piece_bytes_left_ > 0) {
    piece_bytes_left_ -= node->size;
  } else {
    while (node->type == Type::attribute) node = follow(skip(node));
    values_left_ += elements_of(*node);
    --values_left_;
    if (node->split) piece_bytes_left_ = node->size;
  }
  next_ = node + 1;
  return node;
}

}  // namespace plimsoll::wasm
