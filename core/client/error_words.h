#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/resp/value.h"

namespace plimsoll::inline v0 {

/// The beginning of the text of an error that a node of a cluster has answered, in one piece:
/// enough for the longest redirection. Empty if the value is no error.
class ErrorWords {
 public:
  explicit ErrorWords(const std::optional<Value>& value) {
    if (!value || !value->is_error()) return;
    value->as_error()->for_each_piece([this](std::string_view piece) {
      const std::size_t taken = std::min(piece.size(), words_.size() - size_);
      std::copy_n(piece.data(), taken, words_.data() + size_);
      size_ += taken;
    });
  }
  std::string_view view() const { return {words_.data(), size_}; }

 private:
  // Its word, slot, host and port.
  std::array<char, NodeAddress::host_bytes_max + 32> words_;
  std::size_t size_ = 0;
};

}  // namespace plimsoll::inline v0
