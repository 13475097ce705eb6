#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {

/// How a command says when a key expires.
enum class ExpiryUnit { seconds, milliseconds };
enum class ExpiryFrom { now, epoch };

/// EX, PX, EXAT or PXAT of SET and GETEX, with its place among the arguments.
struct ExpiryArgument {
  ExpiryUnit unit;
  ExpiryFrom from;
  std::size_t place;
};

/// The milliseconds since the epoch that such an argument means. Nothing, with the error replied,
/// if it is no number, or not above zero, or out of range.
std::optional<std::int64_t> expiry_time(Call& call, const ExpiryArgument& argument);

}  // namespace plimsoll::sim::model
