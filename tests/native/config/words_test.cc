#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/config/text/duration.h"
#include "plimsoll/native/config/text/nearest.h"

// Times, and guesses at what a wrong word was meant to be.

namespace plimsoll::testing::words_test {
namespace {

using native::config::edit_distance;
using native::config::nearest;
using native::config::nearest_size_max;
using native::config::parse_duration;
using native::config::to_text;
using std::chrono::milliseconds;

TEST_CASE("a time is a number with a unit") {
  CHECK(parse_duration("250 ms") == milliseconds(250));
  CHECK(parse_duration("5s") == milliseconds(5'000));
  CHECK(parse_duration("2 min") == milliseconds(120'000));
  CHECK(parse_duration("1 h") == milliseconds(3'600'000));
  CHECK(parse_duration("0 s") == milliseconds(0));
  CHECK(parse_duration("1500 us") == std::chrono::microseconds(1'500));
  CHECK(parse_duration("7 ns") == std::chrono::nanoseconds(7));
  CHECK(parse_duration("8760 h") == std::chrono::hours(8760));
  const auto bad = GENERATE("", "5", "s", "-5 s", "5 m", "1.5 s", "5 s ", "4294967295 h", "8761 h",
                            "18446744073709551615 ns", "99999999999999999999 ns");
  CAPTURE(bad);
  CHECK_FALSE(parse_duration(bad));
}

TEST_CASE("a time is shown in the largest unit that it has a whole number of, and read again") {
  CHECK(to_text(milliseconds(90'000)) == "90 s");
  CHECK(to_text(milliseconds(3'600'000)) == "1 h");
  CHECK(to_text(milliseconds(0)) == "0 s");
  CHECK(to_text(std::chrono::microseconds(1'500)) == "1500 us");
  CHECK(parse_duration(to_text(std::chrono::nanoseconds(1'000'000'001))) ==
        std::chrono::nanoseconds(1'000'000'001));
}

TEST_CASE("a letter that is missing, too many, wrong, or swapped with its neighbour is one edit") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("budget", "budget") == 0);
  CHECK(edit_distance("buget", "budget") == 1);
  CHECK(edit_distance("buddget", "budget") == 1);
  CHECK(edit_distance("bugdet", "budget") == 1);
  CHECK(edit_distance("bedget", "budget") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("budget", "bugdet") == 1);
}

TEST_CASE("the nearest name is the one with the fewest edits, if these are few") {
  const std::vector<std::string_view> names{"ratio", "budget", "memory_limit", "a"};
  CHECK(nearest("ration", names) == "ratio");
  CHECK(nearest("memorylimit", names) == "memory_limit");
  CHECK(nearest("memlimit", names).empty());
  CHECK(nearest("", names) == "a");
  CHECK(nearest("nothing_like_it", names).empty());
  CHECK(nearest(std::string(nearest_size_max, 'a'), names).empty());
  CHECK(nearest(std::string(nearest_size_max + 1, 'a'), names).empty());
}

}  // namespace
}  // namespace plimsoll::testing::words_test
