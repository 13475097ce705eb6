#include "plimsoll/bench/report.h"

#include <cstdio>
#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::bench::report_test {
namespace {

// What a report wrote, and how it ended.
struct Outcome {
  std::string text;
  int exit_status = 0;
};

Outcome report_of(const Row& row, Report::Format format = Report::Format::json,
                  Report::Judging judging = Report::Judging::goals) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  Outcome outcome;
  {
    Report report("pipeline", format, judging, file);
    report.add(row);
    outcome.exit_status = report.finish();
  }
  std::rewind(file);
  for (int byte = std::fgetc(file); byte != EOF; byte = std::fgetc(file)) {
    outcome.text += static_cast<char>(byte);
  }
  std::fclose(file);
  return outcome;
}

TEST_CASE("a ratio over its goal is met and says so in JSON") {
  const auto outcome = report_of({.name = "batches of 10",
                                  .ours = 30,
                                  .peer = 20,
                                  .unit = "GET/s",
                                  .goal = ratio_at_least(1.0)});
  CHECK(outcome.text ==
        R"({"bench":"pipeline","case":"batches of 10","ours":30.0,"peer":20.0,"ratio":1.5,)"
        R"("unit":"GET/s","goal":"ratio >= 1","met":true})"
        "\n");
  CHECK(outcome.exit_status == 0);
}

TEST_CASE("a row without a goal has null for goal and met and cannot fail") {
  const auto outcome = report_of({.name = "memory", .ours = 7, .unit = "MiB"});
  CHECK(outcome.text ==
        R"({"bench":"pipeline","case":"memory","ours":7.0,"peer":null,"ratio":null,)"
        R"("unit":"MiB","goal":null,"met":null})"
        "\n");
  CHECK(outcome.exit_status == 0);
}

TEST_CASE("a ratio or a counter that misses its goal fails the run") {
  CHECK(report_of({.name = "r", .ours = 1, .peer = 2, .goal = ratio_at_least(0.9)}).exit_status ==
        1);
  CHECK(report_of({.name = "r", .ours = 2, .peer = 1, .goal = ratio_at_most(0.8)}).exit_status ==
        1);
  CHECK(report_of({.name = "c", .ours = 1301, .goal = counter_at_most(1300)}).exit_status == 1);
  CHECK(report_of({.name = "c", .ours = 1300, .goal = counter_at_most(1300)}).exit_status == 0);
}

TEST_CASE("a time that misses its goal says so and does not fail the run") {
  const auto outcome = report_of({.name = "t", .ours = 2, .unit = "ms", .goal = time_at_most(1.5)});
  CHECK(outcome.text.find(R"("goal":"ours <= 1.5","met":false)") != std::string::npos);
  CHECK(outcome.exit_status == 0);
}

TEST_CASE("a goal whose figure is missing is missed") {
  CHECK(report_of({.name = "r", .ours = 1, .goal = ratio_at_least(0.9)}).exit_status == 1);
}

TEST_CASE("a smoke run judges nothing") {
  const auto outcome = report_of({.name = "r", .ours = 1, .peer = 2, .goal = ratio_at_least(0.9)},
                                 Report::Format::json, Report::Judging::nothing);
  CHECK(outcome.text.find(R"("goal":"ratio >= 0.9","met":null)") != std::string::npos);
  CHECK(outcome.exit_status == 0);
}

TEST_CASE("the table shows what was missed and counts the goals") {
  const auto outcome = report_of({.name = "r", .ours = 1, .peer = 2, .goal = ratio_at_least(0.9)},
                                 Report::Format::table);
  CHECK(outcome.text.find("ratio >= 0.9  MISSED\n") != std::string::npos);
  CHECK(outcome.text.ends_with("0 of 1 goals met\n"));
}

}  // namespace
}  // namespace plimsoll::bench::report_test
