#include "plimsoll/demo/catalogue.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "plimsoll/demo/bad_input.h"

namespace plimsoll::demo::catalogue_test {
namespace {

using Catch::Matchers::Message;
using Names = std::vector<std::string>;

std::vector<Package> read_status(std::string_view text) {
  Catalogue catalogue;
  catalogue.add_status("status", text);
  return catalogue.take();
}

std::vector<Package> read_list(std::string_view text) {
  Catalogue catalogue;
  catalogue.add_list("list", text);
  return catalogue.take();
}

TEST_CASE("a package has its version, its fields, what it needs and what it provides") {
  const auto packages = read_status(
      "Package: mawk\n"
      "Status: install ok installed\n"
      "Installed-Size: 299\n"
      "Version: 1.3.4\n"
      "Provides: awk (= 1), a-interpreter\n"
      "Pre-Depends: libc6 (>= 2.35)\n"
      "Depends: base | files, libc6\n"
      "Description: pattern scanning\n"
      " and more\n");

  REQUIRE(packages.size() == 1);
  const auto& mawk = packages[0];
  CHECK(mawk.name == "mawk");
  CHECK(mawk.version == "1.3.4");
  CHECK(mawk.installed);
  CHECK(mawk.depends == Names{"base | files", "libc6"});
  CHECK(mawk.provides == Names{"a-interpreter", "awk"});
  CHECK(mawk.fields == std::vector<std::pair<std::string_view, std::string>>{
                           {"Package", "mawk"}, {"Version", "1.3.4"}, {"Installed-Size", "299"}});
}

TEST_CASE("what dpkg has removed is not there, what waits for triggers is") {
  const auto packages = read_status(
      "Package: gone\nStatus: deinstall ok config-files\nConfig-Version: 1\n\n"
      "Package: never\nStatus: unknown ok not-installed\n\n"
      "Package: waits\nStatus: install ok triggers-pending\nVersion: 1\n");

  REQUIRE(packages.size() == 1);
  CHECK(packages[0].name == "waits");
}

TEST_CASE("what is installed wins, then what was added first") {
  Catalogue catalogue;
  catalogue.add_status("status", "Package: b\nStatus: install ok installed\nVersion: 1\n");
  catalogue.add_list("first", "Package: b\nVersion: 2\n\nPackage: a\nVersion: 3\n");
  catalogue.add_list("second", "Package: a\nVersion: 4\n");

  const auto packages = catalogue.take();

  REQUIRE(packages.size() == 2);
  CHECK(packages[0].name == "a");
  CHECK(packages[0].version == "3");
  CHECK_FALSE(packages[0].installed);
  CHECK(packages[1].name == "b");
  CHECK(packages[1].version == "1");
  CHECK(packages[1].installed);
}

TEST_CASE("a bad package is an error with file and line") {
  CHECK_THROWS_MATCHES(read_list("Package: a\nVersion: 1\n\nVersion: 1\n"), BadInput,
                       Message("list:4: a package without a field 'Package'"));
  CHECK_THROWS_MATCHES(read_list("Package: a\n"), BadInput,
                       Message("list:1: a package without a field 'Version'"));
  CHECK_THROWS_MATCHES(read_list("Package: a\nVersion:\n"), BadInput,
                       Message("list:2: an empty field 'Version'"));
  CHECK_THROWS_MATCHES(read_list("Version: 1\nPackage: a b\n"), BadInput,
                       Message("list:2: 'a b' is not the name of a package"));
  CHECK_THROWS_MATCHES(read_list("Package: a\nVersion: 1\nInstalled-Size: big\n"), BadInput,
                       Message("list:3: Installed-Size is not a number of KiB"));
  CHECK_THROWS_MATCHES(read_list("Package: a\nVersion: 1\nDepends: b |\n"), BadInput,
                       Message("list:3: Depends: expected a package name, found the end"));
  CHECK_THROWS_MATCHES(read_status("Package: a\nVersion: 1\n"), BadInput,
                       Message("status:1: a package without a field 'Status'"));
}

}  // namespace
}  // namespace plimsoll::demo::catalogue_test
