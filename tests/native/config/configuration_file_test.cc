#include "plimsoll/configuration_file.h"

#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/memory.h"
#include "plimsoll/metrics.h"
#include "plimsoll/tests/native/config/loading.h"
#include "plimsoll/tests/native/config/told.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/temporary_directory.h"

// A file that a running process follows. A process has one line, and so these all follow one file.

namespace plimsoll::testing::configuration_file_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::ConfigurationFile;
using native::load_configuration;
using native::LoadOptions;
using native::memory_statistics;

constexpr std::size_t mib = 1024 * 1024;
constexpr std::chrono::milliseconds often{2};

const ConfigurationText& the_file() {
  static const ConfigurationText file;
  return file;
}

std::shared_ptr<ConfigurationFile> opened(std::string_view text) {
  the_file().write(text);
  return ConfigurationFile::open(from_file(the_file())).value();
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool line_becomes(std::size_t bytes) {
  return eventually([bytes] { return memory_statistics().limit == bytes; });
}

TEST_CASE("a file is read again on request, and what can be taken holds at once") {
  const auto file = opened("memory_limit = \"32 MiB\"\ncache.max_cache_kb = 1024\n");
  CHECK(memory_statistics().limit == 32 * mib);

  const Told told;
  the_file().write(
      "memory_limit = \"48 MiB\"\nclient.request_timeout = \"1 s\"\n"
      "client.password = \"hunter2\"\ncache.max_entries = 10\ncache.max_cache_kb = 1024\n");
  REQUIRE(file->reload());
  CHECK(memory_statistics().limit == 48 * mib);
  CHECK(file->current().client.request_timeout == std::chrono::seconds(1));
  CHECK(file->statistics().applied == 2);
  const std::string place = " (" + the_file().path();
  CHECK(told.has("INFO plimsoll.configuration.changed: memory_limit is \"48 MiB\" now" + place));
  CHECK(told.has("WARN plimsoll.configuration.not_taken: client.request_timeout is \"1 s\" now" +
                 place + ":2): for new clients"));
  CHECK(told.has("client.password is another one now" + place + ":3): for new clients"));
  CHECK(told.has("cache.max_entries is 10 now" + place + ":4): when the process is started again"));
  CHECK_FALSE(told.has("hunter2"));
  const std::size_t changes = told.count("plimsoll.configuration.");
  CHECK(changes == 4);
  REQUIRE(file->reload());
  CHECK(told.count("plimsoll.configuration.") == changes);
}

TEST_CASE("figures are served, and dumps written, for as long as the file says so") {
  const TemporaryDirectory folder;
  const std::string path = folder.path() + "/dump";
  const auto file = opened("metrics.listen = \"127.0.0.1:0\"\n");
  CHECK(native::metrics_address().starts_with("127.0.0.1:"));
  the_file().write("memory_limit = \"32 MiB\"\ndump.on_sigusr1 = true\ndump.path = \"" + path +
                   "\"\n");
  REQUIRE(file->reload());
  CHECK(native::metrics_address().empty());
  ::raise(SIGUSR1);
  CHECK(eventually([&] { return text_of(path).find("[pools.cache]") != std::string::npos; }));

  the_file().write("dump.path = \"" + path + "\"\nmetrics.listen = \"127.0.0.1:0\"\n");
  REQUIRE(file->reload());
  ::raise(SIGUSR1);  // which nobody wants any more
  const std::string served = native::metrics_address();
  the_file().write("memory_limit = \"48 MiB\"\nmetrics.listen = \"192.0.2.1:1\"\n");
  const auto refused = file->reload();
  REQUIRE_FALSE(refused);
  CHECK_THAT(std::string(refused.error().text()), ContainsSubstring("metrics.listen"));
  CHECK(memory_statistics().limit == 32 * mib);
  CHECK(native::metrics_address() == served);
  the_file().write("memory_limit = \"32 MiB\"\n");
  REQUIRE(file->reload());
}

TEST_CASE("a file that is watched and read on request at once, while figures move") {
  const auto file = opened("memory_limit = \"32 MiB\"\n");
  file->watch(std::chrono::milliseconds(1));
  for (int i = 0; i < 100; ++i) {
    const char* const where = i % 2 == 0 ? "127.0.0.1:0" : "127.0.0.2:0";
    the_file().write("metrics.listen = \"" + std::string(where) + "\"\n");
    CHECK(file->reload());
  }
  the_file().write("memory_limit = \"32 MiB\"\n");
  CHECK(file->reload());
}

TEST_CASE("a bad file leaves the last good configuration in force, and says so") {
  const auto file = opened("memory_limit = \"32 MiB\"\n");
  const Told told;
  the_file().write("memory_limit = \"48 MiB\nborrowing");
  const auto refused = file->reload();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::invalid_option);
  CHECK(memory_statistics().limit == 32 * mib);
  CHECK(file->current().memory.memory_limit == "32 MiB");
  CHECK(file->statistics().refused == 1);
  CHECK(file->statistics().problem == refused.error().text());
  CHECK(file->statistics().refused_at >= file->statistics().applied_at);
  CHECK(told.has("ERROR plimsoll.configuration.refused: the configuration stays as it was: " +
                 the_file().path() + ":1:"));

  std::filesystem::remove(the_file().path());
  CHECK_FALSE(file->reload());
  CHECK_THAT(file->statistics().problem, ContainsSubstring("No such file or directory"));
  CHECK(memory_statistics().limit == 32 * mib);
}

