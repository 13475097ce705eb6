#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/native/allocator/malloc_object.h"

// The allocator of this process, as far as it can be asked to give free memory back to the system:
// glibc's malloc, jemalloc, mimalloc or gperftools' tcmalloc, linked or preloaded. Any other one is
// "unknown" and asked for nothing.

namespace plimsoll::native {

class Allocator {
 public:
  explicit Allocator(std::string_view name = "unknown", std::string version = {})
      : name_(name), version_(std::move(version)) {}
  virtual ~Allocator() = default;
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  /// "glibc", "jemalloc", "mimalloc", "tcmalloc", "sanitizer", "unknown".
  std::string_view name() const { return name_; }

  /// "2.36"; empty where it does not say.
  const std::string& version() const { return version_; }

  /// Whether give_back() does anything.
  virtual bool can_give_back() const { return false; }

  /// Bytes that are free and resident, which give_back() could release; none where it does not
  /// know. `anonymous_bytes`: what the process has resident now (ProcessFigures). Takes the
  /// allocator's locks: not for while much is going on.
  virtual std::optional<std::size_t> excess(std::size_t anonymous_bytes) const;

  /// Has all free memory given back that can be reached from here: from any thread. Takes some
  /// milliseconds for each 100 MiB, during which threads that allocate may have to wait.
  virtual void give_back() const {}

  /// The same for what is kept for the calling thread, which no other thread can reach. All that a
  /// thread of mimalloc's has allocated is such, whoever freed it; elsewhere it is a small cache.
  virtual void give_back_thread() const {}

  /// Whether that is worth holding up a thread that has work.
  virtual bool has_thread_part() const { return false; }

 private:
  std::string_view name_;
  std::string version_;
};

/// Found once. Stays until the process ends.
const Allocator& process_allocator();

namespace detail {

// Each of these is null if that is not whose malloc it is.
std::unique_ptr<Allocator> find_glibc(const MallocObject& object);
std::unique_ptr<Allocator> find_jemalloc(const MallocObject& object);
std::unique_ptr<Allocator> find_mimalloc(const MallocObject& object);
std::unique_ptr<Allocator> find_tcmalloc(const MallocObject& object);

}  // namespace detail
}  // namespace plimsoll::native
