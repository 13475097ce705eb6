#pragma once

#include <cstddef>
#include <string_view>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/tape.h"
#include "plimsoll/core/resp/value.h"

namespace plimsoll {

class Reader;

/// A reply that was kept beyond its event: owns its bytes and pays for them until it is destroyed,
/// on any thread, even after its client is gone. A small one is a copy in one block, charged
/// exactly; a large one keeps the read buffers that it lies in and pays for them whole.
class Reply {
 public:
  Reply() = default;
  Reply(Reply&& other) noexcept { swap(other); }
  Reply& operator=(Reply&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Reply();

  /// Replies of this many bytes on the wire and more keep their buffers.
  static constexpr std::size_t copied_bytes_max = segment_bytes / 2;

  /// One whole reply that lies in one piece, as write_wire() or a server wrote it. reply_too_large
  /// where `payer` has no memory.
  static Result<Reply> copy_of(std::string_view wire, Account& payer);

  bool has_value() const { return root_ != nullptr; }

  /// What it pays for. A segment that it shares with others is counted whole.
  std::size_t charged_bytes() const;

  /// The reply. Views of it live as long as this Reply.
  Value value() const {
    PLIMSOLL_CHECK(has_value());
    return Value(root_);
  }

 private:
  friend class Reader;

  void swap(Reply& other) noexcept;

  const Node* root_ = nullptr;
  Block nodes_;  // all nodes and bytes of a small reply, the first nodes of a large one
  Account* payer_ = nullptr;
  Tape::Piece* pieces_ = nullptr;
  Segment* first_ = nullptr;
  Segment* last_ = nullptr;
};

}  // namespace plimsoll
