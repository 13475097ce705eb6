#include "plimsoll/native/container/watch.h"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/log.h"
#include "plimsoll/tests/native/container/prepared_tree.h"

// What is said about a line in its container, and how often.

namespace plimsoll::testing::watch_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace native::container;

constexpr std::uint64_t mib = 1024 * 1024;
const std::string top = "/sys/fs/cgroup";

// A v2 container of 512 MiB, with what is said about it.
struct Watched {
  Watched() {
    tree.place_in_v2();
    tree.set_v2(top, std::to_string(512 * mib), "max", 100 * mib);
  }

  void look() { watch.see(Reader(tree.root()).read(), now += seconds(1)); }

  // The names of what is said of this line now, and the last one's text.
  std::vector<std::string> said(std::size_t line, const Course& course = {}) {
    look();
    Notices notices;
    watch.judge(line, course, notices);
    std::vector<std::string> names;
    for (const auto& notice : notices.all()) {
      names.push_back(notice.event_name.substr(notice.event_name.rfind('.') + 1));
      text = notice.body;
    }
    return names;
  }

  PreparedTree tree;
  Watch watch;
  Instant now{std::chrono::hours(1)};
  std::string text;
};

using Names = std::vector<std::string>;

// What Notices would print to the test's log.
struct Quiet {
  Quiet() {
    native::set_log_hook([](const native::LogRecord&) {});
  }
  ~Quiet() { native::set_log_hook({}); }
};

TEST_CASE("a line above 90 % of the limit warns, above the whole it says that a kill is certain") {
  const Quiet quiet;
  Watched all;
  CHECK(all.said(460 * mib).empty());
  CHECK(all.said(461 * mib) == Names{"line_near_limit"});
  CHECK_THAT(all.text, StartsWith("the memory line of 461 MiB is 90 % of 512 MiB, which "
                                  "/sys/fs/cgroup/memory.max says: what the process needs"));
  CHECK(all.said(512 * mib) == Names{"line_near_limit"});
  CHECK(all.said(513 * mib) == Names{"line_over_limit"});
  CHECK_THAT(all.text, StartsWith("the memory line of 513 MiB is 100 % of 512 MiB, which "
                                  "/sys/fs/cgroup/memory.max says: an OOM kill is certain once"));
}

TEST_CASE("it is said once, and again when the line or the limit has moved") {
  const Quiet quiet;
  Watched all;
  CHECK(all.said(600 * mib) == Names{"line_over_limit"});
  CHECK(all.said(600 * mib).empty());
  all.tree.set_v2(top, std::to_string(640 * mib), "max", 100 * mib);
  CHECK(all.said(600 * mib) == Names{"line_near_limit"});
  CHECK(all.said(600 * mib).empty());
  all.tree.set_v2(top, std::to_string(1024 * mib), "max", 100 * mib);
  CHECK(all.said(600 * mib) == Names{"line_within_limit"});
  CHECK_THAT(all.text, ContainsSubstring("is 59 % of 1 GiB"));
  CHECK(all.said(600 * mib).empty());
  all.tree.set_v2(top, std::to_string(512 * mib), "max", 100 * mib);
  CHECK(all.said(600 * mib) == Names{"line_over_limit"});
  CHECK(all.said(601 * mib) == Names{"line_over_limit"});
}

TEST_CASE("a line above memory.high will be throttled, and says so") {
  const Quiet quiet;
  Watched all;
  all.tree.set_v2(top, std::to_string(512 * mib), std::to_string(256 * mib), 100 * mib);
  CHECK(all.said(256 * mib).empty());
  CHECK(all.said(300 * mib) == Names{"line_over_high"});
  CHECK_THAT(all.text, ContainsSubstring("117 % of 256 MiB, which /sys/fs/cgroup/memory.high"));
}

TEST_CASE("what cannot be read is said once, until it is something else") {
  const Quiet quiet;
  Watched all;
  CHECK(all.said(mib).empty());
  all.tree.write(top + "/memory.max", "??\n");
  CHECK(all.said(mib) == Names{"unreadable"});
  CHECK_THAT(all.text, ContainsSubstring("/sys/fs/cgroup/memory.max says \"??\"; expected a"));
  CHECK(all.said(mib).empty());
  CHECK(all.watch.statistics().problem != "");
  all.tree.write(top + "/memory.max", "max\n");
  CHECK(all.said(mib).empty());
  CHECK(all.watch.statistics().problem == "");
}

TEST_CASE("kills before the first look are history, those after it are told") {
  const Quiet quiet;
  Watched all;
  all.tree.set_v2_events(top, 0, 9, 2);
  CHECK(all.said(mib).empty());
  all.tree.set_v2_events(top, 0, 9, 3);
  CHECK(all.said(mib) == Names{"oom_kill"});
  CHECK(all.said(mib).empty());
}

TEST_CASE("counters that cannot be read for a while have not begun anew, nor are kills lost") {
  const Quiet quiet;
  Watched all;
  all.tree.set_v2_events(top, 0, 9, 2);
  CHECK(all.said(mib).empty());
  all.tree.write(top + "/memory.events", "??\n");
  CHECK(all.said(mib) == Names{"unreadable"});
  CHECK(all.watch.statistics().events.oom_kill == 2);
  all.tree.set_v2_events(top, 0, 9, 2);
  CHECK(all.said(mib).empty());
  all.tree.write(top + "/memory.events", "??\n");
  CHECK(all.said(mib) == Names{"unreadable"});
  all.tree.set_v2_events(top, 0, 9, 4);
  CHECK(all.said(mib) == Names{"oom_kill"});
  CHECK_THAT(all.text, StartsWith("the kernel has killed 2 process(es)"));
}

