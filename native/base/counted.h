#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace plimsoll::inline v0::native {

/// Adds one to a counter as long as this lives. The counter must outlive it.
class Counted {
 public:
  Counted() = default;
  explicit Counted(std::atomic<std::size_t>& count) : count_(&count) {
    count.fetch_add(1, std::memory_order_relaxed);
  }
  Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Counted& operator=(Counted&& other) noexcept {
    Counted taken(std::move(other));
    std::swap(count_, taken.count_);
    return *this;
  }
  ~Counted() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::size_t>* count_ = nullptr;
};

}  // namespace plimsoll::inline v0::native
