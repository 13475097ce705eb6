#include "plimsoll/native/driver/waiting_operation.h"

#include <new>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::native {

WaitingOperation* WaitingOperation::create(Account& requests, std::size_t bytes, Operation& outer) {
  Block block = Block::allocate(requests, sizeof(WaitingOperation) + bytes);
  if (!block) return nullptr;
  void* const at = block.data();
  return new (at) WaitingOperation(std::move(block), bytes, outer);
}

void WaitingOperation::begin(const CommandView& command, CallTarget& target, RequestId id) {
  const char* const end = encode(command, request());
  PLIMSOLL_CHECK(end == request() + bytes_);
  command_ = CommandView::from_encoded({request(), bytes_});
  command_.effect = command.effect;
  command_.answer = command.answer;
  command_.answers = command.answers;
  command_.row = command.row;
  command_.block_time = command.block_time;
  if (!outer_->wants_submitted()) return;
  try {
    point_ = outer_->handle_waiting(target, id);
  } catch (const std::bad_alloc&) {  // the call waits all the same, and cannot be cancelled
  }
}

std::shared_ptr<CancelPoint> WaitingOperation::release() {
  std::shared_ptr<CancelPoint> point = std::move(point_);
  const Block block = std::move(block_);
  this->~WaitingOperation();
  return point;
}

void WaitingOperation::complete() {
  Operation& outer = *outer_;
  release();
  outer.complete();
}

void WaitingOperation::destroy() {
  Operation& outer = *outer_;
  release();
  outer.destroy();
}

}  // namespace plimsoll::inline v0::native