TEST_CASE("a cache stays what it was when the file was opened") {
  const auto file = opened("memory_limit = \"32 MiB\"\ncache.max_cache_kb = 1024\n");
  const auto cache = file->current().client.client_side_cache;
  REQUIRE(cache != nullptr);
  the_file().write("memory_limit = \"16 MiB\"\ncache.max_cache_kb = 1000000\n");
  const auto refused = file->reload();
  REQUIRE_FALSE(refused);
  CHECK_THAT(std::string(refused.error().text()),
             ContainsSubstring(":2: cache.max_cache_kb: is 1000000, and the cache pool could"));
  CHECK(memory_statistics().limit == 32 * mib);
  the_file().write("memory_limit = \"16 MiB\"\ncache.max_cache_kb = 2048\n");
  REQUIRE(file->reload());
  CHECK(memory_statistics().limit == 16 * mib);
  CHECK(file->current().client.client_side_cache == cache);

  const auto other = opened("memory_limit = \"16 MiB\"\n");
  the_file().write("memory_limit = \"16 MiB\"\ncache.max_cache_kb = 1024\n");
  REQUIRE(other->reload());
  CHECK(other->current().client.client_side_cache == nullptr);
}

TEST_CASE("a watched file is followed when it is written, replaced, and put back") {
  const auto file = opened("memory_limit = \"32 MiB\"\n");
  file->watch(often);
  the_file().write("memory_limit = \"40 MiB\"\n");
  CHECK(line_becomes(40 * mib));

  the_file().write("next", "memory_limit = \"41 MiB\"\n");
  std::filesystem::rename(the_file().folder() + "/next", the_file().path());
  CHECK(line_becomes(41 * mib));

  std::filesystem::remove(the_file().path());
  CHECK(eventually([&] { return file->statistics().refused > 0; }));
  CHECK(memory_statistics().limit == 41 * mib);
  the_file().write("memory_limit = \"42 MiB\"\n");
  CHECK(line_becomes(42 * mib));

  const auto refused = file->statistics().refused;
  std::filesystem::remove(the_file().path());
  REQUIRE(::mkfifo(the_file().path().c_str(), 0600) == 0);
  CHECK(eventually([&] { return file->statistics().problem.ends_with(": is no file"); }));
  CHECK(file->statistics().refused > refused);
  std::filesystem::remove(the_file().path());
}

TEST_CASE(
    "a watched file behind links is followed when one of these is turned, as Kubernetes does") {
  namespace fs = std::filesystem;
  const std::string folder = the_file().folder();
  fs::create_directory(folder + "/one");
  fs::create_directory(folder + "/two");
  the_file().write("one/a.toml", "memory_limit = \"33 MiB\"\n");
  the_file().write("two/a.toml", "memory_limit = \"34 MiB\"\n");
  fs::create_directory_symlink("one", folder + "/..data");
  fs::remove(the_file().path());
  fs::create_symlink("..data/a.toml", the_file().path());
  {
    const auto file = ConfigurationFile::open(from_file(the_file())).value();
    file->watch(often);
    CHECK(memory_statistics().limit == 33 * mib);
    fs::create_directory_symlink("two", folder + "/..data_tmp");
    fs::rename(folder + "/..data_tmp", folder + "/..data");
    CHECK(line_becomes(34 * mib));
  }
  fs::remove(the_file().path());
}

TEST_CASE("a secret's file is watched as well") {
  the_file().write("password", "one");
  const auto file = opened("client.password_file = \"password\"\n");
  CHECK(file->current().client.password == "one");
  file->watch(often);
  the_file().write("password", "another");
  CHECK(eventually([&] { return file->current().client.password == "another"; }));
}

TEST_CASE("a watch that ends while files change leaves nothing behind") {
  for (int i = 0; i < 50; ++i) {
    const auto file = opened("memory_limit = \"32 MiB\"\n");
    file->watch(std::chrono::milliseconds(1));
    the_file().write("memory_limit = \"33 MiB\"\n");
    if (i % 2 == 0) CHECK(file->reload());
  }
}

TEST_CASE("another file that disagrees about the process's memory is refused with both origins") {
  const auto file = opened("memory_limit = \"32 MiB\"\n");
  const ConfigurationText other("memory_limit = \"64 MiB\"\nborrowing = true\n");
  const auto refused = ConfigurationFile::open(from_file(other));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text() == "memory_limit: is \"64 MiB\" (" + other.path() +
                                      ":1), and the process has \"32 MiB\" (" + the_file().path() +
                                      ":1); expected the same, or nothing: a process has one "
                                      "of these");
  CHECK(memory_statistics().limit == 32 * mib);

  other.write("memory_limit = \"32768 KiB\"\nclient.database = 3\n");
  CHECK(ConfigurationFile::open(from_file(other)));
  auto silent = load_configuration(from_nothing()).value();
  CHECK(native::apply(silent));
  CHECK(memory_statistics().limit == 32 * mib);
}

}  // namespace
}  // namespace plimsoll::testing::configuration_file_test
