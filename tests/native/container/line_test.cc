#include <pthread.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/log.h"
#include "plimsoll/memory.h"
#include "plimsoll/native/runtime/runtime.h"
#include "plimsoll/tests/native/container/prepared_tree.h"
#include "plimsoll/tests/native/in_child.h"
#include "plimsoll/tests/native/patience.h"

// The line of a process in a prepared container, without a server.

namespace plimsoll::testing::line_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::configure_memory;
using native::memory_statistics;
using native::MemoryOptions;
using native::Runtime;
using native::set_memory_limit;
using std::chrono::milliseconds;

constexpr std::uint64_t mib = 1024 * 1024;
const std::string top = "/sys/fs/cgroup";

// A v2 container of 1 GiB around the process, and what is logged there.
struct Contained {
  Contained() {
    tree.place_in_v2();
    use(100 * mib);
    Runtime::get().set_container_root(tree.root());
    native::set_log_hook([this](const native::LogRecord& record) {
      const std::lock_guard lock(mutex);
      logged.append(record.event_name).append(" ").append(record.body).append("\n");
    });
  }
  ~Contained() {
    native::set_log_hook([](const native::LogRecord&) {});
    (void)configure_memory(
        {.memory_limit = "64 MiB", .container = {.check_interval = milliseconds::zero()}});
  }

  void use(std::uint64_t bytes) const { tree.set_v2(top, std::to_string(limit), high, bytes); }
  bool has_logged(const std::string& words) {
    const std::lock_guard lock(mutex);
    return logged.find(words) != std::string::npos;
  }

  PreparedTree tree;
  std::uint64_t limit = 1024 * mib;
  std::string high = "max";
  std::mutex mutex;
  std::string logged;
};

MemoryOptions options(const std::string& limit) {
  return {.memory_limit = limit, .container = {.check_interval = milliseconds(20)}};
}

std::size_t line() { return memory_statistics().target; }

std::string refusal(const MemoryOptions& wanted) {
  const auto refused = configure_memory(wanted);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::invalid_option);
  return std::string(refused.error().text());
}

TEST_CASE("auto takes a quarter of the limit, or the part that it is told to") {
  const Contained container;
  REQUIRE(configure_memory(options("auto")));
  CHECK(line() == 256 * mib);
  const auto now = memory_statistics();
  CHECK(now.container.is_auto);
  CHECK(now.container.limit == 1024 * mib);
  CHECK(now.container.limit_file == "/sys/fs/cgroup/memory.max");
  CHECK(now.container.auto_full == 256 * mib);
  CHECK_THAT(to_text(now), ContainsSubstring("\ncontainer   cgroup v2, limit 1 GiB ("));
  REQUIRE(set_memory_limit("100 MiB"));
  CHECK_FALSE(memory_statistics().container.is_auto);
  MemoryOptions half = options("auto");
  half.container.auto_ratio = 0.5;
  REQUIRE(configure_memory(half));
  CHECK(line() == 512 * mib);
}

TEST_CASE("auto stays auto where a configuration leaves the line open, until it is told a number") {
  const Contained container;
  REQUIRE(set_memory_limit("auto"));
  REQUIRE(configure_memory(options("")));
  CHECK(memory_statistics().container.is_auto);
  REQUIRE(configure_memory(options("64 MiB")));
  CHECK(line() == 64 * mib);
  REQUIRE(configure_memory(options("")));
  CHECK(line() == 64 * mib);
}

TEST_CASE("auto yields to what fills the container, to the least, and comes back to nothing less") {
  Contained container;
  REQUIRE(configure_memory(options("auto")));
  container.use(920 * mib);
  CHECK(eventually([] { return line() < 256 * mib; }));
  container.use(1020 * mib);
  CHECK(eventually([&] { return container.has_logged("plimsoll.container.line_at_least"); }));
  CHECK(line() == memory_statistics().container.auto_least);
  CHECK(native::detail::validate(Runtime::get().budget("auto").value()->options()));
  CHECK(container.has_logged("plimsoll.container.line_lowered"));
}

