#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/native/memory_options.h"
#include "plimsoll/native/statistics.h"
#include "plimsoll/tests/native/patience.h"

// An application's burst beside the line, and what the upkeep thread makes of it. No server.

namespace plimsoll::testing {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::GiveBackStatistics;
using native::MemoryOptions;

constexpr std::size_t mib = 1024 * 1024;

GiveBackStatistics given_back() { return native::memory_statistics().give_back; }

MemoryOptions quickly() {
  MemoryOptions options;
  options.memory_limit = "64 MiB";
  options.give_back.quiet_period = std::chrono::milliseconds(100);
  return options;
}

// Blocks of which a few are left over, each of them above many that are not.
class Burst {
 public:
  Burst() {
    for (std::size_t i = 0; i < 64 * mib / block_bytes; ++i) {
      blocks_.push_back(std::make_unique<Block>());
      blocks_.back()->bytes[0] = 'x';
    }
  }

  void end() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (i % 1000 != 999) blocks_[i].reset();
    }
  }

 private:
  static constexpr std::size_t block_bytes = 4096;
  struct Block {
    char bytes[block_bytes];
  };

  std::vector<std::unique_ptr<Block>> blocks_;
};

TEST_CASE("what is asked of the allocator is in the statistics from the start") {
  const GiveBackStatistics now = given_back();
  CHECK_FALSE(now.allocator.empty());
  CHECK(now.asked == 0);
  CHECK(now.problem.empty() == (now.allocator != "sanitizer" && now.allocator != "unknown"));
}

TEST_CASE("a burst of the application's own is given back when it is over") {
  REQUIRE(native::configure_memory(quickly()));
  Burst burst;
  burst.end();
  if (!given_back().problem.empty()) {
    WARN("no burst is given back here: " << to_text(given_back()));
    return;
  }
  CHECK(eventually([] { return given_back().returned_bytes > 32 * mib; }));
  const GiveBackStatistics now = given_back();
  CHECK(now.enabled);
  CHECK(now.asked > 0);
  CHECK(now.last_took.count() > 0);
  CHECK_THAT(to_text(native::memory_statistics()),
             ContainsSubstring("\ngiven back  " + to_text(now) + "\n"));
}

TEST_CASE("it is switched off and on while the process runs") {
  MemoryOptions options = quickly();
  options.give_back.enabled = false;
  REQUIRE(native::configure_memory(options));
  CHECK_FALSE(given_back().enabled);
  options.give_back.enabled = true;
  REQUIRE(native::configure_memory(options));
  CHECK(given_back().enabled);
}

TEST_CASE("any thread may ask for its own") {
  native::give_back_thread_memory();
  CHECK(given_back().allocator == native::memory_statistics().give_back.allocator);
}

}  // namespace
}  // namespace plimsoll::testing