TEST_CASE("a process that is moved into another cgroup does not take over its kills") {
  const Quiet quiet;
  Watched all;
  const Course course{.auto_ratio = 0.25, .least = mib, .otherwise = mib};
  for (const std::string cgroup : {"/a", "/b"}) {
    all.tree.set_v2(top + cgroup, std::to_string(256 * mib), "max", mib);
    all.tree.set_v2_events(top + cgroup, 0, 0, 0);
  }
  all.tree.set_v2_events(top + "/b", 0, 0, 5);
  all.tree.write("/proc/self/cgroup", "0::/a\n");
  CHECK(all.said(mib).empty());
  all.tree.write("/proc/self/cgroup", "0::/b\n");
  CHECK(all.said(mib).empty());
  CHECK(all.watch.next_look(seconds(1), course) == seconds(1));
  // Before Linux 5.2 the cgroup above counts it, too.
  all.tree.set_v2_events(top, 0, 0, 5);
  CHECK(all.said(mib) == Names{"oom_kill"});
  all.tree.set_v2_events(top + "/b", 0, 0, 6);
  all.tree.set_v2_events(top, 0, 0, 6);
  CHECK(all.said(mib) == Names{"oom_kill"});
  CHECK_THAT(all.text, StartsWith("the kernel has killed 1 process(es)"));
  CHECK(all.watch.statistics().events.oom_kill == 6);
}

TEST_CASE("nobody says that a line fits while the limit cannot be read") {
  const Quiet quiet;
  Watched all;
  CHECK(all.said(600 * mib) == Names{"line_over_limit"});
  all.tree.write(top + "/memory.max", "??\n");
  CHECK(all.said(600 * mib) == Names{"unreadable"});
  all.tree.remove("/sys");
  all.tree.remove("/proc");
  CHECK(all.said(600 * mib) == Names{"unreadable"});
  CHECK(all.watch.statistics().limit_file == "");
  all.tree.place_in_v2();
  all.tree.set_v2(top, std::to_string(512 * mib), "max", 100 * mib);
  CHECK(all.said(600 * mib).empty());
  all.tree.set_v2(top, std::to_string(1024 * mib), "max", 100 * mib);
  CHECK(all.said(600 * mib) == Names{"line_within_limit"});
}

TEST_CASE("a limit of 0 is one") {
  const Quiet quiet;
  Watched all;
  all.tree.set_v2(top, "max", "0", mib);
  CHECK(all.said(mib) == Names{"line_over_high"});
  all.tree.set_v2(top, "0", "max", mib);
  CHECK(all.said(mib) == Names{"line_over_limit"});
  CHECK_THAT(all.text, StartsWith("the memory line of 1 MiB is more than 0 B, which "
                                  "/sys/fs/cgroup/memory.max says"));
  CHECK(all.watch.statistics().limit_file == "/sys/fs/cgroup/memory.max");
  const Course course{.auto_ratio = 0.25, .least = mib, .otherwise = 64 * mib};
  CHECK(all.watch.begin(course, 0, all.now) == mib);
}

TEST_CASE("auto tells of each move, and warns at the least, once a squeeze") {
  const Quiet quiet;
  Watched all;
  const Course course{.auto_ratio = 0.25, .least = 1 * mib, .otherwise = 64 * mib};
  all.look();
  std::size_t line = all.watch.begin(course, 0, all.now);
  CHECK(line == 128 * mib);
  CHECK(all.said(line, course).empty());
  const auto squeezed = [&](std::uint64_t usage) {
    all.tree.set_v2(top, std::to_string(512 * mib), "max", usage);
    all.look();
    line = all.watch.follow(course, line, all.now);
    return all.said(line, course);
  };
  CHECK(squeezed(460 * mib) == Names{"line_lowered"});
  CHECK(all.text ==
        "the memory line went from 128 MiB to 99.9 MiB: 52 MiB left below the 512 MiB "
        "of /sys/fs/cgroup");
  CHECK(squeezed(511 * mib) == Names{"line_lowered"});
  CHECK(squeezed(511 * mib) == Names{"line_at_least", "line_lowered"});
  CHECK(squeezed(511 * mib).empty());
  all.now += std::chrono::minutes(1);
  CHECK(squeezed(100 * mib) == Names{"line_raised"});
  CHECK(squeezed(511 * mib) == Names{"line_lowered"});
  const Statistics& figures = all.watch.statistics();
  CHECK(figures.is_auto);
  CHECK(figures.auto_full == 128 * mib);
  CHECK(figures.auto_least == mib);
  CHECK(figures.lowered == 4);
  CHECK(figures.raised == 1);
}

TEST_CASE("looks hurry where auto has less than ample room") {
  const Quiet quiet;
  Watched all;
  const Course course{.auto_ratio = 0.25, .least = mib, .otherwise = mib};
  all.look();
  CHECK(all.watch.next_look(seconds(1), course) == seconds(1));
  all.tree.set_v2(top, std::to_string(512 * mib), "max", 400 * mib);
  all.look();
  CHECK(all.watch.next_look(seconds(1), course) == milliseconds(125));
  CHECK(all.watch.next_look(milliseconds(40), course) == milliseconds(10));
  CHECK(all.watch.next_look(seconds(1), Course()) == seconds(1));
}

TEST_CASE("statistics are a line for people") {
  const Quiet quiet;
  Watched all;
  CHECK(to_text(all.watch.statistics()) == "not looked at");
  CHECK(all.said(mib).empty());
  CHECK(to_text(all.watch.statistics()) ==
        "cgroup v2, limit 512 MiB (/sys/fs/cgroup/memory.max), 100 MiB used of /sys/fs/cgroup, "
        "412 MiB of headroom");
  CHECK(all.watch.statistics().stalled_percent == 0.0);
}

}  // namespace
}  // namespace plimsoll::testing::watch_test
