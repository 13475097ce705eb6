#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/options.h"
#include "plimsoll/tracer.h"

// Reports a client's requests to its tracer. A traced request gets an operation in front of the one
// that the caller waits for, so a request that is not traced carries nothing for tracing.

namespace plimsoll::inline v0::native {

/// The tracing of a client that has a tracer.
class Tracing {
 public:
  Tracing(const Target& target, std::uint64_t owner);

  /// Returns the operation to submit in place of `outer`: a TracedOperation, or `outer` itself if
  /// the tracer does not want this request. Call it without the client's lock.
  Operation& begin(const CommandView& command, Operation& outer);

  /// The client's requests go to this address from now on.
  void set_server(const Endpoint& server);

 private:
  friend class TracedOperation;

  struct Shared {
    std::shared_ptr<Tracer> tracer;
    TracedClient client;
  };

  const Target& target_;
  const std::uint64_t owner_;
  Mutex mutex_;
  std::shared_ptr<const Shared> current_;  // guarded by mutex_; shared with operations, which may
                                           // outlive the client
};

/// Forwards everything to `outer`, and reports the outcome to the tracer.
class TracedOperation final : public Operation {
 public:
  TracedOperation(std::shared_ptr<const Tracing::Shared> shared, void* span, Operation& outer)
      : Operation(outer.wants_submitted()),
        shared_(std::move(shared)),
        span_(span),
        outer_(&outer) {}

  void handle_submitted(CallTarget& target, RequestId id) override {
    outer_->handle_submitted(target, id);
  }
  void handle_submitted(CallTarget& target, std::shared_ptr<CancelPoint> point) override {
    outer_->handle_submitted(target, std::move(point));
  }
  std::shared_ptr<CancelPoint> handle_waiting(CallTarget& target, RequestId id) override {
    return outer_->handle_waiting(target, id);
  }
  bool deliver(const Delivery& delivery) noexcept override;
  void deliver_part(const Delivery& delivery) noexcept override { outer_->deliver_part(delivery); }
  void complete() override;
  void destroy() override;

 private:
  // Longer status codes are cut. Those of servers have at most 16 bytes.
  static constexpr std::size_t status_code_bytes_max = 31;

  ~TracedOperation() = default;
  Operation& end(std::string_view error_type);
  void take_status_code(const Value& reply);
  std::string_view status_code() const { return {status_code_.data(), status_code_bytes_}; }

  const std::shared_ptr<const Tracing::Shared> shared_;
  void* const span_;
  Operation* const outer_;
  std::string_view error_type_;  // a literal; empty: success, or a status code
  std::array<char, status_code_bytes_max> status_code_;
  std::uint8_t status_code_bytes_ = 0;
};

}  // namespace plimsoll::inline v0::native
