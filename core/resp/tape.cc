#include "plimsoll/core/resp/tape.h"

#include <new>
#include <utility>

#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0 {

bool Tape::grow() {
  // One chunk, then segments: a reply of medium size should not cost 64 KiB.
  Budget& budget = payer_.budget();
  PagePool& pool = first_piece_ == nullptr ? budget.chunks() : budget.segments();
  void* const page = pool.acquire(payer_);
  if (page == nullptr) return false;
  const std::size_t nodes = (pool.page_bytes() - sizeof(Piece)) / sizeof(Node);
  auto* const piece = new (page) Piece{nullptr, nodes};
  (last_piece_ == nullptr ? first_piece_ : last_piece_->next) = piece;
  last_piece_ = piece;
  charged_ += pool.page_charge();

  Node& link = *next_;
  link.type = Type::link;
  link.split = false;
  link.size = 0;
  link.target = piece->begin();
  next_ = piece->begin();
  last_ = next_ + nodes - 1;
  return true;
}

void Tape::release(Piece* pieces, Account* payer) {
  bool first = true;
  while (pieces != nullptr) {
    Piece* const next = pieces->next;
    Budget& budget = payer->budget();
    (first ? budget.chunks() : budget.segments()).release(pieces, *payer);
    first = false;
    pieces = next;
  }
}

std::size_t Tape::charged_bytes(const Piece* pieces, const Account* payer) {
  if (pieces == nullptr) return 0;
  std::size_t bytes = payer->budget().chunks().page_charge();
  while ((pieces = pieces->next) != nullptr) bytes += payer->budget().segments().page_charge();
  return bytes;
}

void Tape::release_pieces() {
  release(std::exchange(first_piece_, nullptr), &payer_);
  last_piece_ = nullptr;
  charged_ = 0;
}

Tape::Piece* Tape::take_pieces(Node* inline_copy) {
  const auto used = static_cast<std::size_t>(
      first_piece_ == nullptr ? next_ - inline_ : static_cast<std::ptrdiff_t>(inline_nodes));
  const Node* const inline_end = inline_ + inline_nodes;
  for (std::size_t i = 0; i < used; ++i) {
    Node node = inline_[i];
    const bool has_end = node.split || is_aggregate(node.type);
    // std::less_equal orders pointers into different pieces as well.
    if (has_end && std::less_equal<>{}(inline_, node.end) &&
        std::less_equal<>{}(node.end, inline_end)) {
      node.end = inline_copy + (node.end - inline_);
    }
    inline_copy[i] = node;
  }
  Piece* const pieces = std::exchange(first_piece_, nullptr);
  last_piece_ = nullptr;
  charged_ = 0;
  clear();
  return pieces;
}

}  // namespace plimsoll::inline v0
