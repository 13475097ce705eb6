#include "plimsoll/native/allocator/give_back.h"

#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/log.h"
#include "plimsoll/native/allocator/process_usage.h"

namespace plimsoll::testing::give_back_test {
namespace {

using Catch::Matchers::StartsWith;
using native::Allocator;
using native::GiveBack;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t mib = 1024 * 1024;

// Has in excess what a test says, and gives back what a test had it keep.
class Scripted final : public Allocator {
 public:
  Scripted() : Allocator("scripted", "1.2") {}
  ~Scripted() override { release(); }

  bool can_give_back() const override { return true; }
  std::optional<std::size_t> excess(std::size_t) const override { return excess_bytes; }
  void give_back() const override {
    ++asked;
    release();
  }

  void keep() {
    kept_ = ::mmap(nullptr, kept_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(kept_ != MAP_FAILED);
    std::memset(kept_, 'x', kept_bytes);
  }

  static constexpr std::size_t kept_bytes = 64 * mib;
  std::optional<std::size_t> excess_bytes;
  mutable int asked = 0;

 private:
  void release() const {
    if (kept_ != nullptr) ::munmap(std::exchange(kept_, nullptr), kept_bytes);
  }

  mutable void* kept_ = nullptr;
};

// As the runtime does it; whether the allocator was asked.
bool look(GiveBack& give_back, Instant now) {
  if (give_back.look(now) == GiveBack::Step::look_later) return false;
  give_back.ask(now);
  return true;
}

TEST_CASE("an allocator is asked only if it has enough in excess, or does not know") {
  Scripted allocator;
  GiveBack give_back(allocator);
  give_back.configure({.policy = {.excess_min = 4 * mib}});
  allocator.excess_bytes = 4 * mib - 1;
  give_back.want();
  CHECK_FALSE(look(give_back, Instant(hours(1))));
  CHECK(allocator.asked == 0);
  CHECK(give_back.statistics().not_worth == 1);
  CHECK(give_back.statistics().asked == 0);
  allocator.excess_bytes = 4 * mib;
  give_back.want();
  CHECK(look(give_back, Instant(hours(2))));
  allocator.excess_bytes.reset();
  give_back.want();
  CHECK(look(give_back, Instant(hours(3))));
  CHECK(allocator.asked == 2);
  CHECK(give_back.statistics().not_worth == 1);
  CHECK(give_back.statistics().asked == 2);
}

TEST_CASE("it says when to ask, from the figures of this process") {
  Scripted allocator;
  GiveBack give_back(allocator);
  // Of a process that runs at full speed, an hour's look says that it hardly ran.
  CHECK(give_back.look(Instant(hours(1))) == GiveBack::Step::look_later);
  CHECK(give_back.look_interval() == seconds(1));
  CHECK(give_back.look(Instant(hours(2))) == GiveBack::Step::ask);
  give_back.ask(Instant(hours(2)));
  CHECK(give_back.look(Instant(hours(2) + seconds(5))) == GiveBack::Step::look_later);
}

TEST_CASE("what is wanted elsewhere is asked for at once, and then once in a while") {
  Scripted allocator;
  GiveBack give_back(allocator);
  const Instant start(hours(1));
  CHECK_FALSE(look(give_back, start));
  give_back.want();
  CHECK(look(give_back, start + milliseconds(1)));
  give_back.want();
  CHECK_FALSE(look(give_back, start + native::wanted_interval_min));
  // It is not forgotten until then.
  CHECK(give_back.look_interval() == native::look_interval_min);
  CHECK(look(give_back, start + 8 * native::wanted_interval_min));
  CHECK(give_back.look_interval() > native::look_interval_min);
  CHECK_FALSE(look(give_back, start + 9 * native::wanted_interval_min));
  CHECK(allocator.asked == 2);
}

TEST_CASE("switched off nothing is asked for, a burst or not; on again it is") {
  Scripted allocator;
  GiveBack give_back(allocator);
  CHECK_FALSE(look(give_back, Instant(hours(1))));
  give_back.configure({.enabled = false});
  give_back.want();
  CHECK_FALSE(look(give_back, Instant(hours(2))));
  CHECK_FALSE(look(give_back, Instant(hours(3))));
  give_back.configure({.enabled = true});
  CHECK(look(give_back, Instant(hours(4))));
  CHECK(allocator.asked == 1);
}

TEST_CASE("each time that something came back is told to the log") {
  std::vector<std::string> told;
  native::set_log_hook([&told](const native::LogRecord& record) {
    told.push_back(std::string(record.event_name) + ": " + std::string(record.body));
  });
  Scripted allocator;
  GiveBack give_back(allocator);
  allocator.keep();
  give_back.ask(Instant(hours(1)));
  CHECK(give_back.statistics().last_returned_bytes > Scripted::kept_bytes / 2);
  REQUIRE(told.size() == 1);
  give_back.ask(Instant(hours(2)));
  native::set_log_hook({});
  CHECK(told.size() == (give_back.statistics().last_returned_bytes == 0 ? 1 : 2));
  CHECK_THAT(told[0], StartsWith("plimsoll.memory.given_back: scripted 1.2 has given "));
}

TEST_CASE("an allocator that is not known is said to be so, and there is nothing to do") {
  const Allocator unknown;
  GiveBack give_back(unknown);
  CHECK_FALSE(give_back.is_on());
  CHECK(to_text(give_back.statistics()) ==
        "unknown is not asked: malloc is neither glibc's, jemalloc's, mimalloc's nor tcmalloc's");
}

TEST_CASE("what came back is a line for people") {
  Scripted allocator;
  GiveBack give_back(allocator);
  give_back.configure({.enabled = true});
  CHECK(give_back.is_on());
  native::GiveBackStatistics statistics = give_back.statistics();
  CHECK(to_text(statistics) == "0 B by scripted 1.2, asked 0 times");
  statistics.asked = 3;
  statistics.returned_bytes = 512 * mib;
  statistics.last_returned_bytes = mib + mib / 2;
  statistics.last_took = std::chrono::microseconds(12'345);
  CHECK(to_text(statistics) ==
        "512 MiB by scripted 1.2, asked 3 times; the last time 1.5 MiB in 12.3 ms");
  give_back.configure({.enabled = false});
  CHECK_FALSE(give_back.is_on());
  CHECK(to_text(give_back.statistics()) == "scripted 1.2 is not asked: off");
}

TEST_CASE("the figures of a process grow with what it does") {
  const auto before = native::process_usage();
  REQUIRE(before);
  const std::vector<char> touched(64 * mib, 'x');
  const auto after = native::process_usage();
  REQUIRE(after);
  CHECK(after->cpu > before->cpu);
  CHECK(after->anonymous_bytes >= before->anonymous_bytes + 60 * mib);
  CHECK(touched.back() == 'x');
}

}  // namespace
}  // namespace plimsoll::testing::give_back_test
