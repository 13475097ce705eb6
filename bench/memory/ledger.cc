#include "plimsoll/bench/memory/ledger.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

namespace plimsoll::bench {
namespace {

// Addresses have 47 bits, blocks are aligned: the owner fits below.
constexpr std::uint64_t owner_mask = 0xf;

std::uint64_t address_of(const void* block) { return reinterpret_cast<std::uint64_t>(block); }

class Locked {
 public:
  explicit Locked(std::atomic_flag& flag) : flag_(flag) {
    while (flag_.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Locked() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag& flag_;
};

}  // namespace

std::size_t Ledger::hash(std::uint64_t address) {
  return static_cast<std::size_t>((address >> 4) * 0x9e3779b97f4a7c15U >> 32);
}

void Ledger::open() {
  constexpr std::size_t bytes = shards_count * shard_slots * sizeof(std::uint64_t);
  // Not by our own mmap(), which would look for the one that asks.
  const long table = ::syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (table == -1) std::abort();
  auto* slots = reinterpret_cast<std::uint64_t*>(table);
  for (Shard& shard : shards_) {
    shard.slots = slots;
    slots += shard_slots;
  }
}

void Ledger::add(const void* block, Owner owner) {
  const std::uint64_t address = address_of(block);
  Shard& shard = shard_of(address);
  const Locked lock(shard.locked);
  if (++shard.used > shard_slots * 3 / 4) std::abort();  // more blocks than this was made for
  std::size_t at = home_of(address);
  while (shard.slots[at] != 0) at = (at + 1) % shard_slots;
  shard.slots[at] = address | static_cast<std::uint64_t>(owner);
}

std::optional<Owner> Ledger::remove(const void* block) {
  const std::uint64_t address = address_of(block);
  Shard& shard = shard_of(address);
  const Locked lock(shard.locked);
  std::size_t at = home_of(address);
  while ((shard.slots[at] & ~owner_mask) != address) {
    if (shard.slots[at] == 0) return std::nullopt;
    at = (at + 1) % shard_slots;
  }
  const auto owner = static_cast<Owner>(shard.slots[at] & owner_mask);
  --shard.used;
  // Whatever lies behind the hole, up to the next free slot, and may be found only across it, moves
  // up into it.
  for (std::size_t next = (at + 1) % shard_slots; shard.slots[next] != 0;
       next = (next + 1) % shard_slots) {
    const std::size_t home = home_of(shard.slots[next] & ~owner_mask);
    const std::size_t from_home = (next - home) % shard_slots;
    const std::size_t from_hole = (next - at) % shard_slots;
    if (from_home < from_hole) continue;
    shard.slots[at] = shard.slots[next];
    at = next;
  }
  shard.slots[at] = 0;
  return owner;
}

}  // namespace plimsoll::bench
