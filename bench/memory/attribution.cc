#include "plimsoll/bench/memory/attribution.h"

#include <dlfcn.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

#include "plimsoll/bench/memory/ledger.h"
#include "plimsoll/bench/sanitized.h"
#include "plimsoll/core/memory/memory_source.h"

namespace plimsoll::bench {
namespace {

std::atomic<bool> attributing{false};
thread_local Owner works_for = Owner::libraries;

#ifndef PLIMSOLL_BENCH_SANITIZED

Ledger ledger;

struct Total {
  std::atomic<std::size_t> count{0};
  std::atomic<std::size_t> usable_bytes{0};
};
std::array<Total, owners_count> totals;

// The name says it, as far as the linker knows names: the binary has to be linked with -rdynamic.
// A tail call hides MappedMemory, and shows the function of the core that called it.
Owner owner_by_name(const Dl_info& info) {
  const std::string_view file = info.dli_fname != nullptr ? info.dli_fname : "";
  if (file.find("libssl") != file.npos || file.find("libcrypto") != file.npos) return Owner::tls;
  std::string_view name = info.dli_sname != nullptr ? info.dli_sname : "";
  for (const std::string_view prefix : {"_ZN8plimsoll", "_ZNK8plimsoll"}) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    if (name.starts_with("5bench") || name.starts_with("7testing")) return Owner::bench;
    if (name.starts_with("6native12MappedMemory")) return Owner::core;
    return name.starts_with("6native") ? Owner::client : Owner::core;
  }
  return Owner::libraries;
}

// Looking a name up is slow; there are a few hundred places that allocate.
Owner owner_of(const void* caller) {
  static std::array<std::atomic<std::uint64_t>, 8192> known;
  const auto address = reinterpret_cast<std::uint64_t>(caller);
  auto& slot = known[address * 0x9e3779b97f4a7c15U >> 51];
  const std::uint64_t seen = slot.load(std::memory_order_relaxed);
  if (seen >> 8 == address) return static_cast<Owner>(seen & 0xff);
  Dl_info info{};
  ::dladdr(caller, &info);
  const Owner owner = owner_by_name(info);
  slot.store(address << 8 | static_cast<std::uint64_t>(owner), std::memory_order_relaxed);
  return owner;
}

Owner owner_now(const void* caller) {
  if (works_for == Owner::core) return Owner::core;
  const Owner owner = owner_of(caller);
  return owner == Owner::libraries ? works_for : owner;
}

void count(void* block, Owner owner) {
  ledger.add(block, owner);
  Total& total = totals[static_cast<std::size_t>(owner)];
  total.count.fetch_add(1, std::memory_order_relaxed);
  total.usable_bytes.fetch_add(::malloc_usable_size(block), std::memory_order_relaxed);
}

inline void* note_allocated(void* block, const void* caller) {
  if (attributing.load(std::memory_order_relaxed) && block != nullptr) [[unlikely]] {
    count(block, owner_now(caller));
  }
  return block;
}

// Before the block is released: another thread may have it the moment after.
inline void note_released(void* block) {
  if (!attributing.load(std::memory_order_relaxed) || block == nullptr) [[likely]]
    return;
  const std::optional<Owner> owner = ledger.remove(block);
  if (!owner) return;
  Total& total = totals[static_cast<std::size_t>(*owner)];
  total.count.fetch_sub(1, std::memory_order_relaxed);
  total.usable_bytes.fetch_sub(::malloc_usable_size(block), std::memory_order_relaxed);
}

// The core's mappings: few, and they change seldom.
struct Mapping {
  std::byte* begin = nullptr;
  std::size_t bytes = 0;
};
std::mutex mappings_mutex;
std::array<Mapping, 64> mappings;

void note_mapped(void* begin, std::size_t bytes, const void* caller) {
  if (!attributing.load(std::memory_order_relaxed) || begin == MAP_FAILED) return;
  if (owner_of(caller) != Owner::core) return;
  const std::lock_guard lock(mappings_mutex);
  const auto free = std::find_if(mappings.begin(), mappings.end(),
                                 [](const Mapping& mapping) { return mapping.bytes == 0; });
  if (free == mappings.end()) std::abort();
  *free = {static_cast<std::byte*>(begin), bytes};
}

void note_unmapped(void* begin) {
  if (!attributing.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mappings_mutex);
  for (Mapping& mapping : mappings) {
    if (mapping.begin == begin) mapping = {};
  }
}

void add_committed(const Mapping& mapping, Attribution& now) {
  constexpr std::size_t page_bytes = 4096;
  constexpr std::size_t pages_per_segment = segment_bytes / page_bytes;
  constexpr std::size_t segments_at_a_time = 256;
  unsigned char resident[segments_at_a_time * pages_per_segment];
  for (std::size_t at = 0; at < mapping.bytes; at += segments_at_a_time * segment_bytes) {
    const std::size_t bytes = std::min(mapping.bytes - at, segments_at_a_time * segment_bytes);
    if (::mincore(mapping.begin + at, bytes, resident) != 0) continue;
    for (std::size_t page = 0; page < bytes / page_bytes; page += pages_per_segment) {
      const auto touched = static_cast<std::size_t>(
          std::count_if(resident + page, resident + page + pages_per_segment,
                        [](unsigned char state) { return (state & 1) != 0; }));
      now.core_page_bytes += touched * page_bytes;
      now.core_segment_bytes += touched > 0 ? segment_bytes : 0;
    }
  }
}

#endif

}  // namespace

