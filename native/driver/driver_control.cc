#include <memory>
#include <string>
#include <utility>

#include "plimsoll/core/base/error.h"
#include "plimsoll/native/driver/driver.h"

// What callers ask of Driver besides requests: a proof, to cancel one, to close, other credentials.
// And the end of what they wait for, when nothing can complete it any more.

namespace plimsoll::inline v0::native {

void Driver::prove(Operation& operation) {
  submit_by([timeout = request_timeout()](plimsoll::Client& core, Instant time,
                                          Tag tag) { return core.prove(time, timeout, tag); },
            operation);
}

void Driver::refuse(const plimsoll::Error& error, Operation& operation) {
  if (error.code == ErrorCode::rejected_by_limit && !inherited()) {
    const Lock lock(mutex_);
    ++rejected_;
  }
  finish(Delivery{.error = &error}, operation);
}

void Driver::finish(const Delivery& delivery, Operation& operation) {
  if (inherited()) return fail_elsewhere(operation);
  update([&] {
    operation.deliver(delivery);
    ready_.push(operation);
  });
}

void Driver::cancel(RequestId id) {
  if (inherited()) return;
  update([&] {
    if (id != connect_request) {
      core_.cancel(id, steady_now());
    } else if (Operation* connecting = std::exchange(connecting_, nullptr)) {
      const plimsoll::Error error{.code = ErrorCode::cancelled, .what = "connect() was cancelled"};
      connecting->deliver(Delivery{.error = &error});
      ready_.push(*connecting);
      core_.abort();
    }
  });
}

void Driver::close(Operation& operation) {
  if (inherited()) return fail_elsewhere(operation);
  update([&] {
    core_.close(steady_now());
    if (over_) {
      operation.deliver(Delivery{});
      ready_.push(operation);
    } else {
      closings_.push(operation);
    }
  });
}

void Driver::set_credentials(std::string username, std::string password) {
  if (inherited()) return;
  auto next = std::make_unique<const Credentials>(
      Credentials{.username = std::move(username), .password = std::move(password)});
  update([&] {
    if (problems_) problems_->credentials.clear();
    const bool same = sent_credentials_ && sent_credentials_->username == next->username &&
                      sent_credentials_->password == next->password;
    if (same) return;
    // A bridge gets the token when a connection is opened, and accepts no AUTH.
    if (target_.endpoints.front().kind != Endpoint::Kind::websocket) {
      core_.set_credentials({.username = next->username, .password = next->password});
    }
    std::swap(sent_credentials_, next);
  });
}

// There are any only if the executor is being destroyed, or was. Nothing can complete them any
// more.
void Driver::destroy_operations() {
  OperationList left;
  {
    const Lock lock(mutex_);
    std::swap(left, ready_);
    while (Operation* operation = closings_.pop()) left.push(*operation);
    if (Operation* operation = std::exchange(connecting_, nullptr)) left.push(*operation);
    core_.abort();
    while (const auto event = core_.poll_event()) {
      const bool is_outcome =
          event->kind == Event::Kind::completed || event->kind == Event::Kind::failed;
      if (is_outcome) left.push(*reinterpret_cast<Operation*>(event->tag));
    }
  }
  // Without the lock: what a handler has may be the last of this client, or call it.
  while (Operation* operation = left.pop()) operation->destroy();
}

}  // namespace plimsoll::inline v0::native
