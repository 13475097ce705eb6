#include "plimsoll/native/bridge/pages/pages.h"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/native/bridge/page_files.h"

// Which files are shown, and which of them a request gets.

namespace plimsoll::testing::pages_test {
namespace {

using bridge::PageChoice;
using bridge::Pages;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

std::string bytes_at(const Pages& pages, std::string_view target) {
  const PageChoice choice = pages.find(target, "");
  return choice.page == nullptr ? "none" : choice.page->bytes;
}

auto says(const std::string& words) { return MessageMatches(ContainsSubstring(words)); }

TEST_CASE("a file is found by its path, and index.html by its folder's with a slash") {
  PageFiles files;
  files.add("index.html", "home").add("a/index.html", "a");
  const Pages pages(files.path());
  CHECK(bytes_at(pages, "/") == "home");
  CHECK(bytes_at(pages, "/index.html") == "home");
  CHECK(bytes_at(pages, "/?q=/a/") == "home");
  CHECK(bytes_at(pages, "/a/") == "a");
  CHECK(bytes_at(pages, "/a") == "none");
  CHECK(bytes_at(pages, "/A/") == "none");
}

TEST_CASE("a name may have any bytes, which an address spells with %") {
  PageFiles files;
  files.add("with blank.txt", "1").add("\xc3\xa9.txt", "2").add("50%.txt", "3");
  const Pages pages(files.path());
  CHECK(bytes_at(pages, "/with%20blank.txt") == "1");
  CHECK(bytes_at(pages, "/%C3%a9.txt") == "2");
  CHECK(bytes_at(pages, "/50%25.txt") == "3");
  CHECK(bytes_at(pages, "/50%.txt") == "none");
}

TEST_CASE("no target leads to anything but a file of the folder") {
  PageFiles files;
  files.add("index.html", "home").add("a/b.txt", "b");
  const Pages pages(files.path() + "/a");
  for (const std::string_view target :
       {"/../index.html", "/%2e%2e/index.html", "/..%2findex.html", "/./b.txt", "//b.txt", "b.txt",
        "", "/", "//", "/b.txt/", "/b.txt%00", "/%", "/%4", "/%zz", "/\\b.txt", "*",
        "http://localhost/b.txt"}) {
    INFO(target);
    CHECK(bytes_at(pages, target) == "none");
  }
  CHECK(bytes_at(pages, "/" + std::string(100'000, 'a')) == "none");
  CHECK(bytes_at(pages, "/b.txt") == "b");
}

TEST_CASE("what begins with a dot is not shown, and neither is what a link has outside") {
  PageFiles elsewhere;
  elsewhere.add("secret.txt", "s");
  PageFiles files;
  files.add("index.html", "home").add(".env", "s").add(".git/config", "s").add("a/.b", "s");
  namespace fs = std::filesystem;
  fs::create_symlink("index.html", files.path() + "/same.html");
  fs::create_symlink(elsewhere.path() + "/secret.txt", files.path() + "/out.txt");
  fs::create_symlink(".env", files.path() + "/hidden.txt");
  fs::create_symlink("nowhere", files.path() + "/nowhere.txt");
  fs::create_directory_symlink(elsewhere.path(), files.path() + "/outside");
  fs::create_directory_symlink(".", files.path() + "/again");
  const Pages pages(files.path());
  CHECK(pages.count() == 2);
  CHECK(bytes_at(pages, "/same.html") == "home");
  CHECK(pages.left_out().size() == 5);
}

TEST_CASE("what cannot be shown as it is asked for is named") {
  PageFiles files;
  CHECK_THROWS_MATCHES(Pages(files.path() + "/dist"), std::runtime_error,
                       says("/dist: No such file or directory"));
  CHECK_THROWS_MATCHES(Pages(files.path()), std::runtime_error, says("has no file to serve"));
  files.add("index.html", "home");
  CHECK_THROWS_MATCHES(Pages(files.path() + "/index.html"), std::runtime_error,
                       says("/index.html: Not a directory"));
}

TEST_CASE("there are bounds of bytes and of files, and they are said") {
  PageFiles files;
  files.add("a.bin", "").add("b.bin", "");
  namespace fs = std::filesystem;
  fs::resize_file(files.path() + "/a.bin", bridge::pages_bytes_max);
  CHECK(Pages(files.path()).bytes() > bridge::pages_bytes_max);
  fs::resize_file(files.path() + "/b.bin", 1);
  CHECK_THROWS_MATCHES(Pages(files.path()), std::runtime_error,
                       says("have more than 16777216 bytes together"));
  fs::remove(files.path() + "/a.bin");
  for (std::size_t i = 1; i < bridge::pages_files_max; ++i) {
    files.add("f" + std::to_string(i), "");
  }
  CHECK(Pages(files.path()).count() == bridge::pages_files_max);
  fs::create_directory(files.path() + "/one more");
  CHECK_THROWS_MATCHES(Pages(files.path()), std::runtime_error,
                       says("has more than 4096 files and folders"));
}

TEST_CASE("a folder is looked through for everything that keeps its files from being shown") {
  PageFiles files;
  files.add("index.html", "home").add("a/b.js", "b").add(".env", "");
  const bridge::PagesCheck fine = bridge::check_pages(files.path());
  CHECK(fine.problems.empty());
  CHECK(fine.bytes == Pages(files.path()).bytes());
  CHECK(bridge::check_pages(files.path() + "/dist").problems ==
        std::vector<std::string>{files.path() + "/dist: No such file or directory"});
}

TEST_CASE("so many problems of a folder are listed, and the others are counted") {
  const std::vector<std::string> most(bridge::pages_problems_max, "a.js: Permission denied");
  CHECK(bridge::first_page_problems(most) == most);
  std::vector<std::string> more = most;
  more.insert(more.end(), 2, "b.js: Permission denied");
  std::vector<std::string> expected = most;
  expected.back() += "; and 2 more problems with files and folders";
  CHECK(bridge::first_page_problems(more) == expected);
}

TEST_CASE("a file's kind is told by its name") {
  PageFiles files;
  const std::vector<std::pair<std::string, std::string_view>> rows = {
      {"a.html", "text/html; charset=utf-8"},
      {"a.js", "text/javascript; charset=utf-8"},
      {"a.css", "text/css; charset=utf-8"},
      {"a.wasm", "application/wasm"},
      {"a.json", "application/json"},
      {"a.svg", "image/svg+xml"},
      {"a.png", "image/png"},
      {"a.ico", "image/x-icon"},
      {"a.txt", "text/plain; charset=utf-8"},
      {"a.woff2", "font/woff2"},
      {"a.js.map", "application/json"},
      {"a.exe", "application/octet-stream"},
      {"html", "application/octet-stream"}};
  for (const auto& [name, type] : rows) files.add(name, name);
  const Pages pages(files.path());
  for (const auto& [name, type] : rows) CHECK(pages.find("/" + name, "").type == type);
}

TEST_CASE("a file that lies beside another in a coding goes to whoever accepts it") {
  PageFiles files;
  files.add("a.js", "plain").add("a.js.br", "br").add("a.js.gz", "gz").add("b.js", "plain");
  files.add("c.js", "plain").add("c.js.gz", "gz");
  const Pages pages(files.path());
  const auto coding = [&](std::string_view path, std::string_view accepted) {
    const PageChoice choice = pages.find(path, accepted);
    REQUIRE(choice.page != nullptr);
    CHECK(choice.type == "text/javascript; charset=utf-8");
    CHECK(choice.page->bytes == (choice.coding.empty()   ? "plain"
                                 : choice.coding == "br" ? "br"
                                                         : "gz"));
    return std::string(choice.coding);
  };
  CHECK(coding("/a.js", "gzip, deflate, br, zstd") == "br");
  CHECK(coding("/a.js", "gzip, deflate") == "gzip");
  CHECK(coding("/a.js", "GZIP ; q=0.5") == "gzip");
  CHECK(coding("/a.js", "br;q=0, gzip") == "gzip");
  CHECK(coding("/a.js", "gzip;q=0, br") == "br");
  CHECK(coding("/a.js", "br; Q=0.000 ,gzip;q=0") == "");
  CHECK(coding("/a.js", "brotli, x-gzip, *") == "");
  CHECK(coding("/a.js", ",;=,;q=,") == "");
  CHECK(coding("/a.js", "") == "");
  CHECK(coding("/b.js", "br") == "");
  CHECK(coding("/c.js", "br, gzip") == "gzip");
  CHECK(pages.find("/a.js", "").has_codings);
  CHECK_FALSE(pages.find("/b.js", "br").has_codings);
  CHECK(pages.find("/a.js.gz", "gzip").coding.empty());
}

TEST_CASE("an ETag is of the bytes, and nothing else") {
  PageFiles files;
  files.add("a.txt", "same").add("b.txt", "same").add("c.txt", "other").add("c.txt.gz", "gz");
  const Pages pages(files.path());
  const auto etag = [&](std::string_view path) { return pages.find(path, "gzip").page->etag; };
  CHECK(etag("/a.txt") == etag("/b.txt"));
  CHECK(etag("/a.txt") != etag("/c.txt"));
  CHECK(pages.find("/c.txt", "").page->etag != etag("/c.txt"));
  CHECK(etag("/a.txt").size() == 34);
}

}  // namespace
}  // namespace plimsoll::testing::pages_test