TEST_CASE("auto yields to memory.high, to its events, and to stalls") {
  Contained container;
  REQUIRE(configure_memory(options("auto")));
  SECTION("memory.high is passed") {
    container.high = std::to_string(512 * mib);
    container.use(600 * mib);
    CHECK(eventually([] { return line() < 256 * mib; }));
    CHECK(memory_statistics().container.headroom == -88 * static_cast<std::int64_t>(mib));
  }
  SECTION("the limit was touched") {
    container.use(800 * mib);
    CHECK(eventually([] { return memory_statistics().container.usage == 800 * mib; }));
    CHECK(line() == 256 * mib);
    container.tree.set_v2_events(top, 0, 1, 0);
    CHECK(eventually([] { return line() < 256 * mib; }));
    CHECK(memory_statistics().container.events.max == 1);
  }
  SECTION("somebody waits for memory") {
    container.tree.set_stall(top, 60, 800'000);
    CHECK(eventually([] { return line() < 256 * mib; }));
    CHECK(memory_statistics().container.stalled_percent == 60.0);
  }
}

TEST_CASE("auto follows a limit that is moved") {
  Contained container;
  REQUIRE(configure_memory(options("auto")));
  container.limit = 512 * mib;
  container.use(100 * mib);
  CHECK(eventually([] { return line() == 128 * mib; }));
  container.limit = 2048 * mib;
  container.use(100 * mib);
  CHECK(eventually([] { return line() == 512 * mib; }));
}

TEST_CASE("a fixed line warns, also when it was fine and the limit has moved") {
  Contained container;
  REQUIRE(configure_memory(options("900 MiB")));
  CHECK_FALSE(container.has_logged("plimsoll.container"));
  container.limit = 950 * mib;
  container.use(100 * mib);
  CHECK(eventually([&] { return container.has_logged("plimsoll.container.line_near_limit"); }));
  REQUIRE(set_memory_limit("1 GiB"));
  CHECK(container.has_logged("plimsoll.container.line_over_limit"));
  CHECK(line() == 1024 * mib);
}

TEST_CASE("zero between looks: once, when the line is drawn") {
  Contained container;
  const milliseconds once{0};
  REQUIRE(configure_memory({.memory_limit = "auto", .container = {.check_interval = once}}));
  CHECK(line() == 256 * mib);
  const auto looks = [] { return memory_statistics().container.looks; };
  const std::uint64_t before = looks();
  REQUIRE(configure_memory({.memory_limit = "1 GiB", .container = {.check_interval = once}}));
  CHECK(looks() == before + 1);
  CHECK(container.has_logged("plimsoll.container.line_near_limit"));
}

TEST_CASE("a file that cannot be read is told of; the line stays") {
  Contained container;
  REQUIRE(configure_memory(options("auto")));
  container.tree.write(top + "/memory.max", "a lot\n");
  CHECK(eventually([&] { return container.has_logged("plimsoll.container.unreadable"); }));
  CHECK(line() == 256 * mib);
  CHECK_THAT(memory_statistics().container.problem, ContainsSubstring("memory.max says \"a lot\""));
}

TEST_CASE("whoever asks for auto agrees with auto alone") {
  const Contained container;
  REQUIRE(configure_memory(options("auto")));
  CHECK(Runtime::get().budget("auto"));
  CHECK(Runtime::get().budget(""));
  const auto other = Runtime::get().budget("256 MiB");
  REQUIRE_FALSE(other);
  CHECK(other.error().text() ==
        "memory_limit is 268435456 bytes, but the process has a line of \"auto\", now 268435456 "
        "bytes already; expected the same, or none");
  REQUIRE(set_memory_limit("256 MiB"));
  const auto automatic = Runtime::get().budget("auto");
  REQUIRE_FALSE(automatic);
  CHECK(automatic.error().text() ==
        "memory_limit is \"auto\", but the process has a line of 268435456 bytes already; expected "
        "the same, or none");
}

std::atomic<bool> is_told = false;
std::atomic<bool> is_forking = false;

TEST_CASE("a fork waits for a log hook that asks for figures") {
  static const int registered = ::pthread_atfork([] { is_forking = true; }, nullptr, nullptr);
  REQUIRE(registered == 0);
  const Contained container;
  REQUIRE(configure_memory(options("auto")));
  native::set_log_hook([](const native::LogRecord&) {
    is_told = true;
    (void)eventually([] { return is_forking.load(); });
    // The fork takes its locks meanwhile.
    for (int i = 0; i < 1000; ++i) (void)memory_statistics();
  });
  std::thread teller([] { native::log(native::Severity::info, "test", "asks"); });
  CHECK(eventually([] { return is_told.load(); }));
  CHECK(in_child([] { return memory_statistics().clients == 0; }));
  teller.join();
  is_forking = false;
}

TEST_CASE("options of the container that cannot be are named, and change nothing") {
  const Contained container;
  REQUIRE(configure_memory(options("32 MiB")));
  MemoryOptions wrong = options("auto");
  wrong.container.auto_ratio = 1.5;
  CHECK(refusal(wrong) ==
        "container.auto_ratio is 1.5; expected a part of the container's limit, more than 0, up "
        "to 1");
  wrong.container.auto_ratio = 0;
  refusal(wrong);
  wrong = options("auto");
  wrong.container.check_interval = milliseconds(-1);
  CHECK(refusal(wrong) ==
        "container.check_interval is -1 ms; expected 10 to 86400000 ms, or 0 to look once");
  wrong.container.check_interval = native::check_interval_min - milliseconds(1);
  refusal(wrong);
  wrong.container.check_interval = native::check_interval_max + milliseconds(1);
  refusal(wrong);
  CHECK_THAT(refusal(options("automatic")), ContainsSubstring("memory_limit is \"automatic\": ") &&
                                                ContainsSubstring(", or \"auto\""));
  CHECK(line() == 32 * mib);
  CHECK_FALSE(memory_statistics().container.is_auto);
}

TEST_CASE("pools that need much keep auto from falling below that") {
  Contained container;
  MemoryOptions wanted = options("auto");
  wanted.pools.cache.budget = "100 MiB";
  REQUIRE(configure_memory(wanted));
  container.use(1020 * mib);
  CHECK(eventually([&] { return container.has_logged("plimsoll.container.line_at_least"); }));
  CHECK(line() > 100 * mib);
  CHECK(memory_statistics().pool(PoolKind::cache).share == 100 * mib);
}

}  // namespace
}  // namespace plimsoll::testing::line_test
