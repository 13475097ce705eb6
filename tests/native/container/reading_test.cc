#include "plimsoll/native/container/reading.h"

#include <sys/stat.h>

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/native/container/assessment.h"
#include "plimsoll/tests/native/container/prepared_tree.h"

// What is read of a container, in prepared trees.

namespace plimsoll::testing::reading_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using native::container::assess;
using native::container::Assessment;
using native::container::CgroupVersion;
using native::container::kernel_file_bytes_max;
using native::container::Reader;
using native::container::Reading;

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t v1_unlimited = 9223372036854771712ULL;
const std::string top = "/sys/fs/cgroup";

Reading read(const PreparedTree& tree) { return Reader(tree.root()).read(); }

Assessment judged(const Reading& reading) {
  return assess(reading, reading, std::chrono::seconds(1));
}

TEST_CASE("a container on v2: limit, high, usage, events and stalls") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_v2(top, std::to_string(512 * mib), std::to_string(400 * mib), 300 * mib, 20 * mib,
              10 * mib);
  tree.set_v2_events(top, 3, 2, 1);
  tree.set_stall(top, 7, 1234);
  const Reading reading = read(tree);
  CHECK(reading.version == CgroupVersion::v2);
  CHECK(reading.problems.empty());
  REQUIRE(reading.levels.size() == 2);
  const auto& own = reading.levels[0];
  CHECK(own.limit == 512 * mib);
  CHECK(own.limit_file == "/sys/fs/cgroup/memory.max");
  CHECK(own.high == 400 * mib);
  CHECK(own.usage == 300 * mib);
  REQUIRE(own.events);
  CHECK(own.events->high == 3);
  CHECK(own.events->max == 2);
  CHECK(own.events->oom_kill == 1);
  CHECK(own.stall->percent == 7);
  CHECK(own.stall->microseconds == 1234);
  CHECK(reading.levels[1].is_machine);
  const Assessment all = judged(reading);
  CHECK(all.limit == 512 * mib);
  // What can be dropped is free, half of what is in use: 300 - 20 - 5 are not.
  CHECK(all.headroom == static_cast<std::int64_t>(125 * mib));
}

