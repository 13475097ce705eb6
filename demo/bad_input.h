// What the demo throws when a file or an answer from outside is not what it should be. The text is
// for the user and says what was wrong, what was expected and where; main() prints it and ends with
// an error.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace plimsoll::demo {

struct BadInput : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The beginning of what was found, in quotes and fit for a terminal: a file may hold anything.
std::string in_quotes(std::string_view found);

}  // namespace plimsoll::demo
