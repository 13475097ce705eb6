#pragma once

#include <cstddef>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/resp/node.h"

// Where the parser puts the nodes of the reply at hand. The first few live in the tape itself, so
// that small replies need no memory; then come chunks of 4 KiB, then segments, each charged.

namespace plimsoll {

class Tape {
 public:
  static constexpr std::size_t inline_nodes = 64;

  /// What grows is charged to `payer`.
  explicit Tape(Account& payer) : payer_(payer) { clear(); }
  ~Tape() { clear(); }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Room for one more node, or null where no more memory is granted. Nodes stay where they are
  /// until clear().
  Node* append() {
    if (next_ == last_ && !grow()) return nullptr;
    ++size_;
    return next_++;
  }

  const Node* first() const { return inline_; }

  /// Where the next node will go, or where a link to it will: what `Node::end` wants.
  const Node* position() const { return next_; }

  std::size_t size() const { return size_; }

  /// Bytes charged for what does not fit the tape itself.
  std::size_t charged_bytes() const { return charged_; }

  void clear() {
    if (first_piece_ != nullptr) release_pieces();
    next_ = inline_;
    last_ = inline_ + inline_nodes - 1;
    size_ = 0;
  }

  // What follows is for keeping a reply (keep.cc).

  struct Piece {
    Piece* next;
    std::size_t nodes;
    Node* begin() { return reinterpret_cast<Node*>(this + 1); }
  };
  static_assert(sizeof(Piece) % alignof(Node) == 0);

  /// Hands over the pieces; the nodes that lie in the tape itself are copied to `inline_copy`,
  /// which has room for inline_nodes, and the tape is as after clear().
  Piece* take_pieces(Node* inline_copy);

  static void release(Piece* pieces, Account* payer);
  static std::size_t charged_bytes(const Piece* pieces, const Account* payer);

 private:
  bool grow();
  void release_pieces();

  Account& payer_;
  Node* next_;
  Node* last_;  // the place of the link, which is not for append()
  std::size_t size_ = 0;
  std::size_t charged_ = 0;
  Piece* first_piece_ = nullptr;
  Piece* last_piece_ = nullptr;
  Node inline_[inline_nodes];
};

}  // namespace plimsoll
