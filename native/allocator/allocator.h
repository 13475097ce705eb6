#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/native/allocator/malloc_object.h"

// The allocator of this process, and how to make it return free memory to the system: glibc's
// malloc, jemalloc, mimalloc or gperftools' tcmalloc, linked or preloaded. Any other allocator is
// "unknown" and is left alone.

namespace plimsoll::inline v0::native {

class Allocator {
 public:
  explicit Allocator(std::string_view name = "unknown", std::string version = {})
      : name_(name), version_(std::move(version)) {}
  virtual ~Allocator() = default;
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  /// "glibc", "jemalloc", "mimalloc", "tcmalloc", "sanitizer", "unknown".
  std::string_view name() const { return name_; }

  /// "2.36"; empty if the allocator has no function that returns its version.
  const std::string& version() const { return version_; }

  /// Whether give_back() has an effect.
  virtual bool can_give_back() const { return false; }

  /// Returns how many bytes are free but resident, so that give_back() could release them, or
  /// nothing if the allocator does not know. `anonymous_bytes` is the process's resident memory now
  /// (ProcessUsage). Takes the allocator's locks, so do not call it while the process is busy.
  virtual std::optional<std::size_t> excess(std::size_t anonymous_bytes) const;

  /// Returns to the system all free memory that this thread can reach. May be called from any
  /// thread. Takes some milliseconds for each 100 MiB, during which other threads that allocate may
  /// have to wait.
  virtual void give_back() const {}

  /// Returns to the system the memory that the allocator keeps for the calling thread, which no
  /// other thread can reach. In mimalloc that is everything the thread has allocated, whichever
  /// thread freed it; in other allocators it is a small cache.
  virtual void give_back_thread() const {}

  /// Whether give_back_thread() frees enough to justify delaying a thread that has work.
  virtual bool has_thread_part() const { return false; }

 private:
  std::string_view name_;
  std::string version_;
};

/// Returns the process's allocator, which the first call detects. Valid until the process ends.
const Allocator& process_allocator();

namespace detail {

// Each of these returns null if malloc belongs to another allocator.
std::unique_ptr<Allocator> find_glibc(const MallocObject& object);
std::unique_ptr<Allocator> find_jemalloc(const MallocObject& object);
std::unique_ptr<Allocator> find_mimalloc(const MallocObject& object);
std::unique_ptr<Allocator> find_tcmalloc(const MallocObject& object);

}  // namespace detail
}  // namespace plimsoll::inline v0::native
