#include "plimsoll/native/base/file_watch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::testing::file_watch_test {
namespace {

using native::FileWatch;

const Instant begin(std::chrono::seconds(1000));

class Files {
 public:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }

  // The clock of file systems may stand still for some milliseconds, and what changes meanwhile
  // does not show. Waits until it has gone on.
  void wait_for_clock() const {
    const auto now = [this] {
      write("probe", "text");
      struct ::stat status{};
      ::stat(path("probe").c_str(), &status);
      return std::pair(status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
    };
    for (const auto begun = now(); now() == begun;) {
    }
  }

 private:
  TemporaryDirectory directory_;
};

TEST_CASE("files are read again when one of them has changed, and only then") {
  const Files files;
  files.write("one", "1");
  FileWatch watch({files.path("one"), files.path("two"), ""});
  CHECK_FALSE(watch.wants_reading(begin));
  files.write("two", "it was missing");
  CHECK(watch.wants_reading(begin));
  watch.note_read(true, begin);
  CHECK_FALSE(watch.wants_reading(begin + std::chrono::hours(1)));
  std::filesystem::remove(files.path("one"));
  CHECK(watch.wants_reading(begin));
}

TEST_CASE("a change shows although size and time of modification are those of before") {
  const Files files;
  files.write("key", "old");
  struct ::stat before{};
  REQUIRE(::stat(files.path("key").c_str(), &before) == 0);
  FileWatch watch({files.path("key")});
  files.wait_for_clock();
  files.write("key", "new");
  const std::array<timespec, 2> times = {before.st_atim, before.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, files.path("key").c_str(), times.data(), 0) == 0);
  CHECK(watch.wants_reading(begin));
}

TEST_CASE("the permission to read is a change, too") {
  const Files files;
  files.write("key", "text");
  FileWatch watch({files.path("key")});
  files.wait_for_clock();
  std::filesystem::permissions(files.path("key"), std::filesystem::perms::owner_read);
  CHECK(watch.wants_reading(begin));
}

TEST_CASE("files that cannot be used are read again once a second") {
  const Files files;
  files.write("key", "text");
  FileWatch watch({files.path("key")});
  watch.note_read(false, begin);
  CHECK_FALSE(watch.wants_reading(begin + FileWatch::retry_after - Duration(1)));
  const Instant second = begin + FileWatch::retry_after;
  CHECK(watch.wants_reading(second));
  watch.note_read(false, second);
  CHECK_FALSE(watch.wants_reading(second));
  CHECK(watch.wants_reading(second + FileWatch::retry_after));
  watch.note_read(true, second + FileWatch::retry_after);
  CHECK_FALSE(watch.wants_reading(second + std::chrono::hours(1)));
}

}  // namespace
}  // namespace plimsoll::testing::file_watch_test
