#pragma once

#include <cstdint>
#include <string>

#include "plimsoll/core/resp/value.h"

// What a reply says, as one number: the hash of its bytes on the wire, written anew from the value
// that a user sees. So a reply can be held against what the server sent without keeping either.

namespace plimsoll::sim {

/// `scratch` is overwritten.
std::uint64_t hash_of(const Value& reply, std::string& scratch);

std::uint64_t hash_of_wire(std::string_view reply);

}  // namespace plimsoll::sim
