#include "plimsoll/core/resp/encoder.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/reading.h"

namespace plimsoll::testing::encoder_test {
namespace {

using namespace std::literals;

CommandView get_with(std::span<const std::string_view> args) {
  CommandView command;
  command.head = "$3\r\nGET\r\n";
  command.head_parts = 1;
  command.args = args;
  return command;
}

std::string encoded(const CommandView& command) {
  // A byte more on either side, which must stay.
  std::string out(encoded_size(command) + 2, '!');
  const char* const end = encode(command, out.data() + 1);
  CHECK(end == out.data() + out.size() - 1);
  CHECK(encoded_size_bound(command) >= encoded_size(command));
  CHECK(out.front() == '!');
  CHECK(out.back() == '!');
  return out.substr(1, out.size() - 2);
}

std::string encoded_in_parts(const CommandView& command) {
  std::string out;
  encode_in_parts(command, [&out](std::string_view part) { out += part; });
  return out;
}

TEST_CASE("a command is an array of bulk strings") {
  const std::array args{"ship"sv};
  CHECK(encoded(get_with(args)) == "*2\r\n$3\r\nGET\r\n$4\r\nship\r\n");
  CHECK(encoded(get_with({})) == "*1\r\n$3\r\nGET\r\n");
}

TEST_CASE("arguments may be empty and have any bytes") {
  const std::array args{""sv, "\r\n\0$"sv, std::string_view()};
  CHECK(encoded(get_with(args)) == "*4\r\n$3\r\nGET\r\n$0\r\n\r\n$4\r\n\r\n\0$\r\n$0\r\n\r\n"sv);
}

TEST_CASE("the parts of a command come in order") {
  const std::array args{"a"sv, "b"sv};
  const std::array more{"c"sv};
  const std::array pairs{ArgumentPair{"d", "e"}, ArgumentPair{"f", "g"}};
  CommandView command = get_with(args);
  command.more_args = more;
  command.pairs = pairs;
  CHECK(command.parts() == 8);
  ReplyMemory memory;
  Reading reading(memory);
  reading.feed(encoded(command));
  CHECK(reading.outcome() == R"(["GET", "a", "b", "c", "d", "e", "f", "g"])");
}

TEST_CASE("a head may have the count already") {
  const std::array args{"ship"sv};
  CommandView command;
  command.head = "*2\r\n$3\r\nGET\r\n";
  command.head_kind = CommandView::Head::counted;
  command.args = args;
  CHECK(encoded(command) == encoded(get_with(args)));
  CHECK(encoded_in_parts(command) == encoded(command));
}

TEST_CASE("a request that was encoded before stays as it is") {
  const CommandView command = CommandView::from_encoded("*1\r\n$4\r\nPING\r\n");
  CHECK(encoded(command) == "*1\r\n$4\r\nPING\r\n");
  CHECK(encoded_in_parts(command) == "*1\r\n$4\r\nPING\r\n");
}

TEST_CASE("arguments of every length are announced and copied right") {
  for (const std::size_t size : {0,  1,  2,  3,  4,   7,   8,   9,    15,   16,    17,    31,
                                 32, 33, 63, 99, 100, 101, 999, 1000, 9999, 10000, 65535, 100000}) {
    std::string arg(size, 'x');
    for (std::size_t i = 0; i < size; ++i) arg[i] = static_cast<char>('a' + i % 26);
    const std::array args{std::string_view(arg)};
    const std::string expected =
        "*2\r\n$3\r\nGET\r\n$" + std::to_string(size) + "\r\n" + arg + "\r\n";
    CHECK(encoded(get_with(args)) == expected);
    CHECK(encoded_in_parts(get_with(args)) == expected);
  }
}

TEST_CASE("any count of arguments is announced right") {
  for (const std::size_t count : {8u, 9u, 10u, 98u, 99u, 100u, 998u, 999u, 1000u, 9999u}) {
    const std::vector<std::string_view> args(count, "a");
    const std::string bytes = encoded(get_with(args));
    CHECK(bytes.starts_with("*" + std::to_string(count + 1) + "\r\n$3\r\nGET\r\n$1\r\na\r\n"));
    CHECK(encoded_in_parts(get_with(args)) == bytes);
  }
}

TEST_CASE("a header has at most as many bytes as is said") {
  std::array<char, encoding::header_bytes_max> out{};
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{10}, std::uint64_t{99},
        std::uint64_t{100}, std::uint64_t{999}, std::uint64_t{1000}, UINT64_MAX}) {
    const char* const end = encoding::write_header(out.data(), '$', number);
    const std::string_view written(out.data(), static_cast<std::size_t>(end - out.data()));
    CHECK(written == "$" + std::to_string(number) + "\r\n");
    CHECK(encoding::digits_of(number) == std::to_string(number).size());
  }
}

}  // namespace
}  // namespace plimsoll::testing::encoder_test
