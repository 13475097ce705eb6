#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/call/operation.h"

namespace plimsoll::inline v0::native {

/// A call that waits for room (core/client/admission.h), in front of the operation that its caller
/// waits for. Keeps the encoded command meanwhile. Object and command are in one block, which the
/// requests pool pays for.
class WaitingOperation final : public Operation {
 public:
  /// Makes one with room for a command of `bytes` encoded bytes. Null if the requests pool has no
  /// room.
  static WaitingOperation* create(Account& requests, std::size_t bytes, Operation& outer);

  /// The call waits as `id`. Copies `command`, which must have the `bytes` that create() was given.
  void begin(const CommandView& command, CallTarget& target, RequestId id);

  /// The command to send. The view lives as long as this.
  const CommandView& command() const { return command_; }
  Operation& outer() const { return *outer_; }

  /// Destroys this without completing `outer`, because the request was admitted or cannot wait.
  /// Returns the point in which an admitted request's new id must be noted; null if nothing can
  /// cancel the call.
  std::shared_ptr<CancelPoint> release();

  // For a call that ends while it waits.
  using Operation::handle_submitted;
  void handle_submitted(CallTarget&, RequestId) override {}
  bool deliver(const Delivery& delivery) noexcept override { return outer_->deliver(delivery); }
  void complete() override;
  void destroy() override;

 private:
  WaitingOperation(Block block, std::size_t bytes, Operation& outer)
      : Operation(false), block_(std::move(block)), bytes_(bytes), outer_(&outer) {}
  ~WaitingOperation() = default;

  char* request() { return reinterpret_cast<char*>(this + 1); }

  Block block_;  // the memory of this object and of the command behind it
  const std::size_t bytes_;
  Operation* const outer_;
  CommandView command_;
  std::shared_ptr<CancelPoint> point_;
};

}  // namespace plimsoll::inline v0::native
