#include "plimsoll/demo/cluster/orders.h"

#include <utility>

namespace plimsoll::demo {

bool Orders::push(std::string order) {
  const std::lock_guard lock(mutex_);
  if (orders_.size() >= waiting_max) return false;
  orders_.push_back(std::move(order));
  changed_.notify_all();
  return true;
}

void Orders::interrupt() {
  const std::lock_guard lock(mutex_);
  is_interrupted_ = true;
  changed_.notify_all();
}

bool Orders::is_interrupted() {
  const std::lock_guard lock(mutex_);
  return is_interrupted_;
}

void Orders::check() { pause({}); }

void Orders::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, time, [this] { return is_interrupted_; })) throw Interrupted();
}

std::string Orders::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_interrupted_ || !orders_.empty(); });
  if (is_interrupted_) throw Interrupted();
  std::string order = std::move(orders_.front());
  orders_.pop_front();
  return order;
}

}  // namespace plimsoll::demo
