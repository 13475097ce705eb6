#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/block.h"

namespace plimsoll::wasm {

/// Copies texts that must outlive their owner, and lists of texts with their views, into one block.
/// Call count() for each text, allocate() once, then copy() for the same texts in the same order.
class CopiedTexts {
 public:
  void count(std::string_view text) { bytes_ += text.size(); }
  void count(std::span<const std::string_view> texts);

  /// Returns false if there is no memory.
  [[nodiscard]] bool allocate(Account& account);

  void copy(std::string_view& text);
  void copy(std::span<const std::string_view>& texts);

  /// Returns the block that contains the copies; an empty block if there are none.
  Block take() { return std::move(block_); }

 private:
  std::size_t bytes_ = 0;
  std::size_t views_ = 0;
  Block block_;
  std::string_view* next_view_ = nullptr;
  char* next_byte_ = nullptr;
};

}  // namespace plimsoll::wasm
