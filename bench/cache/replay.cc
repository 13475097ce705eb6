#include "plimsoll/bench/cache/replay.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

#include "plimsoll/bench/program.h"
#include "plimsoll/core/cache/store.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

namespace plimsoll::bench {
namespace {

using cache::EvictionPolicy;

// More than any machine has: the capacity is the only bound.
constexpr std::size_t line_bytes = std::size_t{1} << 44;

class KeyText {
 public:
  explicit KeyText(std::uint32_t id) {
    std::memcpy(text_, "key:", 4);
    end_ = std::to_chars(text_ + 4, text_ + sizeof text_, id).ptr;
  }
  std::string_view view() const { return {text_, end_}; }

 private:
  char text_[16];
  char* end_;
};

}  // namespace

Hits replay(const Trace& trace, EvictionPolicy policy, const Capacity& capacity) {
  HeapMemory memory;
  Budget budget({.memory_limit = line_bytes}, memory);
  const AccountHandle account = budget.open_account(PoolKind::cache);
  cache::Store store(*account, {.bytes_max = capacity.bytes > 0 ? capacity.bytes : line_bytes,
                                .entries_max = capacity.entries,
                                .policy = policy,
                                .seed = 1});
  Hits result{.requests = trace.size()};
  for (const TraceRequest& request : trace) {
    const KeyText key(request.id);
    const commands::Question question{.row = 1, .key = key.view(), .rest = {}, .more_keys = {}};
    const cache::KeyHash hash = store.hash_of(key.view());
    if (cache::Entry* const entry = store.find(0, hash, question); entry != nullptr) {
      store.touch(*entry);
      ++result.hits;
      result.hit_bytes += entry->reply().size();
      continue;
    }
    const auto inserted = store.insert(0, hash, question, {}, never, request.bytes);
    if (inserted.outcome == cache::Store::Outcome::no_memory) fail("replay", "out of memory");
    if (inserted.entry != nullptr) std::memset(inserted.entry->reply_space(), 'x', request.bytes);
  }
  return result;
}

Hits replay_naively(const Trace& trace, EvictionPolicy policy, std::size_t entries_max) {
  struct Item {
    std::uint32_t id;
    std::size_t count;
    std::size_t accessed;
  };
  const auto goes_before = [policy](const Item& one, const Item& other) {
    if (policy == EvictionPolicy::lfu && one.count != other.count) return one.count < other.count;
    return one.accessed < other.accessed;
  };
  std::vector<Item> items;
  Hits result{.requests = trace.size()};
  for (std::size_t now = 0; now < trace.size(); ++now) {
    const auto found = std::ranges::find(items, trace[now].id, &Item::id);
    if (found != items.end()) {
      ++found->count;
      found->accessed = now;
      ++result.hits;
      result.hit_bytes += trace[now].bytes;
      continue;
    }
    if (items.size() == entries_max) items.erase(std::ranges::min_element(items, goes_before));
    items.push_back({.id = trace[now].id, .count = 1, .accessed = now});
  }
  return result;
}

}  // namespace plimsoll::bench
