#pragma once

#include <algorithm>
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

/// A read whose words lie anywhere, copied into one piece so that its keys can be found, if it is
/// short.
class ShortRead {
 public:
  static constexpr std::size_t bytes_max = 1024;

  explicit ShortRead(const CommandView& command) {
    if (command.effect != CommandView::Effect::read || encoded_size_bound(command) > bytes_max) {
      return;
    }
    encode_in_parts(command, [this](std::string_view part) {
      std::copy_n(part.data(), part.size(), bytes_.data() + size_);
      size_ += part.size();
    });
  }

  /// Lives as long as this object. Of what is no short read: an empty command.
  CommandView view() const {
    if (size_ == 0) return {};
    CommandView command = CommandView::from_encoded({bytes_.data(), size_});
    command.effect = CommandView::Effect::read;
    return command;
  }

 private:
  std::array<char, bytes_max> bytes_;
  std::size_t size_ = 0;
};

}  // namespace plimsoll::inline v0
