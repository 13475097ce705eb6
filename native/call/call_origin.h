#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

namespace plimsoll::inline v0::native {

class CallTarget;

/// The client that a call was made on, as the call needs it even after the client's end: its
/// executor, and the client itself while it exists. All calls of a client share one, because a
/// reference to it costs a third of a copy of the executor and of a weak pointer to the client.
class CallOrigin {
 public:
  /// An origin without a client. Completions run on `executor`.
  explicit CallOrigin(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  const boost::asio::any_io_executor& executor() const { return executor_; }

  /// The client, or null if it does not exist.
  std::shared_ptr<CallTarget> target() const { return target_.lock(); }

 private:
  friend class CallTarget;

  const boost::asio::any_io_executor executor_;
  std::weak_ptr<CallTarget> target_;
};

}  // namespace plimsoll::inline v0::native
