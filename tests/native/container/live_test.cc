#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/container/prepared_tree.h"
#include "plimsoll/tests/native/container/real_cgroup.h"
#include "plimsoll/tests/support/child_process.h"
#include "plimsoll/tests/support/temporary_directory.h"
#include "plimsoll/tests/support/test_timeout.h"
#include "plimsoll/tests/support/valkey_server.h"

// Processes in a real cgroup that this test makes, where the machine permits it; and in a prepared
// tree, everywhere. The output says which of the two ran.

namespace plimsoll::testing::live_test {
namespace {

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t container_bytes = 128 * mib;

template <class Condition>
bool eventually(Condition condition) {
  const auto deadline =
      std::chrono::steady_clock::now() + test_timeout(std::chrono::milliseconds(30'000));
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// One of inmate.cc, and what it has said.
class Inmate {
 public:
  explicit Inmate(std::vector<std::string> words)
      : log_(directory_.path() + "/log"), process_(command(std::move(words)), log_) {}

  std::string said() const {
    std::ostringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
  }
  bool has_said(const std::string& words) const { return said().find(words) != std::string::npos; }

  // The last number behind a word: "line 123 entries 45".
  std::uint64_t last(const std::string& word) const {
    const std::string text = "\n" + said();
    std::size_t at = text.npos;
    for (const char before : {'\n', ' '}) {
      for (std::size_t i = 0; (i = text.find(before + word + " ", i)) != text.npos; ++i) {
        const bool is_number = text.find_first_of("0123456789", i) == i + word.size() + 2;
        if (is_number && (at == text.npos || i > at)) at = i;
      }
    }
    return at == text.npos ? 0 : std::stoull(text.substr(at + word.size() + 2));
  }

  bool running() { return process_.running(); }

  // Anonymous memory, in bytes.
  std::uint64_t anonymous() const {
    std::ifstream status("/proc/" + std::to_string(process_.pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("RssAnon:")) return std::stoull(line.substr(8)) * 1024;
    }
    return 0;
  }

 private:
  static std::vector<std::string> command(std::vector<std::string> words) {
    words.insert(words.begin(), "tests/native/container/inmate");
    return words;
  }

  TemporaryDirectory directory_;
  std::string log_;
  ChildProcess process_;
};

// The cgroup, or a word about why this machine has none to give.
std::optional<std::string> missing(const RealCgroup& cgroup, const char* what) {
  if (cgroup.exists()) {
    std::cout << "REAL CGROUP: " << what << ": " << cgroup.directory() << std::endl;
    return std::nullopt;
  }
  const std::string text = std::string("NO REAL CGROUP: ") + what +
                           " did not run (the prepared trees stand in): " + cgroup.problem();
  std::cout << text << std::endl;
  return text;
}

TEST_CASE("real cgroup: a fixed line warns at 90 % and above the limit, and sees it move") {
  const RealCgroup cgroup(container_bytes);
  if (const auto why = missing(cgroup, "warnings")) SKIP(*why);
  Inmate near({"line", cgroup.directory(), "120 MiB"});
  CHECK(eventually([&] { return near.has_said("plimsoll.container.line_near_limit"); }));
  Inmate over({"line", cgroup.directory(), "160 MiB"});
  CHECK(eventually([&] { return over.has_said("plimsoll.container.line_over_limit"); }));
  CHECK(over.has_said("is 125 % of 128 MiB, which " + cgroup.directory()));
  CHECK(over.has_said("an OOM kill is certain once it is used"));
  Inmate within({"line", cgroup.directory(), "64 MiB"});
  CHECK(eventually([&] { return within.has_said("line 67108864"); }));
  CHECK_FALSE(within.has_said("plimsoll.container"));
  REQUIRE(cgroup.set_limit(2 * container_bytes));
  CHECK(eventually([&] { return over.has_said("plimsoll.container.line_within_limit"); }));
  CHECK(eventually([&] { return near.has_said("plimsoll.container.line_within_limit"); }));
}

// A cache fills in the container, then a neighbour takes what is left of it, and half of what the
// cache has besides: a tenth of the container from one look to the next, a second later.
struct Squeeze {
  Squeeze(const RealCgroup& cgroup, const std::string& limit)
      : holder({"cache", cgroup.directory(), "-", limit, server.url()}) {
    REQUIRE(eventually([&] { return holder.last("cached") > 0 || !holder.running(); }));
    INFO(holder.said());
    REQUIRE(holder.running());
    line = holder.last("line");
    cached = holder.last("cached");
    anonymous = holder.anonymous();
    const std::uint64_t leak = container_bytes - cgroup.usage() + cached / 2;
    neighbour.emplace(
        std::vector<std::string>{"leak", cgroup.directory(), std::to_string(leak / mib), "80"});
  }

  ValkeyServer server;
  Inmate holder;
  std::optional<Inmate> neighbour;
  std::uint64_t line = 0;
  std::uint64_t cached = 0;
  std::uint64_t anonymous = 0;
};

TEST_CASE("real cgroup: with auto the cache yields to a neighbour, and nobody is killed") {
  const RealCgroup cgroup(container_bytes);
  if (const auto why = missing(cgroup, "the yield")) SKIP(*why);
  Squeeze squeeze(cgroup, "auto");
  CHECK(squeeze.line == container_bytes / 4);
  CHECK(squeeze.cached > 14 * mib);
  CHECK(eventually(
      [&] { return squeeze.neighbour->has_said("leaked") || !squeeze.neighbour->running(); }));
  CHECK(squeeze.neighbour->running());
  CHECK(squeeze.holder.running());
  CHECK(cgroup.kills() == 0);
  CHECK(eventually([&] { return squeeze.holder.has_said("plimsoll.container.line_at_least"); }));
  CHECK(eventually([&] { return squeeze.holder.last("cached") < squeeze.cached / 2; }));
  std::uint64_t anonymous = 0;
  CHECK(eventually([&] {
    anonymous = squeeze.holder.anonymous();
    return anonymous + squeeze.cached / 2 < squeeze.anonymous;
  }));
  CHECK(cgroup.kills() == 0);
  std::cout << "the line fell from " << squeeze.line << " to " << squeeze.holder.last("line")
            << ", the cache from " << squeeze.cached << " to " << squeeze.holder.last("cached")
            << ", its process's anonymous memory from " << squeeze.anonymous << " to " << anonymous
            << " bytes; killed: " << cgroup.kills() << std::endl;
}

TEST_CASE("real cgroup: with a fixed line the same neighbour has somebody killed") {
  const RealCgroup cgroup(container_bytes);
  if (const auto why = missing(cgroup, "the kill")) SKIP(*why);
  Squeeze squeeze(cgroup, "64 MiB");
  CHECK(eventually([&] { return cgroup.kills() > 0; }));
  CHECK(eventually([&] { return !squeeze.neighbour->running() || !squeeze.holder.running(); }));
}

TEST_CASE("prepared tree: with auto the cache yields, and its memory goes back to the system") {
  std::cout << "PREPARED TREE: v2, with PSI: the yield" << std::endl;
  const PreparedTree tree;
  const std::string top = "/sys/fs/cgroup";
  tree.place_in_v2();
  const auto use = [&](std::uint64_t bytes) {
    tree.set_v2(top, std::to_string(container_bytes), "max", bytes);
  };
  use(40 * mib);
  const ValkeyServer server;
  Inmate holder({"cache", "-", tree.root(), "auto", server.url()});
  REQUIRE(eventually([&] { return holder.last("cached") > 0 || !holder.running(); }));
  INFO(holder.said());
  const std::uint64_t cached = holder.last("cached");
  const std::uint64_t anonymous = holder.anonymous();
  CHECK(holder.last("line") == container_bytes / 4);
  CHECK(cached > 14 * mib);

  // Stalls alone: a step, and the cache has to give up some of what it has.
  tree.set_stall(top, 40, 900'000);
  CHECK(eventually([&] { return holder.last("line") < container_bytes / 4; }));
  tree.set_stall(top, 0, 900'000);
  use(126 * mib);
  CHECK(eventually([&] { return holder.has_said("plimsoll.container.line_at_least"); }));
  CHECK(eventually([&] { return holder.last("cached") < cached / 2; }));
  CHECK(eventually([&] { return holder.anonymous() + cached / 2 < anonymous; }));
  CHECK(holder.running());
}

}  // namespace
}  // namespace plimsoll::testing::live_test
