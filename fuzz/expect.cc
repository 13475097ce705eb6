#include "plimsoll/fuzz/expect.h"

#include <cstdio>
#include <cstdlib>

namespace plimsoll::fuzz {

void expect_equal(std::string_view what, std::string_view actual, std::string_view expected) {
  if (actual == expected) return;
  const auto width = [](std::string_view text) { return static_cast<int>(text.size()); };
  std::fprintf(stderr, "%.*s differs\n  is:       %.*s\n  expected: %.*s\n", width(what),
               what.data(), width(actual), actual.data(), width(expected), expected.data());
  std::abort();
}

void expect(std::string_view what, bool holds) {
  expect_equal(what, holds ? "true" : "false", "true");
}

}  // namespace plimsoll::fuzz
