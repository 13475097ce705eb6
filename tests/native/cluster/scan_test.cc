#include "plimsoll/scan.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Walks over all keys of a cluster: each key that is there all the time comes, whatever slots move
// and whatever primary is replaced between two pages. Keys may come twice.

namespace plimsoll::testing::native_cluster_scan_test {
namespace {

using boost::asio::use_future;
using native::Client;

constexpr std::size_t keys_everywhere = 20'000;

// In these slots there are more keys, and these move: four of each of three primaries.
constexpr std::uint16_t busy_slots[] = {7,    1000, 3000,   5000,   6000,   7777,
                                        9000, 9999, 11'000, 12'345, 14'000, 16'000};
constexpr std::size_t keys_per_busy_slot = 50;

std::set<std::string> fill(Client& client, const std::string& name) {
  std::set<std::string> keys;
  for (std::size_t i = 0; i < keys_everywhere; ++i) keys.insert(name + std::to_string(i));
  for (const std::uint16_t slot : busy_slots) {
    for (std::size_t i = 0; i < keys_per_busy_slot; ++i) {
      keys.insert(key_in(slot, name + std::to_string(i)));
    }
  }
  std::size_t written = 0;
  for (const std::string& key : keys) {
    auto set = client.set(key, "x", use_future);
    if (++written % 500 == 0) value_of(std::move(set));
  }
  for (const std::string& key : keys) {
    if (written-- <= 500) value_of(client.set(key, "x", use_future));
  }
  return keys;
}

native::ScanOptions hundred() {
  native::ScanOptions options;
  options.count = 100;
  return options;
}

struct Walked {
  std::set<std::string> keys;
  std::size_t pages = 0;
};

// Calls `between` before each page.
Walked walk(
    Client& client, const native::ScanOptions& options = hundred(),
    const std::function<void(std::size_t)>& between = [](std::size_t) {}) {
  Walked walked;
  native::KeyScan scan(client, options);
  for (;;) {
    between(walked.pages);
    auto page = value_of(scan.next(use_future));
    if (!page) return walked;
    ++walked.pages;
    for (std::string& key : *page) walked.keys.insert(std::move(key));
  }
}

std::size_t missing(const std::set<std::string>& keys, const Walked& walked) {
  std::size_t count = 0;
  for (const std::string& key : keys) {
    if (walked.keys.contains(key)) continue;
    UNSCOPED_INFO("not found: " << key);
    ++count;
  }
  return count;
}

TEST_CASE("a walk finds the keys of all nodes, and takes the options of SCAN") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  value_of(client.command({"SET", "other", "x"}, use_future));
  value_of(client.sadd("user:set", {"x"}, use_future));
  const std::set<std::string> keys = fill(client, "user:");
  const Walked all = walk(client);
  CHECK(missing(keys, all) == 0);
  CHECK(all.keys.contains("other"));
  CHECK(all.pages > 100);
  native::ScanOptions options;
  options.pattern = "user:1*";
  options.count = 1000;
  options.type = "string";
  const Walked some = walk(client, options);
  CHECK(some.pages < 60);
  CHECK(some.keys.size() == 11'111);
  for (const std::string& key : some.keys) CHECK(key.starts_with("user:1"));
  options.pattern = "user:*";
  options.type = "set";
  CHECK(walk(client, options).keys == std::set<std::string>{"user:set"});
  // A count that is more than there is needs one page of each primary.
  options.count = 1'000'000;
  CHECK(walk(client, options).pages == 3);
}

TEST_CASE("plain SCAN walks over a cluster by the cursor that it is given") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::set<std::string> keys = fill(client, "plain:");
  Walked walked;
  std::string cursor = "0";
  do {
    auto page = value_of(client.scan(cursor, hundred(), use_future));
    for (std::string& key : page.elements) walked.keys.insert(std::move(key));
    // Another client goes on as well: nothing is remembered in between.
    if (++walked.pages % 50 == 0) client = member_of(group);
    cursor = page.cursor;
  } while (cursor != "0");
  CHECK(missing(keys, walked) == 0);
}

TEST_CASE("what is no cursor of a walk is refused, and the server's words are told") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  for (const char* const cursor : {"17", "walk1-AAAA", ""}) {
    const native::Error error = error_of(client.scan(cursor, {}, use_future));
    CHECK(error.code() == ErrorCode::invalid_argument);
  }
  const native::Error error = error_of(client.command({"SCAN", "0", "MATCH"}, use_future));
  CHECK(error.code() == ErrorCode::server_error);
  CHECK(std::string(error.what()).find("syntax error") != std::string::npos);
}

TEST_CASE("walks over one key go to the owner of its slot") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  for (const std::uint16_t slot : busy_slots) {
    std::vector<std::string> members;
    for (int i = 0; i < 1000; ++i) members.push_back("m" + std::to_string(i));
    const std::string key = key_in(slot, "members");
    value_of(client.command({"DEL", key}, use_future));
    for (const std::string& member : members) client.sadd(key, {member}, use_future);
    native::SetScan scan(client, key);
    std::set<std::string> found;
    while (auto page = value_of(scan.next(use_future))) found.insert(page->begin(), page->end());
    CHECK(found.size() == members.size());
  }
}

// A move in steps: opened, half of the keys, all keys, done. Then the next slot.
class Mover {
 public:
  explicit Mover(ClusterGroup& group) : group_(group) {}

  void step() {
    const std::uint16_t slot = busy_slots[moves_ * 5 % std::size(busy_slots)];
    switch (step_++ % 4) {
      case 0:
        to_ = (group_.owner_of(slot) + 1 + moves_ % 2) % 3;
        return group_.begin_move(slot, to_);
      case 1: group_.migrate_keys(slot, to_, keys_per_busy_slot / 2); return;
      case 2: group_.migrate_keys(slot, to_); return;
      default:
        group_.finish_move(slot, to_,
                           moves_ % 3 == 0 ? SlotOrder::source_first : SlotOrder::target_first);
        ++moves_;
    }
  }
  void finish() {
    while (step_ % 4 != 0) step();
  }
  std::size_t moves() const { return moves_; }

 private:
  ClusterGroup& group_;
  std::size_t moves_ = 0;
  std::size_t step_ = 0;
  std::size_t to_ = 0;
};

TEST_CASE("a walk misses no key while slots move key by key in all directions") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::set<std::string> keys = fill(client, "moving:");
  Mover mover(group);
  constexpr std::size_t moves_max = 8;
  // What all pages were without moves: behind these the walk waits for the slot that is on the
  // move.
  constexpr std::size_t pages_at_rest = 220;
  for (const std::size_t pages : {3u, 17u}) {
    const std::size_t before = mover.moves();
    const Walked walked = walk(client, hundred(), [&](std::size_t page) {
      const bool is_due = page % pages == 0 || page > pages_at_rest;
      if (is_due && mover.moves() < before + moves_max) mover.step();
    });
    CHECK(mover.moves() > before);
    CHECK(missing(keys, walked) == 0);
    mover.finish();
  }
}

TEST_CASE("walks miss no key beside somebody who moves slots all the time") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::set<std::string> keys = fill(client, "beside:");
  std::atomic<bool> is_over = false;
  std::thread others([&] {
    Mover mover(group);
    while (mover.moves() < 5) mover.step();
    is_over = true;
  });
  std::size_t walks = 0;
  std::size_t missed = 0;
  while (!is_over || walks == 0) {
    missed += missing(keys, walk(client));
    ++walks;
  }
  others.join();
  CHECK(missed == 0);
  CHECK(walks > 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_scan_test
