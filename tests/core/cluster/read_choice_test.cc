#include "plimsoll/core/cluster/read_choice.h"

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::read_choice_test {
namespace {

using namespace std::chrono_literals;

// One letter for each replica: "r" may answer, "n" may answer and is near, "x" may not answer, "N"
// is near and may not.
std::vector<ReadCandidate> replicas_of(const std::string& letters) {
  std::vector<ReadCandidate> all;
  for (const char letter : letters) {
    all.push_back(
        {.may_answer = letter == 'r' || letter == 'n', .is_near = letter == 'n' || letter == 'N'});
  }
  return all;
}

// Who answers the next six reads: the number of a replica, or "p".
std::string choices(ReadFrom from, const std::vector<ReadCandidate>& replicas,
                    const ReadCandidate& primary = {}, std::uint32_t turn = 0) {
  std::string all;
  for (int i = 0; i < 6; ++i) {
    const std::size_t index = choose_reader(from, replicas, primary, turn);
    all += index == read_at_primary ? "p" : std::to_string(index);
  }
  return all;
}

struct Case {
  const char* replicas;
  const char* choices;
};

TEST_CASE("the primary answers all reads if that is wanted") {
  CHECK(choices(ReadFrom::primary, replicas_of("rrr")) == "pppppp");
}

TEST_CASE("the replicas that may answer take turns, and the primary answers if there is none") {
  const auto [replicas, expected] =
      GENERATE(Case{"", "pppppp"}, Case{"x", "pppppp"}, Case{"r", "000000"}, Case{"rr", "010101"},
               Case{"xrxr", "131313"}, Case{"rnN", "010101"}, Case{"rrrrrrrr", "012345"});
  CAPTURE(replicas);
  CHECK(choices(ReadFrom::prefer_replica, replicas_of(replicas)) == expected);
}

TEST_CASE("turns go on where their count begins again") {
  CHECK(choices(ReadFrom::prefer_replica, replicas_of("rr"), {}, UINT32_MAX) == "101010");
}

TEST_CASE("the replicas of the client's zone come first, and others before the primary") {
  const auto [replicas, expected] =
      GENERATE(Case{"", "pppppp"}, Case{"xN", "pppppp"}, Case{"rnr", "111111"},
               Case{"nrn", "020202"}, Case{"Nrr", "121212"});
  CAPTURE(replicas);
  CHECK(choices(ReadFrom::az_affinity, replicas_of(replicas), {.is_near = true}) == expected);
}

TEST_CASE("the primary comes between its zone's replicas and others, if it is in that zone") {
  const ReadFrom from = ReadFrom::az_affinity_replicas_and_primary;
  CHECK(choices(from, replicas_of("rnr"), {.is_near = true}) == "111111");
  CHECK(choices(from, replicas_of("rNr"), {.is_near = true}) == "pppppp");
  CHECK(choices(from, replicas_of("rNr"), {.is_near = false}) == "020202");
  CHECK(choices(from, replicas_of("xN"), {.is_near = false}) == "pppppp");
}

TEST_CASE("the servers that answer fastest take turns, of the replicas and the primary") {
  const ReadFrom from = ReadFrom::lowest_latency;
  auto replicas = replicas_of("rrx");
  replicas[0].latency = 10ms;
  replicas[1].latency = 12ms;
  replicas[2].latency = 1ms;  // it may not answer
  CHECK(choices(from, replicas, {.latency = 11ms}) == "p01p01");
  CHECK(choices(from, replicas, {.latency = 13ms}) == "010101");
  CHECK(choices(from, replicas, {.latency = 2ms}) == "pppppp");
  // Less than a tenth of a millisecond is noise, however large a part it is.
  replicas[0].latency = 20us;
  replicas[1].latency = 110us;
  CHECK(choices(from, replicas, {.latency = 121us}) == "010101");
}

TEST_CASE("a server that was not measured yet is asked") {
  auto replicas = replicas_of("rr");
  replicas[0].latency = 10ms;
  CHECK(choices(ReadFrom::lowest_latency, replicas, {.latency = 10ms}) == "111111");
  CHECK(choices(ReadFrom::lowest_latency, replicas) == "p1p1p1");
  CHECK(choices(ReadFrom::lowest_latency, {}) == "pppppp");
}

}  // namespace
}  // namespace plimsoll::read_choice_test
