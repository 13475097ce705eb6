#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

// One end of a range in a sorted set: a rank, a score, or a text in the server's own notation.

namespace plimsoll::inline v0::commands {

/// Examples: `0`, `-1`, `2.5`, Bound::exclusive(2.5), "-inf", "[name". A text is a view and must
/// live until the command is submitted.
class Bound {
 public:
  enum class Kind : std::uint8_t { text, integer, real, exclusive };

  template <std::integral Number>
  Bound(Number number) : kind_(Kind::integer), integer_(static_cast<std::int64_t>(number)) {}
  Bound(double score) : kind_(Kind::real), real_(score) {}
  Bound(std::string_view spelled) : kind_(Kind::text), text_(spelled) {}
  template <std::convertible_to<std::string_view> Text>
  Bound(const Text& spelled) : Bound(std::string_view(spelled)) {}

  /// A bound that leaves out `score` itself.
  static Bound exclusive(double score) {
    Bound bound(score);
    bound.kind_ = Kind::exclusive;
    return bound;
  }

  Kind kind() const { return kind_; }
  std::int64_t integer() const { return integer_; }
  double real() const { return real_; }
  std::string_view text() const { return text_; }

 private:
  Kind kind_;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string_view text_;
};

}  // namespace plimsoll::inline v0::commands
