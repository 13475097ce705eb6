#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/conformance/document.h"
#include "plimsoll/tests/conformance/replay.h"

// A section for each row of each document. A failure says how the row was fed, and the outcome.

namespace plimsoll::testing::conformance_test {
namespace {

void replay(const ConformanceCase& row) {
  CHECK(replay_in_pieces(row) == as_expected);
  CHECK(replay_prefixes(row) == as_expected);
  CHECK(replay_unwanted(row) == as_expected);
  CHECK(replay_across_buffers(row) == as_expected);
  CHECK(replay_across_buffers_in_array(row) == as_expected);
}

// Catch2 runs a test case once for each of its sections: the rows are read once.
void replay_rows(const std::vector<ConformanceCase>& rows) {
  for (const ConformanceCase& row : rows) {
    DYNAMIC_SECTION(row.name) { replay(row); }
  }
}

TEST_CASE("all of RESP2 is read") {
  static const auto rows = read_document("resp2.md");
  replay_rows(rows);
}

TEST_CASE("all of RESP3 is read") {
  static const auto rows = read_document("resp3.md");
  replay_rows(rows);
}

TEST_CASE("streamed strings and aggregates are read") {
  static const auto rows = read_document("streamed.md");
  replay_rows(rows);
}

TEST_CASE("attributes belong to what follows them") {
  static const auto rows = read_document("attributes.md");
  replay_rows(rows);
}

TEST_CASE("pushes come between replies") {
  static const auto rows = read_document("pushes.md");
  replay_rows(rows);
}

TEST_CASE("what is not RESP is refused at the byte that is wrong") {
  static const auto rows = read_document("invalid.md");
  replay_rows(rows);
}

TEST_CASE("limits have an exact edge") {
  static const auto rows = read_document("limits.md");
  replay_rows(rows);
}

}  // namespace
}  // namespace plimsoll::testing::conformance_test
