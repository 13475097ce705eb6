#include "plimsoll/demo/figures.h"

#include <chrono>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::demo::figures_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("numbers have a comma before each three digits") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1'000) == "1,000");
  CHECK(with_commas(123'456) == "123,456");
  CHECK(with_commas(1'234'567) == "1,234,567");
}

TEST_CASE("memory is given in the unit that keeps it short") {
  CHECK(as_memory(0) == "0 B");
  CHECK(as_memory(1023) == "1023 B");
  CHECK(as_memory(1024) == "1.0 KiB");
  CHECK(as_memory(10 * 1024) == "10 KiB");
  CHECK(as_memory(1023 * 1024) == "1.0 MiB");
  CHECK(as_memory(1'610'612'736) == "1.5 GiB");
}

TEST_CASE("times are given in the unit that keeps them short") {
  CHECK(as_time(0ns) == "0.0 us");
  CHECK(as_time(80us) == "80 us");
  CHECK(as_time(2'540us) == "2.5 ms");
  CHECK(as_time(999'600us) == "1.0 s");
  CHECK(as_time(12s) == "12 s");
}

TEST_CASE("a rate is a number a second") {
  CHECK(as_rate(500'000, 250ms) == "2,000,000");
  CHECK(as_rate(1, 0ns) == "0");
}

TEST_CASE("one thing and many things are named as such") {
  CHECK(counted(1, "package", "packages") == "1 package");
  CHECK(counted(0, "package", "packages") == "0 packages");
  CHECK(counted(2'000, "package", "packages") == "2,000 packages");
}

}  // namespace
}  // namespace plimsoll::demo::figures_test
