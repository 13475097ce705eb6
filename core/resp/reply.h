#pragma once

#include <cstddef>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/tape.h"
#include "plimsoll/core/resp/value.h"

namespace plimsoll::inline v0 {

class Reader;

/// A reply that was kept beyond its event. It owns its bytes and pays for them until it is
/// destroyed, which may happen on any thread and after its client is gone. A small reply is a copy
/// in one block, charged exactly. A large reply holds the read buffers that it lies in, and pays
/// for each of them whole.
class Reply {
 public:
  Reply() = default;
  Reply(Reply&& other) noexcept
      : root_(std::exchange(other.root_, nullptr)),
        nodes_(std::move(other.nodes_)),
        payer_(other.payer_),
        pieces_(std::exchange(other.pieces_, nullptr)),
        first_(std::exchange(other.first_, nullptr)),
        last_(other.last_) {}
  Reply& operator=(Reply&& other) noexcept {
    if (this == &other) return *this;
    if (holds_buffers()) release_buffers();
    nodes_.reset();
    root_ = std::exchange(other.root_, nullptr);
    nodes_ = std::move(other.nodes_);
    payer_ = other.payer_;
    pieces_ = std::exchange(other.pieces_, nullptr);
    first_ = std::exchange(other.first_, nullptr);
    last_ = other.last_;
    return *this;
  }
  ~Reply() {
    if (holds_buffers()) release_buffers();
  }

  /// A reply of this many bytes on the wire, or more, holds its buffers instead of being copied.
  static constexpr std::size_t copied_bytes_max = segment_bytes / 2;

  /// A reply that was not read: `root`, all nodes behind it and their bytes lie in `block` already.
  static Reply lying_in(Block&& block, const Node* root) { return Reply(std::move(block), root); }

  bool has_value() const { return root_ != nullptr; }

  /// The bytes that the reply pays for. A segment that other replies hold as well counts whole.
  std::size_t charged_bytes() const;

  /// The value. Views of it live as long as this Reply.
  Value value() const {
    PLIMSOLL_CHECK(has_value());
    return Value(root_);
  }

 private:
  friend class Reader;

  Reply(Block&& nodes, const Node* root) : root_(root), nodes_(std::move(nodes)) {}

  static Error no_room();
  bool holds_buffers() const { return pieces_ != nullptr || first_ != nullptr; }
  void release_buffers();

  const Node* root_ = nullptr;
  Block nodes_;  // all nodes and bytes of a small reply, the first nodes of a large reply
  Account* payer_ = nullptr;
  Tape::Piece* pieces_ = nullptr;  // the other nodes of a large reply
  Segment* first_ = nullptr;       // the read buffers of a large reply
  Segment* last_ = nullptr;
};

}  // namespace plimsoll::inline v0
