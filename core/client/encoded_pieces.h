#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0 {

/// An encoded read that lies in several pieces, as one log has it, to be staged in another.
struct EncodedPieces {
  static constexpr std::size_t count_max = 8;

  std::array<std::string_view, count_max> spans;
  std::size_t count = 0;  ///< 1 or more

  /// Lives as long as this object.
  CommandView view() {
    CommandView command = CommandView::from_encoded(spans[0]);
    command.effect = CommandView::Effect::read;
    if (count == 1) return command;
    rest_ = {.items = this, .walk = &walk, .is_encoded = true};
    command.lists = {&rest_, 1};
    return command;
  }

 private:
  static void walk(const ArgumentList& list, const ArgumentSink& sink) {
    const auto& pieces = *static_cast<const EncodedPieces*>(list.items);
    for (std::size_t i = 1; i < pieces.count; ++i) sink(pieces.spans[i]);
  }

  ArgumentList rest_{};
};

}  // namespace plimsoll::inline v0