WorkFor::WorkFor(Owner owner) : outer_(std::exchange(works_for, owner)) {}
WorkFor::~WorkFor() { works_for = outer_; }

#ifdef PLIMSOLL_BENCH_SANITIZED

bool can_attribute() { return false; }
void start_attribution() {}
Attribution attributed() { return {}; }

#else

bool can_attribute() { return true; }

void start_attribution() {
  if (attributing.load()) return;
  ledger.open();
  attributing.store(true);
}

Attribution attributed() {
  Attribution now;
  for (std::size_t i = 0; i < owners_count; ++i) {
    now.blocks[i] = {totals[i].count.load(), totals[i].usable_bytes.load()};
  }
  const std::lock_guard lock(mappings_mutex);
  for (const Mapping& mapping : mappings) add_committed(mapping, now);
  return now;
}

#endif

}  // namespace plimsoll::bench

#ifndef PLIMSOLL_BENCH_SANITIZED

// In the program, these take the place of the C and C++ libraries' for every shared library too.
// operator new has its own, since what counts is who called it.

namespace bench = plimsoll::bench;

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);

void* malloc(std::size_t size) noexcept {
  return bench::note_allocated(__libc_malloc(size), __builtin_return_address(0));
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  return bench::note_allocated(__libc_calloc(count, size), __builtin_return_address(0));
}

void* realloc(void* block, std::size_t size) noexcept {
  bench::note_released(block);
  return bench::note_allocated(__libc_realloc(block, size), __builtin_return_address(0));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return bench::note_allocated(__libc_memalign(alignment, size), __builtin_return_address(0));
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  *block = bench::note_allocated(__libc_memalign(alignment, size), __builtin_return_address(0));
  return *block == nullptr ? ENOMEM : 0;
}

void free(void* block) noexcept {
  bench::note_released(block);
  __libc_free(block);
}

void* mmap(void* wanted, std::size_t bytes, int protection, int flags, int file,
           off_t offset) noexcept {
  void* const begin =
      reinterpret_cast<void*>(::syscall(SYS_mmap, wanted, bytes, protection, flags, file, offset));
  bench::note_mapped(begin, bytes, __builtin_return_address(0));
  return begin;
}

int munmap(void* begin, std::size_t bytes) noexcept {
  bench::note_unmapped(begin);
  return static_cast<int>(::syscall(SYS_munmap, begin, bytes));
}

}  // extern "C"

void* operator new(std::size_t size) {
  void* const block = bench::note_allocated(__libc_malloc(size), __builtin_return_address(0));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  void* const block = bench::note_allocated(
      __libc_memalign(static_cast<std::size_t>(alignment), size), __builtin_return_address(0));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept { free(block); }
void operator delete(void* block, std::size_t) noexcept { free(block); }
void operator delete(void* block, std::align_val_t) noexcept { free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { free(block); }

#endif
