#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/call/operation.h"

namespace plimsoll::native {

/// A call for which there was no room, in front of the operation that its caller waits for: it
/// keeps the command, encoded, while it stands in the client's line (core/client/admission.h). All
/// of it lies in one block that the requests pool pays for.
class WaitingOperation final : public Operation {
 public:
  /// With room for `bytes` encoded bytes. Null where the requests pool has none.
  static WaitingOperation* create(Account& requests, std::size_t bytes, Operation& outer);

  /// It is in line as `id`: keeps `command`, which needs the bytes that create() was told.
  void begin(const CommandView& command, CancelTarget& target, RequestId id);

  /// What is to be sent. Lives as long as this.
  const CommandView& command() const { return command_; }
  Operation& outer() const { return *outer_; }

  /// The request goes on by itself. Ends this; what to keep up to date for whoever cancels, if
  /// anybody may.
  std::shared_ptr<CancelPoint> release();

  // Where it ends in the line.
  using Operation::handle_submitted;
  void handle_submitted(CancelTarget&, RequestId) override {}
  bool deliver(const Delivery& delivery) noexcept override { return outer_->deliver(delivery); }
  void complete() override;
  void destroy() override;

 private:
  WaitingOperation(Block block, std::size_t bytes, Operation& outer)
      : Operation(false), block_(std::move(block)), bytes_(bytes), outer_(&outer) {}
  ~WaitingOperation() = default;

  char* request() { return reinterpret_cast<char*>(this + 1); }

  Block block_;  // where this lies
  const std::size_t bytes_;
  Operation* const outer_;
  CommandView command_;
  std::shared_ptr<CancelPoint> point_;
};

}  // namespace plimsoll::native
