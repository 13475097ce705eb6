#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/block.h"

namespace plimsoll::wasm {

/// Room for a copy of texts whose owner goes: their bytes, and the views of those that are lists.
/// count() what there is, allocate() once, then copy() the same in the same order.
class OwnTexts {
 public:
  void count(std::string_view text) { bytes_ += text.size(); }
  void count(std::span<const std::string_view> texts);

  /// False: no memory.
  [[nodiscard]] bool allocate(Account& account);

  void copy(std::string_view& text);
  void copy(std::span<const std::string_view>& texts);

  /// Who owns them from now on; of nothing where there are none.
  Block take() { return std::move(block_); }

 private:
  std::size_t bytes_ = 0;
  std::size_t views_ = 0;
  Block block_;
  std::string_view* next_view_ = nullptr;
  char* next_byte_ = nullptr;
};

}  // namespace plimsoll::wasm
