#include <atomic>

#include "plimsoll/native/allocator/allocator.h"

// Source: microsoft.github.io/mimalloc, extended functions and runtime options.
extern "C" {
[[gnu::weak]] void mi_collect(bool force);
[[gnu::weak]] int mi_version();
[[gnu::weak]] long mi_option_get(int option);
[[gnu::weak]] void mi_option_set(int option, long value);
}

namespace plimsoll::inline v0::native::detail {
namespace {

// The option for how many milliseconds free pages are kept: decommit_delay in 2.0, purge_delay
// since 2.1. Before version 2 this number was another option.
constexpr int purge_delay = 15;
constexpr int purge_delay_version_min = 200;

struct Functions {
  decltype(::mi_collect)* collect;
  decltype(::mi_version)* version;
  decltype(::mi_option_get)* get;
  decltype(::mi_option_set)* set;
};

// Formats the version: 209 is 2.0.9; in numbers with more digits each part but the first has two.
std::string version_of(const Functions& functions) {
  if (functions.version == nullptr) return {};
  const int number = functions.version();
  const int base = number < 10'000 ? 10 : 100;
  return std::to_string(number / (base * base)) + "." + std::to_string(number / base % base) + "." +
         std::to_string(number % base);
}

class Mimalloc final : public Allocator {
 public:
  explicit Mimalloc(const Functions& functions)
      : Allocator("mimalloc", version_of(functions)),
        functions_(functions),
        has_delay_(functions.version != nullptr && functions.version() >= purge_delay_version_min &&
                   functions.get != nullptr && functions.set != nullptr) {}

  bool can_give_back() const override { return true; }

  // mimalloc does not report how much is free: committed memory may be in use or not.

  // Covers the heap of the calling thread, the heaps of threads that have ended, and the memory
  // that is kept for all threads.
  void give_back() const override { collect(); }
  void give_back_thread() const override { collect(); }
  bool has_thread_part() const override { return true; }

 private:
  // mimalloc keeps the pages that a collection frees for the delay, and returns them when the
  // thread next allocates, which may be never. So the delay is set to zero during a collection.
  // Meanwhile other threads that free memory have a little more work.
  void collect() const {
    const long delay = has_delay_ ? functions_.get(purge_delay) : 0;
    if (delay < 0) return functions_.collect(true);  // the user wants no memory returned
    // A delay of 0 is the user's setting, or was set by another thread that is collecting now and
    // has saved the delay here.
    if (delay != 0) delay_.store(delay, std::memory_order_relaxed);
    collecting_.fetch_add(1, std::memory_order_relaxed);
    if (delay != 0) functions_.set(purge_delay, 0);
    functions_.collect(true);
    // A child that is forked during a collection stays without a delay, which is slower but
    // correct.
    const bool last = collecting_.fetch_sub(1, std::memory_order_relaxed) == 1;
    const long before = delay_.load(std::memory_order_relaxed);
    if (last && before != 0) functions_.set(purge_delay, before);
  }

  Functions functions_;
  bool has_delay_;
  mutable std::atomic<long> delay_ = 0;
  mutable std::atomic<int> collecting_ = 0;
};

}  // namespace

std::unique_ptr<Allocator> find_mimalloc(const MallocObject& object) {
  const Functions functions{
      .collect = object.function("mi_collect", ::mi_collect),
      .version = object.function("mi_version", ::mi_version),
      .get = object.function("mi_option_get", ::mi_option_get),
      .set = object.function("mi_option_set", ::mi_option_set),
  };
  return functions.collect != nullptr ? std::make_unique<Mimalloc>(functions) : nullptr;
}

}  // namespace plimsoll::inline v0::native::detail
