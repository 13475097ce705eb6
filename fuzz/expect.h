#pragma once

#include <string_view>

namespace plimsoll::fuzz {

/// Ends the process with both texts where they differ, `what` saying between which two things.
void expect_equal(std::string_view what, std::string_view actual, std::string_view expected);

void expect(std::string_view what, bool holds);

}  // namespace plimsoll::fuzz