TEST_CASE("a container on v1: its limit, and what unlimited looks like there") {
  const PreparedTree tree;
  tree.set_machine(64 * 1024 * mib, 60 * 1024 * mib);
  tree.write("/proc/self/cgroup", "4:memory:/box/inner\n0::/\n");
  tree.write("/proc/self/mountinfo",
             "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
             "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  const std::string memory = top + "/memory";
  tree.set_v1(memory, v1_unlimited, 900 * mib, v1_unlimited);
  tree.set_v1(memory + "/box", 256 * mib, 200 * mib, 256 * mib, 10 * mib);
  tree.set_v1(memory + "/box/inner", v1_unlimited, 50 * mib, 256 * mib);
  const Reading reading = read(tree);
  CHECK(reading.version == CgroupVersion::v1);
  CHECK(reading.problems.empty());
  CHECK_FALSE(reading.levels[0].limit);
  const Assessment all = judged(reading);
  CHECK(all.limit == 256 * mib);
  CHECK(all.limit_file == memory + "/box/memory.limit_in_bytes");
  CHECK(all.usage == 200 * mib);
  CHECK(all.headroom == static_cast<std::int64_t>(66 * mib));
}

TEST_CASE("a v1 limit above what is mounted is known by memory.stat") {
  const PreparedTree tree;
  tree.set_machine(64 * 1024 * mib, 60 * 1024 * mib);
  tree.write("/proc/self/cgroup", "4:memory:/docker/abc\n");
  tree.write("/proc/self/mountinfo",
             "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  tree.set_v1(top + "/memory", v1_unlimited, 60 * mib, 128 * mib);
  const Assessment all = judged(read(tree));
  CHECK(all.limit == 128 * mib);
  CHECK(all.limit_file == top + "/memory/memory.stat (hierarchical_memory_limit)");
  CHECK(all.headroom == static_cast<std::int64_t>(68 * mib));
}

TEST_CASE("v1 without use_hierarchy: what is above does not count") {
  const PreparedTree tree;
  tree.set_machine(64 * 1024 * mib, 60 * 1024 * mib);
  tree.write("/proc/self/cgroup", "4:memory:/box\n");
  tree.write("/proc/self/mountinfo",
             "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  tree.set_v1(top + "/memory", 64 * mib, 60 * mib, 64 * mib);
  tree.write(top + "/memory/memory.use_hierarchy", "0\n");
  tree.set_v1(top + "/memory/box", 256 * mib, 10 * mib, 256 * mib);
  CHECK(judged(read(tree)).limit == 256 * mib);
}

TEST_CASE("nested: the tightest limit counts, and the headroom of whom it is least") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.write("/proc/self/cgroup", "0::/pod/main\n");
  const std::string pod = top + "/pod";
  tree.set_v2(pod, std::to_string(1024 * mib), "max", 1000 * mib);
  tree.set_v2_events(pod, 0, 0, 0);
  tree.set_v2(pod + "/main", std::to_string(512 * mib), "max", 100 * mib);
  tree.set_v2_events(pod + "/main", 0, 0, 0);
  const Assessment all = judged(read(tree));
  CHECK(all.limit == 512 * mib);
  CHECK(all.limit_file == pod + "/main/memory.max");
  CHECK(all.place == pod);
  CHECK(all.usage == 1000 * mib);
  CHECK(all.headroom == static_cast<std::int64_t>(24 * mib));
}

TEST_CASE("events are those of a cgroup itself, where the kernel tells them apart") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_v2(top, std::to_string(512 * mib), "max", 300 * mib);
  tree.set_v2_events(top, 9, 9, 9);
  tree.write(top + "/memory.events.local", "low 0\nhigh 1\nmax 2\noom 0\noom_kill 0\n");
  CHECK(read(tree).levels[0].events.value().max == 2);
  CHECK_FALSE(read(tree).levels[0].has_events_below);
  // Where it cannot be read, the other one does not stand in, which has other counters.
  tree.remove(top + "/memory.events.local");
  tree.write(top + "/memory.events.local/is/a/directory", "");
  CHECK_FALSE(read(tree).levels[0].events);
  tree.remove(top + "/memory.events.local");
  CHECK(read(tree).levels[0].events.value().max == 9);
  CHECK(read(tree).levels[0].has_events_below);
}

TEST_CASE("counters of which one cannot be read are not there, on v2 and on v1") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_v2(top, std::to_string(512 * mib), "max", 300 * mib);
  tree.write(top + "/memory.events", "low 0\nhigh 1\nmax 2\noom_kill 3\n");
  CHECK_FALSE(read(tree).levels[0].events);
  tree.write("/proc/self/cgroup", "4:memory:/\n");
  tree.write("/proc/self/mountinfo",
             "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  const std::string memory = top + "/memory";
  tree.set_v1(memory, 256 * mib, 200 * mib, 256 * mib);
  CHECK(read(tree).levels[0].events);
  tree.write(memory + "/memory.failcnt", "many\n");
  CHECK_FALSE(read(tree).levels[0].events);
  tree.set_v1(memory, 256 * mib, 200 * mib, 256 * mib);
  tree.remove(memory + "/memory.oom_control");
  tree.write(memory + "/memory.oom_control/is/a/directory", "");
  CHECK_FALSE(read(tree).levels[0].events);
}

TEST_CASE("without any limit the machine's memory is the limit") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_machine(8192 * mib, 6000 * mib);
  tree.set_v2(top, "max", "max", 300 * mib);
  Assessment all = judged(read(tree));
  CHECK(all.limit == 8192 * mib);
  CHECK(all.limit_file == "/proc/meminfo (MemTotal)");
  CHECK(all.headroom == static_cast<std::int64_t>(6000 * mib));
  // Nor with no cgroups at all, nor where the controller is not there.
  tree.remove("/sys");
  tree.write(top + "/cgroup.procs", "1\n");
  CHECK(read(tree).problems.empty());
  CHECK(judged(read(tree)).limit == 8192 * mib);
  tree.remove("/proc/self");
  CHECK(read(tree).problems.empty());
  CHECK(judged(read(tree)).limit == 8192 * mib);
}

