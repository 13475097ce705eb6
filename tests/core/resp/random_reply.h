#pragma once

#include <random>
#include <string>

#include "plimsoll/tests/core/resp/model.h"

// Random replies and their bytes, for properties that hold for all of them. The same seed gives the
// same, on every machine.

namespace plimsoll::testing {

using Random = std::minstd_rand;

/// A number below `end`.
std::size_t below(Random& random, std::size_t end);

/// Any value, of about `size` values in all, at most `depth` aggregates inside each other.
Model random_reply(Random& random, std::size_t size, std::size_t depth);

/// `model` on the wire. Where RESP has several ways to say the same, one is chosen: streamed or
/// counted, the three nulls, zeros before a length.
std::string wire_of(const Model& model, Random& random);

}  // namespace plimsoll::testing
