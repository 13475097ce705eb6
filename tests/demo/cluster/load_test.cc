#include "plimsoll/demo/cluster/load.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/demo/cluster/ledger.h"
#include "plimsoll/demo/model.h"
#include "plimsoll/demo/package.h"
#include "plimsoll/tests/support/cluster.h"
#include "plimsoll/tests/support/test_timeout.h"

// Whether the demo sees it if a cluster loses, repeats or changes what it has acknowledged. Here
// the test itself does so, at the nodes, past the client.

namespace plimsoll::demo::load_test {
namespace {

using namespace std::chrono_literals;
using testing::ClusterGroup;

constexpr std::uint16_t caller_slot = 700;
constexpr auto patience = 20s;

ClusterGroup& group() {
  static ClusterGroup all({.node_timeout = 60'000ms});
  return all;
}

Package package(const std::string& name, std::vector<std::string> depends) {
  Package made;
  made.name = name;
  made.version = "1";
  made.installed = true;
  made.fields = {{"Package", name}, {"Version", "1"}};
  made.depends = std::move(depends);
  return made;
}

std::vector<Package> packages() {
  std::vector<Package> all;
  all.push_back(package("anchor", {"cable"}));
  all.push_back(package("cable", {}));
  return all;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + testing::test_timeout(patience);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// A load on an empty cluster, under way.
class Underway {
 public:
  Underway() : load_(io_, model_, options()) {
    for (std::size_t node = 0; node < group().nodes_count(); ++node)
      group().ask(node, {"FLUSHALL"});
    load_.fill();
    load_.begin();
  }

  Load& load() { return load_; }

  /// The whole list of the caller, as soon as there are some numbers in it; and what is done then.
  void with_list(const std::function<void(const std::string& list)>& act) {
    const std::string list = testing::tag_of(caller_slot) + "caller:0:list:1";
    REQUIRE(eventually(
        [&] { return std::stoul(group().ask_owner(caller_slot, {"LLEN", list}).text) > 2; }));
    act(list);
  }

  std::size_t reads() {
    std::size_t count = 0;
    load_.in([&] { count = load_.verdict().replies_count(); });
    return count;
  }

  /// Ends the load, and what it has found.
  Findings findings() {
    REQUIRE(load_.end(patience).empty());
    return load_.written().findings;
  }

 private:
  static LoadOptions options() {
    return {.url = group().url(),
            .memory_limit = {},
            .reads_per_second_max = 2000,
            .caller_slots = {caller_slot, 9000, 9000}};
  }

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  Model model_{packages()};
  Load load_;
};

TEST_CASE("while slots move key by key, nothing is wrong") {
  Underway underway;
  for (const std::size_t to : {std::size_t{1}, std::size_t{0}, std::size_t{2}, std::size_t{0}}) {
    group().move_slot(caller_slot, to);
    const std::size_t before = underway.reads();
    REQUIRE(eventually([&] { return underway.reads() > before + 100; }));
  }
  CHECK(underway.findings() == Findings{});
  CHECK(underway.load().verdict().wrong_count() == 0);
  CHECK(underway.load().verdict().closures_count() > 0);
  CHECK(underway.load().written().lists >= 3);
  CHECK(underway.load().statistics().client.cluster.moved > 0);
  CHECK(underway.load().tally().total().errors.empty());
}

TEST_CASE("a number that is gone from a list is wrong") {
  Underway underway;
  underway.with_list(
      [](const std::string& list) { group().ask_owner(caller_slot, {"LPOP", list}); });
  const Findings found = underway.findings();
  CHECK(found.lost == 1);
  CHECK(found.wrong() == 1);
  CHECK(underway.load().written().complaints.size() == 1);
}

TEST_CASE("a number that is there twice is wrong, and so is one behind a later one") {
  Underway underway;
  underway.with_list([](const std::string& list) {
    group().ask_owner(caller_slot, {"LSET", list, "0", "1"});
    group().ask_owner(caller_slot, {"LSET", list, "1", "0"});
    group().ask_owner(caller_slot, {"LPUSH", list, "0"});
  });
  const Findings found = underway.findings();
  CHECK(found.twice == 1);
  CHECK(found.wrong() >= 1);
}

TEST_CASE("a package that somebody has changed is wrong") {
  Underway underway;
  const std::string key = "package:anchor:depends";
  group().ask_owner(testing::slot_of(key), {"SADD", key, "sail"});
  const std::size_t before = underway.reads();
  REQUIRE(eventually([&] { return underway.reads() > before + 20; }));
  CHECK(underway.findings() == Findings{});
  CHECK(underway.load().verdict().wrong_count() > 0);
}

}  // namespace
}  // namespace plimsoll::demo::load_test
