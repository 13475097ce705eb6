#include "plimsoll/tests/core/resp/naive_parser.h"

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/conformance/document.h"
#include "plimsoll/tests/conformance/replay.h"

namespace plimsoll::testing::naive_parser_test {
namespace {

TEST_CASE("the naive parser, with which the other is compared, keeps to the documents") {
  for (const char* name : {"resp2.md", "resp3.md", "streamed.md", "attributes.md", "pushes.md",
                           "invalid.md", "limits.md"}) {
    for (const ConformanceCase& row : read_document(name)) {
      INFO(row.name);
      CHECK(naive_outcome(bytes_of(row)) == outcome_of(row));
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::naive_parser_test
