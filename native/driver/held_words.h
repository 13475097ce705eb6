#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"

// Copies of a caller's arguments, for a call that starts later or may be sent once more. The
// requests pool pays before the arguments are copied, and gets the memory back when the last copy
// of these objects is destroyed.

namespace plimsoll::inline v0::native {

/// A command's bytes on the wire. Copies of this object share the bytes.
class HeldRequest {
 public:
  HeldRequest() = default;
  HeldRequest(Account& requests, const CommandView& command);

  /// Encodes `words` as a command, its name first.
  HeldRequest(Account& requests, std::span<const std::string_view> words);

  /// False if the requests pool had no room for size() bytes.
  explicit operator bool() const { return block_ != nullptr; }

  std::size_t size() const { return size_; }
  std::string_view bytes() const { return {static_cast<const char*>(block_->data()), size_}; }

 private:
  std::shared_ptr<const Block> block_;
  std::size_t size_ = 0;
};

/// A row of words. Copies of this object share the words.
class HeldWords {
 public:
  HeldWords() = default;
  /// Each word gets `prefix` in front.
  HeldWords(Account& requests, std::span<const std::string_view> words,
            std::string_view prefix = {});

  /// False if the requests pool had no room for size() bytes.
  explicit operator bool() const { return block_ != nullptr; }

  std::size_t size() const { return size_; }
  std::span<const std::string_view> words() const {
    return {static_cast<const std::string_view*>(block_->data()), count_};
  }

 private:
  std::shared_ptr<const Block> block_;  // the views, followed by their text
  std::size_t size_ = 0;
  std::size_t count_ = 0;
};

/// The error of a call whose arguments cannot be kept.
plimsoll::Error no_room_to_hold(std::size_t bytes, const Account& requests);

}  // namespace plimsoll::inline v0::native
