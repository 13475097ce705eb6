#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/store.h"
#include "plimsoll/tests/core/cache/asked.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing {

/// A Store over memory that counts, asked with words.
class Shelf {
 public:
  explicit Shelf(const cache::StoreOptions& options) : store(*account, options) {}

  cache::Entry* find(const Asked& asked, std::uint32_t source = 0) {
    const Views views(asked);
    return store.find(source, store.hash_of(asked.key), *views);
  }

  /// A hit is an access.
  bool get(const Asked& asked, std::uint32_t source = 0) {
    cache::Entry* const entry = find(asked, source);
    if (entry != nullptr) store.touch(*entry);
    return entry != nullptr;
  }

  cache::Store::Inserted put(const Asked& asked, std::string_view reply, Instant expires_at = never,
                             const cache::Stamp& stamp = {}, std::uint32_t source = 0) {
    const Views views(asked);
    const cache::Store::Inserted inserted =
        store.insert(source, store.hash_of(asked.key), *views, stamp, expires_at, reply.size());
    if (inserted.entry != nullptr) {
      std::memcpy(inserted.entry->reply_space(), reply.data(), reply.size());
    }
    expect_counted();
    return inserted;
  }

  std::size_t erase_key(std::string_view key) {
    const std::size_t erased = store.erase_key(store.hash_of(key), key);
    expect_counted();
    return erased;
  }

  /// What the store says that it takes is what is charged, and what is really out.
  void expect_counted() {
    REQUIRE(store.committed_bytes() <= store.options().bytes_max);
    REQUIRE(store.committed_bytes() == test.memory.bytes_out() - bytes_at_first);
    REQUIRE(store.committed_bytes() >= store.live_bytes());
    if (store.entries_count() == 0) REQUIRE(store.committed_bytes() == 0);
  }

  /// Others have come to the same memory.
  void begin_counting() { bytes_at_first = test.memory.bytes_out() - store.committed_bytes(); }

  TestBudget test;
  AccountHandle account = test.budget.open_account(PoolKind::cache);
  std::size_t bytes_at_first = test.memory.bytes_out();
  cache::Store store;
};

}  // namespace plimsoll::testing
