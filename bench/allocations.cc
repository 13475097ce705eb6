#include "plimsoll/bench/allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

#include "plimsoll/bench/sanitized.h"

namespace plimsoll::bench {
namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations_count{0};

#ifndef PLIMSOLL_BENCH_SANITIZED
inline void note_allocation() {
  if (counting.load(std::memory_order_relaxed)) [[unlikely]] {
    allocations_count.fetch_add(1, std::memory_order_relaxed);
  }
}
#endif

}  // namespace

bool can_count_allocations() {
#ifdef PLIMSOLL_BENCH_SANITIZED
  return false;
#else
  return true;
#endif
}

void start_counting_allocations() {
  allocations_count.store(0);
  counting.store(true);
}

std::uint64_t stop_counting_allocations() {
  counting.store(false);
  return allocations_count.load();
}

}  // namespace plimsoll::bench

#ifndef PLIMSOLL_BENCH_SANITIZED

// glibc's own names for its allocator. A definition of malloc in the program takes the place of the
// C library's for every shared library too, and operator new calls it.
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);

void* malloc(std::size_t size) noexcept {
  plimsoll::bench::note_allocation();
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  plimsoll::bench::note_allocation();
  return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  plimsoll::bench::note_allocation();
  return __libc_realloc(block, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  plimsoll::bench::note_allocation();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  plimsoll::bench::note_allocation();
  *block = __libc_memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}

void free(void* block) noexcept { __libc_free(block); }

}  // extern "C"

#endif
