#include "plimsoll/native/container/location.h"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

// Where a process's cgroup is, by the two files of /proc that say so.

namespace plimsoll::testing::location_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::container::cgroup_depth_max;
using native::container::CgroupVersion;
using native::container::locate;
using native::container::Location;

using Directories = std::vector<std::string>;

constexpr const char* v2_mount = "30 23 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n";
constexpr const char* v1_mounts =
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw shared:3 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

TEST_CASE("on v2 every cgroup up to the mount's top is found, the own one first") {
  const Location found = locate("0::/kubepods/pod1/main\n", v2_mount);
  CHECK(found.version == CgroupVersion::v2);
  CHECK(found.problem == "");
  CHECK(found.directories == Directories{"/sys/fs/cgroup/kubepods/pod1/main",
                                         "/sys/fs/cgroup/kubepods/pod1", "/sys/fs/cgroup/kubepods",
                                         "/sys/fs/cgroup"});
}

TEST_CASE("where both versions are mounted, the memory controller is where v1 lists it") {
  const Location found =
      locate("9:name=systemd:/\n4:memory:/box/a:b\n1:cpu,cpuacct:/\n0::/other\n", v1_mounts);
  CHECK(found.version == CgroupVersion::v1);
  CHECK(found.directories == Directories{"/sys/fs/cgroup/memory/box/a:b",
                                         "/sys/fs/cgroup/memory/box", "/sys/fs/cgroup/memory"});
}

TEST_CASE("where v1 has other controllers alone, memory is on v2") {
  const Location found = locate("1:cpu,cpuacct:/\n0::/x\n", v1_mounts);
  CHECK(found.version == CgroupVersion::v2);
  CHECK(found.directories == Directories{"/sys/fs/cgroup/unified/x", "/sys/fs/cgroup/unified"});
}

TEST_CASE(
    "a container that sees its own cgroup at the top of the mount, and is told the host's path") {
  const char* mount = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
  CHECK(locate("4:memory:/docker/abc\n", mount).directories ==
        Directories{"/sys/fs/cgroup/memory"});
  CHECK(locate("4:memory:/docker/abc/init\n", mount).directories ==
        Directories{"/sys/fs/cgroup/memory/init", "/sys/fs/cgroup/memory"});
}

TEST_CASE("a cgroup namespace: both files are relative to it, also above it") {
  CHECK(locate("0::/\n", v2_mount).directories == Directories{"/sys/fs/cgroup"});
  const char* above = "30 23 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  CHECK(locate("0::/../sibling\n", above).directories ==
        Directories{"/sys/fs/cgroup/sibling", "/sys/fs/cgroup"});
}

TEST_CASE("where the way to the own cgroup is hidden, the mount's top is read, and it is said") {
  const char* above = "30 23 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  const Location found = locate("0::/\n", above);
  CHECK(found.directories == Directories{"/sys/fs/cgroup"});
  CHECK(found.problem ==
        "/proc/self/cgroup says /, which is not below /../.., the top of what is mounted at "
        "/sys/fs/cgroup: the limits there are the only ones that can be read");
  const Location outside = locate("0::/../x\n", v2_mount);
  CHECK(outside.directories == Directories{"/sys/fs/cgroup"});
  CHECK_THAT(outside.problem, ContainsSubstring("says /../x, which is not below /, the top"));
}

TEST_CASE("of several mounts the one counts that shows most; blanks in their names are escaped") {
  const std::string mounts = std::string("50 1 0:26 /a/b /inner rw - cgroup2 cgroup2 rw\n") +
                             "51 1 0:26 / /whole\\040tree rw - cgroup2 cgroup2 rw\n" +
                             "52 1 0:26 /other /elsewhere rw - cgroup2 cgroup2 rw\n";
  CHECK(locate("0::/a/b\n", mounts).directories ==
        Directories{"/whole tree/a/b", "/whole tree/a", "/whole tree"});
}

TEST_CASE("no cgroups are no trouble; those that are not mounted are") {
  CHECK(locate("", "").version == CgroupVersion::none);
  CHECK(locate("", "").problem == "");
  const Location found = locate("4:memory:/x\n", "27 1 254:0 / / rw - ext4 /dev/vda rw\n");
  CHECK(found.directories.empty());
  CHECK(found.problem ==
        "/proc/self/mountinfo has no mount of the cgroup v1 hierarchy with memory, in which "
        "/proc/self/cgroup says that this process is");
}

TEST_CASE("text that is nothing of the kind is said to be that, or leads nowhere") {
  CHECK(locate("garbage", v2_mount).problem ==
        "/proc/self/cgroup has no line such as \"0::/path\" or \"4:memory:/path\"");
  CHECK(locate("0::/x\n", "30\n- -\n\n30 23 0:26 / -\n").directories.empty());
  CHECK(locate(std::string(1000, ':'), std::string(1000, ' ')).directories.empty());
  CHECK(locate("0::", v2_mount).directories == Directories{"/sys/fs/cgroup"});
}

TEST_CASE("of cgroups deeper than the bound the nearest are looked at") {
  std::string path;
  for (std::size_t i = 0; i < cgroup_depth_max - 1; ++i) path += "/d";
  CHECK(locate("0::" + path, v2_mount).directories.size() == cgroup_depth_max);
  CHECK(locate("0::" + path, v2_mount).problem == "");
  const Location deeper = locate("0::" + path + "/own", v2_mount);
  CHECK(deeper.directories.size() == cgroup_depth_max);
  CHECK(deeper.directories.front() == "/sys/fs/cgroup" + path + "/own");
  CHECK_THAT(deeper.problem,
             ContainsSubstring("is in 65 cgroups above each other; the 64 nearest"));
}

}  // namespace
}  // namespace plimsoll::testing::location_test
