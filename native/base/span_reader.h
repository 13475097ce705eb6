#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace plimsoll::inline v0::native {

/// Reads bytes that lie in several places, in their order. The bytes must outlive the reader.
class SpanReader {
 public:
  explicit SpanReader(std::span<const std::string_view> spans) : spans_(spans) {}

  /// Copies as many bytes as fit into `space`, and returns how many.
  std::size_t copy(std::span<char> space) {
    std::size_t used = 0;
    while (used < space.size() && advance()) {
      const std::size_t more = front_.copy(space.data() + used, space.size() - used);
      front_.remove_prefix(more);
      used += more;
    }
    return used;
  }

  /// Takes as many bytes as fit into `space`. Returns a view of them in their place if they lie
  /// together; otherwise copies them to `space`, and returns a view of that.
  std::string_view take(std::span<char> space) {
    if (!advance()) return {};
    if (front_.size() < space.size() && !spans_.empty()) return {space.data(), copy(space)};
    const std::string_view all = front_.substr(0, space.size());
    front_.remove_prefix(all.size());
    return all;
  }

 private:
  bool advance() {
    while (front_.empty() && !spans_.empty()) {
      front_ = spans_.front();
      spans_ = spans_.subspan(1);
    }
    return !front_.empty();
  }

  std::span<const std::string_view> spans_;
  std::string_view front_;
};

}  // namespace plimsoll::inline v0::native
