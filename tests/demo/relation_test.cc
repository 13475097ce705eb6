#include "plimsoll/demo/relation.h"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "plimsoll/demo/bad_input.h"

namespace plimsoll::demo::relation_test {
namespace {

using Catch::Matchers::Message;
using Relations = std::vector<std::string>;

TEST_CASE("relations come sorted, each with its alternatives in their own order") {
  CHECK(parse_relations("zlib1g, mawk | awk | gawk,libc6") ==
        Relations{"libc6", "mawk | awk | gawk", "zlib1g"});
}

TEST_CASE("what restricts a name is dropped") {
  CHECK(parse_relations("libc6 (>= 2.36)") == Relations{"libc6"});
  CHECK(parse_relations("libc6(<<3~)") == Relations{"libc6"});
  CHECK(parse_relations("python3:any (= 1:3.11-1)") == Relations{"python3"});
  CHECK(parse_relations("a [amd64 !i386], b <!nocheck> <cross>") == Relations{"a", "b"});
  CHECK(parse_relations("a:native (>= 1) [linux-any] <!x> | b") == Relations{"a | b"});
}

TEST_CASE("what is the same without restrictions counts once") {
  CHECK(parse_relations("python3 (<< 3.12), python3 (>= 3.11~)") == Relations{"python3"});
  CHECK(parse_relations("nodejs:any | nodejs (<< 12)") == Relations{"nodejs"});
}

TEST_CASE("a field may be empty or folded") {
  CHECK(parse_relations("").empty());
  CHECK(parse_relations(" \n ").empty());
  CHECK(parse_relations("a,\n b\n | c") == Relations{"a", "b | c"});
}

TEST_CASE("a relation's alternatives are read back") {
  CHECK(alternatives("a") == std::vector<std::string_view>{"a"});
  CHECK(alternatives("a | b | c") == std::vector<std::string_view>{"a", "b", "c"});
}

TEST_CASE("a malformed field is an error that says what was expected and what was found") {
  CHECK_THROWS_MATCHES(parse_relations("a, "), BadInput,
                       Message("expected a package name, found the end"));
  CHECK_THROWS_MATCHES(parse_relations("a | , b"), BadInput,
                       Message("expected a package name, found ', b'"));
  CHECK_THROWS_MATCHES(parse_relations("a b"), BadInput, Message("expected ',' or '|', found 'b'"));
  CHECK_THROWS_MATCHES(parse_relations("a (>= 1"), BadInput, Message("expected ')', found '1'"));
  CHECK_THROWS_MATCHES(parse_relations("a (1)"), BadInput,
                       Message("expected a comparison such as '>=', found '1)'"));
  CHECK_THROWS_MATCHES(parse_relations("a (>=)"), BadInput,
                       Message("expected a version, found ')'"));
  CHECK_THROWS_MATCHES(parse_relations("a:"), BadInput,
                       Message("expected an architecture after ':', found the end"));
}

TEST_CASE("names are those that dpkg accepts") {
  CHECK(is_package_name("libstdc++6"));
  CHECK(is_package_name("python3.11"));
  CHECK(is_package_name("7zip"));
  CHECK_FALSE(is_package_name(""));
  CHECK_FALSE(is_package_name("-a"));
  CHECK_FALSE(is_package_name("a:b"));
  CHECK_FALSE(is_package_name("a b"));
}

}  // namespace
}  // namespace plimsoll::demo::relation_test
