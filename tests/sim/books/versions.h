#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/sim/books/book.h"

// What the keys that caches are tried on have held, and since when: every value that is written
// there is another one, so what a reader is told says when that was true.

namespace plimsoll::sim {

class Versions : public Book {
 public:
  using Book::Book;

  static constexpr std::size_t keys_count = 6;
  static constexpr int databases_count = 2;
  /// "c0", "c1"...
  static std::string key(std::size_t number) { return "c" + std::to_string(number); }
  static bool is_key(std::string_view key) { return key.size() == 2 && key.front() == 'c'; }

  /// What a key holds now, if anything.
  void note(const Place& place, const std::optional<std::string>& value, Instant now);

  /// The newest version that held this; `none`: there never was one. Of a key that nobody has
  /// written, nothing is the first.
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  std::size_t find(const Place& place, const std::optional<std::string>& value) const;

  /// The oldest version that held this and is not older than `floor`: a key may have held nothing
  /// more than once, and whoever is told so may have been told of the first time.
  std::size_t find_from(const Place& place, const std::optional<std::string>& value,
                        std::size_t floor) const;

  /// Until when a version was true; `never`: it still is.
  Instant superseded_at(const Place& place, std::size_t version) const;

 private:
  struct Version {
    std::optional<std::string> value;
    Instant since{};
  };

  std::map<Place, std::vector<Version>> versions_;
};

}  // namespace plimsoll::sim
