#pragma once

#include <cstddef>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/resp/node.h"

// Holds the nodes of the current reply, which the parser appends. The first inline_nodes lie in the
// tape itself, so that small replies allocate nothing. Then comes one chunk of 4 KiB, then segments
// of 64 KiB; `payer` is charged for each.

namespace plimsoll::inline v0 {

class Tape {
 public:
  static constexpr std::size_t inline_nodes = 64;

  /// `payer` pays for the chunk and the segments, and must outlive this.
  explicit Tape(Account& payer) : payer_(payer) { clear(); }
  ~Tape() { clear(); }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Returns room for one more node; null if there is no memory. Nodes do not move until clear().
  Node* append() {
    if (next_ == last_ && !grow()) return nullptr;
    ++size_;
    return next_++;
  }

  /// Room for this many nodes behind the last one, without a new piece. append(count) keeps the
  /// first of what was written there.
  Node* room() { return next_; }
  std::size_t room_size() const { return static_cast<std::size_t>(last_ - next_); }
  void append(std::size_t count) {
    next_ += count;
    size_ += count;
  }

  /// Does what clear() and append() do.
  Node* begin_with_one() {
    release();
    next_ = inline_ + 1;
    size_ = 1;
    return inline_;
  }

  const Node* first() const { return inline_; }

  /// The place of the next node, or of the link to it. For Node::end.
  const Node* position() const { return next_; }

  std::size_t size() const { return size_; }

  /// Bytes charged for the chunk and the segments.
  std::size_t charged_bytes() const { return charged_; }

  /// Forgets the nodes, if any lie outside of the tape itself.
  void release() {
    if (first_piece_ != nullptr) clear();
  }
  void clear() {
    if (first_piece_ != nullptr) release_pieces();
    next_ = inline_;
    last_ = inline_ + inline_nodes - 1;
    size_ = 0;
  }

  // The rest of the interface is for Reader::keep() and Reply.

  struct Piece {
    Piece* next;
    std::size_t nodes;
    Node* begin() { return reinterpret_cast<Node*>(this + 1); }
  };
  static_assert(sizeof(Piece) % alignof(Node) == 0);

  /// Hands over the pieces and leaves the tape as after clear(). Copies the nodes that lie in the
  /// tape itself to `inline_copy`, which must have room for inline_nodes.
  Piece* take_pieces(Node* inline_copy);

  static void release(Piece* pieces, Account* payer);
  static std::size_t charged_bytes(const Piece* pieces, const Account* payer);

 private:
  bool grow();
  void release_pieces();

  Account& payer_;
  Node* next_;
  Node* last_;  // the last node of the piece, reserved for the link to the next piece
  std::size_t size_ = 0;
  std::size_t charged_ = 0;
  Piece* first_piece_ = nullptr;
  Piece* last_piece_ = nullptr;
  Node inline_[inline_nodes];
};

}  // namespace plimsoll::inline v0
