#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

// Finds where a request ends, so that a server can be given one at a time and each reply be held
// against its request. Knows what clients send, and no more: arrays of bulk strings.

namespace plimsoll::sim {

class RequestScanner {
 public:
  enum class Found : unsigned char { whole, incomplete, nonsense };

  /// Looks at the beginning of `bytes`.
  Found scan(std::string_view bytes);

  /// After `whole`: views of what scan() was given.
  std::span<const std::string_view> words() const { return words_; }
  std::size_t size() const { return size_; }

 private:
  Found read_count(std::string_view bytes, char sign, std::size_t& count);

  std::vector<std::string_view> words_;
  std::size_t size_ = 0;
};

}  // namespace plimsoll::sim
