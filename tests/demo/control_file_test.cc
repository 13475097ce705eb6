#include "plimsoll/demo/control_file.h"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "plimsoll/demo/bad_input.h"

namespace plimsoll::demo::control_file_test {
namespace {

using Catch::Matchers::Message;

std::vector<Paragraph> read(std::string_view text) {
  ControlFile file("status", text);
  std::vector<Paragraph> paragraphs;
  while (auto paragraph = file.next()) paragraphs.push_back(std::move(*paragraph));
  return paragraphs;
}

TEST_CASE("paragraphs are parted by empty lines, however many") {
  const auto paragraphs = read("\n\nPackage: a\nVersion: 1\n\n \t\n\nPackage: b\n\n");

  REQUIRE(paragraphs.size() == 2);
  CHECK(paragraphs[0].find("Package")->value == "a");
  CHECK(paragraphs[0].find("Version")->value == "1");
  CHECK(paragraphs[1].find("Package")->value == "b");
  CHECK(paragraphs[1].find("Version") == nullptr);
}

TEST_CASE("fields know their line in the file") {
  const auto paragraphs = read("\nPackage: a\nDepends: b,\n c\nVersion: 1\n");

  REQUIRE(paragraphs.size() == 1);
  CHECK(paragraphs[0].line == 2);
  CHECK(paragraphs[0].find("Depends")->line == 3);
  CHECK(paragraphs[0].find("Version")->line == 5);
}

TEST_CASE("a value keeps its continuation lines and loses the blanks around it") {
  const auto paragraphs = read("Depends:  a,\n b,\n\tc \nConffiles:\n /etc/x 12\nEmpty:\n");

  REQUIRE(paragraphs.size() == 1);
  CHECK(paragraphs[0].find("Depends")->value == "a,\n b,\n\tc");
  CHECK(paragraphs[0].find("Conffiles")->value == "/etc/x 12");
  CHECK(paragraphs[0].find("Empty")->value.empty());
}

TEST_CASE("a value may hold colons, and the last line may lack its newline") {
  const auto paragraphs = read("Version: 1:2.0\nHomepage: https://example.org/");

  REQUIRE(paragraphs.size() == 1);
  CHECK(paragraphs[0].find("Version")->value == "1:2.0");
  CHECK(paragraphs[0].find("Homepage")->value == "https://example.org/");
}

TEST_CASE("an empty text has no paragraph") {
  CHECK(read("").empty());
  CHECK(read("\n \n").empty());
}

TEST_CASE("a line that is no field is an error with file and line") {
  CHECK_THROWS_MATCHES(read("Package: a\nnonsense\n"), BadInput,
                       Message("status:2: expected 'Field: value', found 'nonsense'"));
  CHECK_THROWS_MATCHES(read("two words: a\n"), BadInput,
                       Message("status:1: expected 'Field: value', found 'two words: a'"));
  CHECK_THROWS_MATCHES(read(": a\n"), BadInput,
                       Message("status:1: expected 'Field: value', found ': a'"));
}

TEST_CASE("an error shows only the beginning of a line, and nothing that harms a terminal") {
  CHECK_THROWS_MATCHES(
      read("\x1b[2J" + std::string(5000, 'x')), BadInput,
      Message("status:1: expected 'Field: value', found '?[2J" + std::string(36, 'x') + "...'"));
}

TEST_CASE("a continuation of nothing and a field twice are errors") {
  CHECK_THROWS_MATCHES(read("Package: a\n\n lost\n"), BadInput,
                       Message("status:3: a line that begins with a blank continues no field"));
  CHECK_THROWS_MATCHES(read("Package: a\nPackage: b\n"), BadInput,
                       Message("status:2: a second field 'Package' in one paragraph"));
}

}  // namespace
}  // namespace plimsoll::demo::control_file_test
