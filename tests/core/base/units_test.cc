#include "plimsoll/core/base/units.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::units_test {
namespace {

std::string format(std::uint64_t bytes) {
  std::array<char, 16> out{};
  return std::string(format_bytes(bytes, out));
}

std::string problem_of(std::string_view text) {
  const Error error = parse_bytes(text).error();
  return std::string(name(error.code)) + ": " + error.what + " at " + std::to_string(error.offset);
}

TEST_CASE("amounts are read as people write them") {
  CHECK(*parse_bytes("65536") == 65536);
  CHECK(*parse_bytes("0") == 0);
  CHECK(*parse_bytes("17 B") == 17);
  CHECK(*parse_bytes("64 MiB") == 64 * 1024 * 1024);
  CHECK(*parse_bytes("64MiB") == 64 * 1024 * 1024);
  CHECK(*parse_bytes("512 KB") == 512 * 1000);
  CHECK(*parse_bytes("1 KiB") == 1024);
  CHECK(*parse_bytes("2 MB") == 2'000'000);
  CHECK(*parse_bytes("3 GB") == 3'000'000'000);
  CHECK(*parse_bytes("3 GiB") == std::uint64_t{3} << 30);
  CHECK(*parse_bytes("1 TB") == 1'000'000'000'000);
  CHECK(*parse_bytes("1 TiB") == std::uint64_t{1} << 40);
}

TEST_CASE("case and the blanks before a unit do not matter") {
  CHECK(*parse_bytes("64 mib") == *parse_bytes("64 MiB"));
  CHECK(*parse_bytes("64 MIB") == *parse_bytes("64 MiB"));
  CHECK(*parse_bytes("64   MiB") == *parse_bytes("64 MiB"));
  CHECK(*parse_bytes("64 ") == 64);
}

TEST_CASE("what is not an amount says what is wrong, and where") {
  CHECK(problem_of("") == "invalid_option: amount does not begin with digits at 0");
  CHECK(problem_of("MiB") == "invalid_option: amount does not begin with digits at 0");
  CHECK(problem_of("-1") == "invalid_option: amount does not begin with digits at 0");
  CHECK(problem_of("+1") == "invalid_option: amount does not begin with digits at 0");
  CHECK(problem_of(" 1") == "invalid_option: amount does not begin with digits at 0");
  CHECK(problem_of("64 MiBs") == "invalid_option: unknown unit at 3");
  CHECK(problem_of("64 M") == "invalid_option: unknown unit at 3");
  CHECK(problem_of("1.5 GiB") == "invalid_option: unknown unit at 1");
  CHECK(problem_of("1 MiB ") == "invalid_option: unknown unit at 2");
  CHECK(problem_of(std::string_view("1\0", 2)) == "invalid_option: unknown unit at 1");
}

TEST_CASE("amounts have the range of 64 bits") {
  CHECK(*parse_bytes("18446744073709551615") == UINT64_MAX);
  CHECK(problem_of("18446744073709551616") == "invalid_option: amount does not fit 64 bits at 0");
  CHECK(*parse_bytes("16777215 TiB") == std::uint64_t{16777215} << 40);
  CHECK(problem_of("16777216 TiB") == "invalid_option: amount does not fit 64 bits at 0");
}

TEST_CASE("amounts are written with one decimal at most, and never claim more than there is") {
  CHECK(format(0) == "0 B");
  CHECK(format(1023) == "1023 B");
  CHECK(format(1024) == "1 KiB");
  CHECK(format(1024 + 102) == "1 KiB");
  CHECK(format(1024 + 103) == "1.1 KiB");
  CHECK(format(1536) == "1.5 KiB");
  CHECK(format(2047) == "1.9 KiB");
  CHECK(format(1024 * 1024 - 1) == "1023.9 KiB");
  CHECK(format(64 * 1024 * 1024) == "64 MiB");
  CHECK(format(std::uint64_t{2} * 1024 * 1024 - 1) == "1.9 MiB");
  CHECK(format(std::uint64_t{5} << 40) == "5 TiB");
  CHECK(format(UINT64_MAX) == "16777215.9 TiB");
}

TEST_CASE("what is written is read back, where it has no decimal") {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{17}, std::uint64_t{7} << 10,
                                    std::uint64_t{64} << 20, std::uint64_t{3} << 30}) {
    CHECK(*parse_bytes(format(bytes)) == bytes);
  }
}

}  // namespace
}  // namespace plimsoll::testing::units_test
