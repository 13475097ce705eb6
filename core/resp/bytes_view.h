#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/node.h"

namespace plimsoll::inline v0 {

/// A view of the bytes of a string reply: usually in one piece, in several if the string crossed
/// read buffers. Valid as long as the reply or the event that contains the string.
class BytesView {
 public:
  /// Views the bytes of `string` without the first `skipped`.
  explicit BytesView(const Node* string, std::uint32_t skipped = 0)
      : string_(string), skipped_(skipped) {}

  std::size_t size() const { return string_->size - skipped_; }
  bool empty() const { return size() == 0; }

  /// Whether the bytes lie in one piece, so that view() may be called.
  bool contiguous() const { return !string_->split; }

  /// All bytes in one view. Call only if contiguous().
  std::string_view view() const {
    PLIMSOLL_CHECK(contiguous());
    return {string_->bytes + skipped_, size()};
  }

  /// Calls `visit(std::string_view)` for each piece, in order.
  template <class Visit>
  void for_each_piece(Visit&& visit) const {
    if (!string_->split) {
      visit(view());
      return;
    }
    std::size_t left = string_->size;
    std::size_t skipped = skipped_;
    for (const Node* piece = string_ + 1; left > 0; ++piece) {
      piece = follow(piece);
      const std::size_t cut = skipped < piece->size ? skipped : piece->size;
      if (cut < piece->size) visit(std::string_view(piece->bytes + cut, piece->size - cut));
      skipped -= cut;
      left -= piece->size;
    }
  }

  /// Copies size() bytes to `out`.
  void copy_to(char* out) const {
    for_each_piece([&out](std::string_view piece) {
      std::memcpy(out, piece.data(), piece.size());
      out += piece.size();
    });
  }

  bool starts_with(std::string_view text) const { return has(text, 0); }
  bool ends_with(std::string_view text) const {
    return text.size() <= size() && has(text, size() - text.size());
  }

  friend bool operator==(const BytesView& bytes, std::string_view text) {
    if (bytes.size() != text.size()) return false;
    bool equal = true;
    bytes.for_each_piece([&](std::string_view piece) {
      equal = equal && text.starts_with(piece);
      text.remove_prefix(piece.size());
    });
    return equal;
  }

 private:
  bool has(std::string_view text, std::size_t position) const {
    if (text.size() > size() || position > size() - text.size()) return false;
    bool equal = true;
    for_each_piece([&](std::string_view piece) {
      const std::size_t before = position < piece.size() ? position : piece.size();
      position -= before;
      const std::string_view part = piece.substr(before, text.size());
      equal = equal && text.starts_with(part);
      text.remove_prefix(part.size());
    });
    return equal;
  }

  const Node* string_;
  std::uint32_t skipped_;
};

}  // namespace plimsoll::inline v0
