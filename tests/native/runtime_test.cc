#include "plimsoll/native/runtime/runtime.h"

#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/native/finish.h"

// One process, one line: the cases of this file build on each other, as Catch2 runs them in order.

namespace plimsoll::testing::runtime_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::Runtime;

std::string refusal(std::string_view limit) {
  const auto budget = Runtime::get().budget(limit);
  REQUIRE_FALSE(budget);
  CHECK(budget.error().code() == ErrorCode::invalid_option);
  return budget.error().what();
}

TEST_CASE("a line that cannot be read is an error that names the field, and draws none") {
  CHECK(
      refusal("lots") ==
      "invalid_option: memory_limit is \"lots\": amount does not begin with "
      "digits; expected an amount such as \"64 MiB\", \"512 KB\" or 65536 at byte 0, or \"auto\"");
  CHECK_THAT(refusal("64 MiX"), ContainsSubstring("memory_limit") && ContainsSubstring("unit"));
}

TEST_CASE("a line below the minimum is an error with both numbers, and draws none") {
  CHECK(refusal("64 KiB") ==
        "invalid_option: the requests pool has less than a client needs; expected memory_limit of "
        "at least as many bytes as the limit says, or other shares (is 65536, limit 1015808) with "
        "memory_limit 65536, pools.requests.ratio 0.25, pools.replies.ratio 0.25, "
        "pools.pushes.ratio 0.1");
}

TEST_CASE("the first one that asks draws the line") {
  const auto budget = Runtime::get().budget("32 MiB");
  REQUIRE(budget);
  CHECK((*budget)->statistics().limit == 32 * 1024 * 1024);
}

TEST_CASE("later ones get the same line, if they ask for it or for none") {
  const std::string limit = GENERATE("32 MiB", "32768 KiB", "33554432", "");
  CHECK(*Runtime::get().budget(limit) == *Runtime::get().budget(""));
}

TEST_CASE("another line than the one in force is an error that names both numbers") {
  CHECK(refusal("64 MiB") ==
        "invalid_option: memory_limit is 67108864 bytes, but the process has a line of 33554432 "
        "bytes already; expected the same, or none");
  CHECK((*Runtime::get().budget(""))->statistics().limit == 32 * 1024 * 1024);
}

TEST_CASE("all callers on all threads get one runtime and one line") {
  std::vector<std::future<Budget*>> found;
  for (int i = 0; i < 8; ++i) {
    found.push_back(
        std::async(std::launch::async, [] { return *Runtime::get().budget("32 MiB"); }));
  }
  std::set<Budget*> lines;
  for (auto& line : found) lines.insert(line.get());
  CHECK(lines.size() == 1);
}

TEST_CASE("the shared thread is one, and not the caller's") {
  std::set<std::thread::id> ids;
  for (int i = 0; i < 10; ++i) {
    std::promise<std::thread::id> id;
    auto found = id.get_future();
    boost::asio::post(Runtime::get().executor(),
                      [&id] { id.set_value(std::this_thread::get_id()); });
    ids.insert(finish(std::move(found)));
  }
  CHECK(ids.size() == 1);
  CHECK_FALSE(ids.contains(std::this_thread::get_id()));
}

}  // namespace
}  // namespace plimsoll::testing::runtime_test
