#pragma once

#include <string>
#include <string_view>
#include <vector>

// RESP read the simple way: recursively, from bytes that are all there, with a copy of everything.
// Written from docs/protocol.md and apart from core/resp, to compare the two.

namespace plimsoll::testing {

struct NaiveOutcome {
  std::vector<std::string> frames;  // as show() has them
  std::string end;                  // "", "..." in a frame, or "error at ..."
};

NaiveOutcome naive_read(std::string_view bytes);

/// What a Reader should make of `bytes`, as Reading::outcome() has it.
std::string naive_outcome(std::string_view bytes);

}  // namespace plimsoll::testing