TEST_CASE("what a file says that is not known is a problem that names it; the rest counts") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_v2(top, std::to_string(512 * mib), "max", 300 * mib);
  const auto [file, text, problem] = GENERATE(table<std::string, std::string, std::string>({
      {"memory.high", "", R"(says ""; expected a number of bytes, or "max")"},
      {"memory.high", "lots\n", R"(says "lots"; expected a number of bytes, or "max")"},
      {"memory.high", "-1\n", R"(says "-1"; expected a number of bytes, or "max")"},
      {"memory.high", "1 2\n", R"(says "1 2"; expected a number of bytes, or "max")"},
      {"memory.high", "\x01\xff\n", R"(says "??"; expected a number of bytes, or "max")"},
      {"memory.high", "99999999999999999999\n", R"(says "99999999999999999999"; expected)"},
      {"memory.current", "max\n", R"(says "max"; expected a number)"},
      {"memory.stat", "anon 5\nactive_file 0\n", R"(has no line of "inactive_file" and a number)"},
      {"memory.stat", "inactive_file x\nactive_file 0\n", R"(has no line of "inactive_file")"},
      {"memory.events", "nothing", R"(has no line of "high" and a number)"},
      {"memory.pressure", "some\n", R"(says "some"; expected "some avg10=... total=...")"},
      {"memory.pressure", "some avg10=nan total=0\n", R"(says "some avg10=nan total=0"; expected)"},
      {"memory.pressure", "some avg10=1e9 total=0\n", R"(says "some avg10=1e9 total=0"; expected)"},
  }));
  tree.write(top + "/" + file, text);
  const Reading reading = read(tree);
  REQUIRE_FALSE(reading.problems.empty());
  CHECK_THAT(reading.problems[0], StartsWith(top + "/" + file + " " + problem));
  CHECK(judged(reading).limit == 512 * mib);
  CHECK(judged(reading).is_partial);
}

TEST_CASE("a limit that cannot be read leaves the others, and is told of") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_v2(top, "twelve", "max", 300 * mib);
  CHECK(judged(read(tree)).limit == 64 * 1024 * mib);
  CHECK(read(tree).problems ==
        std::vector<std::string>{top + "/memory.max says \"twelve\"; expected a number of "
                                       "bytes, or \"max\""});
  tree.remove(top + "/memory.max");
  tree.write(top + "/memory.max/is/a/directory", "");
  CHECK_THAT(read(tree).problems.at(0), StartsWith(top + "/memory.max: Is a directory"));
}

TEST_CASE("a file of v1 that is missing is told of; numbers of problems are bounded") {
  const PreparedTree tree;
  tree.write("/proc/self/cgroup", "4:memory:/a/b/c/d/e/f/g/h/i/j\n");
  tree.write("/proc/self/mountinfo",
             "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  const Reading reading = read(tree);
  CHECK(reading.problems.size() == native::container::problems_max);
  CHECK(reading.problems[0] ==
        top + "/memory/a/b/c/d/e/f/g/h/i/j/memory.limit_in_bytes is not there");
}

TEST_CASE("a file larger than any of its kind is not read to its end") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_v2(top, std::to_string(512 * mib), "max", 300 * mib);
  const std::string figures = "inactive_file 1\nactive_file 2\n";
  tree.write(top + "/memory.stat",
             figures + std::string(kernel_file_bytes_max - figures.size(), ' '));
  CHECK(read(tree).problems.empty());
  tree.write(top + "/memory.stat",
             figures + std::string(kernel_file_bytes_max - figures.size() + 1, ' '));
  CHECK(read(tree).problems ==
        std::vector<std::string>{top + "/memory.stat: has more than 65536 bytes"});
}

TEST_CASE("a pipe in a file's place does not hold up the reader") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_v2(top, std::to_string(512 * mib), "max", 300 * mib);
  tree.remove(top + "/memory.max");
  REQUIRE(::mkfifo((tree.root() + top + "/memory.max").c_str(), 0600) == 0);
  CHECK_THAT(read(tree).problems.at(0), ContainsSubstring("memory.max says \"\"; expected"));
}

TEST_CASE("a process that is moved is found again, and so is a limit that moves") {
  const PreparedTree tree;
  tree.place_in_v2();
  tree.set_v2(top + "/a", std::to_string(512 * mib), "max", 1);
  tree.set_v2_events(top + "/a", 0, 0, 0);
  tree.set_v2(top + "/b", std::to_string(256 * mib), "max", 1);
  tree.set_v2_events(top + "/b", 0, 0, 0);
  tree.write("/proc/self/cgroup", "0::/a\n");
  Reader reader(tree.root());
  CHECK(judged(reader.read()).limit == 512 * mib);
  tree.write("/proc/self/cgroup", "0::/b\n");
  CHECK(judged(reader.read()).limit == 256 * mib);
  tree.write(top + "/b/memory.max", std::to_string(300 * mib) + "\n");
  CHECK(judged(reader.read()).limit == 300 * mib);
}

TEST_CASE("the machine that this runs on can be read without a problem, or says what is missing") {
  const Reading reading = Reader("").read();
  for (const std::string& problem : reading.problems) UNSCOPED_INFO(problem);
  CHECK(judged(reading).limit > 0);
}

}  // namespace
}  // namespace plimsoll::testing::reading_test
