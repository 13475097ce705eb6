#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/cluster/slot.h"

// What a node of a cluster answers to a request whose slot it does not serve, or not alone.

namespace plimsoll::inline v0 {

struct Redirection {
  enum class Kind : std::uint8_t {
    moved,  ///< the slot is served there
    ask     ///< this request may be served there, behind ASKING; the slot has not moved yet
  };

  Kind kind;
  Slot slot;
  /// A part of the text that was read. Empty: the host that was asked. "?": not known.
  std::string_view host;
  std::uint16_t port;
};

/// Reads the text of an error: "MOVED 3999 127.0.0.1:6381" or "ASK 3999 ::1:6381". Returns nothing
/// if the text is anything else, or has a slot or a port that cannot be.
std::optional<Redirection> read_redirection(std::string_view text);

}  // namespace plimsoll::inline v0
