#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "plimsoll/tests/exhaustive/rules.h"

// The small worlds of a client that are enumerated, each with how many moves deep.

namespace plimsoll::exhaustive {

struct Plan {
  std::string_view name;
  std::size_t moves_max;
  /// As many worlds as there were when the plan was made: fewer would mean that some move is not
  /// made any more.
  std::uint64_t worlds_min;
  Rules rules;
  /// Whether the waits between attempts have to be seen growing.
  enum class Waits : std::uint8_t { any, growing } waits = Waits::any;
};

/// Ways that a handshake can go.
std::vector<Plan> handshake_plans();
/// Deadlines, cancelling and signs of life crossing what is sent and what comes.
std::vector<Plan> timeout_plans();
/// Connections lost and replaced under two requests.
std::vector<Plan> reconnect_plans();
/// Clients that end, and what users do between two events.
std::vector<Plan> closing_plans();

std::vector<Plan> all_plans();

/// Lets every world of `plan` happen. Throws Failure, with the moves, at the first in which
/// something does not hold. Returns how many there were.
std::uint64_t carry_out(const Plan& plan, Tally& tally);

}  // namespace plimsoll::exhaustive
