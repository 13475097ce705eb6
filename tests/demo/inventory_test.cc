#include "plimsoll/demo/inventory.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "plimsoll/demo/bad_input.h"

namespace plimsoll::demo::inventory_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Message;

// A folder of files of its own for one test.
class Folder {
 public:
  Folder() {
    auto name = (fs::temp_directory_path() / "plimsoll-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw BadInput("no temporary folder");
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

constexpr const char* one_installed = "Package: a\nStatus: install ok installed\nVersion: 1\n";

TEST_CASE("the lists of a folder are read in the order of their names, nothing else in it is") {
  const Folder folder;
  const auto status = folder.write("status", one_installed);
  folder.write("z_Packages", "Package: b\nVersion: z\n");
  folder.write("c_Packages", "Package: b\nVersion: c\n");
  folder.write("c_InRelease", "no list at all\n");
  folder.write("c_Packages_old", "no list either\n");

  const auto inventory = read_inventory(status, folder.path());

  CHECK(inventory.installed_count == 1);
  CHECK(inventory.lists_count == 2);
  CHECK(inventory.notes.empty());
  REQUIRE(inventory.packages.size() == 2);
  CHECK(inventory.packages[1].version == "c");
}

TEST_CASE("without lists there is what is installed") {
  const Folder folder;
  const auto status = folder.write("status", one_installed);

  const auto inventory = read_inventory(status, folder.path() / "lists");

  CHECK(inventory.packages.size() == 1);
  CHECK(inventory.lists_count == 0);
  CHECK(inventory.notes.empty());
}

TEST_CASE("a folder of lists that cannot be read is noted") {
  const Folder folder;
  const auto status = folder.write("status", one_installed);

  const auto inventory = read_inventory(status, status);

  REQUIRE(inventory.notes.size() == 1);
  CHECK(inventory.notes[0] == status.string() + ": Not a directory");
}

TEST_CASE("a list that cannot be unpacked is left out with a note") {
  const Folder folder;
  const auto status = folder.write("status", one_installed);
  const auto list = folder.write("x_Packages.lz4", "not lz4");

  const auto inventory = read_inventory(status, folder.path());

  CHECK(inventory.lists_count == 0);
  REQUIRE(inventory.notes.size() == 1);
  CHECK(inventory.notes[0].starts_with(list.string() + ": "));
}

TEST_CASE("a status file that is not there or has nothing installed is an error") {
  const Folder folder;
  const auto missing = folder.path() / "none";
  const auto empty = folder.write("status", "");

  CHECK_THROWS_MATCHES(read_inventory(missing, folder.path()), BadInput,
                       Message(missing.string() + ": No such file or directory"));
  CHECK_THROWS_MATCHES(read_inventory(folder.path(), folder.path()), BadInput,
                       Message(folder.path().string() + ": Is a directory"));
  CHECK_THROWS_MATCHES(read_inventory(empty, folder.path()), BadInput,
                       Message(empty.string() + ": holds no installed package"));
}

TEST_CASE("a list with bad content is an error that names it") {
  const Folder folder;
  const auto status = folder.write("status", one_installed);
  const auto list = folder.write("x_Packages", "Package: b\nVersion: 1\n\nrubbish\n");

  CHECK_THROWS_MATCHES(read_inventory(status, folder.path()), BadInput,
                       Message(list.string() + ":4: expected 'Field: value', found 'rubbish'"));
}

}  // namespace
}  // namespace plimsoll::demo::inventory_test
